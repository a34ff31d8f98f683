"""Test messages of an apply: through a live object, a canary, or a probe; and given up when the run is stopped.

`judge` judges what comes back; what follows from a failed test is decided in `steps`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from reconciler.apply import writing
from reconciler.apply.session import Session
from reconciler.model.errors import TargetError, UnreachableError
from reconciler.model.evidence import Delivery, Outcome
from reconciler.model.kinds import KINDS
from reconciler.model.provider import VerificationMethod
from reconciler.model.resource import Draft, Expect, Resource
from reconciler.model.values import Value
from reconciler.plan.changes import Message
from reconciler.plan.marks import Match

_REFUSED_TEXT = frozenset({400, 415, 422})
"""A receiver that answers these read the test text and did not like its form: it was reached."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judged delivery: whether it counts, in plain words why, and a warning if it counts only for lack of better."""

    passed: bool
    text: str
    delivery: Delivery
    warning: str = ""

    @property
    def stands(self) -> bool:
        """Whether the change may stand: it is verified, or it is such that it cannot be tested at all."""
        return self.passed or self.delivery.outcome is Outcome.SKIPPED


def judge(delivery: Delivery, expect: Expect) -> Verdict:
    """Whether a delivery verifies its channel. An unknown outcome never does.

    `reached` takes a receiver's 400, 415 or 422 as well; where the server does not tell the code (OpenSearch before
    3.0), any answer at all, with a warning.
    """
    if delivery.outcome is Outcome.ACCEPTED:
        return Verdict(True, delivery.text or "accepted", delivery)
    if expect is Expect.REACHED and delivery.answered and delivery.outcome is Outcome.REFUSED:
        if delivery.code in _REFUSED_TEXT:
            return Verdict(True, f"reached: {delivery.text}", delivery)
        if delivery.code == 0:
            return Verdict(
                True,
                f"reached: {delivery.text}",
                delivery,
                warning="this server does not tell what the receiver answered, so any answer counts",
            )
    return Verdict(False, delivery.text or delivery.outcome.value, delivery)


_NOTHING: frozenset[str] = frozenset()


async def verify_live(session: Session, resource: Resource, object_id: str, draft: Draft | None = None) -> Verdict:
    """Send one test message through a live object and judge it."""
    with session.journal.step(session.plan.target, resource.name, "test", object_id):
        delivery = await _unless_stopped(session, session.provider.send_test(object_id, draft))
    return judge(delivery, session.expectation(resource))


async def verify_new_values(session: Session, match: Match, message: Message) -> Verdict:
    """Send one test message with values that the real object does not have yet."""
    resource = match.resource
    if session.provider.abilities.verification is VerificationMethod.PROBE:
        draft = session.draft(match, session.mark(resource))
        with session.journal.step(session.plan.target, resource.name, "probe"):
            delivery = await _unless_stopped(session, session.provider.probe(draft))
        return judge(delivery, session.expectation(resource))
    draft = _canary_draft(session, match)
    if KINDS[resource.kind].sends:
        async with _canary(session, resource.name, draft) as object_id:
            return await verify_live(session, resource, object_id)
    return await _verify_through_user(session, match, draft, message)


async def _verify_through_user(session: Session, match: Match, draft: Draft, message: Message) -> Verdict:
    """A changed account or group: a canary of it, and one of a mail channel that uses only it, to the given people."""
    resource, user = match.resource, session.match(message.channel)
    people = frozenset(message.recipients)
    is_group = resource.kind == "EmailGroup"
    if is_group:
        draft = replace(draft, fields={**draft.fields, "recipients": people})
    async with _canary(session, resource.name, draft) as object_id:
        own: dict[str, Value] = (
            {"recipients": _NOTHING, "groups": frozenset({f"id:{object_id}"}), "sender": _live_sender(session, user)}
            if is_group
            else {"recipients": people, "groups": _NOTHING, "sender": f"id:{object_id}"}
        )
        mail = _canary_draft(session, _with_fields(user, own))
        async with _canary(session, user.resource.name, mail) as channel_id:
            return await verify_live(session, user.resource, channel_id)


def _canary_draft(session: Session, match: Match) -> Draft:
    name = match.resource.name
    return session.draft(match, session.canary_mark(name), session.canary_id(name))


def _with_fields(match: Match, fields: dict[str, Value]) -> Match:
    """The match of a resource that wants these fields, also where it ignores them."""
    resource = match.resource
    settings = replace(resource.settings, ignore=resource.settings.ignore - fields.keys())
    return replace(match, resource=replace(resource, fields={**resource.fields, **fields}, settings=settings))


def _live_sender(session: Session, user: Match) -> Value:
    """The account that a mail channel shall send by; while that is not there yet, the one that it has."""
    wanted = user.resource.fields.get("sender")
    if wanted in session.ids or user.found is None:
        return wanted
    return f"id:{user.found.live.fields.get('sender')}"


@asynccontextmanager
async def _canary(session: Session, name: str, draft: Draft) -> AsyncIterator[str]:
    """A short-lived copy, removed again whatever happens; one that cannot be removed is left to a later run."""
    object_id = draft.id or ""
    was_sent = is_likely = True
    try:
        object_id = await writing.create(session, name, draft, step="create canary")
        yield object_id
    except TargetError as error:
        if object_id not in session.written:
            was_sent = not isinstance(error, UnreachableError) or error.sent
            is_likely = was_sent and not 400 <= error.status < 500
        raise
    finally:
        if was_sent and object_id:  # even a refusal may be that of the look at what became of it
            await _remove_canary(session, name, object_id, is_likely=is_likely)


async def _remove_canary(session: Session, name: str, object_id: str, *, is_likely: bool) -> None:
    if is_likely:
        session.left_behind.add(object_id)
    try:
        await writing.delete(session, name, object_id, step="delete canary")
    except TargetError:
        return
    session.left_behind.discard(object_id)


async def _unless_stopped(session: Session, sending: Coroutine[None, None, Delivery]) -> Delivery:
    """The delivery; or, when the run is stopped meanwhile, an unknown one, since nobody waits for the answer."""
    task = asyncio.ensure_future(sending)
    stop = asyncio.ensure_future(session.stop.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            return Delivery(Outcome.UNKNOWN, "interrupted before the answer came: it may have arrived or not")
        return task.result()
    except TargetError as error:
        return Delivery(Outcome.FAILED, str(error))
    finally:
        stop.cancel()
        task.cancel()
