"""From a plan to its report: show it, ask, apply it while watching for signals, and report each change's outcome."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.apply.results import ChangeResult, RunResult
from reconciler.apply.run import Stop
from reconciler.cli.main import blocking, watching
from reconciler.cli.publishing import Output, publish
from reconciler.cli.terminal import Progress, can_ask, confirm, note, out, silence_stdout
from reconciler.engine.apply import carry_out, has_work
from reconciler.engine.options import ReleaseOptions
from reconciler.engine.run import Planned, Run, check_limits, destroyed_names, planned, with_enabled
from reconciler.model.errors import ReconcilerError, RefusedError
from reconciler.model.resource import same_named
from reconciler.model.text import plural, printable
from reconciler.plan.changes import Plan
from reconciler.report.plan_text import render_plan
from reconciler.report.result_text import render_change

_STOPPING = "interrupted: nothing new starts, what is unverified is rolled back; interrupt again to stop at once"


async def apply_and_report(run: Run, output: Output, *, yes: bool) -> int:
    """Plan, show the plan, ask (unless `yes`), carry it out, and report; returns the exit code.

    A person who is asked may also choose to enable what was disabled by hand; then everything is planned again.
    """
    async with planned(run, with_commit=output.names_commit) as done:
        if output.stdout == "text":
            _tell(lambda: out(render_plan(done.plan, output.paint)))
        disabled = tuple(dict.fromkeys(name for target in done.plan.targets for name in target.left_disabled))
        wider = None
        if disabled and not yes and can_ask() and _asked(_enabling_question(disabled), "--enable"):
            wider = with_enabled(run, disabled)
        if wider is None:
            return await _agreed(done, output, yes=yes)
    return await apply_and_report(wider, output, yes=yes)


def _enabling_question(names: tuple[str, ...]) -> str:
    them = "it" if len(names) == 1 else "them"
    return f"Disabled by hand: {', '.join(map(printable, names))}. Enable and test {them} too?"


async def _agreed(done: Planned, output: Output, *, yes: bool) -> int:
    """Ask about the plan that was shown, carry it out, and report; RefusedError if the answer is no."""
    check_limits(done.run, done.plan)
    if has_work(done.plan) and not yes and not _asked(_question(done.run, done.plan), "--yes"):
        raise RefusedError("not applied: the answer was no")
    result = await _carry_out(done, output)
    tell_what_happened("apply", lambda: _report(done, result, output))
    return result.exit_code


def _asked(question: str, flag: str) -> bool:
    with blocking():
        return confirm(question, flag)


def _tell(show: Callable[[], None]) -> None:
    """Call `show`; if nobody reads stdout any more, the run goes on, and its exit code tells the outcome."""
    try:
        show()
    except BrokenPipeError:
        silence_stdout()


def tell_what_happened(what: str, show: Callable[[], None]) -> None:
    """Report what was done. If the report fails, the work is still done, so this only warns and the exit code stays."""
    try:
        with blocking():
            _tell(show)
    except (Exception, KeyboardInterrupt) as error:
        reason = str(error) if isinstance(error, ReconcilerError) else type(error).__name__
        note(f"warning: the {what} has ended and its exit code is right, but it could not be reported: {reason}")
        silence_stdout()


def _report(done: Planned, result: RunResult, output: Output) -> None:
    nothing = done.plan.is_empty and not done.plan.messages and not has_work(done.plan)
    publish("apply", result, output, done.run.options, done.run.workspace, silent=nothing)


def _question(run: Run, plan: Plan) -> str:
    """What a person agrees to: the verb, the counts, and for deletes and releases the targets."""
    where = ", ".join(target.target for target in plan.targets if target.due)
    if destroyed_names(run.options) is not None:
        return f"Destroy {plural(plan.counts.destroy, 'object')} on {where}?"
    if isinstance(run.options, ReleaseOptions):
        return f"Release {plural(plan.counts.change, 'object')} on {where}?"
    counts = plan.counts
    recipients = sum(message.count for message in plan.messages)
    sending = f", sending test messages to {plural(recipients, 'recipient')}" if recipients else ""
    return f"Apply {counts.actions}{sending}?"


async def _carry_out(done: Planned, output: Output) -> RunResult:
    stop = Stop()
    as_text = output.stdout == "text"
    progress = Progress(sum(len(live.plan.due) for live in done.lives), enabled=as_text)
    paint = output.paint
    alike = same_named(change.key for target in done.plan.targets for change in target.changes)

    def observe(target: str, result: ChangeResult) -> None:
        line = render_change(target, result, paint, alike)
        if as_text:
            progress.line(line)
        else:
            note(line)
        progress.step()

    if has_work(done.plan):
        with watching(stop, lambda: note(_STOPPING)):
            applied = await carry_out(done, stop, observe)
    else:
        applied = await carry_out(done)
    for text in applied.notes:
        note(text)
    progress.end()
    return applied.result
