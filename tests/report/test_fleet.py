"""A report of many targets: what they have in common is said once, what could not be read at the end, nothing lost."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.resource import Server
from reconciler.plan.changes import Action, Candidate, Change, Disabled, Plan, Reason, TargetPlan, UnreadTarget
from reconciler.plan.diff import FieldChange
from reconciler.report.html import render_html
from reconciler.report.markdown import COMMENT_LIMIT, render_markdown, utf16_length
from reconciler.report.plan_text import plan_page, render_plan

NAMES = [f"prod-{number:03d}" for number in range(100)]
SERVER = Server("OpenSearch", "one", "3.6.0")


def update(target: str, name: str = "oncall", before: str = "old") -> Change:
    field = FieldChange(("description",), before, "new")
    return Change(Action.UPDATE, target, "SlackChannel", name, f"acme_{name}", (Reason.FIELDS_DIFFER,), (field,))


def target(name: str, *changes: Change, **more: Any) -> TargetPlan:
    return TargetPlan(name, "opensearch", SERVER, changes, unchanged=100 - len(changes), **more)


def unread(name: str) -> UnreadTarget:
    return UnreadTarget(name, "opensearch", f"{name}: refused the connection")


def test_targets_without_changes_are_one_line_and_the_unread_stand_at_the_end() -> None:
    plans = [target(name) for name in NAMES if name not in ("prod-007", "prod-042", "prod-050")]
    plan = Plan(
        "acme", "acme", (*plans, target("prod-050", update("prod-050"))), (unread("prod-042"), unread("prod-007"))
    )
    lines = render_plan(plan).splitlines()
    assert lines[0] == "97 targets (opensearch 3.6.0): 100 resources unchanged, 0 unmanaged, each"
    assert [name for name in NAMES if name in " ".join(lines[1:4])] == [item.target for item in plans]
    assert lines[-5:] == [
        "",
        "! prod-007 (opensearch): could not be read: prod-007: refused the connection",
        "! prod-042 (opensearch): could not be read: prod-042: refused the connection",
        "",
        "Plan: 0 to add, 1 to change, 0 to destroy. 2 targets could not be read.",
    ]
    assert len(lines) < 20


def test_what_all_targets_change_alike_is_shown_once_with_their_names() -> None:
    plan = Plan("acme", "acme", tuple(target(name, update(name)) for name in NAMES))
    text = render_plan(plan)
    assert text.count('~ SlackChannel "oncall"') == 1
    assert "Plan: 0 to add, 100 to change, 0 to destroy." in text
    assert "99 resources unchanged, 0 unmanaged, each" in text
    for shown in (text, render_markdown(plan_page(plan)), render_html(plan_page(plan))):
        assert all(name in shown for name in NAMES)


def test_few_targets_are_shown_one_by_one() -> None:
    text = render_plan(Plan("acme", "acme", tuple(target(name, update(name)) for name in NAMES[:10])))
    assert text.count('~ SlackChannel "oncall"') == 10
    quiet = render_plan(Plan("acme", "acme", tuple(target(name) for name in NAMES[:2])))
    assert quiet.splitlines()[:3] == [
        "prod-000 (opensearch 3.6.0): 100 resources unchanged, 0 unmanaged",
        "prod-001 (opensearch 3.6.0): 100 resources unchanged, 0 unmanaged",
        "",
    ]


def test_a_target_that_differs_in_anything_stands_by_itself() -> None:
    some = [target(name, update(name)) for name in NAMES[:98]]
    other = target(NAMES[98], update(NAMES[98], before="other"))
    noted = target(NAMES[99], update(NAMES[99]), notes=("a note",))
    text = render_plan(Plan("acme", "acme", (*some, other, noted)))
    assert [line.partition(" (")[0] for line in text.splitlines() if " (opensearch" in line] == [
        "98 targets",
        "prod-098",
        "prod-099",
    ]


@pytest.mark.parametrize("alike", [True, False])
def test_the_comment_of_a_fleet_fits_and_counts_what_it_cuts(alike: bool) -> None:
    plans = [
        target(name, *(update(name, f"channel-{number}", "old" if alike else name) for number in range(100)))
        for name in NAMES
    ]
    plan = Plan("acme", "acme", tuple(plans), tuple(unread(f"{name}-b") for name in NAMES))
    body = render_markdown(plan_page(plan))
    assert utf16_length(body) <= COMMENT_LIMIT
    assert "**Plan: 0 to add, 10000 to change, 0 to destroy. 100 targets could not be read.**" in body
    if alike:
        assert all(f"channel-{number}" in body for number in range(100))
    else:
        assert "entries (" in body
        assert "10000" in body


def test_what_is_cut_of_targets_that_are_alike_is_counted_for_each() -> None:
    plans = [target(name, *(update(name, f"channel-{number}", "x" * 900) for number in range(100))) for name in NAMES]
    body = render_markdown(plan_page(Plan("acme", "acme", tuple(plans))), 20_000)
    cut = next(line for line in body.splitlines() if "Cut for length" in line)
    assert "00 entries (" in cut
    assert "00 update)" in cut


def test_the_same_candidate_hint_or_mute_of_many_targets_is_said_once() -> None:
    old, muted = Candidate("SlackChannel", "old", "acme_old"), Disabled("SlackChannel", "oncall", "acme_oncall")
    plans = [target(name, candidates=(old,), disabled=(muted,), hints=("rename it",)) for name in NAMES[:20]]
    lines = render_plan(Plan("acme", "acme", tuple(plans))).splitlines()
    assert "20 prune candidates, deleted only with --prune:" in lines
    assert f'  SlackChannel "old"  id acme_old on {", ".join(NAMES[:20])}' in lines
    assert lines.count("hint: rename it") == 1
    assert "20 left disabled: oncall on 20 targets." in lines
