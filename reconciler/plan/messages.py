"""Which test messages an apply of a plan sends: through which channel, and to whom. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.model.dataclass import dataclass
from reconciler.model.kinds import KINDS
from reconciler.model.resource import Resource, When
from reconciler.model.values import SecretReference, Value, in_clear
from reconciler.plan.changes import Action, Change, Message, Reason
from reconciler.plan.diff import FieldChange
from reconciler.plan.marks import Match, Matching


@dataclass(frozen=True, slots=True)
class Audience:
    """Who reads what: the managed mail channels, and the recipients of every group by name."""

    channels: tuple[Match, ...]
    groups: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, matching: Matching) -> Audience:
        """The audience of everything that is matched, and of what else we own."""
        groups = {
            item.name: _texts(item.live.fields.get("recipients"))
            for item in matching.candidates
            if item.live.kind == "EmailGroup"
        }
        for match in matching.matches:
            if match.resource.kind == "EmailGroup":
                groups[match.resource.name] = _texts(match.resource.fields.get("recipients"))
        channels = tuple(match for match in matching.matches if match.resource.kind == "EmailChannel")
        return cls(channels, groups)

    def recipients(self, resource: Resource) -> tuple[str, ...]:
        """The addresses that a mail channel reaches, by itself and by its groups; empty for other kinds."""
        own = _texts(resource.fields.get("recipients"))
        named = (self.groups.get(name, frozenset()) for name in _texts(resource.fields.get("groups")))
        return tuple(sorted(own.union(*named)))

    def channel_using(self, name: str) -> Match | None:
        """The first managed mail channel, by name, that is live, enabled and uses this account or group."""
        for match in self.channels:
            fields = match.resource.fields
            if match.found and is_enabled(match) and name in {fields.get("sender"), *_texts(fields.get("groups"))}:
                return match
        return None


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
    user = audience.channel_using(resource.name)
    if user is None:
        return None
    if resource.kind == "EmailGroup":
        before = _texts(match.found.live.fields.get("recipients")) if match.found else frozenset()
        added = sorted(_texts(resource.fields.get("recipients")) - before)
        return Message(key, user.resource.name, tuple(added)) if added else None
    chosen = sorted(resource.settings.test.recipients) or list(audience.recipients(user.resource))[:1]
    return Message(key, user.resource.name, tuple(chosen)) if chosen else None


def _texts(value: Value) -> frozenset[str]:
    return value if isinstance(value, frozenset) else frozenset()
