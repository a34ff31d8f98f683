"""What all calls to one organisation share: paths, reading one object or all of them, and what an answer means.

Once a right is refused, no more calls are made, as with refused credentials, so that a lost role is never taken for
deleted objects. `client` decides what to write, and what to read after an unclear failure.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from reconciler.model.errors import (
    ForbiddenError,
    NotFoundError,
    TargetError,
    UnauthorizedError,
    UnexpectedError,
)
from reconciler.model.evidence import Delivery, Outcome
from reconciler.model.gaps import UnknownReason
from reconciler.model.resource import LiveObject, Payload
from reconciler.model.text import plural
from reconciler.providers.confluent import codec
from reconciler.providers.confluent.abilities import ABILITIES
from reconciler.providers.confluent.catalogue import Catalogue
from reconciler.providers.confluent.wording import error_kind, is_absence, may_be_absence
from reconciler.providers.http import Answer, HttpTarget

MOST_PAGES = 1000
_PAGE_SIZE = 100  # the default; limits are no part of the contract, so the largest may be refused one day


async def read_pages(http: HttpTarget, path: str) -> list[dict[str, Any]]:
    """Every item of a list, in the server's order; a TargetError if any page cannot be read."""
    items: dict[str, dict[str, Any]] = {}
    token, seen = "", set[str]()
    for _ in range(MOST_PAGES):
        query = f"?page_size={_PAGE_SIZE}" + (f"&page_token={quote(token, safe='')}" if token else "")
        answer = await http.read(path + query)
        if not answer.ok:
            # A missing list is not an empty list: 404 means that the address is wrong, or is not Confluent's.
            raise http.error(answer, kind=UnexpectedError if answer.status == 404 else error_kind(answer))
        page, token = _parse(answer)
        items |= {str(item.get("id") or f"without id {len(items) + place}"): item for place, item in enumerate(page)}
        if not token:
            return list(items.values())
        if token in seen:
            raise _incomplete(answer, "the server gives the same page again and again")
        seen.add(token)
    raise _incomplete(answer, f"there are more than {MOST_PAGES} pages")


def _parse(answer: Answer) -> tuple[list[dict[str, Any]], str]:
    body = answer.json()
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        reason = "the answer is JSON, but not a list; is that Confluent's address?"
        raise answer.as_error(reason, kind=UnexpectedError)
    metadata = body.get("metadata")
    following = metadata.get("next") if isinstance(metadata, dict) else None
    if not following:
        return data, ""
    tokens = parse_qs(urlsplit(str(following)).query).get("page_token", [])
    if len(tokens) != 1:
        raise _incomplete(answer, "the next page's address has no page_token")
    return data, tokens[0]


def _incomplete(answer: Answer, why: str) -> UnexpectedError:
    error = answer.as_error(f"the list is incomplete: {why}", hint="try again", kind=UnexpectedError)
    return UnexpectedError(str(error), status=error.status, reason=error.reason)


# With a leading slash: httpx and urljoin would take `integrations:` in a relative `integrations:test` for a scheme.
INTEGRATIONS = "/notifications/v1/integrations"
SUBSCRIPTIONS = "/notifications/v1/subscriptions"
TYPES = "/notifications/v1/notification-types"
TEST = "/notifications/v1/integrations:test"


class Calls:
    """Reads of one organisation, and what its answers mean."""

    def __init__(self, http: HttpTarget) -> None:
        self.http = http
        self._catalogue: Catalogue | None = None
        self._reading = asyncio.Lock()
        self.own: set[str] = set()
        """The ids of the objects that this run wrote, or sent a DELETE for."""
        self.nameless: dict[str, int] = {}
        """How many entries had no id when a list was last read, by `integration` or `subscription`."""

    def name_of(self, object_id: str) -> str:
        """An object as messages name it."""
        return f"{self.http.connection.name or ABILITIES.provider}: {object_id}"

    def describe_nameless(self) -> str:
        """How many entries of the lists have no id, in words; "" if none."""
        counts = [plural(count, word) for word, count in sorted(self.nameless.items()) if count]
        if not counts:
            return ""
        return (
            f"Confluent Cloud lists {' and '.join(counts)} without an id, so nothing can be known about it: if a "
            "channel seems to be missing, look for it in the console, and ask Confluent's support"
        )

    # -- reading

    async def read_once(self, object_id: str) -> LiveObject | None:
        """One object as a single read shows it. None only if the API itself says that there is none, or if the answer
        leaves it open and the list lacks it."""
        answer = await self.http.read(path_of(object_id))
        if may_be_absence(answer):
            return await self._settle(answer, object_id)
        return None if is_absence(answer) else self._decode(self.checked(answer), object_id)

    async def _settle(self, answer: Answer, object_id: str) -> LiveObject | None:
        """Decide by the list what an answer means that may mean "gone".

        A list that cannot be read is an error, and so is one that has the object, unless this run wrote it. A 403 for
        an object that is no longer listed means "gone" only if this run wrote it; else it is a NotFoundError.
        """
        live = await self.find_listed(object_id)
        if live is not None and object_id not in self.own:
            self.checked(answer)
        if live is None and answer.status == 403 and object_id not in self.own:
            what = "it was deleted meanwhile, or is hidden from these credentials now; plan again"
            raise NotFoundError(f"{self.name_of(object_id)}: it is no longer listed, and {what}", status=403)
        return live

    async def find_listed(self, object_id: str) -> LiveObject | None:
        """An object as the list shows it; None if the list was read and lacks it."""
        kind = codec.SUBSCRIPTION if object_id.startswith(codec.SUBSCRIPTION_PREFIX) else ""
        return next((live for live in await self.list_kind(kind) if live.id == object_id), None)

    async def list_kind(self, kind: str) -> list[LiveObject]:
        """All subscriptions if `kind` is `Subscription`; else all integrations, of every kind."""
        return await (self._list_subscriptions() if kind == codec.SUBSCRIPTION else self._list_integrations())

    async def _list_integrations(self) -> list[LiveObject]:
        items = await self._pages(INTEGRATIONS)
        self.nameless["integration"] = codec.count_nameless(items)
        return [live for live in map(codec.decode_integration, items) if live is not None]

    async def _list_subscriptions(self) -> list[LiveObject]:
        catalogue = await self.read_catalogue()
        items = await self._pages(SUBSCRIPTIONS)
        self.nameless["subscription"] = codec.count_nameless(items)
        return [live for item in items if (live := codec.decode_subscription(item, catalogue)) is not None]

    async def read_catalogue(self) -> Catalogue:
        """The notification types; they are read only once."""
        async with self._reading:
            if self._catalogue is None:
                self._catalogue = Catalogue.parse(await self._pages(TYPES))
            return self._catalogue

    async def _pages(self, path: str) -> list[dict[str, Any]]:
        try:
            return await read_pages(self.http, path)
        except (UnauthorizedError, ForbiddenError) as error:
            self.http.end_calls(error)
            raise

    def _decode(self, answer: Answer, object_id: str) -> LiveObject | None:
        body = answer.json()
        if not isinstance(body, dict) or body.get("id") != object_id.removeprefix(codec.SUBSCRIPTION_PREFIX):
            reason = "the answer is JSON, but not the object that was asked for; is that Confluent's address?"
            raise answer.as_error(reason, kind=UnexpectedError)
        if object_id.startswith(codec.SUBSCRIPTION_PREFIX):
            return codec.decode_subscription(body, self._catalogue or Catalogue())
        return codec.decode_integration(body)

    # -- judging

    def checked(self, answer: Answer, payload: Payload | None = None) -> Answer:
        """The answer if it is a success; else its error is raised. A refused right or key ends all further calls."""
        if answer.ok:
            return answer
        error = self.error(answer, payload)
        if isinstance(error, UnauthorizedError | ForbiddenError):
            self.http.end_calls(error)
        raise error

    def error(self, answer: Answer, payload: Payload | None = None) -> TargetError:
        """The error for an answer; the payload's secret is kept out of its message."""
        address = codec.address_of(payload.kind, payload.fields) if payload and payload.kind in codec.TARGETS else None
        return self.http.error(answer, secrets=(address.reveal(),) if address else (), kind=error_kind(answer))


def collection(kind: str) -> str:
    """The path at which objects of a kind are created."""
    return SUBSCRIPTIONS if kind == codec.SUBSCRIPTION else INTEGRATIONS


def prefixed(kind: str, object_id: str) -> str:
    """Our id for an object of this kind with this id of the server's."""
    return codec.SUBSCRIPTION_PREFIX + object_id if kind == codec.SUBSCRIPTION else object_id


def path_of(object_id: str) -> str:
    """The path of an object, by our id."""
    prefix = codec.SUBSCRIPTION_PREFIX
    if object_id.startswith(prefix):
        return f"{SUBSCRIPTIONS}/{quote(object_id.removeprefix(prefix), safe='')}"
    return f"{INTEGRATIONS}/{quote(object_id, safe='')}"


def last_part(location: str) -> str:
    """The server's id at the end of an address; "" if there is none."""
    return urlsplit(location).path.rstrip("/").rpartition("/")[2]


HIDDEN = Delivery(
    Outcome.SKIPPED,
    "Confluent Cloud does not give the address back, and the manifest has none: write a reference instead of live",
    reason=UnknownReason.ADDRESS_HIDDEN,
)
ANOTHER = Delivery(
    Outcome.SKIPPED,
    "the live address is masked, and what it shows is not the manifest's, so a message would test another address: "
    "apply the manifest, or correct it",
    reason=UnknownReason.ADDRESS_DIFFERS,
)
READ_ONLY = Delivery(
    Outcome.SKIPPED,
    "Confluent Cloud tests Slack, Teams and webhook integrations only",
    reason=UnknownReason.UNTESTABLE,
)
LOST = Delivery(Outcome.UNKNOWN, reason=UnknownReason.CUT_OFF)
LATE = Delivery(Outcome.UNKNOWN, reason=UnknownReason.TIMED_OUT)


def judge_answer(status: int, reason: str) -> Delivery:
    """What a test's answer says about its delivery. `reason` must be safe to show. An answer that says that nothing
    could be sent, such as a 401, must have been raised as an error before."""
    because = f": {reason}" if reason else ""
    if 200 <= status < 300:
        return Delivery(Outcome.ACCEPTED, "Confluent Cloud sent it, and the receiver accepted it", status)
    if status == 429:
        text = "the test could not be sent: Confluent Cloud is too busy: try again later"
        return Delivery(Outcome.SKIPPED, text, reason=UnknownReason.NOT_SENT)
    if status >= 500:
        text = f"Confluent Cloud answered {status}{because}: it may or may not have arrived"
        return Delivery(Outcome.UNKNOWN, text, reason=UnknownReason.NO_RESULT)
    return Delivery(Outcome.FAILED, f"Confluent Cloud could not deliver it ({status}{because})")
