"""Who sends through channels besides whoever manages them: monitors and workflows, as a target shows them.

What could not be seen is an `Unknown` with its reason, next to what was: nobody is called unused by half a look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace

from reconciler.model.dataclass import dataclass
from reconciler.model.evidence import Unknown
from reconciler.model.text import few, plural


@dataclass(frozen=True, slots=True)
class ChannelUser:
    """Something on a target that names channels by their ids and sends through them.

    `kind` is `monitor` or `workflow`, `owner` the plugin that it belongs to ("" for Alerting itself). `throttled` are
    those of its `channels` that an action with a throttle names; `by_document`: it reports each document once.
    """

    kind: str
    id: str
    name: str
    enabled: bool
    channels: frozenset[str]
    throttled: frozenset[str] = frozenset()
    by_document: bool = False
    owner: str = ""


@dataclass(frozen=True, slots=True)
class UserListing:
    """All users that a target shows. `source` is what was asked, "" where the target has none such.

    `gap`: why there may be more, None if there cannot be. `not_looked_at` are further users that no call asks about.
    """

    source: str = ""
    users: tuple[ChannelUser, ...] = ()
    gap: Unknown | None = None
    not_looked_at: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    """One user of one channel. `kind` is `monitor`, `workflow`, or the kind of an object that refers to it.

    `throttled`: an action with a throttle sends through it; `by_document`: each document is reported once. `enabled` is
    None where that is not known.
    """

    kind: str
    name: str
    id: str
    enabled: bool | None = True
    throttled: bool = False
    by_document: bool = False
    owner: str = ""


@dataclass(frozen=True, slots=True)
class UsedBy:
    """Who uses one object. `gap`: why there may be more; `not_looked_at` are users that were not looked for."""

    users: tuple[User, ...] = ()
    gap: Unknown | None = None
    not_looked_at: tuple[str, ...] = ()


def used_by(listing: UserListing, object_id: str) -> UsedBy:
    """Who of these uses the object of this id, by kind and name."""
    users = (as_user(item, object_id) for item in listing.users if object_id in item.channels)
    found = tuple(sorted(users, key=lambda item: (item.kind, item.name, item.id)))
    return UsedBy(found, listing.gap, listing.not_looked_at)


def by_channel(listing: UserListing) -> Callable[[str], UsedBy]:
    """The same for many objects: a function of the id, which goes through the users once."""
    users: dict[str, list[ChannelUser]] = defaultdict(list)
    for item in listing.users:
        for object_id in item.channels:
            users[object_id].append(item)
    return lambda object_id: used_by(replace(listing, users=tuple(users.get(object_id, ()))), object_id)


def as_user(item: ChannelUser, object_id: str) -> User:
    """A user as one of the object of this id."""
    throttled = object_id in item.throttled
    return User(item.kind, item.name, item.id, item.enabled, throttled, item.by_document, item.owner)


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
