"""A round: a project or one of its targets is looked at, once. From a snapshot to what is written to the cluster.

What is planned is `choosing`'s, what is done `looking`'s; what came of it is written by `recording`, and `unreconciled`
says of the rest why it is not looked at. A round that cannot be finished raises a ClusterError, and the queue tries it
again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace

import httpx
from prometheus_client import Histogram

from reconciler.model.dataclass import dataclass
from reconciler.operator.choosing import Choice, choose, without_all
from reconciler.operator.deletion import Deletion, Wish, is_overdue, overdue_in, project_wish, wish_of
from reconciler.operator.entries import Entry, entries_of
from reconciler.operator.events import Event
from reconciler.operator.kubernetes import ClusterError
from reconciler.operator.leases import HeldElsewhereError, lease_name
from reconciler.operator.looking import Look, look, work
from reconciler.operator.outcomes import FAILED, INTERRUPTED
from reconciler.operator.preparing import Block, Prepared, prepare
from reconciler.operator.project_status import TargetState
from reconciler.operator.reading import read_projects
from reconciler.operator.recording import (
    MOST_OVERWRITTEN,
    possible_targets,
    record_forbidden,
    record_look,
    record_project,
    state_of,
)
from reconciler.operator.resources import (
    ALLOW,
    CONSENTS,
    PROJECT_CONSENTS,
    SHARD_LABEL,
    CustomResource,
    Snapshot,
    behaviour_of,
)
from reconciler.operator.rivals import rival_of
from reconciler.operator.schedule import Key
from reconciler.operator.surroundings import Known, Surroundings
from reconciler.operator.unreconciled import (
    block,
    block_project,
    block_single,
    block_unreadable,
    block_without_project,
    block_younger,
    hold_on_lost_targets,
    leave_alone,
)
from reconciler.operator.writing import now_text
from reconciler.providers import settings_of

_LOG = logging.getLogger("reconciler.operator")
_SOON = 1.0  # seconds
_BUCKETS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0)  # seconds; a test message may take minutes
_TRANSIENT = frozenset({FAILED, INTERRUPTED, "Skipped", "OutcomeUnknown"})
LEASE_LOST = "the lease was lost during a run"


@dataclass(frozen=True, slots=True)
class After:
    """When to look again: `seconds` later, or after a wait that grows where it `failed`; None for never by itself."""

    seconds: float | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Rival:
    """A project that must give way, with what is known of its target in its status, and why."""

    project: CustomResource
    block: Block


class Rounds:
    """The rounds of one operator's process; `known` is what metrics are made of."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self.known: dict[str, Known] = defaultdict(Known)
        self.count = 0
        self.seconds = Histogram(
            "reconciler_reconcile_seconds",
            "How long reconciliations of projects and of targets took.",
            ("of",),
            registry=None,
            buckets=_BUCKETS,
        )

    @property
    def calls(self) -> Mapping[str, int]:
        """The calls to the API server so far by method."""
        return Counter(self._around.cluster.calls) + Counter(self._around.leases.calls)

    async def run(self, key: Key) -> After:
        """One round of a key. ClusterError if the API server does not answer."""
        self.count += 1
        with self.seconds.labels("target" if key.target else "project").time():
            return await self._run(key)

    async def _run(self, key: Key) -> After:
        try:
            snapshot = await self._around.snapshots.get(key.namespace)
        except ClusterError as error:
            known = self.known.get(key.namespace)
            if known is not None and not key.target and error.status == httpx.codes.FORBIDDEN:
                await block_unreadable(self._around.writer, known, str(error))
            raise
        project = snapshot.project
        if (project.labels.get(SHARD_LABEL, "") if project else "") != self._around.shard:
            self.known.pop(key.namespace, None)
            return After()
        if project is not None:
            self.known[key.namespace].rounds[key.target] += 1
        if key.target:
            return await self._target(key, snapshot)
        return await self._project(snapshot)

    async def _project(self, snapshot: Snapshot) -> After:
        known, project, writer = self.known[snapshot.namespace], snapshot.project, self._around.writer
        async with known.lock:
            await self._finalizers(snapshot, known)
        if project is None:
            self.known.pop(snapshot.namespace, None)
            await block_without_project(writer, snapshot)
            return After()
        await block_younger(writer, snapshot, project)
        found = await self._prepared(snapshot, project)
        interval = behaviour_of(project, None).interval
        if (left := overdue_in(snapshot, time.time())) is not None:
            interval = min(interval, max(_SOON, left))
        if isinstance(found, Block):
            await block_project(writer, snapshot, project, found)
            known.project, known.targets = writer.latest(project), {}
            known.resources = {item.name: writer.latest(item) for item in snapshot.resources if not item.deleting}
            return After(interval)
        await block_single(writer, found)
        await leave_alone(writer, found)
        await hold_on_lost_targets(writer, found)
        await self._name_unknown_consents(found, known)
        for target in found.workspace.project.targets:
            self._around.wake(Key(snapshot.namespace, target))
        async with known.lock:
            await record_project(self._around, found, known)
        return After(interval)

    async def _prepared(self, snapshot: Snapshot, project: CustomResource, *, fresh: bool = False) -> Prepared | Block:
        """The project of a snapshot, prepared once for all that look at that snapshot. `fresh`: before a write,
        so that it gives way to a project that has just come."""
        known = self.known[snapshot.namespace]
        if known.prepared is None or known.prepared[0] is not snapshot:
            known.prepared = (snapshot, asyncio.create_task(self._prepare(snapshot, project, fresh=fresh)))
        return await asyncio.shield(known.prepared[1])

    async def _prepare(self, snapshot: Snapshot, project: CustomResource, *, fresh: bool) -> Prepared | Block:
        around = self._around
        found = await prepare(snapshot, project, around.policy, around.environ, around.folder)
        if isinstance(found, Block):
            return found
        if fresh:
            others = await read_projects(around.cluster, around.namespaces)
        else:
            others = await around.snapshots.projects(around.namespaces)
        rival = await asyncio.to_thread(rival_of, project, others, settings_of)
        return Block("SecondProject", rival) if rival else found

    async def _name_unknown_consents(self, found: Prepared, known: Known) -> None:
        """Post an Event, once, for an annotation that allows less than it seems to."""
        reported = {}
        for item in (found.project, *found.resources.values()):
            if not (unknown := item.unknown_consents):
                continue
            reported[item.uid] = unknown
            if known.unknown_consents.get(item.uid) != unknown:
                words = [f"{name}=N" for name in PROJECT_CONSENTS] if item is found.project else sorted(CONSENTS)
                text = f"{ALLOW}: {', '.join(unknown)} allows nothing; what can be allowed here is {', '.join(words)}"
                await self._around.writer.post(item, Event("UnknownConsent", text, warning=True))
        known.unknown_consents = reported

    async def _finalizers(self, snapshot: Snapshot, known: Known) -> None:
        """Put finalizers where a deletion is to be waited for, and let go what needs none or has waited too long."""
        writer, now, project = self._around.writer, time.time(), snapshot.project
        for resource in snapshot.resources:
            wish = wish_of(resource, snapshot)
            if wish is Wish.ADD:
                await writer.set_finalizer(resource, wanted=True)
            elif wish in (Wish.REMOVE, Wish.LET_GO):
                await writer.set_finalizer(resource, wanted=False)
            elif wish is Wish.DELETE and is_overdue(resource, project, now):
                text = "the deletion could not be carried out within deletion_timeout: the live object stays"
                if await writer.set_finalizer(resource, wanted=False):
                    await writer.post(resource, Event("Orphaned", text, warning=True))
        if project is None:
            return
        wish = project_wish(snapshot)
        if wish is not Wish.NOTHING:
            await writer.set_finalizer(project, wanted=wish is Wish.ADD)
        there = {resource.uid for resource in snapshot.resources}
        writer.forget(known.deleted.keys() - there)
        known.unwritten = {key: entry for key, entry in known.unwritten.items() if key[0] in there}

    async def _target(self, key: Key, snapshot: Snapshot) -> After:
        project = snapshot.project
        if project is None:
            return After()
        found = await self._prepared(snapshot, project)
        known = self.known[key.namespace]
        if isinstance(found, Block) or key.target not in found.workspace.project.targets:
            known.targets.pop(key.target, None)
            known.rounds.pop(key.target, None)
            return After()
        if behaviour_of(project, None).suspend:
            await leave_alone(self._around.writer, found)  # a look that had begun before may have said otherwise since
            return After()
        if state_of(found, known, key.target).overwritten >= MOST_OVERWRITTEN:
            return After(behaviour_of(project, None).interval)
        return await self._look(found, key.target, known)

    async def _look(self, found: Prepared, target: str, known: Known) -> After:
        around, now = self._around, now_text()
        if any(wish_of(item, found.snapshot) is Wish.ADD for item in found.resources.values()):
            async with known.lock:
                await self._finalizers(found.snapshot, known)
        choice, deletes = self._choice(found, target, known), self._deletes(found, target, known)
        seen = await look(found.workspace, choice, now)
        left = known.leftovers[target]
        if not seen.unread:
            left.see(seen.canaries, around.clock())
        old = left.old(around.clock())
        has_work = not seen.unread and bool(seen.work or deletes or old)
        if has_work and around.stop.soft.is_set():
            return After()  # whoever comes next begins with it
        is_new = not seen.unread and seen.identity != state_of(found, known, target).identity
        if (has_work or is_new) and (rival := await self._rival(found, target, seen.identity)):
            await block(around.writer, rival.project, rival.block)
            around.writer.moved(found.snapshot.namespace)  # its resources are to say so, too
            return After(_SOON)
        if has_work:
            done = await self._work(found, target, known, seen.identity, old)
            if isinstance(done, After):
                return done
            found, seen = done
        else:
            await record_look(around, found, target, choice, seen, deletes if seen.unread else {}, known)
        transient = any(entry.reason in _TRANSIENT for entry in seen.entries.values())
        if seen.unread or transient or any(seen.deleted.values()):
            return After(failed=True)
        wait = left.due_in(around.clock())
        interval = behaviour_of(found.project, None).interval
        return After(interval if wait is None else min(interval, max(_SOON, wait)))

    async def _work(
        self, found: Prepared, target: str, known: Known, identity: str, leftovers: tuple[str, ...]
    ) -> tuple[Prepared, Look] | After:
        """Carry out and record, under the target's lease, what is to be done now that it is ours; the project as it is
        then, and what came of it. Or when to look again, where nothing could be done or recorded."""
        around, left, is_held = self._around, known.leftovers[target], False
        provider = found.workspace.project.targets[target].provider
        try:
            async with around.leases.hold(lease_name(provider, identity)) as held:
                is_held = True
                renewed = await self._renewed(found, target)
                if renewed is None:
                    return After(_SOON)
                choice, deletes = self._choice(renewed, target, known), self._deletes(renewed, target, known)
                choice = replace(choice, options=replace(choice.options, leftovers=leftovers))
                seen = await work(renewed.workspace, target, choice, deletes, held, around.stop, now_text())
                left.tried(leftovers, around.clock())
                if held.lost:
                    _LOG.warning("%s %s: %s", renewed.snapshot.namespace, target, LEASE_LOST)
                    return After(_SOON)
                await record_look(around, renewed, target, choice, seen, deletes, known)
                return renewed, seen
        except HeldElsewhereError as error:
            return After(error.seconds)
        except ClusterError as error:
            if not is_held and error.status == httpx.codes.FORBIDDEN:
                await record_forbidden(around, found, target, str(error), known)
            raise

    async def _renewed(self, found: Prepared, target: str) -> Prepared | None:
        """The project as it is now; None where its owner, its targets or whether it is ours may be others than before,
        or it cannot be used any more."""
        snapshot = await self._around.snapshots.get(found.snapshot.namespace, fresh=True)
        if snapshot.project is None or not _is_same_project(found.project, snapshot.project):
            return None
        renewed = await self._prepared(snapshot, snapshot.project, fresh=True)
        if isinstance(renewed, Block) or target not in renewed.workspace.project.targets:
            return None
        return renewed

    async def _rival(self, found: Prepared, target: str, identity: str) -> Rival | None:
        """Whether an older project has this owner on this system, by what the system says of itself: two addresses may
        lead to one. The project comes back with that identity in its status, so that it is known from then on."""
        state = replace(TargetState(target, readable=True), identity=identity)
        latest = self._around.writer.latest(found.project)
        written = latest.status.get("targets")
        others = [item for item in (written if isinstance(written, list) else ()) if item.get("name") != target]
        project = replace(latest, status={**latest.status, "targets": [*others, state.to_json()]})
        others = await read_projects(self._around.cluster, self._around.namespaces)
        text = await asyncio.to_thread(rival_of, project, others, settings_of)
        return Rival(project, Block("SecondProject", text)) if text else None

    def _choice(self, found: Prepared, target: str, known: Known) -> Choice:
        latest = {name: self._around.writer.latest(item) for name, item in found.resources.items()}
        unwritten = {name: known.unwritten.get((item.uid, target)) for name, item in latest.items()}
        choice = choose(found, target, latest, time.time(), unwritten)
        return without_all(choice) if found.project.deleting else choice

    def _deletes(self, found: Prepared, target: str, known: Known) -> dict[str, Deletion]:
        """By name, what is being deleted and has not been dealt with on this target."""
        return {
            item.name: Deletion(entries_of(item).get(target, Entry(target)).id, "in-use" in item.allows)
            for item in found.snapshot.resources
            if wish_of(item, found.snapshot) is Wish.DELETE
            and target in possible_targets(item, found)
            and target not in known.deleted.get(item.uid, ())
            and not behaviour_of(item, found.project).suspend
        }


def _is_same_project(before: CustomResource, now: CustomResource) -> bool:
    """Whether what was concluded from a project still holds of the one that is there now."""

    def state(project: CustomResource) -> tuple[object, ...]:
        return project.uid, project.generation, bool(project.deleting), project.labels.get(SHARD_LABEL)

    return state(before) == state(now)
