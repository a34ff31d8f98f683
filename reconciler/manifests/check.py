"""One document against the schema of its kind: the quick yes, and the problems behind a no.

What no schema can say (names given twice, sources that a project defines) is in `lint` and `load`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from reconciler.manifests.schemas import compiled, load_schema
from reconciler.manifests.words import Problem, suggest, type_name
from reconciler.resources import KINDS

__all__ = ["check_manifest", "check_project", "check_spec"]

_UNCLEAR = Problem((), "is not what its schema asks for", "schema", "compare it with the schema")


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
    if compiled("project").is_valid(document):
        return []
    return _worded(load_schema("project"), document)


def check_spec(kind: str, spec: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with a spec after defaults and overrides were merged in; paths begin below `spec`."""
    from reconciler.manifests.wording import word_problems

    return word_problems(_spec_schema(kind), spec)


def _worded(schema: Mapping[str, Any], document: Any) -> list[Problem]:
    from reconciler.manifests.wording import word_problems

    return word_problems(schema, document) or [_UNCLEAR]


def _not_a_mapping(what: str, document: Any) -> Problem:
    return Problem(
        (), f"{what} is a mapping, this is {type_name(document)}", "wrong-type", "begin with apiVersion and kind"
    )


def _about_kind(problem: Problem, kind: Any) -> Problem:
    if problem.path != ("kind",) or problem.rule != "not-one-of":
        return problem
    hint = suggest(kind, KINDS) or f"known kinds: {', '.join(KINDS)}"
    if kind == "Project":
        hint = "a project file is given with --config"
    return Problem(("kind",), "unknown kind", "unknown-kind", hint)


@cache
def _header_schema() -> dict[str, Any]:
    """What can be said of a manifest whose kind is not known."""
    any_kind = load_schema("EmailGroup")
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
    properties = {name: value for name, value in spec["properties"].items() if name not in ("targets", "overrides")}
    return {**spec, **spec["then"], "if": True, "then": True, "properties": properties, "$defs": schema["$defs"]}
