"""The project file: found, read, checked, and made a Project; everything wrong with it at once.

Environment variables and credentials are left to those who connect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from reconciler.manifests.check import check_project
from reconciler.manifests.documents import Document, parse_documents
from reconciler.manifests.files import FileError, decode, label_of, read_text
from reconciler.manifests.lint import check_providers, lint_project
from reconciler.manifests.manifest import Source, located
from reconciler.model.errors import ConfigurationError, Level, Location, Problem, ProblemsError
from reconciler.model.fields import OWNER_PATTERN, matches
from reconciler.model.project import Project
from reconciler.model.provider import SettingsOf

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


def load_project(path: Path, settings_of: SettingsOf) -> Project:
    """The project of a file. ProblemsError with all that is wrong; mere warnings are in `Project.warnings`."""
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
    """The project of a text that was read elsewhere, as from git; `name` stands for the file in problems."""
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
    shape = check_project(value)
    providers = [
        item for item in check_providers(value, settings_of) if item.path not in {wrong.path for wrong in shape}
    ]
    if problems := [*shape, *providers] or _check_owner(value):
        raise ProblemsError([located(problem, source, value) for problem in problems])
    project = Project.read(value["metadata"]["name"], value["spec"])
    found = [located(problem, source, value) for problem in lint_project(project, value["spec"], settings_of)]
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
