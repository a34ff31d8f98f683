"""From a shown plan to a report: ask, run the apply with signals watched, and tell what became of each change."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from reconciler.apply import (
    ApplyOptions,
    ChangeResult,
    Journal,
    RunResult,
    Session,
    Status,
    Stop,
    TargetResult,
    apply_targets,
)
from reconciler.cli.interrupts import watch_signals
from reconciler.cli.live import Live
from reconciler.cli.planning import message_limit
from reconciler.cli.publishing import form_of, publish
from reconciler.cli.terminal import Progress, confirm, note, out, paint_for
from reconciler.cli.workspace import Workspace
from reconciler.errors import RefusedError
from reconciler.guards import check_messages
from reconciler.ownership import REPLACED
from reconciler.plan import Plan, TargetPlan
from reconciler.report.plan_text import render_plan
from reconciler.report.result_text import render_change
from reconciler.report.texts import plural
from reconciler.resources import OnFailure

__all__ = ["carry_out"]


async def carry_out(workspace: Workspace, plan: Plan, lives: list[Live], flags: dict[str, Any]) -> int:
    """Show a plan, ask, apply it, and report; the exit code of the contract."""
    if form_of(flags) == "text":
        _tell(lambda: out(render_plan(plan, paint_for(no_color=flags["no_color"]))))
    check_messages(plan, message_limit(workspace, flags))
    if any(_is_due(target) for target in plan.targets):
        if not flags["yes"] and not confirm(_question(plan), "--yes"):
            raise RefusedError("not applied: the answer was no")
        if branch := flags.get("if_head"):
            from reconciler.cli.heads import refuse_unless_head

            refuse_unless_head(workspace.root, branch)
        result = await _run(workspace, lives, flags)
    else:
        result = RunResult(tuple(_untouched(live) for live in lives))
    _tell(lambda: _report(workspace, plan, result, flags))
    return result.exit_code


def _tell(show: Callable[[], None]) -> None:
    """Print, if anybody still reads; if not, the run goes on, and its code tells what became of it."""
    try:
        show()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report(workspace: Workspace, plan: Plan, result: RunResult, flags: dict[str, Any]) -> None:
    nothing = plan.is_empty and not plan.messages and not any(_is_due(target) for target in plan.targets)
    publish("apply", result, flags, workspace, silent=nothing)


def _is_due(target: TargetPlan) -> bool:
    """Whether there is anything to do: changes, tests, or a replace that an interrupted run left half-done."""
    return bool(target.due or target.messages or any(REPLACED in item.flags for item in target.leftovers))


def _question(plan: Plan) -> str:
    counts = plan.counts
    recipients = sum(message.count for message in plan.messages)
    sending = f", sending test messages to {plural(recipients, 'recipient')}" if recipients else ""
    return f"Apply {counts.add} to add, {counts.change} to change, {counts.destroy} to destroy{sending}?"


async def _run(workspace: Workspace, lives: list[Live], flags: dict[str, Any]) -> RunResult:
    stop = Stop()
    watch_signals(stop)
    progress = Progress(sum(len(live.plan.due) for live in lives), enabled=form_of(flags) == "text")
    paint = paint_for(no_color=flags["no_color"])

    def observe(target: str, result: ChangeResult) -> None:
        line = render_change(target, result, paint)
        if form_of(flags) != "text":
            note(line)
        else:
            progress.line(line)
        progress.step()

    with Journal.open(flags["journal"]) as journal:
        sessions = (_session(workspace, live, journal, stop, flags) for live in lives)
        done = await apply_targets([session for session in sessions if session is not None], stop, observe)
        if journal.failure:
            note(f"warning: the journal is not whole: {journal.failure}")
    progress.end()
    unread = tuple(_untouched(live) for live in lives if live.provider is None)
    return RunResult((*done.targets, *unread), done.interrupted)


def _session(workspace: Workspace, live: Live, journal: Journal, stop: Stop, flags: dict[str, Any]) -> Session | None:
    if live.provider is None:
        return None
    on_failure = flags["on_test_failure"]
    parallelism = flags["parallelism"] or workspace.project.targets[live.plan.target].parallelism
    return Session(
        provider=live.provider,
        plan=live.plan,
        matching=live.matching,
        secrets=live.secrets,
        ownership=live.ownership,
        journal=journal,
        options=ApplyOptions(OnFailure(on_failure) if on_failure else None, parallelism),
        stop=stop.soft,
    )


def _untouched(live: Live) -> TargetResult:
    held = tuple(ChangeResult(change, Status.HELD, change.held) for change in live.plan.changes if change.held)
    return TargetResult(live.plan.target, held, error=live.plan.error, refused=len(live.plan.refusals))
