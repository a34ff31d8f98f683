"""What no schema says of a project: versions, targets that are one system, ways of access that a provider lacks.

Pure. Apart from `load_project`, which finds and reads the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler import __version__
from reconciler.manifests.lint import check_secret, lint_spec
from reconciler.manifests.project import Project
from reconciler.manifests.words import Path, Problem, suggest

__all__ = ["lint_project"]


def lint_project(project: Project, spec: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with a project that passed its schema; `spec` is the same as written."""
    yield from _lint_version(project)
    yield from _lint_targets(project)
    known = frozenset(project.secrets.sources)
    for path, value in _credentials(spec):
        yield from check_secret(value, path, known)
    for kind, fields in spec.get("defaults", {}).items():
        yield from lint_spec(kind, fields, ("spec", "defaults", kind), known)


def _lint_version(project: Project) -> Iterator[Problem]:
    if project.required_version is None:
        return
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    path = ("spec", "required_version")
    try:
        wanted = SpecifierSet(project.required_version)
    except InvalidSpecifier:
        yield Problem(path, "must be a version specifier, as >=0.1", "wrong-form")
        return
    if not wanted.contains(__version__, prereleases=True):
        yield Problem(
            path, f"this project wants reconciler {wanted}; this is {__version__}", "required-version", "install that"
        )


def _lint_targets(project: Project) -> Iterator[Problem]:
    for index, name in enumerate(project.default_targets):
        if name not in project.targets and name not in project.known_targets:
            hint = suggest(name, project.targets) or "add it to spec.targets"
            yield Problem(
                ("spec", "default_targets", index), "names a target that is not there", "unknown-target", hint
            )
    opensearch = {name: target for name, target in project.targets.items() if target.provider == "opensearch"}
    by_address: dict[str, str] = {}
    for name, target in opensearch.items():
        at: Path = ("spec", "targets", name)
        if target.url is None and len(opensearch) > 1:
            message = (
                "is missing: the environment variable OPENSEARCH_URL serves a project with one OpenSearch target only"
            )
            yield Problem((*at, "url"), message, "missing-field", "add url")
        elif target.url is not None and (other := by_address.setdefault(_normal(target.url), name)) != name:
            yield Problem((*at, "url"), f"target {other} has the same address", "same-system", "keep one of them")
    for name in project.targets:
        yield from _lint_access(("spec", "targets", name), project, name)


def _lint_access(at: Path, project: Project, name: str) -> Iterator[Problem]:
    target = project.targets[name]
    held = {"opensearch": {"basic", "bearer", "client_cert", "sigv4"}, "confluent": {"basic", "bearer", "sts"}}
    for way in sorted(target.auth.model_fields_set - held[target.provider]) if target.auth else ():
        hint = f"{target.provider} takes {', '.join(sorted(held[target.provider]))}"
        yield Problem((*at, "auth", way), f"{target.provider} does not know this", "auth-not-held", hint, at_key=True)
    if not target.tls.verify:
        message = "any certificate is accepted, so anybody in between can read along"
        yield Problem((*at, "tls", "verify"), message, "tls-not-verified", "give tls.ca_file instead", warning=True)


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
