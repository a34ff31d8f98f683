"""The definitions, without a server: their dialect, that no field is lost, and that they say nothing of a secret."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from reconciler.model.kinds import KINDS
from reconciler.model.schemas import build_schemas
from reconciler.operator.crds import PROJECT, build_crds
from reconciler.operator.structural import structural
from tests.operator.manifests import ACCEPTED, PROJECTS, examples
from tests.operator.structure import nodes, problems

CRDS = {crd["spec"]["names"]["kind"]: crd for crd in build_crds()}
SCHEMAS = {kind: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for kind, crd in CRDS.items()}
_LARGEST = 262_144  # bytes of an annotation, in which a client-side `kubectl apply` keeps the whole object

_REFUSED_KEYS = {
    "$ref", "const", "examples", "propertyNames", "patternProperties", "if", "then", "uniqueItems", "anyOf", "oneOf",
    "allOf", "default",
}  # fmt: skip


def test_every_kind_and_the_project_have_a_definition() -> None:
    assert set(CRDS) == {PROJECT, *KINDS}


@pytest.mark.parametrize("kind", CRDS)
def test_a_definition_keeps_to_the_dialect_of_servers(kind: str) -> None:
    for path, schema in nodes(SCHEMAS[kind]):
        assert not set(schema) & _REFUSED_KEYS, path
        assert not ("properties" in schema and "additionalProperties" in schema), path
        if "not" not in schema and schema.keys() != {"pattern"}:
            assert "type" in schema or "x-kubernetes-preserve-unknown-fields" in schema, path
    assert len(json.dumps(CRDS[kind])) < _LARGEST


@pytest.mark.parametrize("kind", CRDS)
def test_every_field_of_a_definition_is_described(kind: str) -> None:
    bare = [
        path for path, schema in nodes(SCHEMAS[kind]) if path[:1] in (("spec",), ("status",)) and len(path) > 1
        and not any(other.get("description") for where, other in nodes(SCHEMAS[kind]) if where == path)
    ]  # fmt: skip
    assert bare == []


@pytest.mark.parametrize("kind", CRDS)
def test_every_pattern_is_read_by_each_engine(kind: str) -> None:
    for path, schema in nodes(SCHEMAS[kind]):
        if pattern := schema.get("pattern"):
            assert "\\u" not in pattern, path  # Go's RE2 has none
            assert not re.search(r"\(\?[=!<]", pattern), path
            re.compile(pattern)
            Draft202012Validator({"pattern": pattern})


def _holds_a_secret(path: tuple[str, ...]) -> bool:
    return bool({"webhook_url", "url", "headers", "auth"} & set(path)) and "plan" not in path


@pytest.mark.parametrize("kind", CRDS)
def test_no_field_that_may_hold_a_secret_has_a_rule_whose_failure_prints_the_value(kind: str) -> None:
    printing = [
        path
        for path, schema in nodes(SCHEMAS[kind])
        if _holds_a_secret(path) and ({"pattern", "maxLength"} & set(schema) or schema.get("enum", [True]) != [True])
    ]
    assert printing == []


def _fields(schema: Any, definitions: Any) -> Any:
    """The fields of a mapping of a file's schema, by name."""
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    return {name: field for name, field in schema.get("properties", {}).items() if field.get("not") != {}}


@pytest.mark.parametrize("kind", CRDS)
def test_no_field_of_the_files_is_missing(kind: str) -> None:
    document = build_schemas()["project" if kind == PROJECT else kind]
    spec, definitions = document["properties"]["spec"], document["$defs"]
    ours = SCHEMAS[kind]["properties"]["spec"]["properties"]
    for name, field in _fields(spec, definitions).items():
        assert name in ours
        assert set(_fields(field, definitions)) <= set(ours[name].get("properties", {})), name


def test_nothing_of_a_manifest_would_be_dropped() -> None:
    documents = [*ACCEPTED, *PROJECTS, *examples()]
    assert {document["kind"] for document in documents} == set(CRDS)
    for document in documents:
        schema = SCHEMAS[document["kind"]]["properties"]["spec"]
        assert [*problems(schema, document["spec"], document["kind"])] == []


@pytest.mark.parametrize(
    "schema",
    [
        {"oneOf": [{"type": "string"}]},
        {"anyOf": [{"type": "string", "minLength": 1}, {"type": "string", "maxLength": 0}]},
        {"type": "number", "multipleOf": 2},
    ],
)
def test_a_form_without_translation_is_an_error(schema: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="no structural form is known"):
        structural(schema, {})
