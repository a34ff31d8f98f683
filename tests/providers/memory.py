"""A provider that lives in memory, for the tests of everything above providers, and held to the same contract.

Switches make it like one system or the other: does it choose the ids, does it keep secrets to itself, does its list
lag. Any call can be made to fail, before or after it was carried out; what was sent and called is noted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from reconciler.model.errors import ConflictError, NotFoundError, Problem, RejectedError, TargetError
from reconciler.model.evidence import Delivery, Outcome
from reconciler.model.kinds import KINDS, Role
from reconciler.model.provider import HarmlessWrites, Listing, UserListing, VerificationMethod
from reconciler.model.resource import LiveObject, Payload, Server
from reconciler.model.values import SecretText, Value

__all__ = ["Call", "MemoryAbilities", "MemoryProvider"]

ACCEPTED = Delivery(Outcome.ACCEPTED, "accepted", code=200)


@dataclass(frozen=True)
class MemoryAbilities:
    """Abilities by switch. `problems` are found in every resource of the kind that they are listed under."""

    provider: str = "memory"
    kinds: frozenset[str] = frozenset(KINDS) - {"Subscription"}
    verification: VerificationMethod = VerificationMethod.CANARY
    chooses_ids: bool = True
    problems: Mapping[str, list[Problem]] = field(default_factory=dict)
    harmless: Callable[[str], HarmlessWrites] | None = None

    def check(self, kind: str, fields: Mapping[str, Value], version: str) -> list[Problem]:
        """The problems that were planted for the kind."""
        if kind not in self.kinds:
            return [Problem(("kind",), "there is no such kind here", "unsupported-kind")]
        return list(self.problems.get(kind, []))

    def check_id(self, object_id: str) -> list[Problem]:
        """Any id will do."""
        return []

    def expects_json(self, kind: str) -> bool:
        """As OpenSearch has it."""
        return kind == "WebhookChannel"

    def harmless_writes(self, missing: str) -> HarmlessWrites | None:
        """Memory takes whatever it is given, so a create is no harmless one; `harmless` plants some."""
        return self.harmless(missing) if self.harmless else None


@dataclass(frozen=True)
class Call:
    """One call that was made: the method of the provider, and the object's id where there is one."""

    verb: str
    object_id: str = ""


@dataclass
class _Fault:
    verb: str
    error: TargetError
    after: bool
    skip: int
    times: int


@dataclass
class MemoryProvider:
    """A live target in memory. `deliver` says how a test of these fields fares; `masks_secrets`: secrets are stored,
    used, and never given back."""

    abilities: MemoryAbilities = field(default_factory=MemoryAbilities)
    masks_secrets: bool = False
    is_stale: bool = False
    server: Server = Server("Memory", "memory-1", "3.6.0")
    deliver: Callable[[Mapping[str, Value]], Delivery] = lambda _: ACCEPTED
    unreadable: str = ""
    users: UserListing = UserListing()
    objects: dict[str, LiveObject] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    sent: list[Mapping[str, Value]] = field(default_factory=list)
    clock: int = 1_700_000_000_000
    is_closed: bool = False
    _faults: list[_Fault] = field(default_factory=list)
    _listed: dict[str, LiveObject] = field(default_factory=dict)
    _count: int = 0

    def fail(self, verb: str, error: TargetError, *, after: bool = False, skip: int = 0, times: int = 1) -> None:
        """Let the next calls of this method fail; `after` it was carried out, as when an answer is lost."""
        self._faults.append(_Fault(verb, error, after, skip, times))

    def refresh(self) -> None:
        """Let a list that lags catch up."""
        self._listed = dict(self.objects)

    def put(self, payload: Payload, object_id: str | None = None) -> str:
        """Store an object past all rules, as another hand would; its id."""
        made = object_id or payload.id or self._new_id()
        self._store(made, payload)
        self.refresh()
        return made

    async def read_server(self) -> Server:
        """What it was set to be."""
        self._begin("read_server")
        return self.server

    async def read_all(self) -> Listing:
        """All objects, as of the last `refresh` where the list lags."""
        self._begin("read_all")
        shown = self._listed if self.is_stale else self.objects
        return Listing(tuple(map(self._masked, shown.values())), stale=self.is_stale, unreadable=self.unreadable)

    async def read(self, object_id: str) -> LiveObject | None:
        """One object, always as it is now."""
        self._begin("read", object_id)
        live = self.objects.get(object_id)
        return None if live is None else self._masked(live)

    async def read_users(self, channels: Collection[str]) -> UserListing:
        """The users that were planted."""
        self._begin("read_users")
        return self.users

    async def create(self, payload: Payload) -> str:
        """A new object, under the payload's id where ids are chosen."""
        object_id = (payload.id or "") if self.abilities.chooses_ids else self._new_id()
        end = self._begin("create", object_id)
        if not object_id:
            raise ValueError("a payload needs an id here")
        if object_id in self.objects:
            raise ConflictError(f"{object_id} exists already", status=409)
        self._check_references(payload)
        self._store(object_id, payload)
        end()
        return object_id

    async def update(self, object_id: str, payload: Payload, before: LiveObject) -> None:
        """Replace an object's fields; what the payload does not name, and secrets that are None, stay."""
        end = self._begin("update", object_id)
        self._check_references(payload)
        if object_id not in self.objects:
            raise NotFoundError(f"{object_id} not found", status=404)
        if self.objects[object_id].kind != payload.kind:
            raise ConflictError(f"{object_id}: a kind cannot be changed", status=409)
        self._store(object_id, payload)
        end()

    async def delete(self, object_id: str) -> bool:
        """Remove an object, whatever refers to it."""
        end = self._begin("delete", object_id)
        existed = self.objects.pop(object_id, None) is not None
        end()
        return existed

    async def send_test(self, object_id: str, payload: Payload | None = None) -> Delivery:
        """Note the message and judge it by `deliver`."""
        end = self._begin("send_test", object_id)
        live = self.objects.get(object_id)
        if live is None or live.kind is None:
            raise NotFoundError(f"{object_id} not found", status=404)
        if not KINDS[live.kind].sends:
            return Delivery(Outcome.SKIPPED, "an account or group cannot be tested by itself")
        if live.fields.get("enabled") is False:
            return Delivery(Outcome.SKIPPED, "it is disabled")
        delivery = self._send(live.fields)
        end()
        return delivery

    async def probe(self, payload: Payload) -> Delivery:
        """Send with values that are not written, where that is how verdicts are made."""
        end = self._begin("probe")
        if self.abilities.verification is not VerificationMethod.PROBE:
            raise RejectedError("there is no probe here")
        delivery = self._send(payload.fields)
        end()
        return delivery

    async def close(self) -> None:
        """Note that it was closed."""
        self.is_closed = True

    def _begin(self, verb: str, object_id: str = "") -> Callable[[], None]:
        """Note a call and fail it if that was asked for; what is returned is called once it was carried out."""
        self.calls.append(Call(verb, object_id))
        fault = self._take_fault(verb)
        if fault is not None and not fault.after:
            raise fault.error

        def end() -> None:
            if fault is not None:
                raise fault.error

        return end

    def _take_fault(self, verb: str) -> _Fault | None:
        for fault in self._faults:
            if fault.verb != verb or not fault.times:
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
        return None

    def _store(self, object_id: str, payload: Payload) -> None:
        self.clock += 1
        now = str(self.clock)
        old = self.objects.get(object_id)
        fields: dict[str, Value] = {each.name: each.default for each in KINDS[payload.kind].fields}
        fields |= {"enabled": True} | dict(old.fields if old else {}) | dict(payload.fields)
        for name, value in payload.fields.items():
            kept = old.fields.get(name) if old else None
            if value is None and isinstance(kept, SecretText):
                fields[name] = kept
            elif isinstance(value, Mapping) and isinstance(kept, Mapping):
                fields[name] = {key: kept.get(key) if item is None else item for key, item in value.items()}
        created = old.created if old else now
        self.objects[object_id] = LiveObject(object_id, payload.kind, fields, payload.kind.lower(), now, created)

    def _check_references(self, payload: Payload) -> None:
        for each in KINDS[payload.kind].fields:
            value = payload.fields.get(each.name)
            ids = {value} if each.role is Role.REFERENCE else value if each.role is Role.REFERENCES else ()
            for object_id in ids if isinstance(ids, set | frozenset) else ():
                live = self.objects.get(str(object_id))
                if live is None or live.kind not in each.refers:
                    raise RejectedError(f"{object_id} does not exist or is of another kind", status=404)

    def _masked(self, live: LiveObject) -> LiveObject:
        if not self.masks_secrets:
            return live
        return replace(live, fields={name: _mask(value) for name, value in live.fields.items()})

    def _send(self, fields: Mapping[str, Value]) -> Delivery:
        self.sent.append(fields)
        return self.deliver(fields)

    def _new_id(self) -> str:
        self._count += 1
        return f"m-{self._count}"


def _mask(value: Value) -> Value:
    if isinstance(value, Mapping):
        return {name: _mask(item) for name, item in value.items()}
    return None if isinstance(value, SecretText) else value
