"""Wire form and our form: every example of the vendor's document is read, and what is written is what it allows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.masked import read_address
from reconciler.model.resource import LiveObject, Payload
from reconciler.model.values import SecretReference, SecretText, Value, in_clear
from reconciler.providers.confluent import codec
from reconciler.providers.confluent.catalogue import Catalogue
from reconciler.simulator.calls import Call
from tests.providers.confluent.contract import check_request, load_document
from tests.providers.confluent.scenes import HOOK, SLACK, TEAMS

TYPES = [
    {"id": "nt-1", "display_name": "Connector failed", "subscription_priority": "OPTIONAL"},
    {"id": "nt-2", "display_name": "Outage", "subscription_priority": "REQUIRED"},
    {"id": "nt-3", "display_name": "Outage", "is_included_in_plan": False},
    {"id": "nt-4", "display_name": "nt-1"},
    {"id": "nt-5"},
    {"display_name": "no id"},
    "odd",
]
CATALOGUE = Catalogue.parse(TYPES)


def examples(path: str, method: str) -> Iterator[dict[str, Any]]:
    """The objects in the examples of the successes of one operation."""
    for status, response in load_document()["paths"][path][method]["responses"].items():
        if status.startswith("2") and "content" in response:
            example = response["content"]["application/json"]["example"]
            yield from example.get("data", [example])


@pytest.mark.parametrize("method", ["get", "post"])
def test_every_integration_of_the_document_is_read(method: str) -> None:
    lives = [codec.decode_integration(item) for item in examples("/notifications/v1/integrations", method)]
    assert lives
    for live in lives:
        assert live is not None
        assert live.kind == "WebhookChannel" or (live.read_only and live.alias == "role:OrganizationAdmin")
        assert live.updated == live.created == "2026-03-02T09:15:00Z"


@pytest.mark.parametrize("method", ["get", "post"])
def test_every_subscription_of_the_document_is_read(method: str) -> None:
    lives = [codec.decode_subscription(item, CATALOGUE) for item in examples("/notifications/v1/subscriptions", method)]
    assert lives
    for live in lives:
        assert live is not None
        assert live.fields["channels"]
        assert live.fields["state"] == "ENABLED"


def payloads() -> Iterator[Payload]:
    common: dict[str, Value] = {"display_name": "On-call ü", "description": "Pages us [acme/x]", "enabled": True}
    yield Payload("SlackChannel", common | {"webhook_url": SecretText(SLACK)})
    yield Payload("MicrosoftTeamsChannel", common | {"webhook_url": SecretText(TEAMS)})
    yield Payload("WebhookChannel", common | {"url": SecretText(HOOK), "method": "POST", "headers": {}})
    yield Payload("WebhookChannel", common | {"url": HOOK, "description": "", "method": "POST", "headers": {}})
    fields: dict[str, Value] = {
        "notification_type": "Connector failed",
        "channels": frozenset("ba"),
        "state": "DISABLED",
    }
    yield Payload("Subscription", fields)


@pytest.mark.parametrize("payload", list(payloads()), ids=lambda payload: payload.kind)
def test_what_is_written_is_allowed_and_reads_back_the_same(payload: Payload) -> None:
    body = codec.encode(payload, CATALOGUE)
    collection = "subscriptions" if payload.kind == "Subscription" else "integrations"
    headers = {"content-type": "application/json", "authorization": "Basic YTpi"}
    check_request(Call("POST", f"/notifications/v1/{collection}", "", headers, json.dumps(body).encode()))
    item = body | {"id": "x-1"}
    subscription = payload.kind == "Subscription"
    live = codec.decode_subscription(item, CATALOGUE) if subscription else codec.decode_integration(item)
    assert live is not None
    assert codec.same_content(live, payload)
    assert codec.changed_members(payload, live) == {}
    assert {name for name, value in live.fields.items() if value != payload.fields[name]} <= {"url"}


def test_a_subscription_refers_by_bare_ids_in_order() -> None:
    payload = list(payloads())[-1]
    assert codec.encode(payload, CATALOGUE) == {
        "notification_type": {"id": "nt-1"},
        "integrations": [{"id": "a"}, {"id": "b"}],
        "current_state": "DISABLED",
    }


def test_nothing_is_written_for_an_address_that_is_not_known() -> None:
    for value in (None, SecretReference("env", "SLACK_URL")):
        with pytest.raises(TypeError):
            codec.encode(Payload("SlackChannel", {"display_name": "x", "webhook_url": value}), CATALOGUE)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = (
    "id",
    "metadata",
    "display_name",
    "description",
    "target",
    "notification_type",
    "integrations",
    "current_state",
)


@given(
    JSON | st.dictionaries(st.sampled_from(MEMBERS), JSON | st.sampled_from(["i-1", {"id": "i-1"}, {"kind": "Slack"}]))
)
def test_whatever_comes_is_read_without_a_crash(item: Any) -> None:
    for live in (codec.decode_integration(item), codec.decode_subscription(item, CATALOGUE)):
        assert live is None or isinstance(live, LiveObject)


@pytest.mark.parametrize(
    "metadata",
    [
        {"deleted_at": "2027-01-01T00:00:00Z"},
        {"deleted_at": "2027-01-01T00:00:00.001Z", "created_at": "2027-01-01T00:00:00Z"},
        {"deleted_at": "2027-01-01T00:00:00", "created_at": "2026-01-01T00:00:00-07:00"},
        {"deleted_at": "2027-01-01T00:00:00Z", "created_at": "some day"},
    ],
)
def test_what_is_being_deleted_is_not_there(metadata: dict[str, str]) -> None:
    item = {"id": "i-1", "target": {"kind": "Slack"}, "metadata": metadata}
    assert codec.decode_integration(item) is None
    assert codec.decode_subscription(item, CATALOGUE) is None


@pytest.mark.parametrize(
    "metadata",
    [
        {"deleted_at": "0001-01-01T00:00:00Z"},
        {"deleted_at": "1970-01-01T00:00:00Z", "created_at": "2026-01-01T00:00:00Z"},
        {"deleted_at": "0001-01-01T00:00:00Z", "created_at": "0001-01-01T00:00:00Z"},
        {"deleted_at": "2006-01-02T15:04:05-07:00", "created_at": "2006-01-02T15:04:05-07:00"},  # their examples
        {"deleted_at": None},
        {"deleted_at": ""},
        {"deleted_at": "never"},
        {"deleted_at": 0},
    ],
)
def test_a_time_that_is_no_deletion_leaves_an_object_there(metadata: dict[str, object]) -> None:
    item = {"id": "i-1", "target": {"kind": "Slack"}, "metadata": metadata}
    assert codec.decode_integration(item) is not None
    assert codec.decode_subscription(item, CATALOGUE) is not None


@pytest.mark.parametrize(
    ("native", "kind", "word"),
    [
        ("Slack", "SlackChannel", "Slack"),
        ("SlackTarget", "SlackChannel", "Slack"),
        ("MsTeamsTarget", "MicrosoftTeamsChannel", "MsTeams"),
        ("WebhookTarget", "WebhookChannel", "Webhook"),
        ("RoleEmailTarget", None, "RoleEmail"),
        ("PagerTarget", None, "PagerTarget"),
        ("Target", None, "Target"),
        (7, None, ""),
    ],
)
def test_a_kind_of_target_is_known_under_either_name(native: object, kind: str | None, word: str) -> None:
    target = {"kind": native, "webhook_url": SLACK, "url": HOOK, "role_name": "Admin"}
    live = codec.decode_integration({"id": "i-1", "target": target})
    assert live is not None
    assert (live.kind, live.native_type, live.read_only) == (kind, word, kind is None)
    assert live.alias == ("role:Admin" if word == "RoleEmail" else "")


@pytest.mark.parametrize("native", ["UserEmail", "UserEmailTarget", "InApp"])
@pytest.mark.parametrize("user", ["u-1", {"id": "u-1"}, {"id": "u-1", "related": "x"}])
def test_a_user_is_known_as_an_object_and_as_a_string(user: object, native: str) -> None:
    live = codec.decode_integration({"id": "i-1", "target": {"kind": native, "user": user}})
    assert live is not None
    assert live.alias == ("in-app:u-1" if native == "InApp" else "user:u-1")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "*****",
        "https://hooks.slack.com/*****",
        "https://hooks.slack.com/services/XXXXX/XXXXX",
        "https://hooks.slack.com/services/T0/B0/…",
        "https://hooks.slack.com/services/T0/B0/...",
        "https://hooks.slack.com/services/<redacted>",
        "https://example.org/hook?sig=REDACTED&v=1",
        "hooks.slack.com",
        "https://",
        "https://[odd/x",
    ],
)
def test_a_mask_is_no_address(address: str) -> None:
    live = codec.decode_integration({"id": "i-1", "target": {"kind": "Webhook", "url": address}})
    assert live is not None
    assert in_clear(live.fields["url"]) is None


@pytest.mark.parametrize(
    "address",
    [SLACK, TEAMS, HOOK, "http://127.0.0.1:9299/_simulator/sink", "https://example.org", "https://e.org/xx/x.x"],
)
def test_an_address_is_no_mask(address: str) -> None:
    assert read_address(address) == SecretText(address)


# -- the catalogue


@pytest.mark.parametrize(
    ("word", "known"), [("nt-1", "nt-1"), ("Connector failed", "nt-1"), ("x", None), ("no id", None)]
)
def test_a_type_is_found_by_id_or_name(word: str, known: str | None) -> None:
    found = CATALOGUE.find(word)
    assert (found.id if found else None) == known


def test_a_name_stands_for_a_type_where_it_is_its_own() -> None:
    words = {type_id: CATALOGUE.word_for(type_id) for type_id in ("nt-1", "nt-2", "nt-4", "nt-5", "gone")}
    assert words == {"nt-1": "Connector failed", "nt-2": "nt-2", "nt-4": "nt-4", "nt-5": "nt-5", "gone": "gone"}


def test_every_word_says_what_holds_for_its_type() -> None:
    words = CATALOGUE.words()
    assert set(words) == {"Connector failed", "Outage", "nt-1", "nt-2", "nt-3", "nt-4", "nt-5"}
    assert words["nt-1"] == words["Connector failed"]
    assert words["Outage"].problem.startswith("2 notification types have this name")
    assert "plan does not include" in words["nt-3"].problem
    assert words["nt-2"].fixed == {"state": "ENABLED"}
