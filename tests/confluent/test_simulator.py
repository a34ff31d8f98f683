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
from reconciler.model.resource import Draft
from reconciler.model.values import SecretText, Value
from reconciler.providers.confluent import make_provider
from reconciler.providers.connection import Basic, Connection
from reconciler.simulator import Simulator
from reconciler.simulator.confluent import Behaviours
from tests.cli.shell import Shell
from tests.confluent.contract import load_document

PREFIX = "/notifications/v1"
KEY = ("a-key", "a-secret")


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(confluent_credentials=KEY) as running:
        yield running


def client(simulator: Simulator) -> httpx.Client:
    return httpx.Client(base_url=simulator.url, auth=KEY)


def hook(url: str) -> Draft:
    fields: dict[str, Value] = {"display_name": "hook", "description": "", "url": SecretText(url)}
    return Draft("WebhookChannel", fields)


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
        page = httpx.get(running.inbox_url).text
    assert delivery.outcome is Outcome.ACCEPTED
    assert received.content_type == "application/json"
    assert set(json.loads(received.body)) == {"id", "title", "message", "created_at"}
    assert "This is a test message for the integration hook" in page


def test_a_call_without_credentials_is_refused(simulator: Simulator) -> None:
    for auth in (None, ("a-key", "wrong"), ("", "")):
        answer = httpx.get(f"{simulator.url}{PREFIX}/integrations", auth=auth)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic")


def test_the_other_system_is_still_there(simulator: Simulator) -> None:
    assert httpx.get(f"{simulator.url}/").json()["version"]["distribution"] == "opensearch"


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


@pytest.mark.parametrize(("word", "told"), [("adresses=stars", "unique_names"), ("addresses=odd", "crosses")])
def test_an_unknown_switch_or_setting_lists_what_there_is(word: str, told: str, tmp_path: Path) -> None:
    done = Shell(tmp_path).run("simulate", "--port", "0", "--confluent", word)
    assert done.code == 1
    assert told in done.err


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
        ("DELETE", "integrations/i-0role", None, 422),
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
    ],
)
def test_what_the_document_forbids_is_refused(
    simulator: Simulator, method: str, path: str, body: object, status: int
) -> None:
    with client(simulator) as http:
        answer = http.request(method, f"{PREFIX}/{path}", json=body)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["status"] == str(status)


# -- schemathesis

load_all_checks()
_SCHEMA = schemathesis.openapi.from_dict(load_document()).exclude(path_regex=r"/resource-(subscriptions|preferences)")
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
