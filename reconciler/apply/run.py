"""An apply: every change of every target in its order, side by side where they do not depend on each other.

A failure never hides the others: what depends on it is skipped with the reason, the rest goes on. At the end all that
was written is read once more, since neither system can say that somebody else wrote in between.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from reconciler.apply import writing
from reconciler.apply.replacing import finish_replaced
from reconciler.apply.results import ChangeResult, RunResult, Status, TargetResult, TestResult
from reconciler.apply.sending import prove_live
from reconciler.apply.session import Session
from reconciler.apply.steps import carry_out
from reconciler.drafts import differing_fields
from reconciler.errors import TargetError
from reconciler.ownership import CANARY, Found, read_found
from reconciler.plan import Action, Change
from reconciler.resources import LiveObject

_LOG = logging.getLogger("reconciler.apply")

__all__ = ["Observer", "Stop", "apply_targets"]

Observer = Callable[[str, ChangeResult], None]
"""Told of each change's result as it comes: the target's name and the result."""

_DONE = frozenset({Status.APPLIED, Status.KEPT})


@dataclass(slots=True)
class Stop:
    """How a run is stopped: `soft` starts nothing new and undoes what is unproved, `hard` ends it at once."""

    soft: asyncio.Event = field(default_factory=asyncio.Event)
    hard: asyncio.Event = field(default_factory=asyncio.Event)


def _ignore(_target: str, _result: ChangeResult) -> None:
    """The observer of a run that nobody watches."""


async def apply_targets(sessions: Iterable[Session], stop: Stop, observe: Observer = _ignore) -> RunResult:
    """Apply all targets side by side; each session's `stop` must be `stop.soft`."""
    results = await asyncio.gather(*(_apply_target(session, stop, observe) for session in sessions))
    return RunResult(tuple(results), interrupted=stop.soft.is_set())


async def _apply_target(session: Session, stop: Stop, observe: Observer) -> TargetResult:
    target = session.plan.target
    runner = _Runner(session, observe)
    results = await runner.run(session.plan.changes, stop)
    if stop.soft.is_set():
        return TargetResult(target, results, notes=tuple(_left_behind(session)), refused=len(session.plan.refusals))
    tests = await _test_unchanged(session)
    notes = [*_left_behind(session), *await finish_replaced(session), *await _remove_leftovers(session)]
    overwritten = await _overwritten(session)
    return TargetResult(target, results, tests, overwritten, tuple(notes), refused=len(session.plan.refusals))


class _Runner:
    """Runs the changes of one target, each as soon as what it needs is done."""

    def __init__(self, session: Session, observe: Observer) -> None:
        self._session = session
        self._observe = observe
        self._places = asyncio.Semaphore(session.options.parallelism)
        self._tasks: dict[str, asyncio.Task[ChangeResult]] = {}
        self._needs: dict[str, tuple[str, ...]] = {}
        self._deletes: list[str] = []

    async def run(self, changes: tuple[Change, ...], stop: Stop) -> tuple[ChangeResult, ...]:
        """All results, in the order of the changes."""
        self._session.make_room = self._make_room
        self._needs = {change.name: change.needs for change in changes}
        self._deletes = [change.name for change in changes if change.action is Action.DELETE and not change.held]
        for change in changes:
            self._tasks[change.name] = asyncio.create_task(self._one(change))
        everything = asyncio.create_task(_wait_for(self._tasks.values()))
        ended = asyncio.create_task(stop.hard.wait())
        await asyncio.wait([everything, ended], return_when=asyncio.FIRST_COMPLETED)
        for task in (everything, ended, *self._tasks.values()):
            task.cancel()
        outcomes = await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        return tuple(_result(change, outcome) for change, outcome in zip(changes, outcomes, strict=True))

    async def _one(self, change: Change) -> ChangeResult:
        if change.held:
            return ChangeResult(change, Status.HELD, change.held)
        for name in change.needs:
            if name in self._tasks and (await asyncio.shield(self._tasks[name])).status not in _DONE:
                return self._told(ChangeResult(change, Status.SKIPPED, f"needs {name}, which was not applied"))
        async with self._places:
            if self._session.stop.is_set():
                return ChangeResult(change, Status.SKIPPED, "the run was interrupted before it began")
            return self._told(await carry_out(self._session, change))

    async def _make_room(self, name: str) -> bool:
        """Let the pending deletes go first that do not wait for this change themselves."""
        free = [self._tasks[delete] for delete in self._deletes if not self._waits_for(delete, name)]
        self._places.release()  # the change gives its place up while it waits
        try:
            results = [await asyncio.shield(task) for task in free]
        finally:
            await self._places.acquire()
        return any(result.status is Status.APPLIED for result in results)

    def _waits_for(self, name: str, other: str) -> bool:
        needs = self._needs.get(name, ())
        return other in needs or any(self._waits_for(one, other) for one in needs)

    def _told(self, result: ChangeResult) -> ChangeResult:
        session = self._session
        session.journal.outcome(session.plan.target, result.change.name, result.status.value, result.id)
        self._observe(session.plan.target, result)
        return result


async def _wait_for(tasks: Iterable[asyncio.Task[ChangeResult]]) -> bool:
    await asyncio.wait([*tasks, asyncio.create_task(asyncio.sleep(0))])
    return True


def _result(change: Change, outcome: ChangeResult | BaseException) -> ChangeResult:
    if isinstance(outcome, ChangeResult):
        return outcome
    if isinstance(outcome, asyncio.CancelledError):
        return ChangeResult(change, Status.FAILED, "interrupted: how far it went is not known; plan again")
    _LOG.error("%s failed by a fault of reconciler itself", change, exc_info=outcome)
    return ChangeResult(
        change, Status.FAILED, f"a fault of reconciler itself ({type(outcome).__name__}): please report it"
    )


async def _test_unchanged(session: Session) -> tuple[TestResult, ...]:
    """The tests of channels under `when: always` that no change concerned."""
    changed = {change.name for change in session.plan.changes}
    due = [message.name for message in session.plan.messages if message.name not in changed]
    return tuple(await asyncio.gather(*(_test_one(session, name) for name in due)))


async def _test_one(session: Session, name: str) -> TestResult:
    resource = session.match(name).resource
    draft = session.draft(session.match(name), session.mark(resource))
    proof = await prove_live(session, resource, session.ids[name], draft)
    return TestResult(session.plan.target, resource.kind, name, proof.text, proof)


def _left_behind(session: Session) -> list[str]:
    return [f"the canary {object_id} could not be removed: a later apply does" for object_id in session.left_behind]


async def _remove_leftovers(session: Session) -> list[str]:
    """Remove canaries that an earlier run left, once they are old by the server's own clock; name the younger."""
    if session.server_time == 0:
        return []
    return [
        note
        for item in session.matching.leftovers
        if item.mark is not None and CANARY in item.mark.flags
        for note in await _remove_leftover(session, item)
    ]


async def _remove_leftover(session: Session, item: Found) -> list[str]:
    age = (session.server_time - writing.server_milliseconds(item.live)) / 60_000
    if age <= session.options.leftover_minutes:
        return [f"{item.id} is a canary of another run, {max(0, round(age))} minutes old: left alone"]
    try:
        live = await session.provider.read(item.id)
        if live is None or read_found(live).mark != item.mark:
            return []
        await writing.delete(session, item.name, item.id, step="delete left-over")
    except TargetError as error:
        return [f"the left-over canary {item.id} could not be removed: {error}"]
    return [f"removed {item.id}, a canary that an interrupted run left"]


async def _overwritten(session: Session) -> tuple[str, ...]:
    """What somebody else changed since we wrote it, by one list; on a server whose list lags, by id."""
    if not session.written:
        return ()
    try:
        now = await _read_again(session)
    except TargetError as error:
        return (f"what was written could not be read again: {error}",)
    found: list[str] = []
    for object_id, draft in sorted(session.written.items()):
        live = now.get(object_id)
        if draft is None and live is not None:
            found.append(f"{object_id} was deleted, and is there again")
        elif draft is not None and live is None:
            found.append(f"{object_id} was deleted by somebody else")
        elif draft is not None and live is not None and differing_fields(draft, live):
            found.append(f"{object_id} was overwritten by somebody else ({', '.join(differing_fields(draft, live))})")
    return tuple(found)


async def _read_again(session: Session) -> dict[str, LiveObject]:
    listing = await session.provider.read_all()
    objects = {item.id: item for item in listing.objects}
    if not listing.stale:
        return objects
    for object_id in session.written:
        live = await session.provider.read(object_id)
        if live is None:
            objects.pop(object_id, None)
        else:
            objects[object_id] = live
    return objects
