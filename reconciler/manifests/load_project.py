"""The project file: found, read, checked, and made a Project; everything wrong with it at once.

Environment variables and credentials are left to those who connect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from reconciler import __version__
from reconciler.errors import ConfigurationError, Finding, FindingsError, Level, Place
from reconciler.manifests.check import check_project
from reconciler.manifests.documents import Document, parse_documents
from reconciler.manifests.fields import OWNER_PATTERN
from reconciler.manifests.files import FileProblem, decode, label_of, read_text
from reconciler.manifests.lint import check_secret, lint_spec
from reconciler.manifests.manifest import Source, finding_of
from reconciler.manifests.project import Project
from reconciler.manifests.secret_fields import matches
from reconciler.manifests.words import Path as ValuePath
from reconciler.manifests.words import Problem, suggest

__all__ = ["PROJECT_FILE", "find_project", "load_project", "load_project_text"]

PROJECT_FILE = "reconciler.yaml"


def find_project(start: Path) -> Path:
    """The project file of a folder: in it, or in one above up to the root of the git work tree."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / PROJECT_FILE).is_file():
            return folder / PROJECT_FILE
        if (folder / ".git").exists():
            break
    raise ConfigurationError(
        f"there is no {PROJECT_FILE} here or in a folder above; name one with --config, or write one with "
        "`reconciler init`"
    )


def load_project(path: Path) -> Project:
    """The project of a file. FindingsError with all that is wrong; mere warnings are in `Project.warnings`."""
    label = label_of(path)
    read_text.cache_clear()
    try:
        text = read_text(str(path))
    except FileProblem as error:
        problem, line = error.problem, error.line
    else:
        return _load(text, label, lambda: read_text(str(path)))
    raise FindingsError(
        [Finding(Place(label, line, 1 if line else 0), problem.message, problem.rule, hint=problem.hint)]
    )


def load_project_text(text: str, name: str) -> Project:
    """The project of a text that was read elsewhere, as from git; `name` stands for the file in findings."""
    try:
        decoded = decode(text.encode())
    except FileProblem as error:
        problem = error.problem
    else:
        return _load(decoded, name, lambda: decoded)
    raise FindingsError([Finding(Place(name), problem.message, problem.rule, hint=problem.hint)])


def _load(text: str, label: str, read: Callable[[], str]) -> Project:
    document = _only_document(text, label)
    value, source = document.value, Source.of(label, read, document)
    if problems := check_project(value) or _check_owner(value):
        raise FindingsError([finding_of(problem, source, value) for problem in problems])
    project = Project.model_validate({**value["spec"], "name": value["metadata"]["name"]})
    findings = [finding_of(problem, source, value) for problem in _lint(project, value["spec"])]
    if any(finding.level is Level.ERROR for finding in findings):
        raise FindingsError(findings)
    return project.with_warnings(findings)


def _check_owner(document: Mapping[str, Any]) -> list[Problem]:
    name, spec = document["metadata"]["name"], document["spec"]
    if "owner" in spec or matches(OWNER_PATTERN, name):
        return []
    return [Problem(("metadata", "name"), "is too long to be the owner as well (40)", "wrong-form", "write spec.owner")]


def _only_document(text: str, label: str) -> Document:
    findings: list[Finding] = []
    documents: list[Document] = []
    for document in parse_documents(text):
        wrong = document.problems if isinstance(document, Document) else (document,)
        for spot, problem in wrong:
            place = Place(label, spot.line, spot.column)
            findings.append(Finding(place, problem.message, problem.rule, hint=problem.hint))
        if isinstance(document, Document):
            documents.append(document)
    if not findings and len(documents) != 1:
        message = "a project file holds one document; this has " + (str(len(documents)) if documents else "none")
        findings.append(Finding(Place(label), message, "one-document", hint="keep the one of kind Project"))
    if findings:
        raise FindingsError(findings)
    return documents[0]


def _lint(project: Project, spec: Mapping[str, Any]) -> Iterator[Problem]:
    """What no schema can say of a project."""
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
        at: ValuePath = ("spec", "targets", name)
        if target.url is None and len(opensearch) > 1:
            message = (
                "is missing: the environment variable OPENSEARCH_URL serves a project with one OpenSearch target only"
            )
            yield Problem((*at, "url"), message, "missing-field", "add url")
        elif target.url is not None and (other := by_address.setdefault(_normal(target.url), name)) != name:
            yield Problem((*at, "url"), f"target {other} has the same address", "same-system", "keep one of them")
    for name in project.targets:
        yield from _lint_access(("spec", "targets", name), project, name)


def _lint_access(at: ValuePath, project: Project, name: str) -> Iterator[Problem]:
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


def _credentials(spec: Mapping[str, Any]) -> Iterator[tuple[ValuePath, Any]]:
    for name, target in spec["targets"].items():
        for way, fields in target.get("auth", {}).items():
            for field in _CREDENTIALS.get(way, ()):
                if field in fields:
                    yield ("spec", "targets", name, "auth", way, field), fields[field]
