"""Carry out the plans of all targets that were read, with the journal; telling a listener as each change ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from reconciler.apply.journal import Journal
from reconciler.apply.results import ChangeResult, RunResult, Status, TargetResult, left_uncompared
from reconciler.apply.run import Observer, Stop, apply_targets, ignore
from reconciler.apply.session import Session, SessionOptions
from reconciler.engine.load import Workspace
from reconciler.engine.options import WritingOptions
from reconciler.engine.run import Planned, Run, check_limits, planned
from reconciler.engine.targets import Live
from reconciler.model.dataclass import dataclass
from reconciler.plan.changes import Plan, TargetPlan
from reconciler.plan.marks import REPLACED


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of an apply, and notes about it (one line each)."""

    result: RunResult
    notes: tuple[str, ...] = ()


async def apply_lives(done: Planned, options: WritingOptions, stop: Stop, observe: Observer) -> Applied:
    """Apply all targets; returns the result of each change. The caller closes the connections."""
    notes = []
    with Journal.open(options.journal) as journal:
        sessions = [_session(done.run.workspace, live, journal, stop, options) for live in done.lives]
        result = await apply_targets(sessions, stop, observe)
        if journal.failure:
            notes.append(f"warning: the journal is incomplete: {journal.failure}")
    return Applied(replace(result, unread=done.plan.unread), tuple(notes))


def _session(workspace: Workspace, live: Live, journal: Journal, stop: Stop, options: WritingOptions) -> Session:
    parallelism = options.parallelism or workspace.project.targets[live.plan.target].parallelism
    return Session(
        provider=live.provider,
        plan=live.plan,
        matching=live.matching,
        secrets=live.secrets,
        ownership=live.ownership,
        journal=journal,
        options=SessionOptions(options.on_test_failure, parallelism, old_leftovers=frozenset(options.leftovers)),
        stop=stop.soft,
    )


def untouched(plan: TargetPlan) -> TargetResult:
    """The result of a target on which nothing is carried out."""
    held = tuple(ChangeResult(change, Status.HELD, change.held) for change in plan.changes if change.held)
    return TargetResult(
        plan.target,
        held,
        refused=len(plan.refusals),
        disabled=plan.disabled,
        not_compared=left_uncompared(plan, ()),
    )


def is_due(target: TargetPlan) -> bool:
    """Whether there is anything to do: changes, tests, or a replace that an interrupted run left half-done."""
    return bool(target.due or target.messages or any(REPLACED in item.flags for item in target.leftovers))


def has_work(plan: Plan) -> bool:
    """Whether there is anything for an apply to do."""
    return any(is_due(target) for target in plan.targets)


async def carry_out(done: Planned, stop: Stop | None = None, observe: Observer = ignore) -> Applied:
    """Carry out a plan that was checked (`check_limits`) and agreed to. `observe` is called as each change ends.

    RefusedError if `if_head` names a branch whose newest commit is another one. A change that fails is a result, not an
    error; `stop` ends the run early.
    """
    run = done.run
    options = run.options if isinstance(run.options, WritingOptions) else WritingOptions()
    if not has_work(done.plan) and not options.leftovers:
        return Applied(RunResult(tuple(map(untouched, done.plan.targets)), done.plan.unread))
    if options.if_head:
        from reconciler.engine.base import refuse_unless_head

        here = run.workspace.here.environ
        await asyncio.to_thread(refuse_unless_head, run.workspace.root, options.if_head, here)
    return await apply_lives(done, options, stop or Stop(), observe)


async def apply_plan(run: Run, stop: Stop | None = None, observe: Observer = ignore) -> Applied:
    """Plan and carry it out, without asking; errors as `planned`, `check_limits` and `carry_out`."""
    async with planned(run) as done:
        check_limits(run, done.plan)
        return await carry_out(done, stop, observe)
