"""From a shown plan to a report: ask, run the apply with signals watched, and tell what became of each change."""

from __future__ import annotations

import asyncio
import signal
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
from reconciler.cli.live import Live
from reconciler.cli.terminal import Progress, confirm, note, out, paint_for, show_json
from reconciler.cli.workspace import Workspace
from reconciler.errors import RefusedError
from reconciler.guards import check_messages
from reconciler.plan import Plan
from reconciler.report.plan_text import render_plan
from reconciler.report.result_text import render_change, render_result
from reconciler.resources import OnFailure

__all__ = ["carry_out"]

_GRACE_SECONDS = 5.0  # a cancelled CI job is killed soon after; undoing must be over before


async def carry_out(workspace: Workspace, plan: Plan, lives: list[Live], flags: dict[str, Any]) -> int:
    """Show a plan, ask, apply it, and report; the exit code of the contract."""
    paint = paint_for(no_color=flags["no_color"])
    if not flags["as_json"]:
        out(render_plan(plan, paint))
    limit = flags["max_messages"]
    check_messages(plan, workspace.project.safety.max_messages if limit is None else limit)
    if any(target.due or target.messages for target in plan.targets):
        if not flags["yes"] and not confirm(_question(plan), "--yes"):
            raise RefusedError("not applied: the answer was no")
        result = await _run(lives, flags)
    else:
        result = RunResult(tuple(_untouched(live) for live in lives))
    if flags["as_json"]:
        from reconciler.report.document import result_document

        show_json(result_document(result))
    elif not plan.is_empty or plan.messages:
        out(render_result(result, paint))
    return result.exit_code


def _question(plan: Plan) -> str:
    counts = plan.counts
    messages = len(plan.messages)
    sending = f", sending {messages} test message{'s' * (messages != 1)}" if messages else ""
    return f"Apply {counts.add} to add, {counts.change} to change, {counts.destroy} to destroy{sending}?"


async def _run(lives: list[Live], flags: dict[str, Any]) -> RunResult:
    stop = Stop()
    _watch_signals(stop)
    progress = Progress(sum(len(live.plan.due) for live in lives), enabled=not flags["as_json"])
    paint = paint_for(no_color=flags["no_color"])

    def observe(target: str, result: ChangeResult) -> None:
        line = render_change(target, result, paint)
        if flags["as_json"]:
            note(line)
        else:
            progress.line(line)
        progress.step()

    with Journal.open(flags["journal"]) as journal:
        sessions = [_session(live, journal, stop, flags) for live in lives if live.provider is not None]
        done = await apply_targets([session for session in sessions if session is not None], stop, observe)
    progress.end()
    unread = tuple(_untouched(live) for live in lives if live.provider is None)
    return RunResult((*done.targets, *unread), done.interrupted)


def _session(live: Live, journal: Journal, stop: Stop, flags: dict[str, Any]) -> Session | None:
    if live.provider is None:
        return None
    on_failure = flags["on_test_failure"]
    return Session(
        provider=live.provider,
        plan=live.plan,
        matching=live.matching,
        secrets=live.secrets,
        ownership=live.ownership,
        journal=journal,
        options=ApplyOptions(
            on_failure=OnFailure(on_failure) if on_failure else None, parallelism=flags["parallelism"] or 10
        ),
        stop=stop.soft,
    )


def _untouched(live: Live) -> TargetResult:
    held = tuple(ChangeResult(change, Status.HELD, change.held) for change in live.plan.changes if change.held)
    return TargetResult(live.plan.target, held, error=live.plan.error, refused=len(live.plan.refusals))


def _watch_signals(stop: Stop) -> None:
    """The first Ctrl-C or SIGTERM stops softly, with a deadline; the second at once."""
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.soft.is_set():
            stop.hard.set()
            return
        stop.soft.set()
        loop.call_later(_GRACE_SECONDS, stop.hard.set)
        note("interrupted: nothing new starts, what is unproved is undone; once more to stop at once")

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
