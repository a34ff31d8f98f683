"""Two live objects of one name: every line and document says which of them it is about, and nothing hides the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.apply.results import ChangeResult, RunResult, Status, TargetResult, left_uncompared
from reconciler.model.resource import same_named
from reconciler.plan.changes import Action, Change, Plan, Reason, SecretField, TargetPlan
from reconciler.plan.origin import Drift, Drifted
from reconciler.report.document import result_document
from reconciler.report.drift_text import drift_page, render_drift
from reconciler.report.html import render_html
from reconciler.report.machines import render_annotations
from reconciler.report.markdown import render_markdown
from reconciler.report.plan_text import plan_page, render_plan
from reconciler.report.problems import problems_of
from reconciler.report.result_text import render_change, render_result, result_page


def change(action: Action, object_id: str, name: str = "oncall", target: str = "search") -> Change:
    return Change(action, target, "SlackChannel", name, object_id, (Reason.PRUNED,))


ONE, OTHER, ALONE = change(Action.UPDATE, "first"), change(Action.DELETE, "second"), change(Action.UPDATE, "p", "pager")
ELSEWHERE = change(Action.UPDATE, "third", target="kafka")
CHANGES = (ONE, OTHER, ALONE)
KEYS = [item.key for item in (*CHANGES, ELSEWHERE)]


def result(change: Change, status: Status = Status.FAILED) -> ChangeResult:
    return ChangeResult(change, status, "refused", notes=("a note",))


RESULT = RunResult(
    (TargetResult("search", tuple(map(result, CHANGES))), TargetResult("kafka", (result(ELSEWHERE),))), interrupted=True
)
PLAN = Plan("p", "acme", (TargetPlan("search", "opensearch", changes=CHANGES),))
HELD = Plan("p", "acme", (replace(PLAN.targets[0], changes=tuple(replace(item, held="why") for item in CHANGES)),))
DRIFT = Drift(PLAN, tuple(Drifted("search", item) for item in CHANGES), ())
FORMS: dict[str, Callable[[], str]] = {
    "lines": lambda: "".join(render_change("search", result(item), alike=same_named(KEYS)) + "\n" for item in CHANGES),
    "text": lambda: render_result(RESULT),
    "markdown": lambda: render_markdown(result_page("p", RESULT)),
    "html": lambda: render_html(result_page("p", RESULT)),
    "json": lambda: json.dumps(result_document(RESULT)),
    "annotations": lambda: render_annotations(list(problems_of("apply", RESULT, {}))),
    "plan": lambda: render_plan(PLAN),
    "plan's annotations": lambda: render_annotations(list(problems_of("plan", HELD, {}))),
    "plan's html": lambda: render_html(plan_page(PLAN)),
    "drift": lambda: render_drift(DRIFT),
    "drift's markdown": lambda: render_markdown(drift_page(DRIFT)),
    "drift's annotations": lambda: render_annotations(list(problems_of("drift", DRIFT, {}))),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_which_of_two_it_is_about(form: str) -> None:
    text = FORMS[form]()
    assert "first" in text
    assert "second" in text


def test_only_what_shares_its_name_on_its_target_needs_an_id() -> None:
    assert same_named(KEYS) == {ONE.key, OTHER.key}
    lines = FORMS["lines"]().splitlines()
    assert 'SlackChannel "oncall@first"' in lines[0]
    assert 'SlackChannel "oncall@second"' in lines[1]
    assert 'SlackChannel "pager" ' in lines[2]
    assert "third" not in FORMS["text"]()


def test_what_is_deleted_says_nothing_of_a_resource_of_its_name() -> None:
    """A copy goes: the field of the one that stays is as little compared as before."""
    field = SecretField("oncall", ("webhook_url",), "{env: X}", "first")
    target = TargetPlan("search", "opensearch", changes=(OTHER,), unresolved=(field,), write_only=(field,))
    assert target.may_change == target.half_known == {"oncall"}
    assert "not compared: oncall webhook_url" in render_plan(Plan("p", "acme", (target,)))
    assert len(left_uncompared(target, [result(OTHER, Status.APPLIED)])) == 2
    assert left_uncompared(target, [result(ONE, Status.APPLIED)]) == ()
