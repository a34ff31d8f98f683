"""What no schema says of a single manifest: secrets written out, unknown sources, channels that reach nobody.

Pure, and quick on good manifests: it runs for every one of them. What becomes of problems by the project's levels and
the manifests' silences comes last, behind all checks: under `--base` the levels that count are the base's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from reconciler.manifests.manifest import Manifest
from reconciler.model import __version__
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, Level, Problem
from reconciler.model.kinds import KINDS, Role, ways_to_people
from reconciler.model.lint import LINT_RULES, LintLevel, LintLevels
from reconciler.model.project import Project, Target
from reconciler.model.provider import ProviderSettings, SettingsOf
from reconciler.model.text import Path, printable, suggest
from reconciler.model.values import BUILT_IN_SOURCES, PUBLIC_HEADERS, RESERVED_NAMES

_SECRETS = {
    kind.name: tuple((field.name, field.role) for field in kind.fields if field.role in (Role.SECRET, Role.SECRETS))
    for kind in KINDS.values()
}


def lint_manifest(
    document: Mapping[str, Any], known_sources: frozenset[str], supplied: frozenset[str]
) -> Iterator[Problem]:
    """What is wrong with a manifest that passed its schema. `supplied`: fields that the project's defaults give."""
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
    """What is wrong with the secrets of a spec, or of a part of one; `at` is its path in the document."""
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
    """What is wrong with a secret field that passed its schema: it is written out, or its source is not known."""
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
    """Sources that other packages bring; asked for only when a manifest names one."""
    from importlib.metadata import entry_points

    return frozenset(entry_points(group="reconciler.secrets").names)


def _lint_people(kind: str, spec: Mapping[str, Any], supplied: frozenset[str]) -> Iterator[Problem]:
    """What reaches people says whom: a group lists them, a channel names people or groups."""
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


def lint_project(project: Project, spec: Mapping[str, Any], settings_of: SettingsOf) -> Iterator[Problem]:
    """What is wrong with a project that passed its schema; `spec` is the same as written."""
    yield from _lint_version(project)
    yield from _lint_targets(project, settings_of)
    known = frozenset(project.secrets.sources)
    for path, value in _credentials(spec):
        yield from check_secret(value, path, known)
    for kind, fields in spec.get("defaults", {}).items():
        yield from lint_spec(kind, fields, ("spec", "defaults", kind), known)


def check_providers(document: object, settings_of: SettingsOf) -> Iterator[Problem]:
    """The providers that there are not, of a document of whatever shape."""
    spec = document.get("spec") if isinstance(document, Mapping) else None
    targets = spec.get("targets") if isinstance(spec, Mapping) else None
    for name, target in targets.items() if isinstance(targets, Mapping) else ():
        provider = target.get("provider") if isinstance(target, Mapping) else None
        if not isinstance(provider, str):
            continue
        try:
            settings_of(provider)
        except ConfigurationError as error:
            message, _, fix = str(error).partition("; ")
            yield Problem(("spec", "targets", name, "provider"), message, "not-one-of", fix)


def _lint_version(project: Project) -> Iterator[Problem]:
    if project.required_version is None:
        return
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    path = ("spec", "required_version")
    try:
        wanted = SpecifierSet(project.required_version)
    except InvalidSpecifier:
        yield Problem(path, "must be a version specifier, such as >=0.1", "wrong-form")
        return
    if not wanted.contains(__version__, prereleases=True):
        yield Problem(
            path,
            f"this project wants reconciler {wanted}; this is {__version__}",
            "required-version",
            "install a version that it accepts",
        )


def _lint_targets(project: Project, settings_of: SettingsOf) -> Iterator[Problem]:
    for index, name in enumerate(project.default_targets):
        if name not in project.targets and name not in project.known_targets:
            fix = suggest(name, project.targets) or "add it to spec.targets"
            yield Problem(
                ("spec", "default_targets", index), "names a target that does not exist", "unknown-target", fix
            )
    by_address: dict[tuple[str, str], str] = {}
    for name, target in project.targets.items():
        at: Path = ("spec", "targets", name)
        settings = settings_of(target.provider)
        yield from _lint_address(at, project, name, settings, by_address)
        if target.version is not None and (message := settings.version_problem(target.version)):
            fix = "write the real one, or leave it out: the server is asked"
            yield Problem((*at, "version"), message, "impossible-version", fix)
        yield from _lint_access(at, target, settings)


def _lint_address(
    at: Path, project: Project, name: str, settings: ProviderSettings, by_address: dict[tuple[str, str], str]
) -> Iterator[Problem]:
    target = project.targets[name]
    same = [other for other in project.targets.values() if other.provider == target.provider]
    if target.url is None and settings.url_variable and len(same) > 1:
        message = (
            f"is missing: the environment variable {settings.url_variable} serves a project with one {settings.title} "
            "target only"
        )
        yield Problem((*at, "url"), message, "missing-field", "add url")
    elif target.url is not None and settings.one_address_is_one_system:
        other = by_address.setdefault((target.provider, _normal(target.url)), name)
        if other != name:
            yield Problem((*at, "url"), f"target {other} has the same address", "same-system", "keep one of them")


def _lint_access(at: Path, target: Target, settings: ProviderSettings) -> Iterator[Problem]:
    for way in sorted(target.auth.ways - settings.auth) if target.auth else ():
        fix = f"{target.provider} takes {', '.join(sorted(settings.auth))}"
        yield Problem((*at, "auth", way), f"{target.provider} does not support this", "auth-not-held", fix, at_key=True)
    service = target.auth.sigv4.service if target.auth and target.auth.sigv4 else ""
    if problem := settings.unsupported_system(target.url or "", service):
        message, fix = problem
        field = ("url",) if settings.unsupported_system(target.url or "", "") else ("auth", "sigv4", "service")
        yield Problem((*at, *field), message, "unsupported-system", fix)
    if not target.tls.verify:
        message = "any certificate is accepted, so anybody in between can read the traffic"
        yield Problem(
            (*at, "tls", "verify"), message, "tls-not-verified", "give tls.ca_file instead", level=Level.WARNING
        )


def _normal(url: str) -> str:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    port = parts.netloc.rpartition(":")[2] if parts.netloc[-1] != "]" and ":" in parts.netloc else ""
    port = port or {"https": "443", "http": "80"}[parts.scheme.lower()]
    return f"{parts.hostname}:{port}{parts.path.rstrip('/')}"


_CREDENTIALS = {
    "basic": ("username", "password"),
    "bearer": ("token",),
    "client_cert": ("password",),
    "sts": ("subject_token",),
}


def _credentials(spec: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    for name, target in spec["targets"].items():
        for way, fields in target.get("auth", {}).items():
            for field in _CREDENTIALS.get(way, ()):
                if field in fields:
                    yield ("spec", "targets", name, "auth", way, field), fields[field]


@dataclass(frozen=True, slots=True)
class Silence:
    """A rule that a manifest silences, and its reason for it."""

    manifest: Manifest
    rule: str
    reason: str

    def __str__(self) -> str:
        return f"{self.manifest}: {self.rule} is silenced: {printable(self.reason)}"


def silences_of(manifests: Iterable[Manifest]) -> tuple[Silence, ...]:
    """What these manifests silence, sorted by name and rule."""
    named = sorted(manifests, key=lambda manifest: manifest.name)
    return tuple(
        Silence(manifest, rule, value["off"])
        for manifest in named
        for rule, value in sorted(manifest.spec.get("lint", {}).items())
    )


def levels_of(levels: Mapping[str, LintLevel], silences: Iterable[Silence]) -> LintLevels:
    """What counts: the project's levels, and what its manifests silence."""
    return LintLevels(levels, frozenset((silence.manifest.name, silence.rule) for silence in silences))


def with_levels(
    problems: Iterable[Problem], levels: LintLevels, manifests: Iterable[Manifest], silences: Iterable[Silence]
) -> Iterator[Problem]:
    """The problems at the levels that count, without what is off; and one for each silence that the project forbids."""
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
