"""Another tool on the same object: whoever writes the description removes the mark, and a plan says so."""

from __future__ import annotations

import pytest

from reconciler.model.resource import Resource, Settings
from reconciler.plan.changes import Origin, Plan, Reason, TargetPlan
from reconciler.plan.marks import Ownership
from reconciler.plan.origin import find_drift, with_origins
from reconciler.report.drift_text import render_drift
from tests.plan.builders import key_of, live_of, plan_of, slack
from tests.providers.confluent.organisation import Organisation
from tests.providers.confluent.scenes import SLACK, channel

AGAIN = "adopted again: the mark was removed since it was written, by hand or by another tool"


def pinned(organisation: Organisation) -> Resource:
    """The manifest of an integration that Terraform made, pinned by its id."""
    target = {"kind": "Slack", "webhook_url": SLACK}
    made = organisation.api.store.add("integrations", {"display_name": "pager", "target": target})
    return channel("SlackChannel", "pager", SLACK, Settings(id=made["id"]))


def terraform(organisation: Organisation, resource: Resource, **members: str) -> None:
    """What Confluent's provider sends for an integration: the members that its configuration has."""
    organisation.api.integrations.change(str(resource.settings.id), {"display_name": "pager", **members})


def drift_of(plan: TargetPlan) -> tuple[bool, str]:
    """Whether that is drift, and how it is said."""
    drift = find_drift(Plan("acme", "acme", (plan,)))
    return bool(drift.moved), render_drift(drift)


def test_an_adoption_says_that_the_mark_is_written() -> None:
    organisation = Organisation()
    (change,) = organisation.plan([pinned(organisation)]).changes
    assert (change.reasons, change.notes) == ((Reason.ADOPTED,), ("adopted: the mark is written",))


def test_terraform_without_a_description_leaves_the_mark_and_both_plans_empty() -> None:
    organisation = Organisation()
    resource = pinned(organisation)
    assert organisation.apply([resource]).exit_code == 0
    terraform(organisation, resource)
    assert organisation.plan([resource]).is_empty


@pytest.mark.parametrize("description", ["", "managed by Terraform"])
def test_a_mark_that_another_tool_wrote_away_is_drift_and_is_adopted_again(description: str) -> None:
    organisation = Organisation()
    resource = pinned(organisation)
    organisation.apply([resource])
    terraform(organisation, resource, description=description)
    plan = organisation.plan([resource])
    moved, text = drift_of(plan)
    assert moved
    what = "differs, and has no mark" if description else "has no mark"
    assert f": {what}: removed by hand or by another tool, or not adopted yet; last changed 20" in text
    now = {"pager": resource}
    (change,) = with_origins(plan, now, now).changes
    assert (change.origin, change.notes) == (Origin.DRIFT, (AGAIN,))
    assert drift_of(with_origins(plan, now, now))[0]
    assert organisation.apply([resource]).exit_code == 0
    assert organisation.plan([resource]).is_empty


def test_an_adoption_that_the_manifests_ask_for_is_not_reported_as_drift() -> None:
    organisation = Organisation()
    resource = pinned(organisation)
    plan = with_origins(organisation.plan([resource]), {"pager": resource}, {})
    (change,) = plan.changes
    assert (change.origin, change.notes) == (Origin.INTENT, ("adopted: the mark is written",))
    assert not drift_of(plan)[0]


def test_the_other_provider_tells_it_the_same_way() -> None:
    item = slack(settings=Settings(id="acme_oncall"))
    plan, _ = plan_of([item], [live_of(item, "written by another tool")])
    (change,) = with_origins(plan, {"oncall": item}, {"oncall": item}).changes
    assert Reason.ADOPTED in change.reasons
    assert AGAIN in change.notes
    assert drift_of(plan)[0]


def test_a_change_of_owner_is_asked_for_and_no_drift() -> None:

    item = slack()
    plan, _ = plan_of([item], [live_of(item, "[old/oncall]")], Ownership("acme", frozenset({"old"}), key_of))
    (change,) = plan.changes
    assert (change.reasons, change.notes) == ((Reason.OWNER_CHANGED,), ("owner changed: the mark is written again",))
    assert not drift_of(plan)[0]
