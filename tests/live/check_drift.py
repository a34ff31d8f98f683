"""Drift: what was changed by hand is seen field by field, and fixed."""

from __future__ import annotations

from reconciler.model.resource import Resource
from reconciler.plan.changes import Action, Reason
from tests.apply.test_all_kinds import all_applied
from tests.live.check_applies import QUIET
from tests.live.run import LiveRuns
from tests.plan.builders import resource

GROUP = resource("EmailGroup", "team", recipients=frozenset({"a@example.org", "b@example.org"}), description="Ours")


def fix(runs: LiveRuns, wanted: Resource) -> None:
    all_applied(runs.apply([wanted], QUIET))
    assert runs.plan([wanted], QUIET).is_empty


def test_fields_changed_by_hand_are_seen_and_fixed(runs: LiveRuns) -> None:
    fix(runs, GROUP)
    recipients = {"recipient_list": [{"recipient": "stranger@example.org"}]}
    runs.cluster.change(runs.key("team"), name="By hand", email_group=recipients)
    (change,) = runs.plan([GROUP], QUIET).changes
    assert change.action is Action.UPDATE
    assert {item.path[0] for item in change.fields} == {"display_name", "recipients"}
    fix(runs, GROUP)
    assert runs.cluster.read(runs.key("team"))["name"] == "team"


def test_a_mark_lost_by_hand_is_seen_and_fixed(runs: LiveRuns) -> None:
    fix(runs, GROUP)
    runs.cluster.change(runs.key("team"), description="Ours")
    (change,) = runs.plan([GROUP], QUIET).changes
    assert (change.action, Reason.MARK_LOST in change.reasons) == (Action.UPDATE, True)
    fix(runs, GROUP)
    description = f"Ours [{runs.owner}/team]"
    assert runs.cluster.read(runs.key("team"))["description"] == description


def test_an_object_deleted_by_hand_is_seen_and_made_again(runs: LiveRuns) -> None:
    fix(runs, GROUP)
    runs.cluster.delete(runs.key("team"))
    assert [change.action for change in runs.plan([GROUP], QUIET).changes] == [Action.CREATE]
    fix(runs, GROUP)
