"""The provider for one Confluent organisation: it reads, writes and tests integrations and subscriptions.

`codec` knows the wire form; `calls` has what all calls share: lists, and what answers mean. Ids are the server's, and
a POST carries no key by which a repeated one could be recognised, so after an unclear failure the lists are searched
for what was to be created. A PATCH carries only the members that change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import replace

from reconciler.model.errors import (
    ConflictError,
    NotFoundError,
    RejectedError,
    TimedOutError,
    UnexpectedError,
    UnreachableError,
)
from reconciler.model.evidence import Delivery
from reconciler.model.provider import Abilities, Listing, UserListing
from reconciler.model.resource import LiveObject, Payload, Server
from reconciler.providers.confluent import codec
from reconciler.providers.confluent.abilities import ABILITIES
from reconciler.providers.confluent.calls import (
    ANOTHER,
    HIDDEN,
    INTEGRATIONS,
    LATE,
    LOST,
    READ_ONLY,
    TEST,
    Calls,
    collection,
    judge_answer,
    last_part,
    path_of,
    prefixed,
)
from reconciler.providers.confluent.catalogue import parse_server
from reconciler.providers.confluent.own_writes import OwnWrites
from reconciler.providers.confluent.wording import is_absence, may_be_absence
from reconciler.providers.http import Answer, HttpTarget
from reconciler.providers.pacing import stated_wait
from reconciler.tasks import side_by_side

_LATE_LOOKS = 16  # how many reads are made, half a second or more apart, until one shows our own write


class ConfluentProvider:
    """The Provider for one Confluent Cloud organisation."""

    def __init__(self, http: HttpTarget) -> None:
        self._http = http
        self._calls = Calls(http)
        self._writes = OwnWrites()
        self._patience = replace(http.retries, attempts=_LATE_LOOKS)
        self._server: Server | None = None

    @property
    def abilities(self) -> Abilities:
        """What Confluent Cloud can hold and do."""
        return ABILITIES

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    # -- reading

    async def read_server(self) -> Server:
        """The organisation; its id is read once, from the resource name of any object, and is the address if there is
        no object."""
        if self._server is None:
            answer = self._calls.checked(await self._http.read(f"{INTEGRATIONS}?page_size=1"))
            self._server = parse_server(answer.json(), self._http.connection.address)
        return self._server

    async def read_all(self) -> Listing:
        """Every integration and subscription, and the words for notification types. Lists that do not show our own
        writes yet are read again for a while, and then corrected by single reads."""
        catalogue = await self._calls.read_catalogue()

        async def look() -> dict[str, LiveObject]:
            found = await side_by_side(self._calls.list_kind(kind) for kind in ("", codec.SUBSCRIPTION))
            return {live.id: live for group in found for live in group}

        objects = await self._patience.repeat(await look(), look, self._is_behind, _soon)
        for object_id in sorted(self._writes.ids):
            if self._writes.is_late_in_list(object_id, objects.get(object_id)):
                await self._correct(objects, object_id)
        words = {codec.SUBSCRIPTION: catalogue.words()}
        types = tuple(sorted(catalogue.types.values(), key=lambda one: (one.name, one.id)))
        found = tuple(_without_second_aliases(objects.values()))
        return Listing(found, unreadable=self._calls.describe_nameless(), words=words, types=types)

    def _is_behind(self, objects: dict[str, LiveObject]) -> bool:
        return any(self._writes.is_late_in_list(object_id, objects.get(object_id)) for object_id in self._writes.ids)

    async def _correct(self, objects: dict[str, LiveObject], object_id: str) -> None:
        """Replace an object that the list does not show correctly yet by what a read by its id shows."""
        objects.pop(object_id, None)
        live = None if self._writes.is_gone(object_id) else await self._calls.read_once(object_id)
        if live is not None:
            objects[object_id] = live

    async def read(self, object_id: str) -> LiveObject | None:
        """One object; None only if the API says that there is none (see `Calls.read_once`), or this run deleted it."""

        async def look() -> LiveObject | None:
            return await self._calls.read_once(object_id)

        def is_late(live: LiveObject | None) -> bool:
            return self._writes.is_late(object_id, live)

        live = await self._patience.repeat(await look(), look, is_late, _soon)
        return None if self._writes.is_gone(object_id) else live

    # -- writing

    def _note(self, object_id: str, before: LiveObject | None, after: LiveObject | None) -> None:
        self._writes.note(object_id, before, after)
        self._calls.own.add(object_id)

    async def read_users(self, channels: Collection[str]) -> UserListing:
        """No users: only subscriptions use integrations, and `read_all` has these."""
        del channels
        return UserListing()

    async def create(self, payload: Payload) -> str:
        """Create an object and return its id, which the server chooses. ConflictError if there is one like it,
        QuotaError if the organisation's quota is used up."""
        _must_have_channels(payload)
        catalogue = await self._calls.read_catalogue()
        made: list[LiveObject] = []

        async def is_done() -> bool:
            made[:] = [live for live in await self._calls.list_kind(payload.kind) if codec.same_content(live, payload)]
            return bool(made)

        answer = await self._http.write("POST", collection(payload.kind), codec.encode(payload, catalogue), is_done)
        if answer.status == 409:
            live = await self._settle_conflict(answer, payload)
        elif made:
            live = min(made, key=lambda one: (one.created, one.id))
        else:
            live = await self._created(self._calls.checked(answer, payload), payload)
        self._note(live.id, None, live)
        return live.id

    async def _created(self, answer: Answer, payload: Payload) -> LiveObject:
        """The object that a 201 is about. Its id may be missing, since the API only promises the members that a request
        must have; then the lists are searched for it."""
        body = answer.json_or_none()
        own_id = body.get("id") if isinstance(body, dict) else None
        object_id = own_id if isinstance(own_id, str) and own_id else last_part(answer.headers.get("location", ""))
        if object_id:
            return LiveObject(prefixed(payload.kind, object_id), payload.kind, payload.fields)
        alike = [live for live in await self._calls.list_kind(payload.kind) if codec.same_content(live, payload)]
        if len(alike) != 1:
            reason = "the answer has no id of what was created"
            raise answer.as_error(reason, hint="plan again", kind=UnexpectedError)
        return alike[0]

    async def _settle_conflict(self, answer: Answer, payload: Payload) -> LiveObject:
        """After a 409 on a create: the object, if an earlier attempt of this call made it; else the ConflictError for
        another object that is in the way."""
        place = last_part(answer.headers.get("location", ""))
        live: LiveObject | None = None
        alike: list[LiveObject] = []
        with suppress(UnexpectedError, NotFoundError):  # if these reads fail, the conflict is still what to report
            live = await self._calls.read_once(prefixed(payload.kind, place)) if place else None
            alike = [live] if live is not None else await self._calls.list_kind(payload.kind)
        same = [one for one in alike if codec.same_content(one, payload)]
        if same:
            return same[0]
        what = f"{live.id} is like it" if live is not None else "one like it exists"
        hint = (
            "plan again"
            if payload.kind == codec.SUBSCRIPTION
            else "choose another display name, or adopt it by spec.id"
        )
        raise answer.as_error(what, hint=hint, status=409)

    async def update(self, object_id: str, payload: Payload, before: LiveObject) -> None:
        """Send the members that differ. NotFoundError if the object is gone, ConflictError if its kind would change,
        RejectedError for what the API would refuse."""
        _must_have_channels(payload)
        if payload.kind != before.kind:
            name = self._calls.name_of(object_id)
            raise ConflictError(
                f"{name}: an integration's kind is never changed in place; it takes a replace", status=409
            )
        members = codec.changed_members(payload, before)
        if members.get("current_state") == "DISABLED":
            await self._refuse_if_required(before, "disabled")
        if not members:
            if await self.read(object_id) is None:
                raise self._deleted(object_id)
            return

        async def is_done() -> bool:
            live = await self._calls.read_once(object_id)
            if live is None:
                raise NotFoundError(
                    f"{self._calls.name_of(object_id)}: it was deleted meanwhile; plan again", status=404
                )
            return codec.same_content(live, payload)

        answer = await self._http.write("PATCH", path_of(object_id), members, is_done)
        if await self._is_gone(answer, object_id):
            raise self._deleted(object_id)
        self._calls.checked(answer, payload)
        self._note(object_id, before, replace(before, fields={**before.fields, **payload.fields}))

    def _deleted(self, object_id: str) -> NotFoundError:
        return NotFoundError(f"{self._calls.name_of(object_id)}: it was deleted meanwhile; plan again", status=404)

    async def delete(self, object_id: str) -> bool:
        """Delete an object, and wait a while until reads no longer show it; False if it was already gone."""
        if object_id.startswith(codec.SUBSCRIPTION_PREFIX):
            live = await self._calls.read_once(object_id)
            if live is None:
                return False
            await self._refuse_if_required(live, "deleted")

        async def is_done() -> bool:
            return await self._calls.read_once(object_id) is None

        self._calls.own.add(object_id)
        answer = await self._http.write("DELETE", path_of(object_id), None, is_done)
        if not await self._is_gone(answer, object_id):
            self._calls.checked(answer)
        self._note(object_id, None, None)
        if answer.ok:
            await self.read(object_id)  # the 204 says "is being deleted"
        return answer.ok or answer.repeated

    async def _is_gone(self, answer: Answer, object_id: str) -> bool:
        """Whether a write's answer says that its object does not exist; if that is left open, the list decides."""
        return is_absence(answer) or (may_be_absence(answer) and await self._calls.find_listed(object_id) is None)

    async def _refuse_if_required(self, live: LiveObject, done: str) -> None:
        word = str(live.fields.get("notification_type"))
        found = (await self._calls.read_catalogue()).find(word)
        if found is not None and found.required:
            raise RejectedError(f'{self._calls.name_of(live.id)}: "{word}" is a required type, which cannot be {done}')

    # -- testing

    async def send_test(self, object_id: str, payload: Payload | None = None) -> Delivery:
        """Send one test message with the live values; the address is taken from `payload` if the server masks it."""
        live = await self.read(object_id)
        if live is None:
            raise self._deleted(object_id)
        if live.kind not in codec.TARGETS:
            return READ_ONLY
        if codec.is_another_address(live, payload):
            return ANOTHER
        return await self.probe(codec.filled(live, payload))

    async def probe(self, payload: Payload) -> Delivery:
        """Send one test message with values that are not written. It is repeated only after a 429 with `Retry-After`,
        which says that nothing was sent."""
        if codec.address_of(payload.kind, payload.fields) is None:
            return HIDDEN
        body = codec.encode(payload, await self._calls.read_catalogue())
        deadline = self._http.connection.test_timeout_seconds

        async def send() -> Answer:
            return await self._http.send_once("POST", TEST, body, deadline)

        try:
            answer = await self._http.retries.repeat(await send(), send, _was_turned_away, _stated_wait)
        except TimedOutError:
            return LATE
        except (UnreachableError, UnexpectedError) as error:
            if isinstance(error, UnreachableError) and not error.sent:
                raise
            return LOST
        if answer.status in (401, 403, 405) or (answer.status == 404 and not is_absence(answer)):
            self._calls.checked(answer, payload)
        reason = "" if answer.ok else self._calls.error(answer, payload).reason
        return judge_answer(answer.status, reason)


def _without_second_aliases(objects: Iterable[LiveObject]) -> list[LiveObject]:
    """Of objects with the same alias only the one with the lowest id keeps it, so that a reference means one object."""
    seen: set[str] = set()
    kept: list[LiveObject] = []
    for live in sorted(objects, key=lambda live: live.id):
        kept.append(replace(live, alias="") if live.alias in seen else live)
        seen.add(live.alias or live.id)
    return kept


def _must_have_channels(payload: Payload) -> None:
    if payload.kind == codec.SUBSCRIPTION and not payload.fields.get("channels"):
        word = payload.fields.get("notification_type")
        raise RejectedError(f'the subscription of "{word}" would be left without any channel; name another one first')


def _soon(_came: object) -> float:
    """The seconds between two reads that wait for our own write to show."""
    return 0.5


def _was_turned_away(answer: Answer) -> bool:
    return answer.status == 429 and "retry-after" in answer.headers


def _stated_wait(answer: Answer) -> float | None:
    return stated_wait(answer.status, answer.headers)
