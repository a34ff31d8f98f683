"""A change of kind: the new object must take the old one's place, with a way back at every step.

Where we choose the ids, the old object must go first, since both cannot have its id. Where the provider chooses, the
new one is made first, whatever refers to the old one is pointed to it, and only then is the old one deleted.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.apply import writing
from reconciler.apply.results import ChangeResult, Status
from reconciler.apply.session import Session
from reconciler.drafts import draft_of_live
from reconciler.errors import TargetError
from reconciler.ownership import REPLACED, Found, Mark, Match, read_found
from reconciler.plan import Change, references
from reconciler.prove import Proof
from reconciler.resources import Draft

__all__ = ["replace_object", "repoint"]


async def replace_object(session: Session, change: Change, match: Match, proof: Proof | None) -> ChangeResult:
    """Put a new object in the place of the matched one. `proof` is that of the new values, if one was due."""
    found = match.found
    if found is None:
        raise writing.MovedError(f"{change.name} has no live object")
    draft = session.draft(
        match, session.mark(match.resource, unproved=proof is not None and not proof.passed), found.id
    )
    if session.provider.abilities.chooses_ids:
        return await _delete_first(session, change, found, draft, proof)
    return await _create_first(session, change, found, replace(draft, id=None), proof)


async def _delete_first(
    session: Session, change: Change, found: Found, draft: Draft, proof: Proof | None
) -> ChangeResult:
    await writing.delete(session, change.name, found.id, step="delete old")
    try:
        await writing.create(session, change.name, draft, step="create new")
    except TargetError as error:
        return await _put_back(session, change, found, proof, error)
    return _done(change, found.id, proof)


async def _put_back(
    session: Session, change: Change, found: Found, proof: Proof | None, error: TargetError
) -> ChangeResult:
    try:
        live = await session.provider.read(found.id)
        if live is not None and live.kind != found.live.kind:
            await writing.delete(session, change.name, found.id, step="undo create")
        if live is None or live.kind != found.live.kind:
            await writing.create(session, change.name, draft_of_live(found, found.mark), step="undo delete")
    except TargetError as second:
        text = (
            f"the old {found.live.kind} was deleted, the new one could not be created ({error}), "
            f"nor the old one put back: {second}"
        )
        return ChangeResult(change, Status.STRANDED, text, proof, found.id, mend="reconciler apply --allow-replace")
    return ChangeResult(change, Status.FAILED, f"{error}; the old {found.live.kind} was put back", proof, found.id)


async def _create_first(
    session: Session, change: Change, found: Found, draft: Draft, proof: Proof | None
) -> ChangeResult:
    await _flag(session, change, found, replaced=True)
    try:
        new_id = await writing.create(session, change.name, draft, step="create new")
    except TargetError:
        await _flag(session, change, found, replaced=False)
        raise
    session.ids[change.name] = new_id
    await repoint(session, change.name, found.id, new_id)
    await writing.delete(session, change.name, found.id, step="delete old")
    return _done(change, new_id, proof)


async def _flag(session: Session, change: Change, found: Found, *, replaced: bool) -> None:
    """Set or take off the flag that tells a later run that this object is being replaced."""
    before = await session.provider.read(found.id)
    if before is None:
        return
    mark = found.mark or Mark(session.ownership.owner, change.name)
    flags = mark.flags | {REPLACED} if replaced else mark.flags
    draft = draft_of_live(read_found(before), replace(mark, flags=frozenset(flags)))
    await writing.update(session, change.name, draft, before, step="flag old")


async def repoint(session: Session, name: str, old_id: str, new_id: str) -> None:
    """Make whatever refers to the old object refer to the new one."""
    for item in session.matching.found:
        kind = item.live.kind
        if kind is None or item.live.read_only or old_id not in references(item.live.fields, kind):
            continue
        before = await session.provider.read(item.id)
        if before is None:
            continue
        fields = {
            key: _swapped(value, old_id, new_id) if isinstance(value, (frozenset, str)) else value
            for key, value in before.fields.items()
        }
        await writing.update(session, name, Draft(kind, fields, item.id), before, step="repoint")


def _swapped(value: frozenset[str] | str, old: str, new: str) -> frozenset[str] | str:
    if isinstance(value, frozenset):
        return frozenset(new if item == old else item for item in value)
    return new if value == old else value


def _done(change: Change, object_id: str, proof: Proof | None) -> ChangeResult:
    if proof is None:
        return ChangeResult(change, Status.APPLIED, "not proved: no test is due", id=object_id)
    if proof.passed:
        return ChangeResult(change, Status.APPLIED, f"proved: {proof.text}", proof, object_id)
    return ChangeResult(change, Status.KEPT, f"its test failed, and it stands: {proof.text}", proof, object_id)
