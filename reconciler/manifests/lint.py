"""What no schema says of a single manifest: secrets written out, unknown sources, channels that reach nobody.

Pure, and quick on good manifests: it runs for every one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from reconciler.manifests.words import Path, Problem, suggest
from reconciler.resources import BUILT_IN_SOURCES, KINDS, PUBLIC_HEADERS, RESERVED_NAMES, Role

__all__ = ["check_secret", "lint_manifest", "lint_spec"]

_SECRETS = {
    kind.name: tuple((field.name, field.role) for field in kind.fields if field.role in (Role.SECRET, Role.SECRETS))
    for kind in KINDS.values()
}


def lint_manifest(
    document: Mapping[str, Any], known_sources: frozenset[str], supplied: frozenset[str]
) -> Iterator[Problem]:
    """What is wrong with a manifest that passed its schema. `supplied`: fields that the project's defaults give."""
    kind, metadata, spec = document["kind"], document["metadata"], document["spec"]
    if metadata.get("renamed_from") == metadata["name"]:
        yield Problem(("metadata", "renamed_from"), "is the name itself", "renamed-to-itself", "remove it")
    yield from lint_spec(kind, spec, ("spec",), known_sources)
    for target, override in spec.get("overrides", {}).items():
        yield from lint_spec(kind, override, ("spec", "overrides", target), known_sources)
    if kind in ("EmailChannel", "EmailGroup"):
        yield from _lint_recipients(kind, spec, supplied)


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
                (*at, name), "is there twice: capitals make no difference", "duplicate-header", "keep one", at_key=True
            )
        names.add(name.lower())
        if value is not None and name.lower() not in PUBLIC_HEADERS:
            yield from check_secret(value, (*at, name), known_sources)


def check_secret(value: Any, at: Path, known_sources: frozenset[str]) -> Iterator[Problem]:
    """What is wrong with a secret field that passed its schema: it is written out, or its source is not known."""
    if isinstance(value, str):
        hint = "use a reference, as {env: NAME} or {file: PATH}; or {plain: ...} if it is no secret"
        yield Problem(at, "a secret is written out here", "literal-secret", hint, warning=True)
        return
    source = next((key for key in value if key != "key"), "")
    if source == "format":
        yield from check_secret(value["from"], (*at, "from"), known_sources)
    elif source not in RESERVED_NAMES and source not in known_sources and source not in _installed_sources():
        known = [*BUILT_IN_SOURCES, "live", "plain", "format", *sorted(known_sources)]
        hint = suggest(source, known) or "define it under spec.secrets.sources in the project file"
        yield Problem(at, "names a source of secrets that is not known", "unknown-source", hint)


@cache
def _installed_sources() -> frozenset[str]:
    """Sources that other packages bring; asked for only when a manifest names one."""
    from importlib.metadata import entry_points

    return frozenset(entry_points(group="reconciler.secrets").names)


def _lint_recipients(kind: str, spec: Mapping[str, Any], supplied: frozenset[str]) -> Iterator[Problem]:
    if kind == "EmailGroup":
        if spec.get("recipients") == []:
            hint = "add recipients, or remove the group"
            yield Problem(("spec", "recipients"), "reaches nobody", "no-recipients", hint, warning=True)
        return
    parts = [spec, *spec.get("overrides", {}).values()]
    reaches = any(part.get(field) for part in parts for field in ("recipients", "groups"))
    if not reaches and not supplied & {"recipients", "groups"}:
        message = "has neither recipients nor groups, so no message could arrive"
        yield Problem(("spec",), message, "no-recipients", "add spec.recipients or spec.groups")
