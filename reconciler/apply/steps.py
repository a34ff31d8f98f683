"""One change, from the re-read to the result: prove, write, read back, keep or undo.

Nothing in use is touched before its new values were proved; nothing new counts as done before its test arrived. These
functions know no provider by name: what one can do, its abilities say.
"""

from __future__ import annotations

from reconciler.apply import writing
from reconciler.apply.replacing import detach, replace_object
from reconciler.apply.results import ChangeResult, Status
from reconciler.apply.sending import prove_live, prove_new_values
from reconciler.apply.session import Session
from reconciler.drafts import UnknownReferenceError
from reconciler.errors import TargetError
from reconciler.ownership import Match
from reconciler.plan import Action, Change
from reconciler.prove import Proof
from reconciler.providers.base import ProofMethod
from reconciler.resources import KINDS, LiveObject, OnFailure

__all__ = ["carry_out"]


async def carry_out(session: Session, change: Change) -> ChangeResult:
    """Carry out one change. A failure is a result, not an exception, so that it never hides the others."""
    steps = {Action.CREATE: _create, Action.UPDATE: _update, Action.REPLACE: _replace, Action.DELETE: _delete}
    try:
        return await steps[change.action](session, change)
    except UnknownReferenceError as error:
        return ChangeResult(change, Status.SKIPPED, f"needs {error.args[0]}, which is not there")
    except TargetError as error:
        return ChangeResult(change, Status.FAILED, str(error), id=change.id or "")


async def _create(session: Session, change: Change) -> ChangeResult:
    match = session.match(change.name)
    message = session.message(change.name)
    if message is None:
        object_id = await _write_new(session, match, unproved=False)
        return ChangeResult(change, Status.APPLIED, _why_unproved(match), id=object_id)
    if session.provider.abilities.proof is ProofMethod.PROBE:
        proof = await prove_new_values(session, match, message)
        if not proof.passed and _reverts(session, match):
            return ChangeResult(change, Status.UNDONE, f"its test failed, so it was not created: {proof.text}", proof)
        object_id = await _write_new(session, match, unproved=not proof.passed)
        return _written(change, proof, object_id)
    object_id = await _write_new(session, match, unproved=True)
    proof = await prove_live(session, match.resource, object_id)
    if proof.passed:
        await _mark_proved(session, match, object_id)
        return _written(change, proof, object_id)
    if not _reverts(session, match):
        return _written(change, proof, object_id)
    return await _undo_create(session, change, object_id, proof)


async def _write_new(session: Session, match: Match, *, unproved: bool) -> str:
    name = match.resource.name
    draft = session.draft(match, session.mark(match.resource, unproved=unproved), match.create_id)
    object_id = await writing.create(session, name, draft)
    session.ids[name] = object_id
    return object_id


async def _mark_proved(session: Session, match: Match, object_id: str) -> None:
    live = await session.provider.read(object_id)
    if live is None:
        raise writing.MovedError(f"{object_id} was deleted while it was being tested: plan again")
    await writing.update(session, match.resource.name, session.draft(match, session.mark(match.resource)), live)


async def _undo_create(session: Session, change: Change, object_id: str, proof: Proof) -> ChangeResult:
    session.ids.pop(change.name, None)
    try:
        await writing.delete(session, change.name, object_id, step="undo create")
    except TargetError as error:
        return ChangeResult(
            change,
            Status.STRANDED,
            f"its test failed ({proof.text}), and it could not be deleted again: {error}",
            proof,
            object_id,
            mend="reconciler apply (an unproved channel is tested again), or remove its manifest and apply --prune",
        )
    return ChangeResult(change, Status.UNDONE, f"its test failed, so it was deleted again: {proof.text}", proof)


async def _update(session: Session, change: Change) -> ChangeResult:
    match = session.match(change.name)
    if match.found is None:
        raise writing.MovedError(f"{change.name} has no live object")
    before = await writing.read_unmoved(session, match.found)
    message = session.message(change.name)
    if message is None:
        await _rewrite(session, match, before, unproved=False)
        return ChangeResult(
            change, Status.APPLIED, _why_unproved(match) if change.affects_delivery else "", id=before.id
        )
    if not change.affects_delivery:
        draft = session.draft(match, session.mark(match.resource))
        proof = await prove_live(session, match.resource, before.id, draft)
        await _rewrite(session, match, before, unproved=not proof.passed)
        return _written(change, proof, before.id)
    proof = await prove_new_values(session, match, message)
    if not proof.passed and _reverts(session, match):
        text = f"its test failed, so the live object was left as it is: {proof.text}"
        return ChangeResult(change, Status.UNDONE, text, proof, before.id)
    before = await writing.read_unmoved(session, match.found)
    await _rewrite(session, match, before, unproved=not proof.passed)
    return _written(change, proof, before.id)


async def _rewrite(session: Session, match: Match, before: LiveObject, *, unproved: bool) -> None:
    draft = session.draft(match, session.mark(match.resource, unproved=unproved))
    await writing.update(session, match.resource.name, draft, before)


async def _replace(session: Session, change: Change) -> ChangeResult:
    match = session.match(change.name)
    if match.found is None:
        raise writing.MovedError(f"{change.name} has no live object")
    await writing.read_unmoved(session, match.found)
    message = session.message(change.name)
    proof = await prove_new_values(session, match, message) if message else None
    if proof is not None and not proof.passed and _reverts(session, match):
        text = f"its test failed, so the live object was left as it is: {proof.text}"
        return ChangeResult(change, Status.UNDONE, text, proof, match.found.id)
    return await replace_object(session, change, match, proof)


async def _delete(session: Session, change: Change) -> ChangeResult:
    found = session.candidate(change)
    if found is None or await session.provider.read(found.id) is None:
        return ChangeResult(change, Status.APPLIED, "was gone already", id=change.id or "")
    await writing.read_unmoved(session, found)
    await detach(session, change.name, found.id)
    existed = await writing.delete(session, change.name, found.id)
    return ChangeResult(change, Status.APPLIED, "" if existed else "was gone already", id=found.id)


def _reverts(session: Session, match: Match) -> bool:
    return session.stop.is_set() or session.on_failure(match.resource) is OnFailure.REVERT


def _written(change: Change, proof: Proof, object_id: str) -> ChangeResult:
    if proof.passed:
        return ChangeResult(change, Status.APPLIED, f"proved: {proof.text}", proof, object_id)
    return ChangeResult(change, Status.KEPT, f"its test failed, and it stands: {proof.text}", proof, object_id)


def _why_unproved(match: Match) -> str:
    """Why a change that affects delivery was written without a proof."""
    if not KINDS[match.resource.kind].sends:
        return (
            "not proved: it is proved by the channels that use it"
            if match.found is None
            else "not proved: nobody uses it"
        )
    if match.resource.fields.get("enabled") is False:
        return "not proved: a disabled channel cannot be tested"
    return "not proved: no test is due"
