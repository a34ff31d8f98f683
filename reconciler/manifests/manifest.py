"""One manifest: a document that was checked against the schema of its kind, its place, and problems about it.

A compiled schema quickly says yes; after a no, `wording` finds the problems. A manifest has the spec as written. With
defaults and overrides merged in for a target (in `plan.desired`), the spec is checked here too (`check_spec`). What no
schema can check is in `lint` and `load`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from reconciler.manifests.documents import Document, Places
from reconciler.manifests.files import FileError
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Level, Location, Problem
from reconciler.model.fields import is_name
from reconciler.model.kinds import KINDS
from reconciler.model.text import Path, suggest, type_name

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document is: its file as problems name it, how to read that again, and its place in the text.

    Locations within the document are looked up by parsing it once more, since only problems need them.
    """

    file: str
    read: Callable[[], str]
    line: int
    column: int
    start: int
    end: int

    @classmethod
    def of(cls, file: str, read: Callable[[], str], document: Document) -> Source:
        """The source of a document that was parsed from this file."""
        return cls(file, read, document.line, document.column, document.start, document.end)

    def location(self, *path: str | int, key: bool = False) -> Location:
        """Where the value at `path` is (`key`: where its key is), or else the nearest value around it."""
        found = _places(self._text()).find(path, key=key) if path else None
        if found is None:
            return Location(self.file, self.line, self.column)
        return Location(self.file, self.line + found.line - 1, found.column)

    def _text(self) -> str:
        try:
            return self.read()[self.start : self.end]
        except FileError:  # the file is gone by now; the start of the document is still known
            return ""


@lru_cache(maxsize=1)  # the problems of one document are located before the next one is checked
def _places(text: str) -> Places:
    return Places(text)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest as written. `spec` has plain JSON values that passed the schema, `overrides` among them."""

    kind: str
    name: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]
    source: Source

    def __str__(self) -> str:
        return f'{self.kind} "{self.name}"'

    def problem(
        self, message: str, rule: str, *, path: Path = (), fix: str = "", level: Level = Level.ERROR
    ) -> Problem:
        """A problem of this manifest; `path` is the place that it is about, from the top of the document."""
        return Problem(path, message, rule, fix, level, subject=str(self), location=self.source.location(*path))


def located(problem: Problem, source: Source, document: Any) -> Problem:
    """The problem with its location and subject, which are taken from the document that it is about."""
    location = source.location(*problem.path, key=problem.at_key)
    return replace(problem, location=location, subject=subject_of(document))


def subject_of(document: Any) -> str:
    """The subject of a document's problems, such as `SlackChannel "oncall"`, as far as its kind and name are valid."""
    if not isinstance(document, Mapping):
        return ""
    kind, metadata = document.get("kind"), document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    shown_kind = kind if isinstance(kind, str) and kind in (*KINDS, "Project") else ""
    return f'{shown_kind} "{name}"'.lstrip() if isinstance(name, str) and is_name(name) else shown_kind


def schema_folder() -> FilePath:
    """The folder of the schemas: inside the package if it was installed as a wheel, else next to it in the checkout."""
    package = FilePath(__file__).resolve().parent.parent
    installed = package / "schemas" / "v1"
    return installed if installed.is_dir() else package.parent / "schemas" / "v1"


def schema_names() -> list[str]:
    """The names of all schemas, sorted: those of kinds, and those of other documents, which are lowercase."""
    return sorted(path.stem for path in schema_folder().glob("*.json"))


@cache
def load_schema(name: str, supplied: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The schema of that name (see `schema_names`). `supplied`: fields that the project's defaults provide, so that no
    manifest has to."""
    schema: dict[str, Any] = json.loads((schema_folder() / f"{name}.json").read_text("utf-8"))
    if supplied:
        then = schema["properties"]["spec"]["then"]
        then["required"] = [field for field in then["required"] if field not in supplied]
    return schema


@cache
def compiled(name: str, supplied: frozenset[str] = frozenset()) -> Draft202012Validator:
    """The compiled validator of that schema; it only says yes or no."""
    return compile_schema(load_schema(name, supplied))


def compile_schema(schema: dict[str, Any]) -> Draft202012Validator:
    """The compiled validator of a schema."""
    from jsonschema_rs import Draft202012Validator, RegexOptions

    return Draft202012Validator(schema, pattern_options=RegexOptions())


NOT_OF_A_TARGET = frozenset({"targets", "overrides", "lint", "operator"})
"""Fields of `spec` that are not part of the spec for a single target: which targets there are, what differs on them,
which lint rules are silenced, and what only the operator does."""

_UNCLEAR = Problem((), "does not match its schema", "schema", "compare it with the schema")


def check_manifest(document: Any, supplied: frozenset[str] = frozenset()) -> list[Problem]:
    """The problems that the schema finds in a manifest. `supplied`: fields that the project's defaults provide."""
    kind = document.get("kind") if isinstance(document, dict) else None
    if isinstance(kind, str) and kind in KINDS:
        if compiled(kind, supplied).is_valid(document):
            return []
        return worded(load_schema(kind, supplied), document)
    if not isinstance(document, dict):
        return [not_a_mapping("a manifest", document)]
    return [_about_kind(problem, document.get("kind")) for problem in worded(_header_schema(), document)]


def check_spec(kind: str, spec: Mapping[str, Any]) -> list[Problem]:
    """The problems of the spec for one target, with defaults and overrides merged in and without NOT_OF_A_TARGET. Paths
    start below `spec`."""
    if _compiled_spec(kind).is_valid(spec):
        return []
    return worded(_spec_schema(kind), spec)


def worded(schema: Mapping[str, Any], document: Any) -> list[Problem]:
    """The problems of a document that its schema refuses; never none."""
    from reconciler.manifests.wording import word_problems

    return word_problems(schema, document) or [_UNCLEAR]


def not_a_mapping(what: str, document: Any) -> Problem:
    """The problem of a document that is not a mapping; `what` is what it should be."""
    return Problem(
        (), f"{what} must be a mapping, is {type_name(document)}", "wrong-type", "start with apiVersion and kind"
    )


def _about_kind(problem: Problem, kind: Any) -> Problem:
    if problem.path != ("kind",) or problem.rule != "not-one-of":
        return problem
    fix = suggest(kind, KINDS) or f"known kinds: {', '.join(KINDS)}"
    if kind == "Project":
        fix = "a project file is given with --config"
    return Problem(("kind",), "unknown kind", "unknown-kind", fix)


@cache
def _header_schema() -> dict[str, Any]:
    """The schema for a manifest whose kind is not known."""
    any_kind = load_schema(next(iter(KINDS)))
    properties = {name: any_kind["properties"][name] for name in ("apiVersion", "metadata")}
    return {
        "type": "object",
        "properties": {**properties, "kind": {"enum": list(KINDS)}},
        "required": ["apiVersion", "kind", "metadata"],
        "$defs": any_kind["$defs"],
    }


@cache
def _spec_schema(kind: str) -> dict[str, Any]:
    schema = load_schema(kind)
    spec = schema["properties"]["spec"]
    properties = {name: value for name, value in spec["properties"].items() if name not in NOT_OF_A_TARGET}
    return {**spec, **spec["then"], "if": True, "then": True, "properties": properties, "$defs": schema["$defs"]}


@cache
def _compiled_spec(kind: str) -> Draft202012Validator:
    return compile_schema(_spec_schema(kind))
