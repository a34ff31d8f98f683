"""What sends: whether a channel is on, and by whose doing; which test messages an apply sends, and to whom; and who
sends through the channels that a plan takes away or gives back. Pure.

What we disabled has the flag `disabled` in its mark, if its kind carries one. What is disabled without it was disabled
by a person, who may have had a reason that no manifest knows: it stays so, is listed, counts as drift, and is enabled
only when asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.model.dataclass import dataclass
from reconciler.model.evidence import UsedBy, User
from reconciler.model.kinds import KINDS
from reconciler.model.provider import ChannelUser, UserListing
from reconciler.model.resource import Resource, When
from reconciler.model.values import SecretReference, Value, in_clear
from reconciler.plan.changes import Action, Change, Disabled, Message, Reason, TargetPlan
from reconciler.plan.diff import FieldChange, references
from reconciler.plan.marks import DISABLED, How, Match, Matching, Off

ALL = "all"
"""Stands for every name in a list of what shall be enabled."""

ON, OFF = "ENABLED", "DISABLED"
"""The states of a kind that has one in place of `enabled`."""

_ADOPTING = (How.ID, How.DISPLAY_NAME)


def settle_enabled(match: Match, enable: Collection[str]) -> Match:
    """The match with what this run shall make of `enabled` as what its resource wants.

    What was disabled by hand stays so, unless `enable` names it (or says `all`), and what a manifest leaves to
    operators is as it is live; `Match.off` then says why.
    """
    found, resource = match.found, match.resource
    if found is not None and "state" in found.live.fields:
        return _settle_state(match, enable)
    if found is None or "enabled" not in found.live.fields or "enabled" not in resource.fields:
        return match
    is_off = found.live.fields["enabled"] is False
    if "enabled" in resource.settings.ignore:
        return replace(_wanting(match, enabled=not is_off), off=Off.BY_OPERATORS if is_off else None)
    if is_disabled_by_hand(match) and ALL not in enable and not match.key("").is_among(enable):
        return replace(_wanting(match, enabled=False), off=Off.BY_HAND)
    return match


def _settle_state(match: Match, enable: Collection[str]) -> Match:
    """The same for a kind that carries no mark, so that nobody can tell who disabled it. A state that the manifest
    writes is managed like any field; where it writes none, what is disabled is a person's doing."""
    resource = match.resource
    is_off = match.found is not None and match.found.live.fields["state"] == OFF
    if not is_off or ("state" in resource.fields and "state" not in resource.settings.ignore):
        return match
    if "state" in resource.settings.ignore:
        return replace(match, off=Off.BY_OPERATORS)
    if ALL in enable or match.key("").is_among(enable):
        return replace(match, resource=replace(resource, fields={**resource.fields, "state": ON}))
    return replace(match, off=Off.BY_HAND)


def is_disabled_by_hand(match: Match) -> bool:
    """Whether a person disabled what the manifest wants enabled. Adopting an object is a decision about it; where the
    mark was lost, nobody knows any more who disabled it, so it counts as a person's."""
    found = match.found
    if found is None or found.live.fields.get("enabled") is not False:
        return False
    if match.resource.fields.get("enabled") is not True:
        return False
    if found.mark is None:
        return match.how not in _ADOPTING
    return DISABLED not in found.mark.flags


def we_disable(match: Match) -> bool:
    """Whether the mark shall say that we disabled the object: as the manifest has it, or as it was where the manifest
    leaves that to operators."""
    if match.off is not None:
        return match.off is Off.BY_OPERATORS and _has_flag(match)
    return match.resource.fields.get("enabled") is False


def _has_flag(match: Match) -> bool:
    mark = match.found.mark if match.found else None
    return mark is not None and DISABLED in mark.flags


def disabled_object(match: Match) -> Disabled | None:
    """What a plan reports of a resource that is, and stays, disabled though its manifest does not disable it."""
    if match.off is None or match.found is None:
        return None
    found = match.found
    return Disabled(match.resource.kind, match.resource.name, found.id, found.live.updated, match.off is Off.BY_HAND)


def mark_change(match: Match) -> FieldChange | None:
    """The change of the mark that keeps who disabled an object, where nothing else of it changes with that."""
    found = match.found
    if found is None or found.mark is None or match.off is not None:
        return None
    before, after = _has_flag(match), we_disable(match)
    if before == after or found.live.fields.get("enabled") != match.resource.fields.get("enabled"):
        return None
    return FieldChange(("mark", DISABLED), before, after)


def _wanting(match: Match, *, enabled: bool) -> Match:
    resource = match.resource
    return replace(match, resource=replace(resource, fields={**resource.fields, "enabled": enabled}))


_GROUPS = {kind.name: kind.people.name for kind in KINDS.values() if kind.people and not kind.sends}
"""The kinds that are lists of people, and the field that holds them."""

_USERS = frozenset(kind.name for kind in KINDS.values() if kind.sends and any(field.refers for field in kind.fields))
"""The kinds that send through others: by one of theirs an account or a group is tested."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who reads what: the people of every group by name; and by account or group, the first managed channel (by name)
    that is live, enabled and uses it."""

    channels: Mapping[str, Match]
    groups: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, matching: Matching) -> Audience:
        """The audience of everything that is matched, and of what else we own."""
        groups = {
            item.name: _texts(item.live.fields.get(people))
            for item in matching.candidates
            if (people := _GROUPS.get(item.live.kind or ""))
        }
        for match in matching.matches:
            if people := _GROUPS.get(match.resource.kind):
                groups[match.resource.name] = _texts(match.resource.fields.get(people))
        channels: dict[str, Match] = {}
        for match in matching.matches:
            if match.resource.kind in _USERS and match.found and is_enabled(match):
                for name in references(match.resource.fields, match.resource.kind):
                    channels.setdefault(name, match)
        return cls(channels, groups)

    def recipients(self, resource: Resource) -> tuple[str, ...]:
        """The addresses that a mail channel reaches, by itself and by its groups; empty for other kinds."""
        people = KINDS[resource.kind].people
        own = _texts(resource.fields.get(people.name)) if people else frozenset()
        named = (self.groups.get(name, frozenset()) for name in references(resource.fields, resource.kind))
        return tuple(sorted(own.union(*named)))


def is_enabled(match: Match) -> bool:
    """Whether the channel sends, once the plan is applied; what a person or its manifest leaves disabled does not."""
    return match.resource.fields.get("enabled") is not False


def test_messages(
    target: str, planned: Iterable[tuple[Match, Change | None]], audience: Audience, when: When | None
) -> Iterator[Message]:
    """The messages of one target, by name. `when` overrides every manifest's `test.when`."""
    for match, change in planned:
        message = message_for(target, match, change, audience, when or match.resource.settings.test.when)
        if message is not None:
            yield message


def message_for(target: str, match: Match, change: Change | None, audience: Audience, when: When) -> Message | None:
    """The message that verifies one change, or the channel as it is under `always`; None where none is due."""
    resource = match.resource
    needs_test = change is not None and (change.affects_delivery or Reason.UNVERIFIED in change.reasons)
    if when is When.NEVER or not (needs_test or when is When.ALWAYS) or (change is not None and change.held):
        return None
    if KINDS[resource.kind].sends:
        can_be_sent = is_enabled(match) and not _is_unknown(match)
        message = Message(match.key(target), resource.name, audience.recipients(resource))
        return message if can_be_sent else None
    if not needs_test or change is None or change.action is not Action.UPDATE:
        return None
    return _message_through_user(target, match, audience)


def possible_message(
    target: str, match: Match, change: Change | None, audience: Audience, when: When | None
) -> Message | None:
    """The message that is due too if a value differs which could not be compared; None where none would be."""
    key = match.key(target)
    known = change or Change(Action.UPDATE, target, key.kind, key.name, key.id, (Reason.FIELDS_DIFFER,))
    differing = replace(known, fields=(*known.fields, FieldChange((), None, None, delivery=True)))
    return message_for(target, match, differing, audience, when or match.resource.settings.test.when)


def _is_unknown(match: Match) -> bool:
    """Whether the manifest leaves an address to the live object, and the target keeps it to itself: then there is
    nothing to send a message to."""
    live = match.found.live.fields if match.found else {}
    return any(
        isinstance(value, SecretReference) and value.is_live and in_clear(live.get(name)) is None
        for name, value in match.resource.fields.items()
    )


def _message_through_user(target: str, match: Match, audience: Audience) -> Message | None:
    """A changed account or group is verified through a channel that uses it; nobody's use cannot be verified."""
    resource, key = match.resource, match.key(target)
    user = audience.channels.get(resource.name)
    if user is None:
        return None
    if people := _GROUPS.get(resource.kind):
        before = _texts(match.found.live.fields.get(people)) if match.found else frozenset()
        added = sorted(_texts(resource.fields.get(people)) - before)
        return Message(key, user.resource.name, tuple(added)) if added else None
    chosen = sorted(resource.settings.test.recipients) or list(audience.recipients(user.resource))[:1]
    return Message(key, user.resource.name, tuple(chosen)) if chosen else None


def _texts(value: Value) -> frozenset[str]:
    return value if isinstance(value, frozenset) else frozenset()


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
