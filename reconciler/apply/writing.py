"""The writes themselves: what is sent, journalled, read back by id, and remembered for the check at the end of the run.

Every write of an apply goes through here, so there is one place that compares what was sent with what is stored. What
is sent is complete, with ids, secrets and mark: fields that the manifest does not manage or ignores are taken from the
live object, so that a full replace on the wire changes nothing else. This is where a reference to a secret becomes its
value, just before it is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from reconciler.apply.session import Session
from reconciler.model.errors import QuotaError, TargetError, UnexpectedError
from reconciler.model.kinds import KINDS, Field, Role
from reconciler.model.resource import ChangeKey, LiveObject, Payload, Resource
from reconciler.model.values import MaskedText, SecretReference, SecretText, Value, in_clear
from reconciler.plan.diff import Secrets, effective_fields, live_fields
from reconciler.plan.marks import Found, Mark, Match, describe
from reconciler.plan.match import read_found


class UnknownReferenceError(LookupError):
    """A payload refers to a resource that is not live: its name is the argument."""


def make_payload(
    resource: Resource,
    found: Found | None,
    mark: Mark,
    secrets: Secrets,
    ids: Mapping[str, str],
    names: Mapping[str, str],
    object_id: str | None = None,
) -> Payload:
    """What to write for a resource. `found` is the live object, if there is one of this kind; `ids` and `names` map
    names to live ids and back. UnknownReferenceError for a missing secret or id."""
    kind = KINDS[resource.kind]
    live = live_fields(found.live, names) if found and found.live.kind == resource.kind else {}
    desired = effective_fields(resource, live)
    fields: dict[str, Value] = {}
    for field in kind.fields:
        if field.name == "mode":
            continue
        kept = field.name not in desired or (bool(live) and field.name in resource.settings.ignore)
        value = live.get(field.name, field.default) if kept else desired[field.name]
        fields[field.name] = _written(field, value, live.get(field.name), secrets, ids)
    if not kind.key_field:
        fields["description"] = describe(str(fields.get("description") or ""), mark)
    return Payload(resource.kind, fields, object_id)


def payload_of(session: Session, match: Match, mark: Mark, object_id: str | None = None) -> Payload:
    """What to write for a matched resource under a mark."""
    known = (session.secrets, session.ids, session.matching.names)
    return make_payload(match.resource, match.found, mark, *known, object_id)


def payload_of_live(found: Found, mark: Mark | None) -> Payload:
    """The payload that writes a live object again as it is, under the given mark: for marks and rollbacks."""
    fields = {name: in_clear(value) for name, value in found.live.fields.items()}
    if mark is not None:
        fields["description"] = describe(str(fields.get("description") or ""), mark)
    return Payload(found.live.kind or "", fields, found.id)


def differing_fields(payload: Payload, live: LiveObject) -> tuple[str, ...]:
    """The fields that a server stored differently from what was sent; a field that it lacks does not count."""
    return tuple(
        name
        for name, value in sorted(payload.fields.items())
        if name in live.fields
        and _plain(live.fields[name]) != _plain(value)
        and not _is_hidden(value, live.fields.get(name))
    )


def _plain(value: Value) -> Value:
    """A value for comparison, without its masking: what a manifest declares plain, the provider may read as a
    secret."""
    if isinstance(value, SecretText):
        return value.reveal()
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _is_hidden(sent: Value, read: Value) -> bool:
    """Whether the server keeps (part of) a value to itself, so the two cannot be compared."""
    if isinstance(read, MaskedText):
        secret = SecretText(sent) if isinstance(sent, str) else sent
        return not isinstance(secret, SecretText) or read.shown == secret or read.may_be(secret)
    if sent is None or read is None:
        return sent != read and (sent is None or not isinstance(sent, (bool, int)))
    if isinstance(sent, Mapping) and isinstance(read, Mapping):
        return sent.keys() == read.keys() and all(
            _plain(sent[key]) == _plain(read[key]) or read[key] is None or sent[key] is None for key in sent
        )
    return False


def _written(field: Field, value: Value, live: Value, secrets: Secrets, ids: Mapping[str, str]) -> Value:
    if field.role is Role.REFERENCE and isinstance(value, str):
        return _id(value, ids)
    if field.role is Role.REFERENCES and isinstance(value, frozenset):
        return frozenset(_id(name, ids) for name in value)
    if isinstance(value, Mapping):
        theirs = live if isinstance(live, Mapping) else {}
        return dict(_opened_items(value, theirs, secrets))
    return _opened(value, live, secrets)


def _opened_items(
    value: Mapping[str, Value], live: Mapping[str, Value], secrets: Secrets
) -> Iterator[tuple[str, Value]]:
    theirs = {name.lower(): item for name, item in live.items()}
    for name, item in value.items():
        yield name, _opened(item, theirs.get(name.lower()), secrets)


def _opened(value: Value, live: Value, secrets: Secrets) -> Value:
    if not isinstance(value, SecretReference):
        return in_clear(value)
    if value.is_live:
        return in_clear(live)
    if value not in secrets:
        raise UnknownReferenceError(str(value))
    return secrets[value]


def _id(name: str, ids: Mapping[str, str]) -> str:
    if name.startswith("id:"):
        return name.removeprefix("id:")
    if name not in ids:
        raise UnknownReferenceError(name)
    return ids[name]


class MovedError(TargetError):
    """A live object is no longer what the plan saw, or what we wrote, so nothing was written to it."""


async def read_unmoved(session: Session, found: Found) -> LiveObject:
    """Read a live object again just before it is written; MovedError names the fields that changed since the plan."""
    live = await session.provider.read(found.id)
    if live is None:
        raise MovedError(f"{found.id} was deleted since it was planned: plan again")
    check_unmoved(live, _as_written(session, found))
    return live


def _as_written(session: Session, found: Found) -> Found:
    """A live object as the plan saw it, or as this run has written it since (a reference that was repointed)."""
    payload = session.written.get(found.id)
    if payload is None:
        return found
    written = read_found(replace(found.live, fields={**found.live.fields, **payload.fields}))
    return written if written.mark is not None else replace(written, mark=found.mark)


def check_unmoved(live: LiveObject, found: Found) -> None:
    """MovedError if a live object differs from what the plan saw."""
    now = read_found(live)
    moved = [
        name
        for name in sorted({*now.live.fields, *found.live.fields})
        if now.live.fields.get(name) != found.live.fields.get(name)
    ]
    if now.live.kind != found.live.kind:
        moved = ["kind"]
    elif now.mark != found.mark:
        moved.append("mark")
    if moved:
        raise MovedError(f"{found.id} changed since it was planned ({', '.join(moved)}): plan again")


async def read_own(session: Session, object_id: str) -> LiveObject:
    """Read what this run wrote; MovedError if somebody else changed or deleted it since."""
    live = await session.provider.read(object_id)
    if live is None:
        raise MovedError(f"{object_id} was deleted by somebody else meanwhile: plan again")
    sent = session.written.get(object_id)
    moved = differing_fields(sent, live) if sent is not None else ()
    if moved:
        raise MovedError(f"{object_id} was changed by somebody else meanwhile ({', '.join(moved)}): plan again")
    return live


async def create(session: Session, key: ChangeKey, payload: Payload, *, step: str = "create") -> str:
    """Write a new object and read it back; its id."""
    try:
        object_id = await _create_once(session, key, payload, step)
    except QuotaError:
        if not await session.make_room(key):
            raise
        object_id = await _create_once(session, key, payload, step)
    await _read_back(session, object_id, payload)
    return object_id


async def _create_once(session: Session, key: ChangeKey, payload: Payload, step: str) -> str:
    with session.journal.step(key, step, payload.id or "") as record:
        object_id = await session.provider.create(payload)
        record.id = object_id
    session.wrote(object_id, payload)
    return object_id


async def update(
    session: Session, key: ChangeKey, payload: Payload, before: LiveObject, *, step: str = "update"
) -> None:
    """Give an object new fields and read it back. `before` is what was read last."""
    with session.journal.step(key, step, before.id):
        await session.provider.update(before.id, payload, before)
    session.wrote(before.id, payload)
    await _read_back(session, before.id, payload)


async def delete(session: Session, key: ChangeKey, object_id: str, *, step: str = "delete") -> bool:
    """Remove an object; False if it was already gone."""
    with session.journal.step(key, step, object_id):
        existed = await session.provider.delete(object_id)
    session.wrote(object_id, None)
    return existed


async def take_back(session: Session, key: ChangeKey, object_id: str) -> None:
    """Delete again what this run created, and see that it is gone. MovedError if somebody else changed it."""
    try:
        await read_own(session, object_id)
    except MovedError:
        session.written.pop(object_id, None)  # theirs now: nothing of ours can be overwritten in it
        raise
    await delete(session, key, object_id, step="roll back create")
    if await session.provider.read(object_id) is not None:
        raise UnexpectedError(f"{object_id} was deleted, but is still there")


async def _read_back(session: Session, object_id: str, payload: Payload) -> None:
    try:
        live = await session.provider.read(object_id)
    except TargetError as error:
        raise UnexpectedError(f"{object_id} was written, but could not be read back ({error}): apply again") from error
    if live is None:
        raise UnexpectedError(f"{object_id} was written, but is not there: apply again, unless somebody deleted it")
    session.server_time = max(session.server_time, server_milliseconds(live))
    different = differing_fields(payload, live)
    if different:
        raise UnexpectedError(
            f"{object_id} was written, but holds other values than were sent ({', '.join(different)}): "
            "somebody else wrote it too, or the server changed them; plan again"
        )


def server_milliseconds(live: LiveObject) -> int:
    """When an object was last changed, by the server's clock, in ms since 1970; 0 if it does not tell."""
    if live.updated.isdigit():
        return int(live.updated)
    try:
        return int(datetime.fromisoformat(live.updated).timestamp() * 1000)
    except ValueError:
        return 0
