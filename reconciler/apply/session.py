"""What the steps of one target's apply share: the provider, the matched states, what was written so far, the stop.

The only mutable thing in the package's upper floors. It carries out nothing itself (`steps`, `sending`, `replacing`).
"""

from __future__ import annotations

import asyncio
import secrets as randomness
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field

from reconciler.apply.journal import Journal
from reconciler.model.dataclass import dataclass
from reconciler.model.evidence import expectation
from reconciler.model.provider import Provider
from reconciler.model.resource import ChangeKey, Expect, OnFailure, Payload, Resource
from reconciler.model.values import Value
from reconciler.plan.changes import Change, Message, TargetPlan
from reconciler.plan.diff import Secrets, references
from reconciler.plan.marks import CANARY, DISABLED, PROTECTED, UNVERIFIED, Found, Mark, Match, Matching, Ownership
from reconciler.plan.sending import we_disable


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """How an apply behaves. `on_failure` overrides every manifest's `test.on_failure`; `old_leftovers` are the ids of
    leftovers that are known to be older than `leftover_minutes`, whatever the server's clock says."""

    on_failure: OnFailure | None = None
    parallelism: int = 10
    leftover_minutes: int = 15
    old_leftovers: frozenset[str] = frozenset()


def _random_token() -> str:
    return randomness.token_hex(4)


async def _no_room(_change: ChangeKey) -> bool:
    """Nothing is going to be deleted."""
    return False


@dataclass(slots=True)
class Session:
    """One target's apply. `ids` leads from names to live ids, `written` from ids to the payload last written (None: it
    was deleted), `server_time` is the newest time the server gave one of our writes, in ms. `pointing` is
    held while references in somebody else's lists are changed. `make_room` waits for the deletes that do not wait for
    the named change, and says whether one was made. `pause` waits before a test is made once more."""

    provider: Provider
    plan: TargetPlan
    matching: Matching
    secrets: Secrets
    ownership: Ownership
    journal: Journal
    options: SessionOptions = SessionOptions()
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    token: Callable[[], str] = _random_token
    ids: dict[str, str] = field(default_factory=dict)
    written: dict[str, Payload | None] = field(default_factory=dict)
    left_behind: set[str] = field(default_factory=set)
    server_time: int = 0
    pointing: asyncio.Lock = field(default_factory=asyncio.Lock)
    make_room: Callable[[ChangeKey], Awaitable[bool]] = _no_room
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep
    _matches: dict[str, Match] = field(default_factory=dict)
    _matches_by_id: dict[str, Match] = field(default_factory=dict)
    _found: dict[str, Found] = field(default_factory=dict)
    _messages: dict[ChangeKey, Message] = field(default_factory=dict)
    _stays: dict[str, str] = field(default_factory=dict)
    _readers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        matched = {match.resource.name: match.found.id for match in self.matching.matches if match.found}
        named = {name: object_id for object_id, name in self.matching.names.items()}
        self.ids = named | matched | self.ids
        self._matches = {match.resource.name: match for match in self.matching.matches}
        self._matches_by_id = {match.found.id: match for match in self.matching.matches if match.found}
        self._found = {item.id: item for item in self.matching.found}
        self._messages = {message.key: message for message in self.plan.messages}
        self._stays = {item.id: kept for item, kept in self.matching.duplicates}
        for item in self.matching.found:
            if item.live.kind is not None:
                self._note_references(item.id, item.live.kind, item.live.fields)

    def _note_references(self, object_id: str, kind: str, fields: Mapping[str, Value]) -> None:
        for name in references(fields, kind):
            self._readers[name].add(object_id)

    def wrote(self, object_id: str, payload: Payload | None) -> None:
        """Remember what was written last (None: it was deleted)."""
        self.written[object_id] = payload
        if payload is not None:
            self._note_references(object_id, payload.kind, payload.fields)

    def readers_of(self, object_id: str) -> list[Found]:
        """The live objects that refer to one, or did when they were planned or written by this run, by id."""
        readers = self._readers.get(object_id, set[str]())
        return [self._found[reader] for reader in sorted(readers) if reader in self._found]

    def stays(self, duplicate_id: str) -> str:
        """The id of the object that stays where a duplicate of it goes."""
        return self._stays[duplicate_id]

    def match(self, name: str) -> Match:
        """The match of a resource that the plan names."""
        return self._matches[name]

    def match_of(self, object_id: str) -> Match | None:
        """The match of the resource that a live object was found to be, if any."""
        return self._matches_by_id.get(object_id)

    def message(self, change: Change) -> Message | None:
        """The test message that a change is due, if any."""
        return self._messages.get(change.key)

    def candidate(self, change: Change) -> Found | None:
        """The live object that a delete is about."""
        return self._found.get(change.id or "")

    def on_failure(self, resource: Resource) -> OnFailure:
        """What becomes of a change of this resource that failed its test."""
        return self.options.on_failure or resource.settings.test.on_failure

    def mark(self, resource: Resource, *, unverified: bool = False) -> Mark:
        """The mark that a resource's live object carries."""
        flags = {PROTECTED} if resource.settings.protected else set()
        flags |= {UNVERIFIED} if unverified else set()
        match = self._matches.get(resource.name)
        flags |= {DISABLED} if match is not None and we_disable(match) else set()
        return Mark(self.ownership.owner, resource.name, frozenset(flags))

    def canary_mark(self, name: str) -> Mark:
        """The mark of a short-lived copy."""
        return Mark(self.ownership.owner, name, frozenset({CANARY}))

    def canary_id(self, name: str) -> str | None:
        """A fresh id for a short-lived copy; its underscores cannot occur in a name."""
        key = self.ownership.key_of(name)
        return f"{key}_canary_{self.token()}" if key else None

    def expectation(self, resource: Resource) -> Expect:
        """What verifies this resource."""
        return expectation(resource.kind, resource.settings.test, self.provider.abilities)
