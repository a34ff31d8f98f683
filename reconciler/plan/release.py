"""The plan of a release: it removes our mark from live objects and leaves them as they are. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from fnmatch import fnmatchcase

from reconciler.plan.changes import Action, Change, Reason, TargetPlan
from reconciler.plan.diff import FieldChange
from reconciler.plan.marks import Found, Matching


def is_chosen(item: Found, selectors: Collection[str]) -> bool:
    """Whether NAME (globs too), or NAME@ID for one of several of that name, selects a live object."""
    return any(selects(word, item.name, item.id) for word in selectors)


def selects(word: str, name: str, object_id: str) -> bool:
    """Whether NAME (globs too) or NAME@ID means the object of this name and id."""
    return fnmatchcase(name, word) or word == f"{name}@{object_id}"


def make_release_plan(plan: TargetPlan, matching: Matching, selectors: Collection[str]) -> TargetPlan:
    """The plan of a target that releases the selected objects of ours and does nothing else."""
    chosen = [item for item in matching.candidates if is_chosen(item, selectors)]
    changes = sorted(
        (_release(plan.target, item) for item in chosen), key=lambda change: (change.name, change.id or "")
    )
    return replace(
        plan, changes=tuple(changes), candidates=(), leftovers=(), messages=(), possible_messages=(), hints=()
    )


def _release(target: str, item: Found) -> Change:
    return Change(
        action=Action.UPDATE,
        target=target,
        kind=item.kind,
        name=item.name,
        id=item.id,
        reasons=(Reason.RELEASED,),
        fields=(FieldChange(("mark",), str(item.mark), None),),
        updated=item.live.updated,
    )
