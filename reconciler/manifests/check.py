"""One document against the schema of its kind: the quick yes, and the problems behind a no. What passed is read into
values by the tables that the schemas are made from (`model.kinds`, `model.project`).

What no schema can say (names given twice, sources that a project defines) is in `lint` and `load`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.model.errors import Problem
from reconciler.model.kinds import KINDS
from reconciler.model.text import suggest, type_name

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator


def schema_folder() -> Path:
    """The folder of the schemas: within the package when installed as a wheel, else next to it in the checkout."""
    package = Path(__file__).resolve().parent.parent
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
    return _compile(load_schema(name, supplied))


def _compile(schema: dict[str, Any]) -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator, RegexOptions

    return Draft202012Validator(schema, pattern_options=RegexOptions())


@cache
def _project_schema() -> dict[str, Any]:
    """The schema of project files without what it says of single providers, for editors: `lint` says that of every
    provider, those of packages included, and together with all else that is wrong."""
    schema = load_schema("project")
    target = {name: part for name, part in schema["$defs"]["Target"].items() if name != "allOf"}
    return {**schema, "$defs": {**schema["$defs"], "Target": target}}


@cache
def _compiled_project(*, has_defaults: bool) -> Draft202012Validator:
    """The fields of all kinds, which stand below `defaults`, are most of the schema; most projects have no defaults."""
    schema = _project_schema()
    if has_defaults:
        return _compile(schema)
    spec = schema["properties"]["spec"]
    fields = {name: field for name, field in spec["properties"].items() if name != "defaults"}
    return _compile({**schema, "properties": {**schema["properties"], "spec": {**spec, "properties": fields}}})


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
        return _worded(load_schema(kind, supplied), document)
    if not isinstance(document, dict):
        return [_not_a_mapping("a manifest", document)]
    return [_about_kind(problem, document.get("kind")) for problem in _worded(_header_schema(), document)]


def check_project(document: Any) -> list[Problem]:
    """What is wrong with a project file as written."""
    if not isinstance(document, dict):
        return [_not_a_mapping("a project file", document)]
    spec = document.get("spec")
    if _compiled_project(has_defaults=not isinstance(spec, dict) or "defaults" in spec).is_valid(document):
        return []
    return _worded(_project_schema(), document)


def check_spec(kind: str, spec: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with a spec after defaults and overrides were merged in, without what no target gets; paths begin
    below `spec`."""
    if _compiled_spec(kind).is_valid(spec):
        return []
    return _worded(_spec_schema(kind), spec)


def _worded(schema: Mapping[str, Any], document: Any) -> list[Problem]:
    from reconciler.manifests.wording import word_problems

    return word_problems(schema, document) or [_UNCLEAR]


def _not_a_mapping(what: str, document: Any) -> Problem:
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
    return _compile(_spec_schema(kind))
