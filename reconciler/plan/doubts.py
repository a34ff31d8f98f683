"""The live ids to read again before anything is planned, because a list that lags or is incomplete may be wrong on
them.

Pure. A list of a server before 3.1 is up to a second old, so an object in it may have been deleted, renamed, or
given a mark meanwhile, and one that is missing may exist. Objects that seem to be as desired are not read again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from reconciler.model.resource import Resource
from reconciler.plan.changes import Action, TargetPlan
from reconciler.plan.diff import references
from reconciler.plan.marks import Matching, Ownership


def doubtful_ids(
    plan: TargetPlan, matching: Matching, resources: Collection[Resource], ownership: Ownership
) -> frozenset[str]:
    """The ids of everything that the plan depends on and that is not simply as desired. Some may not exist."""
    seen = {change.id for change in plan.changes}
    for items in (plan.candidates, plan.copies, plan.leftovers, plan.disabled):
        seen |= {item.id for item in items}
    unsettled = {change.name for change in plan.changes if change.action is Action.CREATE}
    unsettled |= {refusal.name for refusal in plan.refusals}
    seen |= set(_meant([item for item in resources if item.name in unsettled], matching, ownership))
    seen |= set(_users(plan, matching))
    return frozenset(object_id for object_id in seen if object_id)


def hold_hidden(plan: TargetPlan, hidden: Mapping[str, str]) -> TargetPlan:
    """The plan with every create held whose id is taken by an object that cannot be read; `hidden` gives the reasons.

    Deletes of objects that no manifest names are held too: one of them may be such an object under its former name.
    """
    taken = [change for change in plan.changes if change.action is Action.CREATE and change.id in hidden]
    if not taken:
        return plan
    held = {
        change.key: f"an object with the id {change.id} is there, but {hidden[change.id or '']}" for change in taken
    }
    waits = f"{taken[0]} cannot be created: what no manifest names is deleted only once everything else is applied"
    changes = (
        replace(change, held=held.get(change.key, waits if change.is_inferred else change.held))
        for change in plan.changes
    )
    return replace(plan, changes=tuple(changes))


def _meant(unsettled: list[Resource], matching: Matching, ownership: Ownership) -> Iterator[str | None]:
    """Whatever an unmatched resource may describe, or what may have prevented its create: objects that carry its name
    or look like it, the id it would get, and what it refers to."""
    names = {name for resource in unsettled for name in (resource.name, *resource.settings.renamed_from)}
    looks = {(resource.kind, resource.fields.get("display_name")) for resource in unsettled}
    for item in matching.found:
        if item.name in names or (item.live.kind, item.live.fields.get("display_name")) in looks:
            yield item.id
    yield from map(ownership.key_of, names)
    live = set(matching.names.values())
    for resource in unsettled:
        yield resource.settings.id
        yield from map(ownership.key_of, references(resource.fields, resource.kind) - live)


def _users(plan: TargetPlan, matching: Matching) -> Iterator[str]:
    """Objects that refer to something that is to be deleted, since they hold the delete."""
    going = {change.id for change in plan.changes if change.action in (Action.DELETE, Action.REPLACE)}
    for item in matching.found if going else ():
        if item.live.kind is not None and references(item.live.fields, item.live.kind) & going:
            yield item.id
