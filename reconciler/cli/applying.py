"""From a shown plan to a report: ask, run the apply with signals watched, and tell what became of each change."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from reconciler.apply.results import ChangeResult, RunResult
from reconciler.apply.run import Stop
from reconciler.cli.publishing import form_of, publish
from reconciler.cli.terminal import Progress, confirm, note, out, paint_for
from reconciler.engine.apply import apply_lives, is_due, untouched
from reconciler.engine.load import Workspace
from reconciler.engine.plan import message_limit
from reconciler.engine.read import Live
from reconciler.model.errors import RefusedError
from reconciler.model.text import plural
from reconciler.plan.changes import Plan
from reconciler.plan.guards import check_messages
from reconciler.report.plan_text import render_plan
from reconciler.report.result_text import render_change

WATCHED = (signal.SIGINT, signal.SIGTERM)

_GRACE_SECONDS = 4.5  # a cancelled CI job is killed soon after; undoing must be over, and told, within 6
_SAME_SECONDS = 0.5


def watch_signals(stop: Stop) -> None:
    """Let signals stop a run; from inside its event loop."""
    loop = asyncio.get_running_loop()
    first = 0.0

    def on_signal() -> None:
        nonlocal first
        if stop.soft.is_set():
            if time.monotonic() - first >= _SAME_SECONDS:
                stop.hard.set()
            return
        first = time.monotonic()
        stop.soft.set()
        loop.call_later(_GRACE_SECONDS, stop.hard.set)
        try:
            note("interrupted: nothing new starts, what is unverified is undone; once more to stop at once")
        except OSError:
            return  # whoever read it was interrupted too

    for number in WATCHED:
        loop.add_signal_handler(number, on_signal)


async def carry_out(workspace: Workspace, plan: Plan, lives: list[Live], flags: dict[str, Any]) -> int:
    """Show a plan, ask, apply it, and report; the exit code of the contract."""
    if form_of(flags) == "text":
        _tell(lambda: out(render_plan(plan, paint_for(no_color=flags["no_color"]))))
    check_messages(plan, message_limit(workspace, flags))
    if any(is_due(target) for target in plan.targets):
        if not flags["yes"] and not confirm(_question(plan), "--yes"):
            raise RefusedError("not applied: the answer was no")
        if branch := flags.get("if_head"):
            from reconciler.engine.base import refuse_unless_head

            refuse_unless_head(workspace.root, branch)
        result = await _run(workspace, lives, flags)
    else:
        result = RunResult(tuple(untouched(live) for live in lives))
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
    nothing = plan.is_empty and not plan.messages and not any(is_due(target) for target in plan.targets)
    publish("apply", result, flags, workspace, silent=nothing)


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

    result, notes = await apply_lives(workspace, lives, flags, stop, observe)
    for text in notes:
        note(text)
    progress.end()
    return result
