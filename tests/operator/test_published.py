"""What definitions lack that are older than the operator, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from reconciler.model.kinds import KINDS
from reconciler.operator.crds import PROJECT, build_crds
from reconciler.operator.published import Published
from reconciler.operator.published import lacking_fields as lacking_fields_of
from tests.operator.structure import openapi

CRDS = build_crds()
KEEPS_ALL = "x-kubernetes-preserve-unknown-fields"
ALL = [PROJECT, *KINDS]
Schema = dict[str, Any]


def _copy() -> list[Schema]:
    """Definitions to be changed, none of which shares a part with another."""
    made: list[Schema] = json.loads(json.dumps(CRDS))
    return made


def lacking_fields(document: Schema) -> dict[str, tuple[str, ...]]:
    """What a server lacks of the definitions of this version."""
    return lacking_fields_of(document, CRDS)


def _parts(crds: list[Schema], kind: str) -> Schema:
    """The fields of a kind's definition: spec and status."""
    (crd,) = (crd for crd in crds if crd["spec"]["names"]["kind"] == kind)
    found: Schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    return found


def _fields(schema: Schema, path: str) -> Iterator[tuple[Schema, str, str]]:
    """Every field within a schema: the fields where it is, its name, its path."""
    for name, field in schema.get("properties", {}).items():
        yield schema["properties"], name, f"{path}.{name}"
        yield from _fields(field, f"{path}.{name}")
    for word, sign in (("items", "[]"), ("additionalProperties", ".*")):
        if isinstance(schema.get(word), dict):
            yield from _fields(schema[word], path + sign)


def test_the_definitions_of_this_version_lack_nothing() -> None:
    assert lacking_fields(openapi(CRDS)) == dict.fromkeys(ALL, ())


@pytest.mark.parametrize("part", ["spec", "status"])
@pytest.mark.parametrize("place", [0.0, 0.3, 0.7, 1.0])
def test_a_field_that_any_definition_lacks_is_found_at_any_depth(part: str, place: float) -> None:
    older, removed = _copy(), {}
    for kind in ALL:
        fields = [*_fields(_parts(older, kind)[part], part)]
        where, name, path = fields[int(place * (len(fields) - 1))]
        del where[name]
        removed[kind] = (path,)
    assert lacking_fields(openapi(older)) == removed


_FORMS: list[tuple[str, Callable[[Schema], object], tuple[str, ...]]] = [
    ("a part", lambda parts: parts.pop("status"), ("status",)),
    ("an override", lambda parts: parts["spec"]["properties"]["overrides"].pop("additionalProperties"),
     ("spec.overrides.*",)),
    ("its fields", lambda parts: parts["spec"]["properties"]["overrides"]["additionalProperties"].pop("properties"),
     ("spec.overrides.*.display_name",)),
    ("what is in a list", lambda parts: parts["status"]["properties"]["conditions"].pop("items"),
     ("status.conditions[]",)),
]  # fmt: skip


@pytest.mark.parametrize(("about", "without", "found"), _FORMS, ids=[form[0] for form in _FORMS])
def test_what_is_no_field_of_its_own_is_found_too(
    about: str, without: Callable[[Schema], object], found: tuple[str, ...]
) -> None:
    older = _copy()
    without(_parts(older, "SlackChannel"))
    lacks = lacking_fields(openapi(older))
    assert set(found) <= set(lacks["SlackChannel"]), about
    assert not any(lacks[kind] for kind in ALL if kind != "SlackChannel")


def test_a_null_that_would_be_dropped_is_found() -> None:
    older = _copy()
    override = _parts(older, "SlackChannel")["spec"]["properties"]["overrides"]["additionalProperties"]
    assert override["properties"]["display_name"].pop("nullable") is True
    assert lacking_fields(openapi(older))["SlackChannel"] == ("spec.overrides.*.display_name: null",)


@pytest.mark.parametrize("replaced", [{"type": "object"}, {"type": "object", "properties": {"a": {"type": "string"}}}])
def test_a_value_that_was_not_kept_as_it_is_is_found(replaced: Schema) -> None:
    older = _copy()
    fields = _fields(_parts(older, "WebhookChannel")["spec"], "spec")
    where, name, path = next(item for item in fields if KEEPS_ALL in item[0][item[1]])
    where[name] = replaced
    assert path in lacking_fields(openapi(older))["WebhookChannel"]


def test_a_newer_definition_lacks_nothing() -> None:
    newer = _copy()
    for kind in ALL:
        parts = _parts(newer, kind)
        parts["spec"]["properties"]["later"] = {"type": "string"}
        parts["status"]["properties"]["conditions"]["items"]["properties"]["later"] = {"type": "string"}
        parts["later"] = {"type": "object"}
    assert lacking_fields(openapi(newer)) == dict.fromkeys(ALL, ())
    keeping = _copy()
    _parts(keeping, PROJECT)["spec"] = {"type": "object", KEEPS_ALL: True}
    assert lacking_fields(openapi(keeping)) == dict.fromkeys(ALL, ())


def test_what_is_not_published_is_unknown() -> None:
    found = lacking_fields(openapi(CRDS[:2]))
    assert found == dict.fromkeys(ALL[:2], ())
    text = Published(found, "they are not there").unknown(ALL[:3])
    assert f"unknown whether the definitions of {ALL[2]} are older than this operator: they are not there" in text
    assert Published(found).unknown(ALL[:2]) == ""


def test_another_version_of_a_kind_is_another_kind() -> None:
    other = _copy()
    other[0]["spec"]["versions"][0]["name"] = "v2"
    assert PROJECT not in lacking_fields(openapi(other))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"components": None},
        {"components": {"schemas": []}},
        {"components": {"schemas": {"a": None}}},
        {"components": {"schemas": {"a": {"x-kubernetes-group-version-kind": 1}}}},
        {"components": {"schemas": {"a": {"x-kubernetes-group-version-kind": ["b", None]}}}},
    ],
)
def test_a_document_of_another_form_knows_nothing(document: Schema) -> None:
    assert lacking_fields(document) == {}


def test_what_is_said_of_older_definitions_is_short_and_says_what_to_do() -> None:
    fields = ("spec.a", "spec.b", "status.c")
    text = Published({"SlackChannel": fields, "EmailChannel": fields, PROJECT: ()}).outdated
    assert "(SlackChannel spec.a, SlackChannel spec.b, SlackChannel status.c, EmailChannel spec.a, " in text
    assert "EmailChannel spec.b and 1 more)" in text
    assert "apply what `reconciler operator manifests --crds-only` prints, then apply the manifests again" in text
    assert "again" not in Published({PROJECT: ("status.c",)}).outdated
    assert Published({PROJECT: ()}).outdated == ""
