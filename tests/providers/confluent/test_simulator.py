"""The simulated organisation over a socket: as its document says, with an inbox, a state and credentials."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from reconciler.model.evidence import Delivery, Outcome
from reconciler.model.resource import Payload
from reconciler.model.values import SecretText, Value
from reconciler.providers.confluent import make_provider
from reconciler.providers.connection import Basic, Connection
from reconciler.simulator import Simulator
from reconciler.simulator.confluent import Behaviours
from tests import calls
from tests.cli.shell import Shell
from tests.providers.confluent.contract import load_document

PREFIX = "/notifications/v1"
KEY = ("a-key", "a-secret")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(confluent_credentials=KEY) as running:
        yield running


def client(simulator: Simulator) -> httpx.Client:
    return calls.client(base_url=simulator.url, auth=KEY)


def hook(url: str) -> Payload:
    fields: dict[str, Value] = {"display_name": "hook", "description": "", "url": SecretText(url)}
    return Payload("WebhookChannel", fields)


def test_the_inbox_shows_the_json_that_a_webhook_receives() -> None:
    async def conversation(simulator: Simulator) -> Delivery:
        connection = Connection(simulator.url, auth=Basic(SecretText("key"), SecretText("secret")))
        provider = make_provider(connection)
        delivery = await provider.probe(hook(f"{simulator.receiver.url}/alerts"))
        await provider.close()
        return delivery

    with Simulator() as running:
        delivery = asyncio.run(conversation(running))
        (received,) = running.receiver.received
        page = calls.get(running.inbox_url).text
    assert delivery.outcome is Outcome.ACCEPTED
    assert received.content_type == "application/json"
    assert set(json.loads(received.body)) == {"id", "title", "message", "created_at"}
    assert "This is a test message for the integration hook" in page


def test_a_call_without_credentials_is_refused(simulator: Simulator) -> None:
    for auth in (None, ("a-key", "wrong"), ("", "")):
        answer = calls.get(f"{simulator.url}{PREFIX}/integrations", auth=auth)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")


def test_the_other_system_is_still_there(simulator: Simulator) -> None:
    assert calls.get(f"{simulator.url}/").json()["version"]["distribution"] == "opensearch"


def test_what_was_made_outlives_the_process(tmp_path: Path) -> None:
    body = {"display_name": "x", "target": {"kind": "Webhook", "url": "https://hooks.example/x"}}
    state = tmp_path / "state.json"
    with Simulator(state_file=state) as running, client(running) as http:
        made = http.post(f"{PREFIX}/integrations", json=body).json()["id"]
    with Simulator(state_file=state) as running, client(running) as http:
        assert http.get(f"{PREFIX}/integrations/{made}").json()["display_name"] == "x"
        assert http.post(f"{PREFIX}/integrations", json=body).json()["id"] != made


@pytest.mark.parametrize("name", sorted(Behaviours.switches()))
def test_every_switch_is_set_by_its_words(name: str) -> None:
    for setting in Behaviours.switches()[name]:
        behaviours = Behaviours.parse([f"{name.replace('_', '-')}={setting.value}"])
        assert getattr(behaviours, name) is setting


@pytest.mark.parametrize(("word", "said"), [("adresses=stars", "unique_names"), ("addresses=odd", "crosses")])
def test_an_unknown_switch_or_setting_lists_what_there_is(word: str, said: str, tmp_path: Path) -> None:
    done = Shell(tmp_path).run("simulate", "--port", "0", "--confluent", word)
    assert done.code == 1
    assert said in done.err


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "integrations", {"target": {"kind": "Slack", "webhook_url": "https://x/y"}}, 422),
        ("POST", "integrations", {"display_name": "x"}, 422),
        ("POST", "integrations", {"display_name": 7, "target": {}}, 422),
        ("POST", "integrations", {"display_name": "x" * 65, "target": {}}, 422),
        ("POST", "integrations", {"display_name": "x", "target": "x"}, 422),
        ("POST", "integrations", {"display_name": "x", "target": {"kind": "Webhook", "webhook_url": "https://x"}}, 422),
        ("POST", "integrations", {"display_name": "x", "target": {"kind": "SlackTarget"}}, 422),
        ("POST", "integrations", {"display_name": "x", "target": {"kind": "RoleEmail", "role_name": "x"}}, 422),
        ("POST", "integrations", [], 400),
        ("PATCH", "integrations/i-0role", {"display_name": "x"}, 422),
        ("PATCH", "integrations/nobody", {}, 404),
        ("DELETE", "integrations/i-0role", None, 400),
        ("DELETE", "integrations/nobody", None, 404),
        ("POST", "subscriptions", {"notification_type": {"id": "nt-k1v6z"}, "integrations": []}, 422),
        ("POST", "subscriptions", {"notification_type": {"id": "x"}, "integrations": [{"id": "i-0role"}]}, 422),
        ("POST", "subscriptions", {"notification_type": {"id": "nt-k1v6z"}, "integrations": [{"id": "x"}]}, 422),
        ("POST", "subscriptions", {"notification_type": {"id": "nt-w8y4f"}, "integrations": [{"id": "i-0role"}]}, 422),
        ("POST", "subscriptions", {"notification_type": {"id": "nt-33aa1"}, "integrations": [{"id": "i-0role"}]}, 409),
        ("POST", "subscriptions", {"integrations": [{}]}, 422),
        ("DELETE", "subscriptions/nobody", None, 404),
        ("GET", "notification-types/nobody", None, 404),
        ("GET", "integrations?page_size=251", None, 400),
        ("GET", "integrations?page_size=x", None, 400),
        ("GET", "integrations?page_token=x", None, 400),
        ("PUT", "integrations", {}, 405),
        ("GET", "anything", None, 404),
        ("GET", "integrations?resource_type=BANANA", None, 400),
        ("GET", "notification-types?resource_type=BANANA", None, 400),
        ("GET", "resource-subscriptions:lookup?resource=x", None, 400),
        ("GET", "resource-preferences:lookup?resource_type=TOPIC", None, 400),
        ("GET", "resource-preferences:lookup?resource=x&resource_type=TOPIC", None, 404),
        ("GET", "resource-subscriptions", None, 405),
        ("POST", "resource-subscriptions:lookup", {}, 405),
        ("POST", "resource-preferences", {"resource": "x", "resource_type": "BANANA"}, 422),
        ("POST", "resource-preferences", {"resource_type": "TOPIC"}, 422),
        ("POST", "resource-preferences", {"resource": "x", "resource_type": "TOPIC", "current_state": "MUTED"}, 422),
        ("DELETE", "resource-subscriptions/nobody", None, 404),
        ("PATCH", "resource-preferences/nobody", {}, 404),
    ],
)
def test_what_the_document_forbids_is_refused(
    simulator: Simulator, method: str, path: str, body: object, status: int
) -> None:
    with client(simulator) as http:
        answer = http.request(method, f"{PREFIX}/{path}", json=body)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["status"] == str(status)


# -- filters, and the groups of one resource

CONNECTOR = {"resource": "environment=env-ab12c/connector=orders_sink", "resource_type": "CONNECTOR"}


def playing(*settings: str) -> Simulator:
    return Simulator(confluent_credentials=KEY, behaviours=Behaviours.parse(settings))


def get(simulator: Simulator, path: str, **query: str) -> httpx.Response:
    with client(simulator) as http:
        return http.get(f"{PREFIX}/{path}", params=query)


def post(simulator: Simulator, path: str, **body: object) -> httpx.Response:
    with client(simulator) as http:
        return http.post(f"{PREFIX}/{path}", json=body)


def names(answer: httpx.Response) -> list[str]:
    return [one["display_name"] for one in answer.json()["data"]]


def test_notification_types_are_filtered_by_resource_type(simulator: Simulator) -> None:
    everything = get(simulator, "notification-types").json()["data"]
    found = get(simulator, "notification-types", resource_type="CONNECTOR")
    assert names(found) == ["Connector failed", "Connector recovered"]
    assert {one["resource_type"] for one in found.json()["data"]} == {"CONNECTOR"}
    assert any("resource_type" not in one for one in everything)


def test_integrations_are_filtered_by_the_resource_whose_messages_they_get() -> None:
    references = {"notification_type": {"id": "nt-33aa1"}, "integrations": [{"id": "i-0user"}]}
    with playing() as running:
        assert post(running, "resource-subscriptions", **CONNECTOR, **references).status_code == 201
        assert names(get(running, "integrations", **CONNECTOR)) == ["Ada"]
        assert names(get(running, "integrations", resource_type="CONNECTOR")) == ["Ada"]
        assert names(get(running, "integrations", resource_type="TOPIC")) == []
        assert len(names(get(running, "integrations"))) == 2


@pytest.mark.parametrize(("setting", "status"), [("empty", 200), ("not-found", 404)])
@pytest.mark.parametrize("path", ["integrations", "resource-subscriptions:lookup", "notification-types"])
def test_a_filter_that_finds_nothing_is_answered_as_set(path: str, setting: str, status: int) -> None:
    with playing(f"filtered-nothing={setting}") as running:
        answer = get(running, path, resource="nothing", resource_type="FLINK_STATEMENT")
    assert answer.status_code == status
    assert answer.json().get("data", []) == []


def test_a_resource_has_subscriptions_that_lose_an_integration_when_it_goes() -> None:
    target = {"kind": "Webhook", "url": "https://hooks.example/x"}
    with playing() as running, client(running) as http:
        hook = http.post(f"{PREFIX}/integrations", json={"display_name": "x", "target": target}).json()["id"]
        references = {"notification_type": {"id": "nt-33aa1"}, "integrations": [{"id": hook}, {"id": "i-0role"}]}
        made = http.post(f"{PREFIX}/resource-subscriptions", json=CONNECTOR | references)
        again = http.post(f"{PREFIX}/resource-subscriptions", json=CONNECTOR | references)
        path = f"{PREFIX}/resource-subscriptions/{made.json()['id']}"
        changed = http.patch(path, json={"current_state": "DISABLED", "notification_type": {"id": "nt-k1v6z"}}).json()
        found = http.get(f"{PREFIX}/resource-subscriptions:lookup", params=CONNECTOR).json()["data"]
        assert http.delete(f"{PREFIX}/integrations/{hook}").status_code == 204
        left = http.get(path).json()
        assert http.delete(path).status_code == 204
        assert http.get(path).status_code == 404
    assert (made.status_code, made.json()["kind"], again.status_code) == (201, "ResourceSubscription", 409)
    assert again.headers["location"] == made.headers["location"] == made.json()["metadata"]["self"]
    assert (changed["current_state"], changed["notification_type"]["id"]) == ("DISABLED", "nt-33aa1")
    assert found == [changed]
    assert [one["id"] for one in left["integrations"]] == ["i-0role"]


def test_a_resource_has_one_preference_at_most() -> None:
    with playing() as running, client(running) as http:
        made = http.post(f"{PREFIX}/resource-preferences", json=CONNECTOR | {"current_state": "DISABLED"})
        again = http.post(f"{PREFIX}/resource-preferences", json=CONNECTOR)
        other = http.post(f"{PREFIX}/resource-preferences", json=CONNECTOR | {"resource": "connector=other"})
        found = http.get(f"{PREFIX}/resource-preferences:lookup", params=CONNECTOR).json()
        path = f"{PREFIX}/resource-preferences/{other.json()['id']}"
        moved = http.patch(path, json={"resource": CONNECTOR["resource"]})
        enabled = http.patch(path, json={"current_state": "DISABLED"}).json()
    assert (made.status_code, again.status_code, other.status_code, moved.status_code) == (201, 409, 201, 409)
    assert found == made.json()
    assert (other.json()["current_state"], enabled["current_state"]) == ("ENABLED", "DISABLED")


def test_the_resource_groups_outlive_the_process(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with Simulator(state_file=state) as running:
        post(running, "resource-preferences", **CONNECTOR)
    with Simulator(state_file=state) as running:
        assert get(running, "resource-preferences:lookup", **CONNECTOR).status_code == 200


# -- what is not settled


@pytest.mark.parametrize("refusal", [400, 403, 409, 422])
@pytest.mark.parametrize("code", ["declared", "undeclared"])
def test_a_delete_is_refused_with_a_declared_code_or_by_a_setting_named_so(code: str, refusal: int) -> None:
    with playing(f"delete-code={code}", f"refusal-code={refusal}") as running, client(running) as http:
        required = http.get(f"{PREFIX}/subscriptions").json()["data"][0]["id"]
        paths = ("integrations/i-0role", f"subscriptions/{required}")
        found = {http.delete(f"{PREFIX}/{path}").status_code for path in paths}
    expected = 400 if code == "declared" and refusal in (409, 422) else refusal
    assert found == {expected}
    assert running.confluent.behaviours.follow_document is (code == "declared")


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("PATCH", {}), ("DELETE", None)])
@pytest.mark.parametrize(
    "collection", ["integrations", "subscriptions", "resource-subscriptions", "resource-preferences"]
)
def test_what_is_not_there_may_be_forbidden(collection: str, method: str, body: object) -> None:
    with playing("gone-code=403") as running, client(running) as http:
        answer = http.request(method, f"{PREFIX}/{collection}/nobody", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "forbidden_access")


@pytest.mark.parametrize("code", [401, 403])
def test_a_wrong_key_is_refused_as_set(code: int) -> None:
    with playing(f"wrong-key-code={code}") as running:
        answer = calls.get(f"{running.url}{PREFIX}/integrations", auth=("another", "key"))
        none = calls.get(f"{running.url}{PREFIX}/integrations")
    assert (answer.status_code, none.status_code) == (code, 401)
    assert ("Cloud API Key" in answer.text) is (code == 403)


@pytest.mark.parametrize(("setting", "said"), [("absent", None), ("zero", "0001-01-01T00:00:00Z")])
def test_what_is_there_may_have_the_time_of_a_deletion(setting: str, said: str | None) -> None:
    with playing(f"deleted-at={setting}") as running:
        found = [one["metadata"].get("deleted_at") for one in get(running, "integrations").json()["data"]]
    assert found == [said, said]


def test_the_time_of_a_deletion_may_be_that_of_the_creation() -> None:
    with playing("deleted-at=as-created") as running:
        found = [one["metadata"] for one in get(running, "subscriptions").json()["data"]]
    assert [one["deleted_at"] for one in found] == [one["created_at"] for one in found]


@pytest.mark.parametrize(
    ("setting", "sent", "status", "shown"),
    [
        ("document", "Webhook", 201, "Webhook"),
        ("document", "WebhookTarget", 422, ""),
        ("either", "WebhookTarget", 201, "Webhook"),
        ("schema", "Webhook", 201, "WebhookTarget"),
        ("schema", "WebhookTarget", 201, "WebhookTarget"),
    ],
)
def test_kinds_of_target_go_by_one_name_or_both(setting: str, sent: str, status: int, shown: str) -> None:
    target = {"kind": sent, "url": "https://hooks.example/x"}
    with playing(f"kind-names={setting}") as running:
        made = post(running, "integrations", display_name="x", target=target)
        kinds = [one["target"]["kind"] for one in get(running, "integrations").json()["data"]]
    assert made.status_code == status
    assert made.json().get("target", {}).get("kind", "") == shown
    assert kinds[0] == ("RoleEmailTarget" if setting == "schema" else "RoleEmail")


@pytest.mark.parametrize(("setting", "user"), [("object", {"id": "u-4kd82"}), ("string", "u-4kd82")])
def test_a_user_is_an_object_or_a_string(setting: str, user: object) -> None:
    with playing(f"users={setting}") as running:
        shown = get(running, "integrations/i-0user").json()["target"]["user"]
    assert ({"id": shown["id"]} if isinstance(shown, dict) else shown) == user


@pytest.mark.parametrize("code", [402, 400])
@pytest.mark.parametrize(
    ("words", "said"), [("id", "integrations_per_org"), ("limited", "is currently limited to 0 integrations")]
)
def test_a_full_organisation_says_so_in_its_words(words: str, said: str, code: int) -> None:
    target = {"kind": "Webhook", "url": "https://hooks.example/x"}
    with playing(f"quota-words={words}", f"quota-code={code}") as running:
        running.confluent.integrations.quota = 0
        answer = post(running, "integrations", display_name="x", target=target)
    assert answer.status_code == code
    assert said in answer.text


@pytest.mark.parametrize(
    ("shape", "members"),
    [
        ("list", {"errors"}),
        ("resolution", {"errors"}),
        ("object", {"status", "error", "requestId"}),
        ("message", {"message"}),
        ("error-code", {"error_code", "message"}),
    ],
)
def test_errors_are_written_as_set(shape: str, members: set[str]) -> None:
    with playing(f"error-shape={shape}") as running:
        answer = get(running, "integrations/nobody")
    assert set(answer.json()) == members
    assert ("resolution" in answer.text) is (shape == "resolution")


# -- schemathesis

load_all_checks()
_SCHEMA = schemathesis.openapi.from_dict(load_document())
_CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    schemathesis.checks.not_a_server_error,
]


@_SCHEMA.parametrize()
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)
def test_whatever_is_asked_is_answered_as_the_document_says(case: schemathesis.Case[Any], simulator: Simulator) -> None:
    case.call_and_validate(base_url=simulator.url, auth=KEY, checks=_CHECKS)
