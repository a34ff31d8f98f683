"""Everybody who uses what is live, as far as a target shows it, in values and in words; and who names what is gone.

Pure: what a provider shows comes in as a listing. Whom a plan takes a channel from is `sending`'s.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.model.dataclass import dataclass
from reconciler.model.evidence import UsedBy, User, unknown
from reconciler.model.gaps import UnknownReason
from reconciler.model.kinds import KINDS
from reconciler.model.provider import UserListing
from reconciler.model.text import few, plural, suggest
from reconciler.plan.diff import references
from reconciler.plan.marks import Found, Matching
from reconciler.plan.sending import as_user, by_channel, can_be_used


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


def count_users(users: Iterable[User]) -> str:
    """`3 monitors and 1 workflow`."""
    kinds = [user.kind for user in users]
    return " and ".join(plural(kinds.count(kind), kind) for kind in sorted(set(kinds)))


_MOST = 10
_LONGEST_NAME = 80  # characters


def name_users(users: Iterable[User]) -> str:
    """`3 monitors: checkout-5xx, cpu, disk (2 enabled)`; of many the first ten, and how many more there are."""
    users = list(users)
    enabled = sum(user.enabled is True for user in users)
    known = any(user.enabled is not None for user in users)
    return f"{count_users(users)}: {few(map(short_name, users), _MOST)}" + (f" ({enabled} enabled)" if known else "")


def short_name(user: User) -> str:
    """Its name as lines for people have it, cut where it would fill the screen; its id if it has no name."""
    name = user.name or user.id
    return name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
