"""Plans of several jobs as one: nothing is lost, and what does not fit together is unknown, never "no changes"."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.resource import Server
from reconciler.plan.changes import Action, Change, Plan, Reason, TargetPlan, UnreadTarget
from reconciler.plan.merge import NamedPlan, merge_plans


def target(name: str, *changes: str, identity: str = "") -> TargetPlan:
    made = tuple(Change(Action.CREATE, name, "SlackChannel", item, None, (Reason.CREATED,)) for item in changes)
    return TargetPlan(name, "opensearch", Server("OpenSearch", identity or f"cluster-{name}"), made, unchanged=3)


def plan(*targets: TargetPlan, **more: Any) -> Plan:
    base = Plan("acme", "acme", targets, created_at="2026-01-02T00:00:00+00:00", commit="c0ffee", tool_version="1.0")
    return replace(base, **more)


def merged(*plans: Plan, **more: Any) -> Plan:
    named = [NamedPlan(f"{number}.json", item) for number, item in enumerate(plans, start=1)]
    return merge_plans(named, (), **more)


def test_counts_are_added_and_targets_sorted() -> None:
    done = merged(plan(target("west", "a", "b")), plan(target("east", "a")), plan(target("north")))
    assert [item.target for item in done.targets] == ["east", "north", "west"]
    assert done.counts.add == 3
    assert not done.is_empty
    assert done.problems == ()
    assert merged(plan(target("west")), plan(target("east"))).is_empty


def test_the_order_of_files_changes_nothing_but_who_is_named_first() -> None:
    one, two = plan(target("west", "a"), notes=("note",)), plan(target("east"), notes=("note",))
    assert merged(one, two) == merged(two, one)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"commit": "beef"}, "it was made at commit beef, and 1.json at commit c0ffee"),
        ({"commit": ""}, "it was made at no commit, and 1.json at commit c0ffee"),
        ({"project": "others"}, "it is a plan of the project others (owner acme)"),
        ({"owner": "others"}, "it is a plan of the project acme (owner others)"),
    ],
)
def test_a_plan_of_something_else_is_unknown(other: dict[str, str], words: str) -> None:
    done = merged(plan(target("west")), plan(target("east", "a"), **other))
    (unread,) = done.unread
    assert unread.target == "2.json"
    assert words in unread.error
    assert [item.target for item in done.targets] == ["west"]
    assert not done.is_empty


@pytest.mark.parametrize("second", [plan(target("west")), plan(unread=(UnreadTarget("west", "opensearch", "away"),))])
def test_a_target_that_two_plans_name_is_unknown(second: Plan) -> None:
    done = merged(plan(target("west")), second, plan(target("east")))
    (unread,) = done.unread
    assert unread.target == "west"
    assert "more than once, in 1.json, 2.json" in unread.error
    assert [item.target for item in done.targets] == ["east"]


def test_two_targets_of_two_jobs_that_are_one_system_are_unknown() -> None:
    done = merged(plan(target("west", identity="one")), plan(target("east", identity="one")), plan(target("north")))
    assert [item.target for item in done.unread] == ["east", "west"]
    assert all("east and west are the same system (one)" in item.error for item in done.unread)


def test_a_target_that_no_plan_names_is_missed() -> None:
    done = merged(plan(target("west")), plan(target("east")), expected={"east", "west", "north"})
    (unread,) = done.unread
    assert unread.target == "north"
    assert "did its job fail?" in unread.error


def test_what_could_not_be_read_there_cannot_be_read_here() -> None:
    away = UnreadTarget("east", "opensearch", "refused")
    broken = UnreadTarget("3.json", "", "is no plan")
    done = merge_plans([NamedPlan("1.json", plan(target("west"))), NamedPlan("2.json", plan(unread=(away,)))], [broken])
    assert done.unread == (broken, away)


def test_a_plan_that_names_no_target_is_unknown() -> None:
    (unread,) = merged(plan(target("west")), plan()).unread
    assert (unread.target, unread.error) == ("2.json", "it is a plan that names no target")


def test_flags_and_versions_that_differ_are_said() -> None:
    done = merged(
        plan(target("west"), scope={"targets": ["west"], "prune": True, "base": "c0"}),
        plan(target("east"), scope={"targets": ["east"], "base": "c0"}, tool_version="1.1"),
    )
    assert done.scope == {"base": "c0", "targets": ["east", "west"]}
    assert done.notes == (
        "the plans were not all made with the same flags: prune",
        "the plans were made by different versions of reconciler: 1.0, 1.1",
    )
    assert "targets" not in merged(plan(target("west")), plan(target("east"), scope={"targets": ["east"]})).scope


def test_the_oldest_plan_gives_the_time() -> None:
    done = merged(plan(target("west")), plan(target("east"), created_at="2026-01-01T00:00:00+00:00"))
    assert done.created_at == "2026-01-01T00:00:00+00:00"
