"""Which changes of a plan take a channel from those who use it, or give it back to them; and who they are. Pure.

What a provider shows comes in as a listing; only the changes that are asked about say who uses their objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.model.evidence import unknown
from reconciler.model.gaps import UnknownReason
from reconciler.model.kinds import KINDS
from reconciler.model.users import UsedBy, User, UserListing, used_by
from reconciler.plan.changes import Action, Change, TargetPlan
from reconciler.plan.marks import Found, Matching
from reconciler.plan.references import references

NOT_ASKED = UserListing("a snapshot", gap=unknown(UnknownReason.USERS_NOT_ASKED))
"""What a snapshot says of users: nothing."""


def takes_away(change: Change) -> bool:
    """Whether a channel is gone or mute after it, or for a moment: whoever uses it then sends nothing."""
    return _can_be_used(change) and (change.action in (Action.DELETE, Action.REPLACE) or change.disables)


def brings_back(change: Change) -> bool:
    """Whether it creates a channel under an id that is known before: what names that id works (again) then."""
    return _can_be_used(change) and change.action is Action.CREATE and change.id is not None


def _can_be_used(change: Change) -> bool:
    """Whether something sends through it. Of a type that this version does not know, nobody can say."""
    return change.kind not in KINDS or KINDS[change.kind].sends


def matters(plan: TargetPlan) -> bool:
    """Whether a plan holds a change for which it must be known who uses the object."""
    return any(takes_away(change) or brings_back(change) for change in plan.changes)


def ids_taken_away(plan: TargetPlan) -> frozenset[str]:
    """The ids of the channels that a plan takes away."""
    return frozenset(change.id for change in plan.changes if change.id is not None and takes_away(change))


def with_users(plan: TargetPlan, listing: UserListing) -> TargetPlan:
    """The plan whose changes say who uses their objects, where it matters and the target has such users."""
    if not listing.source:
        return plan
    return replace(plan, changes=tuple(replace(item, used_by=_users_of(item, listing)) for item in plan.changes))


def _users_of(change: Change, listing: UserListing) -> UsedBy | None:
    if takes_away(change):
        return used_by(listing, change.id or "")
    found = used_by(listing, change.id or "") if brings_back(change) else None
    return found if found and found.users else None


def referring(item: Found, matching: Matching) -> Iterator[User]:
    """The live objects that refer to one: email channels to accounts and groups, subscriptions to channels."""
    for other in matching.found:
        kind = other.live.kind
        if kind is None or item.id not in references(other.live.fields, kind):
            continue
        key = KINDS[kind].key_field
        name = matching.names.get(other.id) or str(other.live.fields.get(key or "display_name") or other.id)
        enabled = other.live.fields.get("state") != "DISABLED" if key else other.live.fields.get("enabled")
        yield User(kind, name, other.id, enabled if isinstance(enabled, bool) else None)
