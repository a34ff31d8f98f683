"""Whatever stands in a plan, a file that anybody may have edited, its texts reach a terminal as text."""

from __future__ import annotations

from dataclasses import replace

from reconciler.apply.results import ChangeResult, RunResult, Status, TargetResult
from reconciler.model.resource import ChangeKey
from reconciler.plan.changes import (
    Action,
    Candidate,
    Change,
    Disabled,
    Message,
    Pending,
    Plan,
    Reason,
    RefusedResource,
    SecretField,
    TargetPlan,
)
from reconciler.plan.origin import find_drift
from reconciler.report.drift_text import render_drift
from reconciler.report.plan_text import render_plan
from reconciler.report.result_text import render_change, render_result

BAD = "x\x1b[2J\u202e\x07"
CHANGE = Change(Action.UPDATE, BAD, BAD, BAD, BAD, (Reason.FIELDS_DIFFER,), notes=(BAD,), held=BAD, updated=BAD)
FIELD = SecretField(f"{BAD}other", (BAD,), BAD)
CANDIDATE = Candidate(BAD, BAD, BAD, BAD, (BAD,))
TARGET = TargetPlan(
    BAD,
    BAD,
    changes=(CHANGE,),
    messages=(Message(ChangeKey(BAD, BAD, BAD), BAD, (BAD,)),),
    candidates=(CANDIDATE,),
    copies=(CANDIDATE,),
    leftovers=(CANDIDATE,),
    refusals=(RefusedResource(BAD, BAD, BAD),),
    unresolved=(FIELD,),
    write_only=(FIELD,),
    ignored=((BAD, BAD),),
    disabled=(Disabled(BAD, BAD, BAD, BAD),),
    hints=(BAD,),
    notes=(BAD,),
    pending=(Pending(Action.UPDATE, BAD, BAD, BAD),),
    assumed=BAD,
    would_refuse=(RefusedResource(BAD, BAD, BAD),),
)
PLAN = Plan(BAD, BAD, (TARGET,), created_at=BAD, commit=BAD, tool_version=BAD, notes=(BAD,))


def test_no_text_of_a_plan_reaches_a_terminal_as_a_command() -> None:
    result = ChangeResult(CHANGE, Status.FAILED, BAD, id=BAD, fix=BAD, notes=(BAD,))
    run = RunResult((TargetResult(BAD, (result,), overwritten=(BAD,), notes=(BAD,), disabled=TARGET.disabled),))
    for text in (
        render_plan(PLAN),
        render_plan(replace(PLAN, targets=(replace(TARGET, changes=()),))),
        render_drift(find_drift(PLAN)),
        render_change(BAD, result),
        render_result(run),
    ):
        assert text.replace("\n", "").isprintable(), ascii(text)
        assert "\u202e" not in text
