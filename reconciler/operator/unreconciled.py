"""What is said of what is not reconciled: there is no project, or one that cannot be used; a resource is invalid,
suspended, or its project is being deleted.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from reconciler.operator.deletion import Wish, wish_of
from reconciler.operator.entries import entries_of
from reconciler.operator.kubernetes import ClusterError
from reconciler.operator.preparing import Block, Prepared
from reconciler.operator.resources import CustomResource, Snapshot, behaviour_of
from reconciler.operator.status import NAMESPACE_UNREAD, blocked_status, suspended_status
from reconciler.operator.surroundings import Known
from reconciler.operator.writing import Writer, now_text, write_each

DELETION_HELD = "DeletionHeld"


async def block(writer: Writer, resource: CustomResource, reason: Block) -> None:
    """Write why a resource, or a project, is not reconciled."""
    latest = writer.latest(resource)
    status = blocked_status(latest, reason.reason, reason.message, now_text(), stalled=reason.stalled)
    await writer.write_status(latest, status)


async def block_each(writer: Writer, resources: Iterable[CustomResource], reason: Block) -> None:
    """Write the same reason to each."""
    if refused := await write_each(block(writer, resource, reason) for resource in resources):
        raise refused


async def block_without_project(writer: Writer, snapshot: Snapshot) -> None:
    """Say of all resources that their namespace has no project."""
    text = "there is no Project in this namespace: create one, which takes the place of the project file"
    await block_each(writer, snapshot.resources, Block("NoProject", text))


async def block_younger(writer: Writer, snapshot: Snapshot, project: CustomResource) -> None:
    """Say of all other projects of the namespace that this one is older."""
    text = f'Project "{project.name}" is older, and a namespace can have only one: move this one to another namespace'
    for younger in snapshot.projects:
        if younger.uid != project.uid:
            await block(writer, younger, Block("SecondProject", text))


async def block_project(writer: Writer, snapshot: Snapshot, project: CustomResource, reason: Block) -> None:
    """Say of a project why it cannot be used, and of its resources that it cannot."""
    await block(writer, project, reason)
    text = f'Project "{project.name}" cannot be used: {reason.message}'
    live = [item for item in snapshot.resources if not item.deleting]
    await block_each(writer, live, Block("ProjectNotReady", text, stalled=reason.stalled))
    waiting = [item for item in snapshot.resources if wish_of(item, snapshot) is Wish.DELETE]
    await block_each(writer, waiting, Block(DELETION_HELD, text))


async def block_unreadable(writer: Writer, known: Known, why: str) -> None:
    """Say of a project and its resources that the operator may no longer read their namespace: what was ready or
    verified may be so no longer."""
    text = f"the operator may not read this namespace ({why}): give its account that right again"
    there = [item for item in (known.project, *known.resources.values()) if item is not None]
    with suppress(ClusterError):  # the caller's error counts, and this is said again at the next look
        await block_each(writer, there, Block(NAMESPACE_UNREAD, text, stalled=False))
    if known.project is not None:
        known.project = writer.latest(known.project)
    known.resources = {name: writer.latest(item) for name, item in known.resources.items()}


async def block_single(writer: Writer, found: Prepared) -> None:
    """Say what is wrong with single resources, whatever their targets are."""
    for item in found.snapshot.resources:
        if item.name in found.blocks and not item.deleting:
            await block(writer, item, found.blocks[item.name])
    wanted = {name for target in found.workspace.project.targets for name in found.wanted(target)}
    for name in sorted(found.resources.keys() - wanted - found.blocks.keys()):
        if not (behaviour_of(found.resources[name], found.project).suspend or found.project.deleting):
            await block(writer, found.resources[name], Block("NoTarget", "names only targets of other projects"))


def lost_targets(resource: CustomResource, found: Prepared) -> list[str]:
    """The targets where a resource is live, and which its project no longer has."""
    targets = found.workspace.project.targets
    return [entry.name for entry in entries_of(resource).values() if entry.id and entry.name not in targets]


async def hold_on_lost_targets(writer: Writer, found: Prepared) -> None:
    """Say of what is being deleted that nobody can do so on a target that the project no longer has."""
    for item in found.snapshot.resources:
        if wish_of(item, found.snapshot) is Wish.DELETE and (lost := lost_targets(item, found)):
            text = (
                f"it is live on {', '.join(lost)}, which the Project no longer has: add that to spec.targets again, or "
                "set spec.operator.deletion_policy to orphan; after deletion_timeout the live object stays"
            )
            await block(writer, item, Block(DELETION_HELD, text))


async def leave_alone(writer: Writer, found: Prepared) -> None:
    """Say of what is suspended, and of all where the project is being deleted, that nobody looks at it."""
    project, now = found.project, now_text()
    statuses = []
    for item in (writer.latest(item) for name, item in found.resources.items() if name not in found.blocks):
        if behaviour_of(item, project).suspend:
            text = "spec.operator.suspend is true, here or on its Project: it is not reconciled"
            statuses.append((item, suspended_status(item, text, now)))
        elif project.deleting:
            text = f'Project "{project.name}" is being deleted: it is not reconciled'
            statuses.append((item, blocked_status(item, "ProjectNotReady", text, now, stalled=True)))
    if refused := await write_each(writer.write_status(*both) for both in statuses):
        raise refused
    held = [item for item in found.snapshot.resources if wish_of(item, found.snapshot) is Wish.DELETE]
    text = (
        "spec.operator.suspend is true, here or on its Project: nothing is deleted until it is removed, and after "
        "deletion_timeout the live object stays"
    )
    suspended = (item for item in held if behaviour_of(item, project).suspend)
    await block_each(writer, suspended, Block(DELETION_HELD, text))
