"""References that lead nowhere are known to the plan, whatever the kind, and named all at once."""

from __future__ import annotations

import pytest

from reconciler.model.resource import LiveObject, Resource, Settings
from reconciler.model.values import SecretReference, Value
from reconciler.plan.changes import TargetPlan
from reconciler.plan.make import MakeOptions
from tests.plan.builders import live, live_of, plan_of, resource, slack

ADMIN = LiveObject("i-0", None, {"display_name": "Admins"}, "RoleEmail", read_only=True, alias="role:OrganizationAdmin")
ADA = LiveObject("i-1", None, {"display_name": "Ada"}, "UserEmail", read_only=True, alias="user:u-4kd82")


def route(*channels: str, settings: Settings = Settings()) -> Resource:
    fields: dict[str, Value] = {"notification_type": "Connector failed", "channels": frozenset(channels)}
    return resource("Subscription", "route", settings, **fields)


def mail(sender: str = "relay", *groups: str) -> Resource:
    return resource("EmailChannel", "mail", sender=sender, recipients=frozenset(("a@b.c",)), groups=frozenset(groups))


def refusals(plan: TargetPlan) -> dict[str, str]:
    return {refusal.name: refusal.message for refusal in plan.refusals}


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("role:EnvironmentAdmin", "no channel for the role EnvironmentAdmin: it has one for OrganizationAdmin"),
        ("role:OrganisationAdmin", "the role OrganisationAdmin: did you mean OrganizationAdmin?"),
        ("user:u-4kd28", "the user u-4kd28: did you mean u-4kd82?"),
        ("user:nobody", "the user nobody: it has one for u-4kd82"),
        ("team:x", "the team x: it has none for any team"),
    ],
)
def test_a_role_or_user_that_is_not_there_is_refused_with_those_that_are(reference: str, said: str) -> None:
    plan, _ = plan_of([route(reference)], [ADMIN, ADA])
    assert said in refusals(plan)["route"]
    assert plan.changes == ()


def test_all_that_is_missing_is_named_at_once() -> None:
    plan, _ = plan_of([route("role:A", "user:B", "role:OrganizationAdmin")], [ADMIN, ADA])
    message = refusals(plan)["route"]
    assert "the role A:" in message
    assert "the user B:" in message


def test_what_is_there_or_will_be_is_no_problem() -> None:
    plan, _ = plan_of([route("oncall", "role:OrganizationAdmin", "user:u-4kd82"), slack()], [ADMIN, ADA])
    assert (refusals(plan), len(plan.changes)) == ({}, 2)


@pytest.mark.parametrize(
    ("dependent", "needed"), [(route("oncall"), "oncall"), (mail(), "relay")], ids=["route", "mail"]
)
def test_a_new_object_that_is_not_selected_cannot_be_referred_to(dependent: Resource, needed: str) -> None:
    made = slack() if needed == "oncall" else resource("SmtpAccount", "relay", host="h", from_address="a@b.c")
    chosen = MakeOptions(names=frozenset({dependent.name}))
    plan, _ = plan_of([dependent, made], [], options=chosen)
    assert f"refers to {needed}, which is not live yet and is not selected" in refusals(plan)[dependent.name]
    plan, _ = plan_of([dependent, made], [live_of(made)], options=chosen)
    assert refusals(plan) == {}


def test_files_alone_may_refer_to_what_is_live_and_to_nothing_else() -> None:
    chosen = MakeOptions(partial=True)
    plan, _ = plan_of([mail("relay", "team")], [live_of(resource("SmtpAccount", "relay"))], options=chosen)
    assert refusals(plan) == {
        "mail": "refers to team, which is not live yet and is not selected, or is in no manifest given"
    }


def test_what_refers_to_a_refused_resource_is_refused_with_it() -> None:
    kept = slack(webhook_url=SecretReference("live", ""))
    plan, _ = plan_of([kept, route("oncall")], [])
    assert set(refusals(plan)) == {"oncall", "route"}
    assert "refers to oncall, which is not live yet and cannot be planned either" in refusals(plan)["route"]


def test_what_a_manifest_ignores_of_a_live_object_is_not_needed() -> None:
    ignoring = route("role:A", settings=Settings(ignore=frozenset({"channels"})))
    there = live("Subscription", "s-1", notification_type="Connector failed", channels=frozenset({"i-0"}))
    plan, _ = plan_of([ignoring], [ADMIN, there])
    assert refusals(plan) == {}
    plan, _ = plan_of([ignoring], [ADMIN])
    assert set(refusals(plan)) == {"route"}
