"""Which changes of a plan take a channel from those who use it, or give it back to them; and who they are. Pure.

What a provider shows comes in as a listing; only the changes that are asked about say who uses their objects.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from reconciler.model.dataclass import dataclass
from reconciler.model.evidence import unknown
from reconciler.model.gaps import UnknownReason
from reconciler.model.kinds import KINDS
from reconciler.model.text import suggest
from reconciler.model.users import UsedBy, User, UserListing, as_user, by_channel
from reconciler.plan.changes import Action, Change, Reason, TargetPlan
from reconciler.plan.diff import references
from reconciler.plan.marks import Found, Matching


def takes_away(change: Change) -> bool:
    """Whether a channel is gone or mute after it, or for a moment: whoever uses it then sends nothing.

    A change of kind replaces an object of another kind than its own, which may be a channel.
    """
    if Reason.KIND_CHANGED in change.reasons:
        return True
    return can_be_used(change.kind) and (change.action in (Action.DELETE, Action.REPLACE) or change.disables)


def brings_back(change: Change) -> bool:
    """Whether it creates a channel under an id that is known before: what names that id works (again) then."""
    return can_be_used(change.kind) and change.action is Action.CREATE and change.id is not None


def can_be_used(kind: str | None) -> bool:
    """Whether something sends through an object of this kind. Of a type that is not known, nobody can say."""
    return kind is None or kind not in KINDS or KINDS[kind].sends


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
    users = by_channel(listing)
    return replace(plan, changes=tuple(replace(item, used_by=_users_of(item, users)) for item in plan.changes))


def _users_of(change: Change, users: Callable[[str], UsedBy]) -> UsedBy | None:
    if takes_away(change):
        return users(change.id or "")
    found = users(change.id or "") if brings_back(change) else None
    return found if found and found.users else None


@dataclass(frozen=True, slots=True)
class SeenUsers:
    """All users that a target shows, and the ids that they name though there certainly is no such object.

    `incomplete`: why the target's list may lack objects that refer to others, if it may.
    """

    listing: UserListing
    missing: frozenset[str] = frozenset()
    incomplete: str = ""


def users_of(matching: Matching, seen: SeenUsers) -> Callable[[Found], UsedBy]:
    """Who uses a live object, as a function of it: what sends through it, and the live objects that refer to it."""
    users, referring = by_channel(seen.listing), _referring(matching)
    unseen = UsedBy(gap=unknown(UnknownReason.LIST_INCOMPLETE, seen.incomplete) if seen.incomplete else None)

    def of(item: Found) -> UsedBy:
        found = users(item.id) if can_be_used(item.live.kind) and seen.listing.source else unseen
        others = sorted(referring.get(item.id, ()), key=lambda user: (user.kind, user.name, user.id))
        return replace(found, users=(*found.users, *others))

    return of


def _referring(matching: Matching) -> Mapping[str, list[User]]:
    """By live id, the objects that refer to it: email channels to accounts and groups, subscriptions to channels."""
    users: dict[str, list[User]] = defaultdict(list)
    for item in matching.found:
        kind = item.live.kind
        if kind is None or not (targets := references(item.live.fields, kind)):
            continue
        key = KINDS[kind].key_field
        name = matching.names.get(item.id) or str(item.live.fields.get(key or "display_name") or item.id)
        enabled = item.live.fields.get("state") != "DISABLED" if key else item.live.fields.get("enabled")
        user = User(kind, name, item.id, enabled if isinstance(enabled, bool) else None)
        for object_id in targets:
            users[object_id].append(user)
    return users


@dataclass(frozen=True, slots=True)
class Dangling:
    """A user that names a channel through which nothing is sent: which id, why, and what may have been meant."""

    user: User
    id: str
    why: str
    hint: str = ""


def dangling(seen: SeenUsers, matching: Matching) -> Iterator[Dangling]:
    """Who names a channel that is not there, is disabled, or sends nothing."""
    found = {item.id: item for item in matching.found}
    ids = [item.id for item in matching.found if can_be_used(item.live.kind)]
    hints: dict[str, str] = {}
    for user in seen.listing.users:
        for object_id in sorted(user.channels):
            why = _why_dangling(found.get(object_id), is_missing=object_id in seen.missing)
            if not why:
                continue
            if object_id in seen.missing and len(hints) < _MOST_HINTS and object_id not in hints:
                hints[object_id] = suggest(object_id, ids)
            yield Dangling(as_user(user, object_id), object_id, why, hints.get(object_id, ""))


_MOST_HINTS = 50
"""Ids for which what may have been meant is looked for, since each is held against all that there are."""


def _why_dangling(item: Found | None, *, is_missing: bool) -> str:
    if item is None:
        return "there is no such channel" if is_missing else ""
    if not can_be_used(item.live.kind):
        return f"it is of kind {item.kind}, through which nothing is sent"
    return "it is disabled" if item.live.fields.get("enabled") is False else ""
