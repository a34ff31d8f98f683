"""The writes themselves: journalled, read back by id, and remembered for the check at the end of the run.

Every write of an apply goes through here, so there is one place that compares what was sent with what is stored.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reconciler.apply.session import Session
from reconciler.model.errors import QuotaError, TargetError, UnexpectedError
from reconciler.model.resource import ChangeKey, LiveObject, Payload
from reconciler.plan.marks import Found
from reconciler.plan.match import read_found
from reconciler.plan.payload import differing_fields


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
