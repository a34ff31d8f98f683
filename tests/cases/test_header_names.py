"""Capitals in a header's name make no difference: not to a plan, and not to what is kept live."""

from __future__ import annotations

from reconciler.apply.writing import make_payload
from reconciler.model.values import SecretReference, SecretText, Value
from reconciler.plan.marks import Mark
from reconciler.plan.match import read_found
from tests.plan.builders import live_of, plan_of, resource

TOKEN = SecretText("abc-123")
URL = SecretText("https://hooks.acme.example/in")
LIVE: dict[str, Value] = {"Authorization": TOKEN, "Content-Type": "application/json"}


def test_other_capitals_are_no_difference() -> None:
    wanted = resource(
        "WebhookChannel", "hook", url=URL, headers={"authorization": TOKEN, "content-type": "application/json"}
    )
    plan, _ = plan_of([wanted], [live_of(wanted, headers=LIVE)])
    assert plan.is_empty


def test_another_value_is_one_under_the_name_that_the_manifest_has() -> None:
    wanted = resource("WebhookChannel", "hook", url=URL, headers={"authorization": SecretText("x")})
    plan, _ = plan_of([wanted], [live_of(wanted, headers=LIVE)])
    paths = {field.path for field in plan.changes[0].fields}
    assert paths == {("headers", "authorization"), ("headers", "Content-Type")}


def test_a_value_that_is_kept_live_is_found_whatever_its_capitals() -> None:
    wanted = resource("WebhookChannel", "hook", url=URL, headers={"authorization": SecretReference("live")})
    payload = make_payload(wanted, read_found(live_of(wanted, headers=LIVE)), Mark("acme", "hook"), {}, {}, {})
    assert payload.fields["headers"] == {"authorization": TOKEN}
