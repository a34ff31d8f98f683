"""Carry out the plans of all targets that were read, with the journal; telling a listener as each change ends."""

from __future__ import annotations

from typing import Any

from reconciler.apply.journal import Journal
from reconciler.apply.results import ChangeResult, RunResult, Status, TargetResult
from reconciler.apply.run import Observer, Stop, apply_targets
from reconciler.apply.session import ApplyOptions, Session
from reconciler.engine.load import Workspace
from reconciler.engine.read import Live
from reconciler.model.resource import OnFailure
from reconciler.plan.changes import TargetPlan
from reconciler.plan.marks import REPLACED


async def apply_lives(
    workspace: Workspace, lives: list[Live], flags: dict[str, Any], stop: Stop, observe: Observer
) -> tuple[RunResult, list[str]]:
    """What became of each change of each target, and what is to be noted beside it. Closing is the caller's."""
    notes = []
    with Journal.open(flags["journal"]) as journal:
        sessions = (_session(workspace, live, journal, stop, flags) for live in lives)
        done = await apply_targets([session for session in sessions if session is not None], stop, observe)
        if journal.failure:
            notes.append(f"warning: the journal is not whole: {journal.failure}")
    unread = tuple(untouched(live) for live in lives if live.provider is None)
    return RunResult((*done.targets, *unread), done.interrupted), notes


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


def untouched(live: Live) -> TargetResult:
    """The result of a target of which nothing is carried out."""
    held = tuple(ChangeResult(change, Status.HELD, change.held) for change in live.plan.changes if change.held)
    return TargetResult(live.plan.target, held, error=live.plan.error, refused=len(live.plan.refusals))


def is_due(target: TargetPlan) -> bool:
    """Whether there is anything to do: changes, tests, or a replace that an interrupted run left half-done."""
    return bool(target.due or target.messages or any(REPLACED in item.flags for item in target.leftovers))
