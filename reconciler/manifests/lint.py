"""What no schema can check in a manifest: secrets in plain text, unknown sources, channels that reach nobody.

Pure, and quick on good manifests, since it runs for every one. The levels that the project sets, and what manifests
silence, are applied after all checks (`with_levels`): under `--base` the levels are those of the base.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from reconciler.manifests.manifest import Manifest
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Level, Problem
from reconciler.model.kinds import KINDS, Role, ways_to_people
from reconciler.model.lint import LINT_RULES, LintLevel, LintLevels
from reconciler.model.text import Path, printable, suggest
from reconciler.model.values import BUILT_IN_SOURCES, PUBLIC_HEADERS, RESERVED_NAMES

_SECRETS = {
    kind.name: tuple((field.name, field.role) for field in kind.fields if field.role in (Role.SECRET, Role.SECRETS))
    for kind in KINDS.values()
}


def lint_manifest(
    document: Mapping[str, Any], known_sources: frozenset[str], supplied: frozenset[str]
) -> Iterator[Problem]:
    """The problems of a manifest that passed its schema. `supplied`: fields that the project's defaults provide."""
    kind, metadata, spec = document["kind"], document["metadata"], document["spec"]
    former = spec.get("renamed_from", ())
    if metadata["name"] in ([former] if isinstance(former, str) else former):
        yield Problem(("spec", "renamed_from"), "is the present name", "renamed-to-itself", "remove it")
    yield from lint_spec(kind, spec, ("spec",), known_sources)
    for target, override in spec.get("overrides", {}).items():
        yield from lint_spec(kind, override, ("spec", "overrides", target), known_sources)
    if KINDS[kind].people:
        yield from _lint_people(kind, spec, supplied)


def lint_spec(kind: str, spec: Mapping[str, Any], at: Path, known_sources: frozenset[str]) -> Iterator[Problem]:
    """The problems of the secrets in a spec or a part of one; `at` is its path in the document."""
    for name, role in _SECRETS[kind]:
        value = spec.get(name)
        if value is None:
            continue
        if role is Role.SECRET:
            yield from check_secret(value, (*at, name), known_sources)
        else:
            yield from _lint_headers(value, (*at, name), known_sources)


def _lint_headers(headers: Mapping[str, Any], at: Path, known_sources: frozenset[str]) -> Iterator[Problem]:
    names: set[str] = set()
    for name, value in headers.items():
        if name.lower() in names:
            yield Problem(
                (*at, name), "appears twice: header names ignore case", "duplicate-header", "keep one", at_key=True
            )
        names.add(name.lower())
        if value is not None and name.lower() not in PUBLIC_HEADERS:
            yield from check_secret(value, (*at, name), known_sources)


def check_secret(value: Any, at: Path, known_sources: frozenset[str]) -> Iterator[Problem]:
    """The problems of a secret field that passed its schema: it is in plain text, or its source is not known."""
    if isinstance(value, str):
        fix = "use a reference, such as {env: NAME} or {file: PATH}; or {plain: ...} if it is not a secret"
        yield Problem(at, "a secret is in plain text here", "no-literal-secrets", fix, level=Level.WARNING)
        return
    source = next((key for key in value if key != "key"), "")
    if source == "format":
        yield from check_secret(value["from"], (*at, "from"), known_sources)
    elif source not in RESERVED_NAMES and source not in known_sources and source not in _installed_sources():
        known = [*BUILT_IN_SOURCES, "live", "plain", "format", *sorted(known_sources)]
        fix = suggest(source, known) or "define it under spec.secrets.sources in the project file"
        yield Problem(at, "names an unknown secret source", "unknown-source", fix)


@cache
def _installed_sources() -> frozenset[str]:
    """Names of the sources that installed packages provide; looked up only if a manifest names a source that is not
    ours."""
    from importlib.metadata import entry_points

    return frozenset(entry_points(group="reconciler.secrets").names)


def _lint_people(kind: str, spec: Mapping[str, Any], supplied: frozenset[str]) -> Iterator[Problem]:
    """The problems of a manifest that should reach people but names none: an empty group, a channel without any."""
    ways = ways_to_people(kind)
    if not KINDS[kind].sends:
        for field in ways:
            if spec.get(field) == []:
                fix = f"add {field}, or remove the group"
                yield Problem(("spec", field), "reaches nobody", "empty-group", fix, level=Level.WARNING)
        return
    parts = [spec, *spec.get("overrides", {}).values()]
    reaches = any(part.get(field) for part in parts for field in ways)
    if not reaches and not supplied.intersection(ways):
        message = f"has neither {' nor '.join(ways)}, so no message could arrive"
        fix = f"add {' or '.join(f'spec.{field}' for field in ways)}"
        yield Problem(("spec",), message, "no-recipients", fix)


@dataclass(frozen=True, slots=True)
class Silence:
    """A rule that a manifest silences, and the reason that it gives."""

    manifest: Manifest
    rule: str
    reason: str

    def __str__(self) -> str:
        return f"{self.manifest}: {self.rule} is silenced: {printable(self.reason)}"


def silences_of(manifests: Iterable[Manifest]) -> tuple[Silence, ...]:
    """The silences in these manifests, sorted by name and rule."""
    named = sorted(manifests, key=lambda manifest: manifest.name)
    return tuple(
        Silence(manifest, rule, value["off"])
        for manifest in named
        for rule, value in sorted(manifest.spec.get("lint", {}).items())
    )


def levels_of(levels: Mapping[str, LintLevel], silences: Iterable[Silence]) -> LintLevels:
    """The project's levels together with what its manifests silence."""
    return LintLevels(levels, frozenset((silence.manifest.name, silence.rule) for silence in silences))


def with_levels(
    problems: Iterable[Problem], levels: LintLevels, manifests: Iterable[Manifest], silences: Iterable[Silence]
) -> Iterator[Problem]:
    """The problems with their levels set, without those that are off; and one for each silence that is not allowed."""
    names = {str(manifest): manifest.name for manifest in manifests}
    for problem in problems:
        if problem.rule not in LINT_RULES:
            yield problem
            continue
        level = levels.of(problem.rule, names.get(problem.subject, ""))
        if level is not LintLevel.OFF:
            yield replace(problem, level=Level(level.value))
    for silence in silences:
        if levels.of(silence.rule) is LintLevel.ERROR:
            yield silence.manifest.problem(
                f"the project sets {silence.rule} to error, so no manifest can silence it",
                "not-to-be-silenced",
                path=("spec", "lint", silence.rule),
                fix="correct what it finds, or have spec.lint of the project file changed first",
            )
