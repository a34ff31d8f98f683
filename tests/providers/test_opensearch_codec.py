"""Configs in wire form and in ours: each pair both ways, what is never written, and what an odd server may send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.kinds import KINDS, Role
from reconciler.model.resource import LiveObject, Payload
from reconciler.model.values import PUBLIC_HEADERS, SecretReference, SecretText, Value
from reconciler.providers.opensearch.codec import NATIVE_TYPES, decode, encode, fill_from, same_content
from tests.providers.support import recorded

PAIRS = {path.stem: yaml.safe_load(path.read_text()) for path in (Path(__file__).parent / "pairs").glob("*.yaml")}


def our_fields(kind: str, plain: dict[str, Any]) -> dict[str, Value]:
    """A pair's fields in the types of the domain."""
    made: dict[str, Value] = {}
    for name, value in plain.items():
        match KINDS[kind].field(name).role:
            case Role.SECRET:
                made[name] = SecretText(value)
            case Role.SECRETS:
                made[name] = {key: v if key.lower() in PUBLIC_HEADERS else SecretText(v) for key, v in value.items()}
            case Role.SET | Role.REFERENCES:
                made[name] = frozenset(value)
            case _:
                made[name] = value
    return made


def canonical(config: dict[str, Any]) -> dict[str, Any]:
    """A config as we write it: recipients and groups sorted, each once."""
    copy: dict[str, Any] = json.loads(json.dumps(config))
    block = copy[copy["config_type"]]
    if "recipient_list" in block:
        names = sorted({item["recipient"] for item in block["recipient_list"]})
        block["recipient_list"] = [{"recipient": name} for name in names]
    if "email_group_id_list" in block:
        block["email_group_id_list"] = sorted(set(block["email_group_id_list"]))
    return copy


def test_every_kind_of_the_plugin_has_a_pair() -> None:
    assert set(PAIRS) == set(NATIVE_TYPES) == set(KINDS) - {"Subscription"}


@pytest.mark.parametrize("kind", sorted(PAIRS))
def test_a_recorded_config_reads_as_our_fields_and_all_of_them(kind: str) -> None:
    live = decode(PAIRS[kind]["wire"])
    assert live is not None
    assert (live.kind, live.native_type) == (kind, NATIVE_TYPES[kind])
    assert live.fields == our_fields(kind, PAIRS[kind]["fields"])
    assert set(live.fields) == {field.name for field in KINDS[kind].fields}
    assert (live.created, live.updated) == ("1700000000000", "1700000000000")


@pytest.mark.parametrize("kind", sorted(PAIRS))
def test_our_fields_are_written_as_the_server_gives_them_back(kind: str) -> None:
    written = encode(kind, our_fields(kind, PAIRS[kind]["fields"]))
    assert written == canonical(PAIRS[kind]["wire"]["config"])
    assert "null" not in json.dumps(written)
    assert len(set(written) & set(NATIVE_TYPES.values())) == 1


@pytest.mark.parametrize(
    "label", ["get webhook minimal: defaults on read", "get after lower-case method", "get unicode"]
)
def test_what_was_recorded_survives_the_way_through_our_form(label: str) -> None:
    for version in ("3.6.0", "2.19.5"):
        item = recorded(version, label)["response"]["body"]["config_list"][0]
        live = decode(item)
        assert live is not None
        assert live.kind == "WebhookChannel"
        assert encode(live.kind, live.fields) == canonical(item["config"])


def test_a_role_arn_that_is_not_there_is_none_and_is_not_written() -> None:
    live = decode(PAIRS["SnsChannel"]["wire"])
    assert live is not None
    assert live.fields["role_arn"] is None
    assert "role_arn" not in encode("SnsChannel", live.fields)["sns"]


def test_secret_values_do_not_show_and_public_headers_do() -> None:
    item = json.loads(json.dumps(PAIRS["WebhookChannel"]["wire"]))
    item["config"]["webhook"]["header_params"] = {"Authorization": "S3CR3T", "content-type": "text/plain"}
    live = decode(item)
    assert "S3CR3T" not in repr(live)
    assert live is not None
    assert live.fields["headers"] == {"Authorization": SecretText("S3CR3T"), "content-type": "text/plain"}


def test_a_type_that_is_not_known_has_no_kind_but_keeps_its_description() -> None:
    live = decode({"config_id": "x", "config": {"name": "n", "description": "d [acme/n]", "config_type": "pager"}})
    assert live is not None
    assert (live.kind, live.native_type) == (None, "pager")
    assert live.fields["description"] == "d [acme/n]"


@pytest.mark.parametrize("kind", sorted(PAIRS))
@pytest.mark.parametrize("odd", [None, 7, [1], "text", {"a": 1}, [{"recipient": 3}]])
def test_a_member_of_another_type_costs_the_kind_and_nothing_else(kind: str, odd: object) -> None:
    block = PAIRS[kind]["wire"]["config"][NATIVE_TYPES[kind]]
    for member in block:
        if type(odd) is type(block[member]):
            continue
        item = json.loads(json.dumps(PAIRS[kind]["wire"]))
        item["config"][NATIVE_TYPES[kind]][member] = odd
        live = decode(item)
        assert live is not None
        assert live.id == PAIRS[kind]["wire"]["config_id"]
        assert live.kind is None or odd is None


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(item=_json, native=st.sampled_from(sorted(NATIVE_TYPES.values())), block=_json, name=_json)
def test_nothing_that_is_json_breaks_the_reading(item: Any, native: str, block: Any, name: Any) -> None:
    decode(item)
    live = decode({"config_id": "x", "config": {"name": name, "config_type": native, native: block}})
    assert isinstance(live, LiveObject)


def test_a_secret_that_was_not_resolved_is_never_written() -> None:
    with pytest.raises(TypeError):
        encode("SlackChannel", {"display_name": "n", "webhook_url": SecretReference("env", "X")})


def test_a_payload_is_the_same_content_whatever_the_order_on_the_server() -> None:
    live = decode(PAIRS["EmailGroup"]["wire"])
    assert live is not None
    fields = our_fields("EmailGroup", PAIRS["EmailGroup"]["fields"])
    assert same_content(live, Payload("EmailGroup", fields))
    assert not same_content(live, Payload("EmailGroup", fields | {"recipients": frozenset({"a@example.org"})}))
    assert not same_content(live, Payload("SlackChannel", our_fields("SlackChannel", PAIRS["SlackChannel"]["fields"])))


def test_what_a_payload_leaves_open_is_taken_from_what_is_there() -> None:
    before = decode(PAIRS["WebhookChannel"]["wire"])
    assert before is not None
    payload = Payload(
        "WebhookChannel", {"display_name": "new", "url": None, "headers": {"n": None, "new": SecretText("1")}}
    )
    fields = fill_from(payload, before).fields
    assert fields["display_name"] == "new"
    assert fields["url"] == before.fields["url"]
    assert fields["headers"] == {"n": SecretText("1"), "new": SecretText("1")}
    assert fields["method"] == "POST"
