"""A change of kind: the new object must take the old one's place, with a way back at every step.

Where we choose the ids, the old object must go first, since both cannot have its id. Where the provider chooses, the
new one is made first, whatever refers to the old one is pointed to it, and only then is the old one deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.apply import results as outcomes
from reconciler.apply import writing
from reconciler.apply.results import ChangeResult, Status
from reconciler.apply.session import Session
from reconciler.apply.writing import payload_of_live
from reconciler.model.errors import TargetError
from reconciler.model.evidence import Tested, unknown
from reconciler.model.gaps import UnknownReason
from reconciler.model.kinds import KINDS
from reconciler.model.resource import ChangeKey, LiveObject, Payload
from reconciler.model.values import Value
from reconciler.plan.changes import Change
from reconciler.plan.diff import references
from reconciler.plan.marks import CANARY, PROTECTED, REPLACED, UNVERIFIED, Found, Mark, Match
from reconciler.plan.match import read_found

_REPLACED_NAME = " (replaced)"
_SHORTENED = 50  # characters of the old name that are kept, so that it stays within any limit


async def replace_object(session: Session, change: Change, match: Match, tested: Tested | None) -> ChangeResult:
    """Put a new object in the place of the matched one. `tested` is that of the new values, if one was due."""
    found = match.found
    if found is None:
        raise writing.MovedError(f"{change.name} has no live object")
    unverified = tested is not None and not tested.stands
    payload = writing.payload_of(session, match, session.mark(match.resource, unverified=unverified), found.id)
    if session.provider.abilities.chooses_ids:
        return await _delete_first(session, change, found, payload, tested)
    return await _create_first(session, change, found, replace(payload, id=None), tested)


async def _delete_first(
    session: Session, change: Change, found: Found, payload: Payload, tested: Tested | None
) -> ChangeResult:
    await writing.delete(session, change.key, found.id, step="delete old")
    try:
        await writing.create(session, change.key, payload, step="create new")
    except TargetError as error:
        return await _put_back(session, change, found, tested, error)
    return _done(change, found.id, tested)


async def _put_back(
    session: Session, change: Change, found: Found, tested: Tested | None, error: TargetError
) -> ChangeResult:
    try:
        live = await session.provider.read(found.id)
        if live is not None and live.kind != found.live.kind:
            await writing.delete(session, change.key, found.id, step="roll back create")
        if live is None or live.kind != found.live.kind:
            await writing.create(session, change.key, payload_of_live(found, found.mark), step="roll back delete")
    except TargetError as second:
        text = (
            f"the old {found.live.kind} was deleted, the new one could not be created ({error}), "
            f"and the old one could not be put back: {second}"
        )
        return ChangeResult(change, Status.STRANDED, text, tested, found.id, fix="reconciler apply --allow-replace")
    return ChangeResult(change, Status.FAILED, f"{error}; the old {found.live.kind} was put back", tested, found.id)


async def _create_first(
    session: Session, change: Change, found: Found, payload: Payload, tested: Tested | None
) -> ChangeResult:
    await _flag(session, change, found, replaced=True)
    try:
        new_id = await writing.create(session, change.key, payload, step="create new")
    except TargetError:
        await _flag(session, change, found, replaced=False)
        raise
    session.ids[change.name] = new_id
    try:
        await repoint(session, change.key, found.id, new_id)
        await writing.delete(session, change.key, found.id, step="delete old")
    except TargetError as error:
        text = f"{new_id} was created, but {found.id} could not be taken out of use and deleted: {error}; apply again"
        return ChangeResult(change, Status.FAILED, text, tested, new_id)
    return _done(change, new_id, tested)


async def _flag(session: Session, change: Change, found: Found, *, replaced: bool) -> None:
    """Set or take off the flag that tells a later run that this object is being replaced."""
    before = await session.provider.read(found.id)
    if before is None:
        return
    mark = found.mark or Mark(session.ownership.owner, change.name)
    display_name = str(found.live.fields.get("display_name") or "")
    if replaced:  # one more flag may not make the description longer, and two objects may not share a name
        mark = replace(mark, flags=(mark.flags - {UNVERIFIED}) | {REPLACED})
        display_name = display_name[:_SHORTENED] + _REPLACED_NAME
    live = read_found(before)
    renamed = replace(live, live=replace(live.live, fields={**live.live.fields, "display_name": display_name}))
    payload = payload_of_live(renamed, mark)
    await writing.update(session, change.key, payload, before, step="flag old")


async def repoint(session: Session, key: ChangeKey, old_id: str, new_id: str) -> None:
    """Make whatever refers to the old object refer to the new one."""
    async with session.pointing:
        for item in session.readers_of(old_id):
            before = await _reader_of(session, item, old_id)
            if before is None:
                continue
            fields = _without(before, old_id)
            if _wants(session, item, key.name) or not references(fields, before.kind or ""):  # no list may become empty
                fields = _swap(before, old_id, new_id)
            await _rewrite(session, key, before, fields, step="repoint")


async def detach(session: Session, key: ChangeKey, object_id: str) -> None:
    """Take an object out of the lists of those that carry no mark, before it is deleted; others are guarded."""
    async with session.pointing:
        for item in session.readers_of(object_id):
            if item.live.kind is None or not KINDS[item.live.kind].key_field:
                continue
            before = await _reader_of(session, item, object_id)
            if before is not None:
                await _rewrite(session, key, before, _without(before, object_id), step="detach")


async def finish_replaced(session: Session) -> list[str]:
    """Carry on with replaces that an interrupted run left half-done: the new object is there, the old one too."""
    notes: list[str] = []
    for item in session.matching.leftovers:
        new_id = session.ids.get(item.name)
        if item.mark is None or REPLACED not in item.mark.flags or new_id in (None, item.id):
            continue
        if PROTECTED in item.mark.flags:
            notes.append(_protected(item))
            continue
        try:
            await repoint(session, item.key(session.plan.target), item.id, str(new_id))
            await writing.delete(session, item.key(session.plan.target), item.id, step="delete old")
        except TargetError as error:
            notes.append(f"{item.id}, replaced by {new_id}, could not be removed: {error}")
        else:
            notes.append(f"removed {item.id}, which an interrupted run had replaced by {new_id}")
    return notes


def _protected(item: Found) -> str:
    words = "is a leftover of an interrupted run, and protected: remove the flag from its mark, or delete it by hand"
    return f"{item.id} {words}"


async def _reader_of(session: Session, item: Found, object_id: str) -> LiveObject | None:
    """A live object as it is now, if it refers to another."""
    kind = item.live.kind
    if kind is None or item.live.read_only or object_id not in _references_now(session, item, kind):
        return None
    live = await session.provider.read(item.id)
    return live if live is not None and object_id in references(live.fields, kind) else None


def _wants(session: Session, item: Found, name: str) -> bool:
    """Whether a live object shall refer to a resource: as its manifest says, if it has one."""
    match = session.match_of(item.id)
    return match is None or name in references(match.resource.fields, match.resource.kind)


def _references_now(session: Session, item: Found, kind: str) -> frozenset[str]:
    """What an object referred to when it was planned, and what this run made it refer to since."""
    payload = session.written.get(item.id)
    return references(item.live.fields, kind) | (references(payload.fields, kind) if payload else frozenset())


async def _rewrite(
    session: Session, key: ChangeKey, before: LiveObject, fields: Mapping[str, Value], *, step: str
) -> None:
    await writing.update(session, key, Payload(before.kind or "", fields, before.id), before, step=step)


def _swap(live: LiveObject, old: str, new: str) -> dict[str, Value]:
    return {
        key: _swapped(value, old, new) if isinstance(value, (frozenset, str)) else value
        for key, value in live.fields.items()
    }


def _without(live: LiveObject, object_id: str) -> dict[str, Value]:
    return {key: value - {object_id} if isinstance(value, frozenset) else value for key, value in live.fields.items()}


def _swapped(value: frozenset[str] | str, old: str, new: str) -> frozenset[str] | str:
    if isinstance(value, frozenset):
        return frozenset(new if item == old else item for item in value)
    return new if value == old else value


def _done(change: Change, object_id: str, tested: Tested | None) -> ChangeResult:
    return outcomes.written(change, tested or Tested(unknown(UnknownReason.NOT_DUE)), object_id)


async def remove_old_canaries(session: Session) -> list[str]:
    """Remove what is old; a line for each canary of another run. Only a run that wrote something knows the server's
    time, and with it how old they are: any other removes only those that it is given as old."""
    leftovers = [item for item in session.matching.leftovers if item.id not in session.written]
    canaries = [item for item in leftovers if item.mark and CANARY in item.mark.flags]
    if not session.written:
        canaries = [item for item in canaries if item.id in session.options.old_leftovers]
    if not canaries:
        return []
    now = max(session.server_time, *(writing.server_milliseconds(item.live) for item in session.matching.found))
    return [line for item in canaries for line in await _remove(session, item, now)]


async def _remove(session: Session, item: Found, now: int) -> list[str]:
    minutes = (now - writing.server_milliseconds(item.live)) / 60_000
    is_old = minutes > session.options.leftover_minutes or item.id in session.options.old_leftovers
    if item.mark is not None and PROTECTED in item.mark.flags:
        return [_protected(item)]
    if not is_old:
        return [f"{item.id} is a canary of another run, {round(minutes)} minutes old: left alone"]
    try:
        live = await session.provider.read(item.id)
        if live is None or read_found(live).mark != item.mark:
            return []
        await writing.delete(session, item.key(session.plan.target), item.id, step="delete leftover")
    except TargetError as error:
        return [f"the leftover canary {item.id} could not be removed: {error}"]
    return [f"removed {item.id}, a canary that an interrupted run left"]
