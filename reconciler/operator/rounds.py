"""A round: a project or one of its targets is looked at, once. From a snapshot to what is written to the cluster.

What is planned is `choosing`'s, what is done `looking`'s, what is said `status`'s. A round that cannot be finished
raises a ClusterError, and the queue tries it again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from pathlib import Path

from prometheus_client import Histogram

from reconciler.apply.run import Stop
from reconciler.model.dataclass import dataclass
from reconciler.model.text import plural
from reconciler.operator.choosing import Choice, choose, without_all
from reconciler.operator.deletion import Wish, is_overdue, overdue_in, project_wish, wish_of
from reconciler.operator.entries import Entry, entries_of, without_others
from reconciler.operator.events import Event
from reconciler.operator.kubernetes import Cluster
from reconciler.operator.leases import HeldElsewhereError, Leases, lease_name
from reconciler.operator.leftovers import Leftovers
from reconciler.operator.looking import Look, look, work
from reconciler.operator.outcomes import FAILED, INTERRUPTED, in_cluster
from reconciler.operator.permissions import Policy
from reconciler.operator.preparing import Block, Prepared, prepare
from reconciler.operator.published import Published
from reconciler.operator.reading import Snapshots, read_projects
from reconciler.operator.resources import (
    ALLOW,
    CONSENTS,
    PROJECT_CONSENTS,
    SHARD_LABEL,
    CustomResource,
    Snapshot,
    behaviour_of,
    targets_of,
)
from reconciler.operator.rivals import rival_of
from reconciler.operator.schedule import Key
from reconciler.operator.status import (
    TargetState,
    Verdict,
    blocked_status,
    blocked_verdicts,
    project_status,
    project_verdicts,
    resource_status,
    suspended_status,
    suspended_verdicts,
)
from reconciler.operator.writing import Writer, now_text
from reconciler.providers import settings_of
from reconciler.tasks import side_by_side

_LOG = logging.getLogger("reconciler.operator")
_SOON = 1.0  # seconds
_AT_ONCE = 8  # statuses written side by side
_ATTEMPTS = 4
_BUCKETS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0)  # seconds; a test message may take minutes
_TRANSIENT = frozenset({FAILED, INTERRUPTED, "Skipped", "OutcomeUnknown"})
DELETION_HELD = "DeletionHeld"
LEASE_LOST = "the lease was lost during a run"
MOST_OVERWRITTEN = 2
"""After so many runs in a row whose writes somebody else overwrote, the project is left alone."""


@dataclass(frozen=True, slots=True)
class After:
    """When to look again: `seconds` later, or after a wait that grows where it `failed`; None for never by itself."""

    seconds: float | None = None
    failed: bool = False


@dataclass(slots=True)
class Surroundings:
    """What all rounds share. `wake` has the targets of a namespace looked at at once, `environ` and `folder` are for
    Vault and AWS where the policy allows them; `published` is renewed whenever the definitions were looked at."""

    cluster: Cluster
    leases: Leases
    snapshots: Snapshots
    writer: Writer
    wake: Callable[[Key], None]
    policy: Policy = Policy()
    shard: str = ""
    namespaces: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: Path = Path("/nonexistent")
    stop: Stop = field(default_factory=Stop)
    clock: Callable[[], float] = time.monotonic
    published: Published = Published()


@dataclass(slots=True)
class Known:
    """What is known of a namespace between rounds: the targets' states and what killed runs left there, and by uid
    where a deletion is done and which unknown consents were reported. `rounds` counts them by target, "" for the
    project."""

    targets: dict[str, TargetState] = field(default_factory=dict)
    leftovers: dict[str, Leftovers] = field(default_factory=lambda: defaultdict(Leftovers))
    deleted: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    unknown_consents: Mapping[str, list[str]] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    prepared: tuple[Snapshot, asyncio.Task[Prepared | Block]] | None = None
    rounds: Counter[str] = field(default_factory=Counter)
    project: CustomResource | None = None
    resources: Mapping[str, CustomResource] = field(default_factory=dict)


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
        snapshot = await self._around.snapshots.get(key.namespace)
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
        known, project = self.known[snapshot.namespace], snapshot.project
        async with known.lock:
            await self._finalizers(snapshot, known)
        if project is None:
            self.known.pop(snapshot.namespace, None)
            text = "there is no Project in this namespace: create one, which takes the place of the project file"
            await self._block(snapshot.resources, Block("NoProject", text))
            return After()
        for younger in snapshot.projects:
            if younger.uid != project.uid:
                text = f'Project "{project.name}" is older, and a namespace can have only one: move this one to another'
                await self._stall(younger, Block("SecondProject", f"{text} namespace"))
        found = await self._prepared(snapshot, project)
        interval = behaviour_of(project, None).interval
        if (left := overdue_in(snapshot, time.time())) is not None:
            interval = min(interval, max(_SOON, left))
        if isinstance(found, Block):
            await self._stall(project, found)
            text = f'Project "{project.name}" cannot be used: {found.message}'
            live = [item for item in snapshot.resources if not item.deleting]
            await self._block(live, Block("ProjectNotReady", text, stalled=found.stalled))
            waiting = [item for item in snapshot.resources if wish_of(item, snapshot) is Wish.DELETE]
            await self._block(waiting, Block(DELETION_HELD, text))
            known.project, known.targets = self._around.writer.latest(project), {}
            known.resources = {item.name: self._around.writer.latest(item) for item in live}
            return After(interval)
        await self._block_single(found)
        await self._leave_alone(found)
        await self._name_unknown_consents(found, known)
        for target in found.workspace.project.targets:
            self._around.wake(Key(snapshot.namespace, target))
        async with known.lock:
            await self._write_project(found, known)
        return After(interval)

    async def _prepared(self, snapshot: Snapshot, project: CustomResource) -> Prepared | Block:
        """The project of a snapshot, prepared once for all that look at that snapshot."""
        known = self.known[snapshot.namespace]
        if known.prepared is None or known.prepared[0] is not snapshot:
            known.prepared = (snapshot, asyncio.create_task(self._prepare(snapshot, project)))
        return await asyncio.shield(known.prepared[1])

    async def _prepare(self, snapshot: Snapshot, project: CustomResource) -> Prepared | Block:
        around = self._around
        found = await prepare(snapshot, project, around.policy, around.environ, around.folder)
        if isinstance(found, Block):
            return found
        others = await read_projects(around.cluster, around.namespaces)
        rival = await asyncio.to_thread(rival_of, project, others, settings_of)
        return Block("SecondProject", rival) if rival else found

    async def _stall(self, project: CustomResource, block: Block) -> None:
        latest = self._around.writer.latest(project)
        status = blocked_status(latest, block.reason, block.message, now_text(), stalled=block.stalled)
        await self._around.writer.write_status(latest, status)

    async def _block(self, resources: Iterable[CustomResource], block: Block) -> None:
        """Write the same reason to each."""
        await side_by_side((self._stall(resource, block) for resource in resources), _AT_ONCE)

    async def _block_single(self, found: Prepared) -> None:
        """What is wrong with single resources, whatever their targets are."""
        for item in found.snapshot.resources:
            if item.name in found.blocks and not item.deleting:
                await self._stall(item, found.blocks[item.name])
        wanted = {name for target in found.workspace.project.targets for name in found.wanted(target)}
        for name in sorted(found.resources.keys() - wanted - found.blocks.keys()):
            if not (behaviour_of(found.resources[name], found.project).suspend or found.project.deleting):
                await self._stall(found.resources[name], Block("NoTarget", "names only targets of other projects"))

    async def _leave_alone(self, found: Prepared) -> None:
        """Say of what is suspended, and of all where the project is being deleted, that nobody looks at it."""
        project, now, writer = found.project, now_text(), self._around.writer
        statuses = []
        for item in (writer.latest(item) for name, item in found.resources.items() if name not in found.blocks):
            if behaviour_of(item, project).suspend:
                text = "spec.operator.suspend is true, here or on its Project: it is not reconciled"
                statuses.append((item, suspended_status(item, text, now)))
            elif project.deleting:
                text = f'Project "{project.name}" is being deleted: it is not reconciled'
                statuses.append((item, blocked_status(item, "ProjectNotReady", text, now, stalled=True)))
        await side_by_side((writer.write_status(*both) for both in statuses), _AT_ONCE)
        held = [item for item in found.snapshot.resources if wish_of(item, found.snapshot) is Wish.DELETE]
        text = (
            "spec.operator.suspend is true, here or on its Project: nothing is deleted until it is removed, and after "
            "deletion_timeout the live object stays"
        )
        await self._block((item for item in held if behaviour_of(item, project).suspend), Block(DELETION_HELD, text))

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
                await writer.post(resource, Event("Orphaned", text, warning=True))
                await writer.set_finalizer(resource, wanted=False)
        if project is None:
            return
        wish = project_wish(snapshot)
        if wish is not Wish.NOTHING:
            await writer.set_finalizer(project, wanted=wish is Wish.ADD)
        writer.forget(known.deleted.keys() - {resource.uid for resource in snapshot.resources})

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
            await self._leave_alone(found)  # a look that had begun before may have said otherwise since
            return After()
        state = self._state(found, known, key.target)
        if state.overwritten >= MOST_OVERWRITTEN:
            return After(behaviour_of(project, None).interval)
        return await self._look(found, key.target, known)

    async def _look(self, found: Prepared, target: str, known: Known) -> After:
        around, now = self._around, now_text()
        if any(wish_of(item, found.snapshot) is Wish.ADD for item in found.resources.values()):
            async with known.lock:
                await self._finalizers(found.snapshot, known)
        choice, deletes = self._choice(found, target), self._deletes(found, target, known)
        seen = await look(found.workspace, choice, now)
        left = known.leftovers[target]
        if not seen.unread:
            left.see(seen.canaries, around.clock())
        old = left.old(around.clock())
        has_work = not seen.unread and bool(seen.work or deletes or old)
        if has_work and around.stop.soft.is_set():
            return After()  # whoever comes next begins with it
        is_new = not seen.unread and seen.identity != self._state(found, known, target).identity
        if (has_work or is_new) and (rival := await self._rival(found, target, seen.identity)):
            await self._stall(rival.project, rival.block)
            around.writer.moved(found.snapshot.namespace)  # its resources are to say so, too
            return After(_SOON)
        if has_work:
            provider = found.workspace.project.targets[target].provider
            try:
                async with around.leases.hold(lease_name(provider, seen.identity)) as held:
                    snapshot = await around.snapshots.get(found.snapshot.namespace, fresh=True)
                    renewed = await self._prepared(snapshot, found.project) if snapshot.project else Block("", "")
                    if isinstance(renewed, Block) or target not in renewed.workspace.project.targets:
                        return After(_SOON)
                    found = renewed
                    choice, deletes = self._choice(found, target), self._deletes(found, target, known)
                    choice = replace(choice, options=replace(choice.options, leftovers=old))
                    seen = await work(found.workspace, target, choice, deletes, held, around.stop, now_text())
                    left.tried(old, around.clock())
                    if held.lost:
                        _LOG.warning("%s %s: %s", found.snapshot.namespace, target, LEASE_LOST)
                        return After(_SOON)
                    await self._write(found, target, choice, seen, deletes, known)
            except HeldElsewhereError as error:
                return After(error.seconds)
        else:
            await self._write(found, target, choice, seen, deletes if seen.unread else {}, known)
        transient = any(entry.reason in _TRANSIENT for entry in seen.entries.values())
        if seen.unread or transient or any(seen.deleted.values()):
            return After(failed=True)
        wait = left.due_in(around.clock())
        interval = behaviour_of(found.project, None).interval
        return After(interval if wait is None else min(interval, max(_SOON, wait)))

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

    def _choice(self, found: Prepared, target: str) -> Choice:
        latest = {name: self._around.writer.latest(item) for name, item in found.resources.items()}
        choice = choose(found, target, latest, time.time())
        return without_all(choice) if found.project.deleting else choice

    def _deletes(self, found: Prepared, target: str, known: Known) -> dict[str, bool]:
        """By name, what is being deleted and has not been dealt with on this target; True where it may be in use."""
        return {
            item.name: "in-use" in item.allows
            for item in found.snapshot.resources
            if wish_of(item, found.snapshot) is Wish.DELETE
            and target in self._targets(item, found)
            and target not in known.deleted[item.uid]
            and not behaviour_of(item, found.project).suspend
        }

    def _targets(self, resource: CustomResource, found: Prepared) -> tuple[str, ...]:
        """The targets where a resource may be live: those that it names, and those that its status knows."""
        named = (*targets_of(resource, found.project), *entries_of(resource))
        return tuple(dict.fromkeys(name for name in named if name in found.workspace.project.targets))

    async def _write(
        self,
        found: Prepared,
        target: str,
        choice: Choice,
        seen: Look,
        deletes: Mapping[str, bool],
        known: Known,
    ) -> None:
        """Write what came of a look: statuses, deletions that are done, the project's own status."""
        entries = {**seen.entries, **{name: entry for name, entry in choice.left_out.items() if entry is not None}}
        async with known.lock:
            writes = (
                self._write_entry(found, target, name, entry, insist=seen.carried_out)
                for name, entry in sorted(entries.items())
            )
            await side_by_side(writes, _AT_ONCE)
            await self._write_deletes(found, target, seen, deletes, known)
            before = self._state(found, known, target)
            count = before.overwritten + 1 if seen.overwritten else 0 if seen.written else before.overwritten
            known.targets[target] = TargetState(
                target,
                readable=not seen.unread,
                message=seen.unread or "; ".join(seen.overwritten),
                identity=seen.identity or before.identity,
                plan=seen.plan if not seen.unread else before.plan,
                overwritten=count,
            )
            await self._write_project(found, known)
            for note in seen.notes:
                await self._around.writer.post(found.project, Event("Leftover", f"{target}: {in_cluster(note)}"))
            for name in seen.drifted:
                if seen.entries[name].applied:
                    text = f"{target}: the live object had drifted, and was corrected"
                    await self._around.writer.post(found.resources[name], Event("DriftCorrected", text))

    async def _write_entry(self, found: Prepared, target: str, name: str, entry: Entry, *, insist: bool) -> None:
        """Write what is known of a resource on a target. `insist`: it holds evidence, as a test's, that would be lost
        with a conflict: another operator, which knows less, may have written in between."""
        writer, resource = self._around.writer, found.resources[name]
        latest: CustomResource | None = writer.latest(resource)
        for _ in range(_ATTEMPTS if insist else 1):
            if latest is None or latest.generation != resource.generation:
                return  # it is looked at again: the change was an event
            targets = [item for item in targets_of(resource, found.project) if item in found.workspace.project.targets]
            known = without_others(entries_of(latest), targets) | {target: entry}
            status = resource_status(latest, known, resource.requested_at, now_text())
            if await writer.write_status(latest, status):
                return
            latest = await writer.read(resource)

    async def _write_deletes(
        self, found: Prepared, target: str, seen: Look, deletes: Mapping[str, bool], known: Known
    ) -> None:
        for item in found.snapshot.resources:
            if item.name not in deletes or not item.deleting:
                continue
            why = seen.unread or seen.deleted.get(item.name, "it was not tried")
            if not why:
                known.deleted[item.uid].add(target)
                if known.deleted[item.uid] >= set(self._targets(item, found)):
                    await self._around.writer.set_finalizer(self._around.writer.latest(item), wanted=False)
                continue
            latest = self._around.writer.latest(item)
            text = f"{target}: the live object is not deleted: {why}"
            status = blocked_status(latest, DELETION_HELD, text, now_text(), stalled=not seen.unread)
            await self._around.writer.write_status(latest, status)

    def _state(self, found: Prepared, known: Known, target: str) -> TargetState:
        """The state of a target, after a restart from the project's status. What was stopped because somebody overwrote
        it goes on once the project changed, or it was asked for."""
        written = found.project.status.get("targets")
        items = written if isinstance(written, list) else []
        states = {str(item.get("name")): TargetState.read(item) for item in items if isinstance(item, Mapping)}
        state = known.targets.get(target) or states.get(target) or TargetState(target, readable=False)
        seen = found.project.status.get("observedGeneration"), found.project.status.get("lastHandledRequestedAt", "")
        if seen != (found.project.generation, found.project.requested_at):
            return replace(state, overwritten=0)
        return state

    async def _write_project(self, found: Prepared, known: Known) -> None:
        writer = self._around.writer
        states = [self._state(found, known, name) for name in found.workspace.project.targets]
        latest = {name: writer.latest(item) for name, item in found.resources.items()}
        project = writer.latest(found.project)
        known.project, known.resources = project, latest
        statuses = [item.status for item in latest.values()]
        verdicts = self._verdicts(found, states)
        await writer.write_status(project, project_status(project, states, statuses, verdicts, now_text()))

    def _verdicts(self, found: Prepared, states: list[TargetState]) -> list[Verdict]:
        fought = [state for state in states if state.overwritten >= MOST_OVERWRITTEN]
        if fought:
            text = (
                f"somebody else overwrote the changes on {', '.join(state.name for state in fought)} twice: stop the "
                "other writer (a CI job?), then annotate the Project with channels.gitops/requested-at"
            )
            return blocked_verdicts("Overwritten", text, stalled=True)
        if behaviour_of(found.project, None).suspend:
            return suspended_verdicts("spec.operator.suspend is true: nothing is reconciled")
        if found.project.deleting:
            waiting = [item for item in found.snapshot.resources if item.has_finalizer]
            text = (
                f"it is being deleted, and {plural(len(waiting), 'resource')} with deletion_policy delete need it: "
                "delete them too, or set their spec.operator.deletion_policy to orphan"
            )
            return blocked_verdicts("Deleting", text, stalled=False)
        return project_verdicts(states, found.snapshot.lacking, self._around.published)
