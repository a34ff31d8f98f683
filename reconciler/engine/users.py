"""Who uses the channels of a target: asked for only where a plan must know it, or where somebody asks. Reads only."""

from __future__ import annotations

from reconciler.model.provider import Provider
from reconciler.plan.changes import TargetPlan
from reconciler.plan.users import ids_taken_away, matters, with_users


async def find_users(provider: Provider, plan: TargetPlan) -> TargetPlan:
    """The plan whose changes say who uses their objects. No call is made where no change takes a channel away or brings
    one back; else one, and a second one where nobody is found to use what is taken away."""
    if not matters(plan):
        return plan
    return with_users(plan, await provider.read_users(ids_taken_away(plan)))
