"""What came of a look at a target, written to the cluster: the resources' statuses, the deletions that are done, the
project's own status. What the status says is `status`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from reconciler.model.text import plural
from reconciler.operator.choosing import Choice
from reconciler.operator.deletion import Deletion
from reconciler.operator.entries import Entry, entries_of, without_others
from reconciler.operator.events import Event
from reconciler.operator.kubernetes import ClusterError
from reconciler.operator.looking import Look
from reconciler.operator.outcomes import in_cluster
from reconciler.operator.preparing import Block, Prepared
from reconciler.operator.project_status import TargetState, project_status, project_verdicts
from reconciler.operator.resources import CustomResource, behaviour_of, targets_of
from reconciler.operator.status import Verdict, blocked_verdicts, resource_status, suspended_verdicts
from reconciler.operator.surroundings import Known, Surroundings
from reconciler.operator.unreconciled import DELETION_HELD, block, lost_targets
from reconciler.operator.writing import Writer, now_text, write_each

MOST_OVERWRITTEN = 2
"""After so many runs in a row whose writes somebody else overwrote, the project is left alone."""

_ATTEMPTS = 4


def possible_targets(resource: CustomResource, found: Prepared) -> tuple[str, ...]:
    """The targets where a resource may be live: those that it names, and those that its status knows."""
    named = (*targets_of(resource, found.project), *entries_of(resource))
    return tuple(dict.fromkeys(name for name in named if name in found.workspace.project.targets))


def state_of(found: Prepared, known: Known, target: str) -> TargetState:
    """The state of a target, after a restart from the project's status. What was stopped because somebody overwrote it
    goes on once the project changed, or it was asked for."""
    written = found.project.status.get("targets")
    items = written if isinstance(written, list) else []
    states = {str(item.get("name")): TargetState.read(item) for item in items if isinstance(item, Mapping)}
    state = known.targets.get(target) or states.get(target) or TargetState(target, readable=False)
    seen = found.project.status.get("observedGeneration"), found.project.status.get("lastHandledRequestedAt", "")
    if seen != (found.project.generation, found.project.requested_at):
        return replace(state, overwritten=0)
    return state


async def record_look(
    around: Surroundings,
    found: Prepared,
    target: str,
    choice: Choice,
    seen: Look,
    deletes: Mapping[str, Deletion],
    known: Known,
) -> None:
    """Write what came of a look: statuses, deletions that are done, the project's own status."""
    writer = around.writer
    entries = {**seen.entries, **{name: entry for name, entry in choice.left_out.items() if entry is not None}}
    async with known.lock:
        if seen.carried_out:
            known.unwritten |= {(found.resources[name].uid, target): entry for name, entry in entries.items()}
        refused = await write_each(
            _record_entry(writer, found, target, name, entry, known, insist=seen.carried_out)
            for name, entry in sorted(entries.items())
        )
        await _record_deletes(writer, found, target, seen, deletes, known)
        before = state_of(found, known, target)
        count = before.overwritten + 1 if seen.overwritten else 0 if seen.written else before.overwritten
        known.targets[target] = TargetState(
            target,
            readable=not seen.unread,
            message=seen.unread or "; ".join(seen.overwritten),
            identity=seen.identity or before.identity,
            plan=seen.plan if not seen.unread else before.plan,
            overwritten=count,
        )
        await record_project(around, found, known)
        for note in seen.notes:
            await writer.post(found.project, Event("Leftover", f"{target}: {in_cluster(note)}"))
        for name in seen.drifted:
            if seen.entries[name].applied:
                text = f"{target}: the live object had drifted, and was corrected"
                await writer.post(found.resources[name], Event("DriftCorrected", text))
    if refused is not None:
        raise refused


async def _record_entry(
    writer: Writer, found: Prepared, target: str, name: str, entry: Entry, known: Known, *, insist: bool
) -> None:
    """Write what is known of a resource on a target. `insist`: it holds evidence, as a test's, that would be lost with
    a conflict: another operator, which knows less, may have written in between."""
    resource = found.resources[name]
    latest: CustomResource | None = writer.latest(resource)
    for _ in range(_ATTEMPTS if insist else 1):
        if latest is None:
            known.unwritten.pop((resource.uid, target), None)
            return
        if latest.generation != resource.generation:
            return  # it is looked at again: the change was an event
        targets = [item for item in targets_of(resource, found.project) if item in found.workspace.project.targets]
        entries = without_others(entries_of(latest), targets) | {target: entry}
        status = resource_status(latest, entries, resource.requested_at, now_text())
        if await writer.write_status(latest, status):
            known.unwritten.pop((resource.uid, target), None)
            return
        latest = await writer.read(resource)


async def _record_deletes(
    writer: Writer, found: Prepared, target: str, seen: Look, deletes: Mapping[str, Deletion], known: Known
) -> None:
    for item in found.snapshot.resources:
        if item.name not in deletes or not item.deleting:
            continue
        why = seen.unread or seen.deleted.get(item.name, "it was not tried")
        if not why:
            done = known.deleted[item.uid] | {target}
            is_last = done >= set(possible_targets(item, found)) and not lost_targets(item, found)
            if not is_last or await writer.set_finalizer(writer.latest(item), wanted=False):
                known.deleted[item.uid] = done  # else the next look comes back here
            continue
        text = f"{target}: the live object is not deleted: {why}"
        await block(writer, item, Block(DELETION_HELD, text, stalled=not seen.unread))


async def record_forbidden(around: Surroundings, found: Prepared, target: str, why: str, known: Known) -> None:
    """Say on the project that the lease may not be had without which nothing is written on a target."""
    text = f"the operator lacks a right ({why}): give its account that right again"
    async with known.lock:
        known.targets[target] = replace(state_of(found, known, target), readable=False, message=text)
        with suppress(ClusterError):  # the caller's error counts
            await record_project(around, found, known)


async def record_project(around: Surroundings, found: Prepared, known: Known) -> None:
    """Write the project's own status, of what is known of its targets and resources now."""
    writer = around.writer
    states = [state_of(found, known, name) for name in found.workspace.project.targets]
    latest = {name: writer.latest(item) for name, item in found.resources.items()}
    project = writer.latest(found.project)
    known.project, known.resources = project, latest
    statuses = [item.status for item in latest.values()]
    verdicts = _verdicts(around, found, states)
    await writer.write_status(project, project_status(project, states, statuses, verdicts, now_text()))


def _verdicts(around: Surroundings, found: Prepared, states: list[TargetState]) -> list[Verdict]:
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
    return project_verdicts(states, found.snapshot.lacking, around.published)
