"""Test messages of an apply: through a live object, a canary, or a probe; and given up when the run is stopped.

`prove` judges what comes back; what follows from a failed proof is decided in `steps`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace

from reconciler.apply import writing
from reconciler.apply.session import Session
from reconciler.errors import TargetError
from reconciler.ownership import Match
from reconciler.plan import Message
from reconciler.prove import Proof, judge
from reconciler.providers.base import ProofMethod
from reconciler.resources import KINDS, Delivery, Draft, Outcome, Resource

__all__ = ["prove_live", "prove_new_values"]


async def prove_live(session: Session, resource: Resource, object_id: str, draft: Draft | None = None) -> Proof:
    """Send one test message through a live object and judge it."""
    with session.journal.step(session.plan.target, resource.name, "test", object_id):
        delivery = await _unless_stopped(session, session.provider.send_test(object_id, draft))
    return judge(delivery, session.expectation(resource))


async def prove_new_values(session: Session, match: Match, message: Message) -> Proof:
    """Send one test message with values that the real object does not have yet."""
    resource = match.resource
    if session.provider.abilities.proof is ProofMethod.PROBE:
        draft = session.draft(match, session.mark(resource))
        with session.journal.step(session.plan.target, resource.name, "probe"):
            delivery = await _unless_stopped(session, session.provider.probe(draft))
        return judge(delivery, session.expectation(resource))
    if KINDS[resource.kind].sends:
        draft = session.draft(match, session.canary_mark(resource.name), session.canary_id(resource.name))
        async with _canary(session, resource.name, draft) as object_id:
            return await prove_live(session, resource, object_id)
    return await _prove_through_user(session, match, message)


async def _prove_through_user(session: Session, match: Match, message: Message) -> Proof:
    """A changed account or group: a canary of it, and one of a mail channel that uses only it, to the given people."""
    resource, user = match.resource, session.match(message.channel)
    draft = session.draft(match, session.canary_mark(resource.name), session.canary_id(resource.name))
    if resource.kind == "EmailGroup":
        draft = replace(draft, fields={**draft.fields, "recipients": frozenset(message.recipients)})
    async with _canary(session, resource.name, draft) as object_id:
        mail = session.draft(user, session.canary_mark(user.resource.name), session.canary_id(user.resource.name))
        if resource.kind == "EmailGroup":
            narrowed = {"recipients": frozenset[str](), "groups": frozenset({object_id})}
        else:
            narrowed = {"recipients": frozenset(message.recipients), "groups": frozenset[str]()}
        fields = {**mail.fields, **narrowed}
        if resource.kind != "EmailGroup":
            fields["sender"] = object_id
        async with _canary(session, user.resource.name, replace(mail, fields=fields)) as channel_id:
            return await prove_live(session, user.resource, channel_id)


@asynccontextmanager
async def _canary(session: Session, name: str, draft: Draft) -> AsyncIterator[str]:
    """A short-lived copy, removed again whatever happens; one that cannot be removed is left to a later run."""
    object_id = await writing.create(session, name, draft, step="create canary")
    try:
        yield object_id
    finally:
        try:
            await asyncio.shield(writing.delete(session, name, object_id, step="delete canary"))
        except TargetError:
            session.left_behind.append(object_id)


async def _unless_stopped(session: Session, sending: Coroutine[None, None, Delivery]) -> Delivery:
    """The delivery; or, when the run is stopped meanwhile, an unknown one, since nobody waits for the answer."""
    task = asyncio.ensure_future(sending)
    stop = asyncio.ensure_future(session.stop.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            return Delivery(Outcome.UNKNOWN, "interrupted before the answer came")
        return task.result()
    except TargetError as error:
        return Delivery(Outcome.FAILED, str(error))
    finally:
        stop.cancel()
        task.cancel()
