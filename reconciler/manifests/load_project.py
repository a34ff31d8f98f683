"""Finds, reads, checks and lints the project file, and makes a Project of it; all its problems are reported at once.

Environment variables and credentials are not looked at here, but when a target is connected to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.manifests.documents import Document, parse_documents
from reconciler.manifests.files import FileError, decode, label_of, read_text
from reconciler.manifests.lint import check_secret, lint_spec
from reconciler.manifests.manifest import Source, compile_schema, load_schema, located, not_a_mapping, worded
from reconciler.model import __version__
from reconciler.model.errors import ConfigurationError, Level, Location, Problem, ProblemsError
from reconciler.model.fields import OWNER_PATTERN, matches
from reconciler.model.project import CREDENTIAL_FIELDS, Project, Target
from reconciler.model.provider import ProviderSettings, SettingsOf
from reconciler.model.text import Path as FieldPath
from reconciler.model.text import normal_address, suggest

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

PROJECT_FILE = "reconciler.yaml"


def find_project(start: Path) -> Path:
    """The project file in a folder or one above it, up to the top of the git work tree; ConfigurationError if there is
    none."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / PROJECT_FILE).is_file():
            return folder / PROJECT_FILE
        if (folder / ".git").exists():
            break
    raise ConfigurationError(
        f"there is no {PROJECT_FILE} here or in a folder above; name one with --config, or write one with "
        "`reconciler init`"
    )


def load_project(path: Path, settings_of: SettingsOf) -> Project:
    """The project in a file. ProblemsError with all problems if one is an error; else warnings are in
    `Project.warnings`."""
    label = label_of(path)
    read_text.cache_clear()
    try:
        text = read_text(str(path))
    except FileError as error:
        problem = error.problem
    else:
        return _load(text, label, lambda: read_text(str(path)), settings_of)
    raise ProblemsError([problem.in_file(label)])


def load_project_text(text: str, name: str, settings_of: SettingsOf) -> Project:
    """Like `load_project`, for a text that was read elsewhere, such as from git; problems name `name` as its file."""
    try:
        decoded = decode(text.encode())
    except FileError as error:
        problem = error.problem
    else:
        return _load(decoded, name, lambda: decoded, settings_of)
    raise ProblemsError([problem.in_file(name)])


def _load(text: str, label: str, read: Callable[[], str], settings_of: SettingsOf) -> Project:
    document = _only_document(text, label)
    value, source = document.value, Source.of(label, read, document)
    shape = _check_project(value)
    providers = [
        item for item in _check_providers(value, settings_of) if item.path not in {wrong.path for wrong in shape}
    ]
    if problems := [*shape, *providers] or _check_owner(value):
        raise ProblemsError([located(problem, source, value) for problem in problems])
    project = Project.read(value["metadata"]["name"], value["spec"])
    found = [located(problem, source, value) for problem in _lint_project(project, value["spec"], settings_of)]
    if any(problem.level is Level.ERROR for problem in found):
        raise ProblemsError(found)
    return project.with_warnings(found)


def _check_owner(document: Mapping[str, Any]) -> list[Problem]:
    name, spec = document["metadata"]["name"], document["spec"]
    if "owner" in spec or matches(OWNER_PATTERN, name):
        return []
    return [Problem(("metadata", "name"), "is too long to be the owner as well (40)", "wrong-form", "write spec.owner")]


def _only_document(text: str, label: str) -> Document:
    problems: list[Problem] = []
    documents: list[Document] = []
    for document in parse_documents(text):
        wrong = document.problems if isinstance(document, Document) else (document,)
        problems += [problem.in_file(label) for problem in wrong]
        if isinstance(document, Document):
            documents.append(document)
    if not problems and len(documents) != 1:
        message = "a project file holds one document; this has " + (str(len(documents)) if documents else "none")
        fix = "keep the one of kind Project"
        problems.append(Problem((), message, "one-document", fix, location=Location(label)))
    if problems:
        raise ProblemsError(problems)
    return documents[0]


@cache
def _project_schema() -> dict[str, Any]:
    """The schema of project files without its parts about single providers, which are there for editors: here
    `_check_providers` and the lint check all providers, those of packages included, together with everything else."""
    schema = load_schema("project")
    target = {name: part for name, part in schema["$defs"]["Target"].items() if name != "allOf"}
    return {**schema, "$defs": {**schema["$defs"], "Target": target}}


@cache
def _compiled_project(*, has_defaults: bool) -> Draft202012Validator:
    """The compiled schema; without `defaults` if these are not used, since the fields of all kinds below it are most of
    the schema."""
    schema = _project_schema()
    if has_defaults:
        return compile_schema(schema)
    spec = schema["properties"]["spec"]
    fields = {name: field for name, field in spec["properties"].items() if name != "defaults"}
    return compile_schema({**schema, "properties": {**schema["properties"], "spec": {**spec, "properties": fields}}})


def _check_project(document: Any) -> list[Problem]:
    """The problems that the schema finds in a project file."""
    if not isinstance(document, dict):
        return [not_a_mapping("a project file", document)]
    spec = document.get("spec")
    if _compiled_project(has_defaults=not isinstance(spec, dict) or "defaults" in spec).is_valid(document):
        return []
    return worded(_project_schema(), document)


def _lint_project(project: Project, spec: Mapping[str, Any], settings_of: SettingsOf) -> Iterator[Problem]:
    """The problems of a project that passed its schema; `spec` is its spec as written."""
    yield from _lint_version(project)
    yield from _lint_targets(project, settings_of)
    known = frozenset(project.secrets.sources)
    for path, value in _credentials(spec):
        yield from check_secret(value, path, known)
    for kind, fields in spec.get("defaults", {}).items():
        yield from lint_spec(kind, fields, ("spec", "defaults", kind), known)


def _check_providers(document: object, settings_of: SettingsOf) -> Iterator[Problem]:
    """A problem for each provider that does not exist. The document may have any form: it has not passed its schema."""
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
        at: FieldPath = ("spec", "targets", name)
        settings = settings_of(target.provider)
        yield from _lint_address(at, project, name, settings, by_address)
        if target.version is not None and (message := settings.version_problem(target.version)):
            fix = "write the real one, or leave it out: the server is asked"
            yield Problem((*at, "version"), message, "impossible-version", fix)
        yield from _lint_access(at, target, settings)


def _lint_address(
    at: FieldPath, project: Project, name: str, settings: ProviderSettings, by_address: dict[tuple[str, str], str]
) -> Iterator[Problem]:
    target = project.targets[name]
    same = [other for other in project.targets.values() if other.provider == target.provider]
    if target.url is None and settings.url_variable and len(same) > 1:
        message = (
            f"is missing: the environment variable {settings.url_variable} serves a project with one {settings.title} "
            "target only"
        )
        yield Problem((*at, "url"), message, "missing-field", "add url")
    elif target.url is None and not (settings.url_variable or settings.default_url):
        message = f"is missing: {settings.title or target.provider} has no usual address"
        yield Problem((*at, "url"), message, "missing-field", "add url")
    elif target.url is not None and settings.one_address_is_one_system:
        other = by_address.setdefault((target.provider, normal_address(target.url)), name)
        if other != name:
            yield Problem((*at, "url"), f"target {other} has the same address", "same-system", "keep one of them")


def _lint_access(at: FieldPath, target: Target, settings: ProviderSettings) -> Iterator[Problem]:
    for way in sorted(target.auth.ways - settings.auth) if target.auth else ():
        fix = f"{target.provider} takes {', '.join(sorted(settings.auth))}"
        yield Problem(
            (*at, "auth", way), f"{target.provider} does not support this", "unsupported-auth", fix, at_key=True
        )
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


def _credentials(spec: Mapping[str, Any]) -> Iterator[tuple[FieldPath, Any]]:
    """The secret references in the targets, with their paths. Headers and authorities may also be plain text; these are
    left out."""
    for name, target in spec["targets"].items():
        at: FieldPath = ("spec", "targets", name)
        for way, fields in target.get("auth", {}).items():
            yield from (
                ((*at, "auth", way, field), fields[field]) for field in CREDENTIAL_FIELDS[way] if field in fields
            )
        others = [((*at, "headers", header), value) for header, value in target.get("headers", {}).items()]
        others.append(((*at, "tls", "ca"), target.get("tls", {}).get("ca")))
        yield from ((path, value) for path, value in others if isinstance(value, Mapping))
