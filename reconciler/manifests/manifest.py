"""One manifest: a document checked against the schema of its kind, where it is, and how a problem about it is made.

The compiled schema gives the quick yes, `wording` the problems behind a no. A manifest holds the spec as written; what
defaults and overrides make of it for a target is checked here too (`check_spec`), and made in `plan.desired`. What no
schema can say (names given twice, sources that a project defines) is in `lint` and `load`. What passed is read into
values by the tables that the schemas are made from (`model.kinds`, `model.project`).
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
    """Where a document is: its file as shown to people, how to read that again, and its extent in the text.

    Locations within are looked up by parsing the document once more: only problems need them, and then often many.
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
        """Where the value at `path` is, or its `key`; the nearest value around it if it is not there."""
        found = _places(self._text()).find(path, key=key) if path else None
        if found is None:
            return Location(self.file, self.line, self.column)
        return Location(self.file, self.line + found.line - 1, found.column)

    def _text(self) -> str:
        try:
            return self.read()[self.start : self.end]
        except FileError:  # it went away meanwhile: the start of the document is known all the same
            return ""


@lru_cache(maxsize=1)  # what is wrong with one document is worded before the next is looked at
def _places(text: str) -> Places:
    return Places(text)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest as written: `spec` holds plain JSON values that passed the schema, `overrides` and all."""

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
        """A problem of this manifest; `path` leads to what is meant, from the document's top."""
        return Problem(path, message, rule, fix, level, subject=str(self), location=self.source.location(*path))


def located(problem: Problem, source: Source, document: Any) -> Problem:
    """A problem of a document, with its location and subject."""
    location = source.location(*problem.path, key=problem.at_key)
    return replace(problem, location=location, subject=subject_of(document))


def subject_of(document: Any) -> str:
    """What a document is about, as far as it says so in a form that can be shown."""
    if not isinstance(document, Mapping):
        return ""
    kind, metadata = document.get("kind"), document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    shown_kind = kind if isinstance(kind, str) and kind in (*KINDS, "Project") else ""
    return f'{shown_kind} "{name}"'.lstrip() if isinstance(name, str) and is_name(name) else shown_kind


def schema_folder() -> FilePath:
    """The folder of the schemas: within the package when installed as a wheel, else next to it in the checkout."""
    package = FilePath(__file__).resolve().parent.parent
    installed = package / "schemas" / "v1"
    return installed if installed.is_dir() else package.parent / "schemas" / "v1"


def schema_names() -> list[str]:
    """Every schema that there is, sorted: those of the kinds, and by lowercase names those of other documents."""
    return sorted(path.stem for path in schema_folder().glob("*.json"))


@cache
def load_schema(name: str, supplied: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The schema of a kind, or `project`. `supplied`: fields that the project's defaults give, so no manifest must."""
    schema: dict[str, Any] = json.loads((schema_folder() / f"{name}.json").read_text("utf-8"))
    if supplied:
        then = schema["properties"]["spec"]["then"]
        then["required"] = [field for field in then["required"] if field not in supplied]
    return schema


@cache
def compiled(name: str, supplied: frozenset[str] = frozenset()) -> Draft202012Validator:
    """The compiled validator of that schema: it says yes or no."""
    return compile_schema(load_schema(name, supplied))


def compile_schema(schema: dict[str, Any]) -> Draft202012Validator:
    """The validator of a schema."""
    from jsonschema_rs import Draft202012Validator, RegexOptions

    return Draft202012Validator(schema, pattern_options=RegexOptions())


NOT_OF_A_TARGET = frozenset({"targets", "overrides", "lint", "operator"})
"""Fields of `spec` that no single target gets: they say which targets there are, what differs there, what is to be
thought of the manifest, and what the operator alone is to do with it."""

_UNCLEAR = Problem((), "does not match its schema", "schema", "compare it with the schema")


def check_manifest(document: Any, supplied: frozenset[str] = frozenset()) -> list[Problem]:
    """What is wrong with a manifest as written. `supplied`: required fields that the project's defaults give."""
    kind = document.get("kind") if isinstance(document, dict) else None
    if isinstance(kind, str) and kind in KINDS:
        if compiled(kind, supplied).is_valid(document):
            return []
        return worded(load_schema(kind, supplied), document)
    if not isinstance(document, dict):
        return [not_a_mapping("a manifest", document)]
    return [_about_kind(problem, document.get("kind")) for problem in worded(_header_schema(), document)]


def check_spec(kind: str, spec: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with a spec after defaults and overrides were merged in, without what no target gets; paths begin
    below `spec`."""
    if _compiled_spec(kind).is_valid(spec):
        return []
    return worded(_spec_schema(kind), spec)


def worded(schema: Mapping[str, Any], document: Any) -> list[Problem]:
    """The problems of a document that its schema refuses."""
    from reconciler.manifests.wording import word_problems

    return word_problems(schema, document) or [_UNCLEAR]


def not_a_mapping(what: str, document: Any) -> Problem:
    """The problem of a document that has no fields at all."""
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
    """What can be said of a manifest whose kind is not known."""
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
