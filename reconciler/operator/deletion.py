"""What a deletion is to do: the policy, the finalizer that waits for it, and when it is let go. Pure.

A DELETED event of a watch is no wish to delete anything live: only an object that carries our finalizer and a time of
deletion is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from reconciler.model.dataclass import dataclass
from reconciler.operator.resources import CustomResource, Snapshot, behaviour_of
from reconciler.operator.schedule import since_1970


class Wish(Enum):
    """What is to become of a resource that is being deleted, or of its finalizer."""

    NOTHING = "nothing"  # the finalizer is there or not, as it should be
    ADD = "add the finalizer"
    REMOVE = "remove the finalizer"  # it is not being deleted, and its policy is orphan
    LET_GO = "let it go"  # the live object stays, since the policy says so
    DELETE = "delete what is live"


@dataclass(frozen=True, slots=True)
class Deletion:
    """A delete that was asked for on a target. `id` is the live object's as far as the status knows it, "" if it does
    not; `in_use`: it may be deleted although something uses it."""

    id: str = ""
    in_use: bool = False


def wish_of(resource: CustomResource, snapshot: Snapshot) -> Wish:
    """What is to be done about a resource's deletion now."""
    project = snapshot.project
    deletes = project is not None and behaviour_of(resource, project).deletes
    if not resource.deleting:
        if deletes == resource.has_finalizer:
            return Wish.NOTHING
        return Wish.ADD if deletes else Wish.REMOVE
    if not resource.has_finalizer:
        return Wish.NOTHING
    if not deletes or resource.name in renamed(snapshot.resources) | taken(snapshot.resources):
        return Wish.LET_GO
    if snapshot.terminating and not (project is not None and behaviour_of(project, None).deletes):
        return Wish.LET_GO
    return Wish.DELETE


def project_wish(snapshot: Snapshot) -> Wish:
    """What is to be done about the finalizer of the project: it stays while a resource needs the project to delete."""
    project = snapshot.project
    if project is None:
        return Wish.NOTHING
    needed = any(
        wish_of(resource, snapshot) in (Wish.DELETE, Wish.ADD) or (resource.has_finalizer and not resource.deleting)
        for resource in snapshot.resources
    )
    if project.deleting:
        return Wish.LET_GO if project.has_finalizer and not needed else Wish.NOTHING
    if needed == project.has_finalizer:
        return Wish.NOTHING
    return Wish.ADD if needed else Wish.REMOVE


def renamed(resources: Iterable[CustomResource]) -> frozenset[str]:
    """The names that another resource says were its own: their live objects go on under the new name."""
    names: set[str] = set()
    for resource in resources:
        if resource.deleting:
            continue
        written = resource.spec.get("renamed_from")
        former = [written] if isinstance(written, str) else written if isinstance(written, (list, tuple)) else []
        names |= {name for name in former if isinstance(name, str) and name != resource.name}
    return frozenset(names)


def taken(resources: Iterable[CustomResource]) -> frozenset[str]:
    """The names of what is not being deleted: of another kind it may have the name of what is, and its live object."""
    return frozenset(resource.name for resource in resources if not resource.deleting)


def is_overdue(resource: CustomResource, project: CustomResource | None, now: float) -> bool:
    """Whether a deletion that could not be carried out is to be let go; `now` is in seconds since 1970."""
    return now >= since_1970(resource.deleting) + behaviour_of(resource, project).deletion_timeout


def overdue_in(snapshot: Snapshot, now: float) -> float | None:
    """The seconds until the first deletion that is not carried out is to be let go; None if none is waited for."""
    ends = [
        since_1970(resource.deleting) + behaviour_of(resource, snapshot.project).deletion_timeout - now
        for resource in snapshot.resources
        if wish_of(resource, snapshot) is Wish.DELETE
    ]
    return max(0.0, min(ends)) if ends else None
