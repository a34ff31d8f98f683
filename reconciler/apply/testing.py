"""Test messages of an apply: through a live object, a canary, or a probe; and given up when the run is stopped.

`judge` judges what comes back; what follows from a failed test is decided in `steps`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

from reconciler.apply import writing
from reconciler.apply.session import Session
from reconciler.model.errors import TargetError, UnreachableError
from reconciler.model.evidence import Delivery, Outcome, Tested, Unknown, judge, unknown
from reconciler.model.gaps import GAPS, UnknownReason
from reconciler.model.kinds import KINDS, Role, user_of
from reconciler.model.provider import VerificationMethod
from reconciler.model.resource import ChangeKey, Expect, Payload, Resource
from reconciler.model.values import Value
from reconciler.plan.changes import Message
from reconciler.plan.marks import Match
from reconciler.plan.sending import is_enabled

_SECONDS_TO_END = 0.2  # for a cancelled call to give its connection back; a run that is stopped waits no longer

Pause = Callable[[float], Awaitable[object]]
"""Waits for so many seconds."""


async def run_test(send: Callable[[], Awaitable[Delivery]], expect: Expect, pause: Pause = asyncio.sleep) -> Tested:
    """Send one test message and judge it: the one way from a message to evidence, for apply, test, canaries, probes.

    It is sent once more only where the provider says that the failure tells nothing of the receiver, and that is said.
    Where that could not be sent, the first stands: not to have sent one is to have sent none, and is tried again.
    """
    delivery = await _deliver(send)
    if delivery.again_after:
        first, seconds = delivery, delivery.again_after
        await pause(seconds)
        delivery = await _deliver(send)
        if delivery.reason is UnknownReason.NOT_SENT:
            text = f"{first.text or first.outcome.value} (it was to be tested again, since the server's own connection "
            delivery = replace(first, text=f"{text}may have been stale, but {delivery.text})")
        else:
            text = f"{delivery.text or delivery.outcome.value} (tested twice, {seconds:g} s apart, since the server's "
            delivery = replace(delivery, text=f"{text}own connection may have been stale: the receiver may get two)")
    return Tested(judge(delivery, expect), delivery.recipients)


async def _deliver(send: Callable[[], Awaitable[Delivery]]) -> Delivery:
    try:
        return await send()
    except TargetError as error:  # a message that may have gone out is a delivery, and no error
        gap = GAPS[UnknownReason.NOT_SENT]
        text = f"{gap.says}: {error}" + ("" if error.fix else f"; {gap.evidence}")
        return Delivery(Outcome.SKIPPED, text, reason=UnknownReason.NOT_SENT)


def untestable(match: Match) -> Unknown | None:
    """Why a live object cannot be tested by itself; None if it can."""
    if not KINDS[match.resource.kind].sends:
        return unknown(UnknownReason.INDIRECT if user_of(match.resource.kind) else UnknownReason.UNTESTABLE)
    if match.found is not None and match.found.live.fields.get("enabled") is False:
        return unknown(UnknownReason.DISABLED)
    return None


def untested(match: Match) -> Unknown:
    """Why a change was written without a test."""
    resource = match.resource
    if not KINDS[resource.kind].sends:
        if user_of(resource.kind) is None:
            return unknown(UnknownReason.UNTESTABLE)
        return unknown(UnknownReason.INDIRECT if match.found is None else UnknownReason.UNUSED)
    return unknown(UnknownReason.NOT_DUE if is_enabled(match) else UnknownReason.DISABLED)


_NOTHING: frozenset[str] = frozenset()


async def verify_live(
    session: Session, key: ChangeKey, resource: Resource, object_id: str, payload: Payload | None = None
) -> Tested:
    """Send one test message through a live object and judge it."""
    with session.journal.step(key, "test", object_id):
        return await _unless_stopped(session, resource, lambda: session.provider.send_test(object_id, payload))


async def verify_new_values(session: Session, match: Match, message: Message) -> Tested:
    """Send one test message with values that the real object does not have yet."""
    resource = match.resource
    if session.provider.abilities.verification is VerificationMethod.PROBE:
        payload = writing.payload_of(session, match, session.mark(resource))
        with session.journal.step(message.key, "probe"):
            return await _unless_stopped(session, resource, lambda: session.provider.probe(payload))
    payload = _canary_payload(session, match)
    if KINDS[resource.kind].sends:
        async with _canary(session, message.key, payload) as object_id:
            return await verify_live(session, message.key, resource, object_id)
    return await _verify_through_user(session, match, payload, message)


async def _verify_through_user(session: Session, match: Match, payload: Payload, message: Message) -> Tested:
    """A changed account or group: a canary of it, and one of a channel that uses only it, to the given people."""
    resource, user = match.resource, session.match(message.channel)
    people = frozenset(message.recipients)
    if listed := KINDS[resource.kind].people:
        payload = replace(payload, fields={**payload.fields, listed.name: people})
    async with _canary(session, message.key, payload) as object_id:
        own = dict(_using_only(session, user, resource.kind, object_id, people))
        copy = _canary_payload(session, _with_fields(user, own))
        async with _canary(session, user.key(session.plan.target), copy) as channel_id:
            return await verify_live(session, message.key, user.resource, channel_id)


def _canary_payload(session: Session, match: Match) -> Payload:
    name = match.resource.name
    return writing.payload_of(session, match, session.canary_mark(name), session.canary_id(name))


def _with_fields(match: Match, fields: dict[str, Value]) -> Match:
    """The match of a resource that wants these fields, also where it ignores them."""
    resource = match.resource
    settings = replace(resource.settings, ignore=resource.settings.ignore - fields.keys())
    return replace(match, resource=replace(resource, fields={**resource.fields, **fields}, settings=settings))


def _using_only(
    session: Session, user: Match, kind: str, object_id: str, people: frozenset[str]
) -> Iterator[tuple[str, Value]]:
    """The fields of a copy of a channel that uses this one object of a kind, and reaches nobody but these people."""
    lists_people = KINDS[kind].people is not None
    for field in KINDS[user.resource.kind].fields:
        if kind in field.refers:
            used = f"id:{object_id}"
            yield field.name, used if field.role is Role.REFERENCE else frozenset({used})
        elif field.role is Role.REFERENCE:
            yield field.name, _live_reference(session, user, field.name)
        elif field.role is Role.REFERENCES:
            yield field.name, _NOTHING
        elif field.people:
            yield field.name, _NOTHING if lists_people else people


def _live_reference(session: Session, user: Match, field: str) -> Value:
    """What a channel shall refer to, as the account that it sends by; while that is not there yet, what it has."""
    wanted = user.resource.fields.get(field)
    if wanted in session.ids or user.found is None:
        return wanted
    return f"id:{user.found.live.fields.get(field)}"


@asynccontextmanager
async def _canary(session: Session, key: ChangeKey, payload: Payload) -> AsyncIterator[str]:
    """A short-lived copy, removed again whatever happens; one that cannot be removed is left to a later run."""
    object_id = payload.id or ""
    was_sent = is_likely = True
    try:
        object_id = await writing.create(session, key, payload, step="create canary")
        yield object_id
    except TargetError as error:
        if object_id not in session.written:
            was_sent = not isinstance(error, UnreachableError) or error.sent
            is_likely = was_sent and not 400 <= error.status < 500
        raise
    finally:
        if was_sent and object_id:  # even a refusal may be that of the look at what became of it
            await _remove_canary(session, key, object_id, is_likely=is_likely)


async def _remove_canary(session: Session, key: ChangeKey, object_id: str, *, is_likely: bool) -> None:
    if is_likely:
        session.left_behind.add(object_id)
    try:
        await writing.delete(session, key, object_id, step="delete canary")
    except TargetError:
        return
    session.left_behind.discard(object_id)


async def _unless_stopped(session: Session, resource: Resource, send: Callable[[], Awaitable[Delivery]]) -> Tested:
    """The test; or, when the run is stopped meanwhile, an unknown one, since nobody waits for the answer."""
    task = asyncio.ensure_future(run_test(send, session.expectation(resource), session.pause))
    stop = asyncio.ensure_future(session.stop.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else Tested(unknown(UnknownReason.INTERRUPTED))
    finally:
        stop.cancel()
        task.cancel()  # and what it began is over before anything else is written
        await asyncio.wait([task], timeout=_SECONDS_TO_END)
