"""An apply: every change of every target in its order, side by side where they do not depend on each other.

A failure never hides the others: what depends on it is skipped with the reason, the rest goes on. After the changes
come the tests of what did not change, what earlier runs left over, and a last look at all that was written.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import field
from pathlib import Path
from typing import TypeVar

from reconciler.apply import writing
from reconciler.apply.results import ChangeResult, RunResult, Status, TargetResult, TestResult, left_uncompared
from reconciler.apply.session import Session
from reconciler.apply.steps import carry_out, find_overwritten
from reconciler.apply.testing import verify_live
from reconciler.model.dataclass import dataclass
from reconciler.model.resource import ChangeKey
from reconciler.plan.changes import Action, Change, Message
from reconciler.tasks import side_by_side

T = TypeVar("T")

_LAST_SECONDS = 0.4  # for a cancelled task to remove what it made, before it is cancelled once more


@dataclass(slots=True)
class Stop:
    """`soft` starts nothing new and rolls back what is unverified, `hard` ends the run at once."""

    soft: asyncio.Event = field(default_factory=asyncio.Event)
    hard: asyncio.Event = field(default_factory=asyncio.Event)


async def finish(tasks: Collection[asyncio.Task[T]], stop: Stop) -> None:
    """Wait until all tasks are done; after a hard stop they are cancelled, and not waited for much longer.

    Not a TaskGroup, which waits for as long as a cancelled task takes, and ends all tasks when one fails.
    """
    if not tasks:
        return
    all_done, ended = asyncio.create_task(asyncio.wait(tasks)), asyncio.create_task(stop.hard.wait())
    try:
        await asyncio.wait((all_done, ended), return_when=asyncio.FIRST_COMPLETED)
    finally:  # whoever waits may be cancelled too: no task outlives the targets' connections
        all_done.cancel()
        ended.cancel()
        await _cancel({task for task in tasks if not task.done()})


async def _cancel(waiting: set[asyncio.Task[T]]) -> None:
    for _ in range(2):  # the first stops the work, the second the cleaning up after it
        for task in waiting:
            task.cancel()
        if waiting:
            _, waiting = await asyncio.wait(waiting, timeout=_LAST_SECONDS)


_LOG = logging.getLogger("reconciler.apply")

_MOST_TARGETS = 100  # at once; more of them take turns, each of which writes several changes side by side


Observer = Callable[[str, ChangeResult], None]
"""Called with each change's result as it comes: the target's name and the result."""

_DONE = frozenset({Status.APPLIED, Status.KEPT})
_STANDS = _DONE | {Status.HELD}
"""Statuses that do not stop the deletes that nobody named: a held change was never started."""


def ignore(_target: str, _result: ChangeResult) -> None:
    """The observer of a run that nobody watches."""


async def apply_targets(sessions: Iterable[Session], stop: Stop, observe: Observer = ignore) -> RunResult:
    """Apply all targets side by side, so many at once; each session's `stop` must be `stop.soft`."""
    results = await side_by_side((_apply_target(session, stop, observe) for session in sessions), _MOST_TARGETS)
    return RunResult(tuple(results), interrupted=stop.soft.is_set())


async def _apply_target(session: Session, stop: Stop, observe: Observer) -> TargetResult:
    results = await _Runner(session, observe).run(session.plan.changes, stop)
    end = _End()
    rounding_off = asyncio.create_task(_round_off(session, end))
    await finish([rounding_off], stop)
    if rounding_off.done() and not rounding_off.cancelled() and (error := rounding_off.exception()):
        end.overwritten = (f"the final check of what was written failed: {_fault(error)}",)
    notes = (*_left_behind(session), *end.notes)
    return TargetResult(
        session.plan.target,
        results,
        tuple(end.tests),
        end.overwritten,
        notes,
        refused=len(session.plan.refusals),
        disabled=session.plan.disabled,
        not_compared=left_uncompared(session.plan, results),
    )


@dataclass(slots=True)
class _End:
    """The results of the steps after the changes, as far as they got."""

    tests: list[TestResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    overwritten: tuple[str, ...] = ()


async def _round_off(session: Session, end: _End) -> None:
    """Test unchanged channels, remove leftovers, check what was written; a stopped run does none of this."""
    if not session.stop.is_set():
        end.tests += await _test_unchanged(session)
    if not session.stop.is_set() and session.matching.leftovers:
        from reconciler.apply.replacing import finish_replaced, remove_old_canaries  # few runs meet any

        end.notes += [*await finish_replaced(session), *await remove_old_canaries(session)]
    if not session.stop.is_set():
        end.overwritten = await find_overwritten(session)


def _left_behind(session: Session) -> list[str]:
    """A line for each canary of this run that could not be removed."""
    return [
        f"the canary {object_id} could not be removed: an apply that writes removes it once it is "
        f"{session.options.leftover_minutes} minutes old"
        for object_id in sorted(session.left_behind)
    ]


class _Runner:
    """Runs the changes of one target, each as soon as what it needs is done; deletes that nobody named come last."""

    def __init__(self, session: Session, observe: Observer) -> None:
        self._session = session
        self._observe = observe
        self._places = asyncio.Semaphore(session.options.parallelism)
        self._tasks: dict[ChangeKey, asyncio.Task[ChangeResult]] = {}
        self._needed_by: dict[ChangeKey, list[ChangeKey]] = defaultdict(list)
        self._deletes: list[ChangeKey] = []
        self._deleted = False
        self._order: dict[ChangeKey, int] = {}  # of all but deletes
        self._unsettled: set[ChangeKey] = set()
        self._failed: ChangeKey | None = None  # the first of the plan that came to nothing
        self._all_settled = asyncio.Event()

    async def run(self, changes: tuple[Change, ...], stop: Stop) -> tuple[ChangeResult, ...]:
        """All results, in the order of the changes."""
        self._session.make_room = self._make_room
        for change in changes:
            for key in change.needs:
                self._needed_by[key].append(change.key)
        self._deletes = [change.key for change in changes if change.action is Action.DELETE and not change.held]
        others = (change.key for change in changes if change.action is not Action.DELETE)
        self._order = {key: place for place, key in enumerate(others)}
        self._unsettled = set(self._order)
        self._settle(())
        for change in changes:
            self._tasks[change.key] = asyncio.create_task(self._one(change))
        await finish(self._tasks.values(), stop)
        return tuple(_result(change, self._tasks[change.key]) for change in changes)

    async def _one(self, change: Change) -> ChangeResult:
        stands = False
        try:
            result = await self._when_due(change)
            stands = result.status in _STANDS
            self._deleted |= change.action is Action.DELETE and result.status is Status.APPLIED
            return result
        finally:
            if not stands and change.key in self._order:
                self._failed = min(self._failed or change.key, change.key, key=self._order.__getitem__)
            self._settle((change.key,))

    def _settle(self, keys: Iterable[ChangeKey]) -> None:
        """Mark changes as settled: deletes that nobody named no longer wait for them."""
        self._unsettled.difference_update(keys)
        if not self._unsettled:
            self._all_settled.set()

    async def _when_due(self, change: Change) -> ChangeResult:
        if change.held:
            return ChangeResult(change, Status.HELD, change.held)
        for key in change.needs:
            if key in self._tasks and (await asyncio.shield(self._tasks[key])).status not in _DONE:
                return self._reported(ChangeResult(change, Status.SKIPPED, f"needs {key.name}, which was not applied"))
        if change.is_inferred and (failed := await self._what_did_not_stand()):
            text = f"{failed} was not applied: what no manifest names is deleted only once everything else is applied"
            return self._reported(ChangeResult(change, Status.HELD, text, id=change.id or ""))
        async with self._places:
            if self._session.stop.is_set():
                text = "the run was interrupted before this change began"
                return self._reported(ChangeResult(change, Status.SKIPPED, text))
            if failure := self._session.journal.failure:
                text = f"the journal cannot be written: {failure}"
                return self._reported(ChangeResult(change, Status.SKIPPED, text))
            return self._reported(await carry_out(self._session, change))

    async def _what_did_not_stand(self) -> str:
        """A change of this target that came to nothing, "" if there is none. What waits for room is not waited for."""
        await self._all_settled.wait()
        return str(self._failed) if self._failed else ""

    async def _make_room(self, waiting: ChangeKey) -> bool:
        """Let the pending deletes go first that do not wait for this change themselves."""
        bound = self._all_that_wait_for(waiting)
        self._settle(bound)
        self._deletes = [key for key in self._deletes if not self._tasks[key].done()]
        free = [self._tasks[key] for key in self._deletes if key not in bound]
        self._places.release()  # the change gives its place up while it waits
        try:
            for task in free:
                await asyncio.shield(task)
        finally:
            await self._places.acquire()
        return self._deleted

    def _all_that_wait_for(self, key: ChangeKey) -> set[ChangeKey]:
        """A change and all that need it, directly or not."""
        found, new = {key}, [key]
        while new:
            new = [one for key in new for one in self._needed_by[key] if one not in found]
            found.update(new)
        return found

    def _reported(self, result: ChangeResult) -> ChangeResult:
        session = self._session
        session.journal.outcome(result.change.key, result.status.value, result.id)
        try:
            self._observe(session.plan.target, result)
        except Exception:
            _LOG.debug("nobody reads the progress lines any more")  # a pager or `tee` that went away
        return result


def _result(change: Change, task: asyncio.Task[ChangeResult]) -> ChangeResult:
    if not task.done() or task.cancelled():
        return ChangeResult(change, Status.UNKNOWN, "interrupted: how far it went is not known; plan again")
    error = task.exception()
    if error is None:
        return task.result()
    return ChangeResult(change, Status.UNKNOWN, _fault(error), id=change.id or "")


def _fault(error: BaseException) -> str:
    """Describe an internal error by its place, without its message, which may contain a value."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"internal error ({type(error).__name__} at {Path(place.filename).name}:{place.lineno}): "
        "please report it, and plan again"
    )


async def _test_unchanged(session: Session) -> tuple[TestResult, ...]:
    """The tests of channels under `when: always` that no change concerned."""
    changed = {change.key for change in session.plan.changes}
    due = [message for message in session.plan.messages if message.key not in changed]
    return tuple(await side_by_side(_test_one(session, message) for message in due))


async def _test_one(session: Session, message: Message) -> TestResult:
    match = session.match(message.name)
    payload = writing.payload_of(session, match, session.mark(match.resource))
    tested = await verify_live(session, message.key, match.resource, session.ids[message.name], payload)
    return TestResult(session.plan.target, match.resource.kind, message.name, tested)
