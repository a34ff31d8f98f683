"""One change, from the re-read to the result: verify, write, read back, keep or roll back.

Nothing in use is touched before its new values were verified; nothing new counts as done before its test arrived. These
functions know no provider by name: what one can do, its abilities say. What a result says is `results`'.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.apply import results as outcomes
from reconciler.apply import writing
from reconciler.apply.results import ChangeResult, Status
from reconciler.apply.session import Session
from reconciler.apply.testing import verify_live, verify_new_values
from reconciler.apply.writing import UnknownReferenceError, differing_fields, payload_of_live
from reconciler.model.errors import TargetError
from reconciler.model.evidence import Tested
from reconciler.model.kinds import KINDS
from reconciler.model.provider import VerificationMethod
from reconciler.model.resource import LiveObject, OnFailure, Payload, When
from reconciler.plan.changes import Action, Change, Message, Reason
from reconciler.plan.marks import UNVERIFIED, Found, Match
from reconciler.plan.match import read_found
from reconciler.plan.sending import is_enabled
from reconciler.tasks import side_by_side


async def carry_out(session: Session, change: Change) -> ChangeResult:
    """Carry out one change. A failure is a result, not an exception, so that it never hides the others."""
    steps = {Action.CREATE: _create, Action.UPDATE: _update, Action.REPLACE: _replace, Action.DELETE: _delete}
    try:
        return await steps[change.action](session, change)
    except UnknownReferenceError as error:
        return ChangeResult(change, Status.SKIPPED, f"needs {error.args[0]}, which does not exist")
    except TargetError as error:
        return ChangeResult(change, Status.FAILED, str(error), id=change.id or "")


async def _create(session: Session, change: Change) -> ChangeResult:
    match = session.match(change.name)
    message = session.message(change)
    if message is None:
        object_id = await _write_new(session, match, unverified=_waits_for_its_test(change, match))
        return outcomes.not_tested(change, match, object_id)
    if session.provider.abilities.verification is VerificationMethod.PROBE:
        return await _create_probed(session, change, match, message)
    object_id = await _write_new(session, match, unverified=True)
    tested = await verify_live(session, change.key, match.resource, object_id)
    if not tested.stands and _reverts(session, match):
        return await _roll_back_create(session, change, object_id, tested)
    if tested.stands:
        await _mark_verified(session, match, object_id, tested)
    return outcomes.written(change, tested, object_id)


async def _create_probed(session: Session, change: Change, match: Match, message: Message) -> ChangeResult:
    tested = await verify_new_values(session, match, message)
    if not tested.stands and _reverts(session, match):
        text = f"{outcomes.why_unverified(tested)}, so it was not created: {tested.text}"
        return ChangeResult(change, Status.REJECTED, text, tested)
    object_id = await _write_new(session, match, unverified=not tested.stands)
    return outcomes.written(change, tested, object_id)


async def _write_new(session: Session, match: Match, *, unverified: bool) -> str:
    payload = writing.payload_of(session, match, session.mark(match.resource, unverified=unverified), match.create_id)
    object_id = await writing.create(session, match.key(session.plan.target), payload)
    session.ids[match.resource.name] = object_id
    return object_id


async def _mark_verified(session: Session, match: Match, object_id: str, tested: Tested) -> None:
    try:
        live = await writing.read_own(session, object_id)
        payload = writing.payload_of(session, match, session.mark(match.resource))
        await writing.update(session, match.key(session.plan.target), payload, live, step="mark verified")
    except writing.MovedError:
        raise
    except TargetError as error:
        text = f"its test passed ({tested.text}), but it could not be marked as verified; apply tests it again: {error}"
        raise TargetError(text) from error


async def _roll_back_create(session: Session, change: Change, object_id: str, tested: Tested) -> ChangeResult:
    session.ids.pop(change.name, None)
    why = outcomes.why_unverified(tested)
    try:
        await writing.take_back(session, change.key, object_id)
    except writing.MovedError as error:
        return ChangeResult(change, Status.FAILED, f"{why} ({tested.text}), and {error}", tested, object_id)
    except TargetError as error:
        return outcomes.create_stands(change, tested, object_id, error)
    return ChangeResult(change, Status.ROLLED_BACK, f"{why}, so it was deleted: {tested.text}", tested)


async def _release(session: Session, change: Change) -> ChangeResult:
    """Take the mark off, and nothing else."""
    found = session.candidate(change)
    if found is None:
        raise writing.MovedError(f"{change.id} no longer exists: plan again")
    before = await writing.read_unmoved(session, found)
    await writing.update(session, change.key, payload_of_live(found, None), before, step="release")
    return ChangeResult(change, Status.APPLIED, "it stays live, without our mark", id=found.id)


async def _update(session: Session, change: Change) -> ChangeResult:
    if Reason.RELEASED in change.reasons:
        return await _release(session, change)
    match = session.match(change.name)
    if match.found is None:
        raise writing.MovedError(f"{change.name} has no live object")
    before = await writing.read_unmoved(session, match.found)
    message = session.message(change)
    if message is None:
        await _rewrite(session, match, before, unverified=_waits_for_its_test(change, match))
        return outcomes.not_tested(change, match, before.id)
    if not change.affects_delivery:
        return await _test_as_it_is(session, change, match, match.found)
    tested = await verify_new_values(session, match, message)
    if not tested.stands and _reverts(session, match):
        return outcomes.left_alone(change, tested, before.id)
    before = await writing.read_unmoved(session, match.found)
    await _rewrite(session, match, before, unverified=not tested.stands)
    return outcomes.written(change, tested, before.id)


def _waits_for_its_test(change: Change, match: Match) -> bool:
    """Whether a disabled channel has, or gets, an address that nobody tested: it is tested once it is enabled."""
    resource, mark = match.resource, match.found.mark if match.found else None
    if is_enabled(match) or not KINDS[resource.kind].sends or resource.settings.test.when is When.NEVER:
        return False
    if mark is not None and UNVERIFIED in mark.flags:
        return True
    return change.action is Action.CREATE or any(item.delivery and item.path != ("enabled",) for item in change.fields)


async def _test_as_it_is(session: Session, change: Change, match: Match, found: Found) -> ChangeResult:
    """The change redirects no message: what is tested is live already, since it is unverified or `when` is always."""
    payload = writing.payload_of(session, match, session.mark(match.resource))
    tested = await verify_live(session, change.key, match.resource, found.id, payload)
    if tested.stands or (change.fields and not _reverts(session, match)):
        before = await writing.read_unmoved(session, found)
        await _rewrite(session, match, before, unverified=not tested.stands)
        return outcomes.written(change, tested, found.id)
    if Reason.UNVERIFIED in change.reasons and not session.stop.is_set():
        return outcomes.still_unverified(change, tested, found.id)
    return outcomes.left_alone(change, tested, found.id)


async def _rewrite(session: Session, match: Match, before: LiveObject, *, unverified: bool) -> None:
    payload = writing.payload_of(session, match, session.mark(match.resource, unverified=unverified))
    await writing.update(session, match.key(session.plan.target), payload, before)


async def _replace(session: Session, change: Change) -> ChangeResult:
    match = session.match(change.name)
    if match.found is None:
        raise writing.MovedError(f"{change.name} has no live object")
    await writing.read_unmoved(session, match.found)
    message = session.message(change)
    tested = await verify_new_values(session, match, message) if message else None
    if tested is not None:
        if not tested.stands and _reverts(session, match):
            return outcomes.left_alone(change, tested, match.found.id)
        await writing.read_unmoved(session, match.found)
    from reconciler.apply.replacing import replace_object  # most runs replace nothing, and start-up counts

    return await replace_object(session, change, match, tested)


async def _delete(session: Session, change: Change) -> ChangeResult:
    found = session.candidate(change)
    live = await session.provider.read(found.id) if found else None
    if found is None or live is None:
        return ChangeResult(change, Status.APPLIED, "was already gone", id=change.id or "")
    writing.check_unmoved(live, found)
    if Reason.DUPLICATE in change.reasons:
        await _hand_over(session, change, found)
    else:
        from reconciler.apply.replacing import detach

        await detach(session, change.key, found.id)
    existed = await writing.delete(session, change.key, found.id)
    return ChangeResult(change, Status.APPLIED, "" if existed else "was already gone", id=found.id)


async def _hand_over(session: Session, change: Change, found: Found) -> None:
    """Point whatever refers to a duplicate to the one that stays, which must still be there."""
    kept = session.stays(found.id)
    if session.written.get(kept, True) is None or await session.provider.read(kept) is None:
        raise writing.MovedError(f"{kept}, which has the same mark and should stay, was deleted: plan again")
    from reconciler.apply.replacing import repoint

    await repoint(session, change.key, found.id, kept)


def _reverts(session: Session, match: Match) -> bool:
    return session.stop.is_set() or session.on_failure(match.resource) is OnFailure.REVERT


async def find_overwritten(session: Session) -> tuple[str, ...]:
    """A line for each object that is no longer as this run left it."""
    if not session.written:
        return ()
    try:
        now = await _read_again(session)
    except TargetError as error:
        return (f"what was written could not be read again: {error}",)
    lines = [_compare(object_id, payload, now.get(object_id)) for object_id, payload in sorted(session.written.items())]
    return tuple(line for line in (*lines, *_second_objects(session, now)) if line)


def _second_objects(session: Session, now: Mapping[str, LiveObject]) -> Iterator[str]:
    """A line for each object that carries a mark which this run wrote to another one: two concurrent runs made it."""
    before = {item.id: item.name for item in session.matching.found if session.ownership.owns(item.mark)}
    ours = {object_id: read_found(item) for object_id, item in sorted(now.items())}
    written = {item.name: item.id for item in ours.values() if session.written.get(item.id) and item.mark}
    for object_id, item in ours.items():
        if not session.ownership.owns(item.mark) or session.ownership.is_leftover(item.mark):
            continue
        first = written.get(item.name, object_id)
        if first != object_id and object_id not in session.written and before.get(object_id) != item.name:
            yield f"{object_id} was created by another run with the mark of {first} ({item.mark}): plan again"


def _compare(object_id: str, payload: Payload | None, live: LiveObject | None) -> str:
    if payload is None:
        return f"{object_id} was deleted and created again by somebody else" if live is not None else ""
    if live is None:
        return f"{object_id} was deleted by somebody else"
    fields = differing_fields(payload, live)
    return f"{object_id} was overwritten by somebody else ({', '.join(fields)})" if fields else ""


async def _read_again(session: Session) -> dict[str, LiveObject]:
    """One list; where the server's list lags behind its writes, each object by its id."""
    listing = await session.provider.read_all()
    objects = {item.id: item for item in listing.objects}
    if not listing.stale:
        return objects
    written = list(session.written)
    reads = await side_by_side(map(session.provider.read, written), session.options.parallelism)
    for object_id, live in zip(written, reads, strict=True):
        if live is None:
            objects.pop(object_id, None)
        else:
            objects[object_id] = live
    return objects
