"""Who uses the channels of a target: asked for only where a plan must know it, or where somebody asks. Reads only."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.errors import TargetError, UnauthorizedError
from reconciler.model.provider import Provider
from reconciler.model.resource import LiveObject
from reconciler.plan.changes import TargetPlan
from reconciler.plan.users import SeenUsers, can_be_used, ids_taken_away, matters, with_users
from reconciler.tasks import side_by_side


async def find_users(provider: Provider, plan: TargetPlan) -> TargetPlan:
    """The plan whose changes say who uses their objects. No call is made where no change takes a channel away or brings
    one back; else one, and a second one where nobody is found to use what is taken away."""
    if not matters(plan):
        return plan
    return with_users(plan, await provider.read_users(ids_taken_away(plan)))


async def see_users(provider: Provider, objects: Iterable[LiveObject], incomplete: str = "") -> SeenUsers:
    """Everybody who uses a channel of a target that holds these objects, and which ids they name though none has them.

    What a list lacks may be hidden from us, or be late: each such id is read. `incomplete`: why it may lack some.
    UnauthorizedError is the only error.
    """
    known = {item.id: item for item in objects}
    listing = await provider.read_users({item.id for item in known.values() if can_be_used(item.kind)})
    named = sorted({channel for user in listing.users for channel in user.channels} - known.keys())
    missing = await side_by_side(_is_missing(provider, object_id) for object_id in named)
    gone = frozenset(name for name, is_gone in zip(named, missing, strict=True) if is_gone)
    return SeenUsers(listing, gone, incomplete)


async def _is_missing(provider: Provider, object_id: str) -> bool:
    """Whether there is certainly no such object."""
    if not object_id:
        return True  # a monitor may name a blank id, which nothing has
    try:
        return await provider.read(object_id) is None
    except UnauthorizedError:
        raise
    except TargetError:
        return False
