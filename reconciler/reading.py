"""Live state -> plan, read once; and once more by id where a server's list lags behind its writes.

Reads only. What is planned of it is `plan`'s, which it is given as a function, since the options are the caller's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import replace

from reconciler.ownership import Matching, Ownership, match_live
from reconciler.plan import TargetPlan
from reconciler.providers.base import Listing, Provider
from reconciler.resources import LiveObject, Resource, Server

__all__ = ["read_and_plan"]

MakePlan = Callable[[Server, Matching], TargetPlan]


async def read_and_plan(
    provider: Provider, resources: Collection[Resource], ownership: Ownership, make_plan: MakePlan
) -> tuple[TargetPlan, Matching]:
    """Read a target, match it, and plan. TargetError if it cannot be read.

    On a server whose list lags, whatever seems to differ is read again by id before it is planned.
    """
    server = await provider.read_server()  # first, since how a list is read can depend on the version
    listing = await provider.read_all()
    server = replace(server, notes=(*server.notes, *((listing.unreadable,) if listing.unreadable else ())))
    matching = match_live(resources, listing.objects, ownership, listing.words)
    plan = make_plan(server, matching)
    if not listing.stale:
        return plan, matching
    objects = await _read_again(provider, _doubtful(plan, matching), listing)
    matching = match_live(resources, objects, ownership, listing.words)
    return make_plan(server, matching), matching


def _doubtful(plan: TargetPlan, matching: Matching) -> list[str]:
    """The ids of what the list may show wrongly: what would change, what is no longer named, what was refused."""
    ids = {change.id for change in plan.changes}
    ids |= {item.id for item in (*plan.candidates, *plan.leftovers)}
    refused = {refusal.name for refusal in plan.refusals}
    ids |= {item.id for item in matching.found if item.name in refused}
    return sorted(object_id for object_id in ids if object_id)


async def _read_again(provider: Provider, ids: list[str], listing: Listing) -> list[LiveObject]:
    objects = {item.id: item for item in listing.objects}
    fresh = await asyncio.gather(*(provider.read(object_id) for object_id in ids))
    for object_id, item in zip(ids, fresh, strict=True):
        if item is None:
            objects.pop(object_id, None)
        else:
            objects[object_id] = item
    return list(objects.values())
