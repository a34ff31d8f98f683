"""One look at one target: planned, carried out under a lease where there is something to do, and what came of it.

The engine does it all; here it is given its options, and its results become entries. Nothing is written to the cluster.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field, replace

from reconciler.apply.results import ChangeResult, Status, TestResult
from reconciler.apply.run import Stop
from reconciler.engine.apply import carry_out, has_work
from reconciler.engine.load import Workspace
from reconciler.engine.options import TestOptions
from reconciler.engine.run import planned, run_of
from reconciler.engine.testing import send_tests
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ReconcilerError
from reconciler.model.text import plural
from reconciler.operator.choosing import Choice
from reconciler.operator.deletion import Deletion
from reconciler.operator.destroying import destroy
from reconciler.operator.entries import Entry
from reconciler.operator.leases import Held
from reconciler.operator.outcomes import (
    TOO_MANY_MESSAGES,
    TargetRun,
    blocked,
    entry_after,
    in_cluster,
    is_drift,
    not_looked_at,
    why_unread,
)
from reconciler.plan.changes import Counts, TargetPlan, UnreadTarget
from reconciler.plan.marks import CANARY, PROTECTED


@dataclass(frozen=True, slots=True)
class Look:
    """What came of a look. `entries` are by name; `unread` says why the target could not be read, "" if it could;
    `work`: there is something to write or send; `carried_out`: it was; `drifted` are the names of what had
    moved, `canaries` the ids of those that were there, and `notes` what the run says of what earlier ones left."""

    entries: Mapping[str, Entry]
    identity: str = ""
    plan: str = ""
    unread: str = ""
    work: bool = False
    written: bool = False
    carried_out: bool = False
    overwritten: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()
    canaries: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    deleted: Mapping[str, str] = field(default_factory=dict)


async def look(workspace: Workspace, choice: Choice, now: str) -> Look:
    """Plan a target, and nothing more."""
    try:
        async with planned(run_of(workspace, choice.options), with_commit=False) as done:
            if done.plan.unread:
                return _unread(choice, done.plan.unread[0])
            [plan] = done.plan.targets
            work = has_work(done.plan) or _has_tests(workspace, plan, choice)
            return _looked(TargetRun(plan), choice, now, work=work)
    except ReconcilerError as error:
        return _failed(choice, in_cluster(str(error)))


def _has_tests(workspace: Workspace, plan: TargetPlan, choice: Choice) -> bool:
    """Whether a test is due that can be sent, or that was asked for, even if only to say why it cannot be sent. To a
    disabled channel nothing is sent, and its interval has always passed: that is no work."""
    resources = workspace.resources(plan.target)
    disabled = {name for name in choice.tests if resources[name].fields.get("enabled") is False}
    disabled |= {item.name for item in plan.disabled}
    heard = {name: choice.before[name].test_requested_at for name in choice.tests}
    return any(name not in disabled or choice.test_wishes.get(name, seen) != seen for name, seen in heard.items())


async def work(
    workspace: Workspace, target: str, choice: Choice, deletes: Mapping[str, Deletion], held: Held, stop: Stop, now: str
) -> Look:
    """Plan a target again under the lease, carry the plan out, send the tests that are due, and make the deletes that
    were asked for, by name."""
    permitted = replace(workspace, here=replace(workspace.here, permit=held.permit))
    try:
        async with planned(run_of(permitted, choice.options), with_commit=False) as done:
            if done.plan.unread:
                return _unread(choice, done.plan.unread[0])
            [plan] = done.plan.targets
            if refused := _too_many(plan, permitted, choice):
                return _looked(TargetRun(plan), choice, now, refused=refused)
            applied = await carry_out(done, stop)
        [result] = applied.result.targets
        run = TargetRun(plan, result, await _tests(permitted, target, choice, result.results, stop))
        found = _looked(run, choice, now)
        deleted = await destroy(permitted, target, choice, deletes, stop) if deletes else {}
        is_done = all(item.status is Status.APPLIED for item in result.results)
        return replace(
            found,
            plan=str(Counts()) if is_done else found.plan,  # what is left to do, as the next look will say
            deleted=deleted,
            written=has_work(done.plan),
            carried_out=True,
            overwritten=result.overwritten,
            notes=result.notes,
        )
    except ReconcilerError as error:
        return _failed(choice, in_cluster(str(error)))


def _too_many(plan: TargetPlan, workspace: Workspace, choice: Choice) -> str:
    """Why the plan is not carried out at all: it would send too many messages. "" if it would not."""
    count = sum(message.count for message in plan.messages)
    allowed = choice.options.max_messages
    limit = workspace.project.safety.max_messages if allowed is None else allowed
    if count <= limit:
        return ""
    return (
        f"the test messages of this target would go to {plural(count, 'recipient')}, more than {limit}: raise "
        f"spec.safety.max_messages of the Project to {count}, or annotate the Project with channels.gitops/allow: "
        f"max-messages={count}"
    )


async def _tests(
    workspace: Workspace, target: str, choice: Choice, results: Collection[ChangeResult], stop: Stop
) -> tuple[TestResult, ...]:
    """The tests that are due of what the run did not test already."""
    changed = {item.change.name for item in results}
    names = tuple(name for name in choice.tests if name not in changed)
    if not names or stop.soft.is_set():
        return ()
    tests = await send_tests(run_of(workspace, TestOptions(targets=(target,), names=names)))
    return tuple(tests.results)


def _looked(run: TargetRun, choice: Choice, now: str, *, work: bool = False, refused: str = "") -> Look:
    entries: dict[str, Entry] = {}
    drifted = []
    concerned = {change.name for change in run.plan.changes}
    for name, before in choice.before.items():
        same = name not in choice.changed
        if refused and name in concerned:
            entries[name] = blocked(before, TOO_MANY_MESSAGES, refused, stalled=True)
            continue
        entries[name] = entry_after(before, name, run, now, same_wish=same)
        if is_drift(before, name, run, same_wish=same):
            drifted.append(name)
    results = run.result.results if run.result else ()
    tested = {test.name for test in run.tests} | {item.change.name for item in results if item.tested is not None}
    for name in tested & choice.test_wishes.keys() & entries.keys():
        entries[name] = replace(entries[name], test_requested_at=choice.test_wishes[name])
    server = run.plan.server
    return Look(
        entries=entries,
        identity=server.identity if server else "",
        plan=str(run.plan.counts),
        work=work,
        drifted=tuple(drifted),
        canaries=tuple(item.id for item in run.plan.leftovers if CANARY in item.flags and PROTECTED not in item.flags),
    )


def _unread(choice: Choice, target: UnreadTarget) -> Look:
    return _failed(choice, why_unread(target))


def _failed(choice: Choice, why: str) -> Look:
    entries = {
        name: not_looked_at(before, why, is_current=name not in choice.changed)
        for name, before in choice.before.items()
    }
    return Look(entries, unread=why)
