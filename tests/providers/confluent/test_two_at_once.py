"""Two runs at once, a name that two kinds share, and a replace that was killed: each heals, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx
import pytest

from reconciler.apply.results import RunResult, Status
from reconciler.model.resource import Resource
from reconciler.plan.changes import Action, TargetPlan
from reconciler.plan.make import MakeOptions
from reconciler.simulator.calls import Call, Reply
from reconciler.simulator.confluent import Behaviours
from tests.providers.confluent.organisation import PRUNE, Organisation
from tests.providers.confluent.scenes import HOOK, SLACK, TEAMS, channel, subscription

ONCALL = channel("SlackChannel", "oncall", SLACK)
HOOKED = channel("WebhookChannel", "hook", HOOK)
ROUTED = subscription("recovered", "Connector recovered", "oncall")


def meanwhile(organisation: Organisation, method: str, end: str, action: Callable[[], object]) -> None:
    """Do something once, in full, while the first call of that method to such a path waits to be sent."""
    waiting = [True]

    def trouble(call: Call) -> None:
        if waiting and call.method == method and call.path.endswith(end):
            waiting.clear()
            other = threading.Thread(target=action)
            other.start()
            other.join(60)

    organisation.trouble = trouble


def two_alike(organisation: Organisation, first: str = SLACK, second: str = SLACK) -> tuple[str, str]:
    """Two integrations with the mark of `oncall`, the older first, as two runs at once leave them."""
    made = []
    for url in (first, second):
        target = {"kind": "Slack", "webhook_url": url}
        members = {"display_name": "oncall", "description": "[acme/oncall]", "target": target}
        made.append(organisation.api.store.add("integrations", members)["id"])
    return made[0], made[1]


def marked(organisation: Organisation, name: str = "oncall") -> set[str]:
    """The ids of what carries the mark of a name, whatever its flags."""
    documents = organisation.api.store.latest("integrations")
    return {one["id"] for one in documents if f"[acme/{name}" in one.get("description", "")}


def deletes(plan: TargetPlan) -> list[tuple[str | None, list[str]]]:
    """The ids of what a plan deletes, and why."""
    found = [change for change in plan.changes if change.action is Action.DELETE]
    return [(change.id, [str(reason) for reason in change.reasons]) for change in found]


def only_applied(run: RunResult) -> bool:
    """Whether there was something to do, and all of it was done."""
    results = run.targets[0].results
    return bool(results) and {result.status for result in results} == {Status.APPLIED}


# -- one mark on two integrations


@pytest.mark.parametrize("setting", ["order=oldest-first", "order=newest-first", "order=by-id", "late=reads"])
def test_two_applies_at_once_leave_one_integration_in_the_end(setting: str) -> None:
    organisation = Organisation(Behaviours.parse([setting]))
    resources: list[Resource] = [ONCALL, HOOKED, ROUTED]
    second = Organisation.apply
    meanwhile(organisation, "POST", "/integrations", lambda: second(organisation, resources))
    organisation.apply(resources)
    for _ in range(2):  # the later runs find the two, and heal them
        organisation.apply(resources)
    assert organisation.plan(resources).is_empty
    assert set(organisation.integrations()) == {"oncall", "hook"}
    assert len(marked(organisation)) == len(marked(organisation, "hook")) == 1
    assert organisation.subscribers("nt-k1v6z") == marked(organisation)


@pytest.mark.parametrize("setting", ["delete_in_use=cascade", "delete_in_use=dangle", "delete_in_use=refuse"])
@pytest.mark.parametrize("used", ["older", "younger", "both"])
def test_the_younger_goes_without_prune_and_its_subscriptions_to_the_older(used: str, setting: str) -> None:
    organisation = Organisation(Behaviours.parse([setting, "order=newest-first"]))
    organisation.apply([subscription("recovered", "Connector recovered", "role:OrganizationAdmin")])
    older, younger = two_alike(organisation)
    users = {"older": [older], "younger": [younger], "both": [older, younger]}[used]
    document = next(
        one for one in organisation.api.store.latest("subscriptions") if one["notification_type"]["id"] == "nt-k1v6z"
    )
    organisation.api.subscriptions.change(document["id"], {"integrations": [{"id": one} for one in users]})
    plan = organisation.plan([ONCALL, ROUTED])
    assert deletes(plan) == [(younger, ["duplicate"])]
    assert only_applied(organisation.apply([ONCALL, ROUTED]))
    assert marked(organisation) == {older}
    assert organisation.subscribers("nt-k1v6z") == {older}
    assert organisation.plan([ONCALL, ROUTED]).is_empty


@pytest.mark.parametrize(
    ("settings", "second"), [(["addresses=stars"], SLACK), (["addresses=crosses"], SLACK), ([], SLACK + "2")]
)
def test_two_that_are_not_known_to_be_the_same_are_listed_and_held(settings: list[str], second: str) -> None:
    organisation = Organisation(Behaviours.parse(settings))
    older, younger = two_alike(organisation, SLACK, second)
    renamed = channel("SlackChannel", "oncall", SLACK, display_name="New")
    for resources in ([ONCALL], [renamed, HOOKED]):
        plan = organisation.plan(resources)
        assert [copy.id for copy in plan.copies] == [younger]
        assert deletes(plan) == []
    (held,) = [change.held for change in plan.changes if change.name == "oncall"]
    assert older in held
    assert younger in held
    assert organisation.apply([renamed, HOOKED], PRUNE).exit_code == 4
    assert marked(organisation) == {older, younger}
    assert "New" not in organisation.integrations()


# -- one name in two kinds


def test_a_subscription_of_a_removed_channels_name_is_another_change() -> None:
    organisation = Organisation()
    organisation.apply([channel("SlackChannel", "connectors", SLACK), HOOKED])
    refusal = Reply(422, b'{"errors": [{"title": "No", "detail": "not today"}]}', "application/json")
    organisation.trouble = lambda call: (
        refusal if (call.method, call.path[-14:]) == ("POST", "/subscriptions") else None
    )
    named_so = subscription("connectors", "Connector recovered", "hook")
    run = organisation.apply([HOOKED, named_so], PRUNE)
    (target,) = run.targets
    found = {(result.change.kind, result.change.name): result.status for result in target.results}
    assert found["Subscription", "connectors"] is Status.FAILED
    assert found.get(("SlackChannel", "connectors")) is not Status.APPLIED
    assert run.exit_code == 4
    assert "connectors" in organisation.integrations()  # deletes wait for what failed
    organisation.trouble = lambda call: None
    assert organisation.apply([HOOKED, named_so], PRUNE).exit_code == 0
    assert set(organisation.integrations()) == {"hook"}
    assert organisation.subscribers("nt-k1v6z") == marked(organisation, "hook")


# -- a replace that was killed


def cut_replace(writes: int) -> Organisation:
    """An organisation where a replace of `hook` was cut off before its nth write."""
    organisation = Organisation()
    watched = subscription("recovered", "Connector recovered", "hook", "role:OrganizationAdmin")
    organisation.apply([HOOKED, watched])
    left = [writes]

    def cut_off(call: Call) -> Exception | None:
        left[0] -= call.method != "GET"
        return httpx.ConnectError("no way") if left[0] <= 0 else None

    organisation.trouble = cut_off
    organisation.apply([channel("MicrosoftTeamsChannel", "hook", TEAMS), watched])
    organisation.trouble = lambda call: None
    return organisation


@pytest.mark.parametrize("writes", range(1, 7))
def test_what_a_killed_replace_left_is_pruned_with_its_manifest(writes: int) -> None:
    organisation = cut_replace(writes)
    assert marked(organisation, "hook")
    rest: list[Resource] = [ONCALL, subscription("recovered", "Connector recovered", "oncall")]
    listed = organisation.plan(rest)
    known = {item.id for item in (*listed.candidates, *listed.leftovers)}
    assert marked(organisation, "hook") <= known
    for _ in range(2):
        organisation.apply(rest, PRUNE)
    assert marked(organisation, "hook") == set()
    assert organisation.plan(rest, PRUNE).is_empty
    assert organisation.subscribers("nt-k1v6z") == {*marked(organisation), "i-0role"}


@pytest.mark.parametrize("writes", range(1, 7))
def test_what_a_killed_replace_left_is_destroyed_with_all_that_is_ours(writes: int) -> None:
    organisation = cut_replace(writes)
    assert organisation.apply([], MakeOptions(destroy=True)).exit_code == 0
    assert marked(organisation, "hook") == set()
    assert organisation.subscribers("nt-k1v6z") == {"i-0role"}
