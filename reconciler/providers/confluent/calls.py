"""What all calls to one organisation share: addresses, reading one object or all of them, and what an error means.

Credentials that are refused once end all calls, since a lost role must never read as lost objects. What to write and in
which order to look is `client`'s.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote, urlsplit

from reconciler.errors import ForbiddenError, QuotaError, TargetError, UnauthorizedError, UnexpectedError
from reconciler.providers.confluent import codec
from reconciler.providers.confluent.abilities import ABILITIES
from reconciler.providers.confluent.catalogue import Catalogue
from reconciler.providers.confluent.paging import read_pages
from reconciler.providers.confluent.wording import is_about_quota, is_absence
from reconciler.providers.failures import explain_status
from reconciler.providers.http import Answer, HttpTarget
from reconciler.resources import Draft, LiveObject

__all__ = ["INTEGRATIONS", "SUBSCRIPTIONS", "TEST", "Calls", "collection", "last_part", "path_of", "prefixed"]

# With a leading slash and the colon inside: httpx and urljoin both make another address of `integrations:test`.
INTEGRATIONS = "/notifications/v1/integrations"
SUBSCRIPTIONS = "/notifications/v1/subscriptions"
TYPES = "/notifications/v1/notification-types"
TEST = "/notifications/v1/integrations:test"


class Calls:
    """Reads of one organisation, and the judging of answers."""

    def __init__(self, http: HttpTarget) -> None:
        self.http = http
        self._catalogue: Catalogue | None = None
        self._stopped: TargetError | None = None
        self._reading = asyncio.Lock()

    def name_of(self, object_id: str) -> str:
        """An object as messages name it."""
        return f"{self.http.connection.name or ABILITIES.provider}: {object_id}"

    # -- reading

    async def read_once(self, object_id: str) -> LiveObject | None:
        """One object as a single read shows it; None only if the API itself says that there is none."""
        answer = await self.http.read(path_of(object_id))
        return None if is_absence(answer) else self._decode(self.checked(answer), object_id)

    async def list_kind(self, kind: str) -> list[LiveObject]:
        """All objects of the sort that a kind of ours belongs to: subscriptions, or integrations of every kind."""
        return await (self._list_subscriptions() if kind == codec.SUBSCRIPTION else self._list_integrations())

    async def _list_integrations(self) -> list[LiveObject]:
        items = await self._pages(INTEGRATIONS)
        return [live for live in map(codec.decode_integration, items) if live is not None]

    async def _list_subscriptions(self) -> list[LiveObject]:
        catalogue = await self.read_catalogue()
        items = await self._pages(SUBSCRIPTIONS)
        return [live for item in items if (live := codec.decode_subscription(item, catalogue)) is not None]

    async def read_catalogue(self) -> Catalogue:
        """The notification types, read once."""
        async with self._reading:
            if self._catalogue is None:
                self._catalogue = Catalogue.parse(await self._pages(TYPES))
            return self._catalogue

    async def _pages(self, path: str) -> list[dict[str, Any]]:
        try:
            return await read_pages(self.http, path)
        except (UnauthorizedError, ForbiddenError) as error:
            self._stopped = error
            raise

    def _decode(self, answer: Answer, object_id: str) -> LiveObject | None:
        body = answer.json()
        if not isinstance(body, dict) or body.get("id") != object_id.removeprefix(codec.SUBSCRIPTION_PREFIX):
            reason = "the answer is JSON, but not the object that was asked for; is that Confluent's address?"
            raise explain_status(answer.call, answer.status, reason=reason, kind=UnexpectedError)
        if object_id.startswith(codec.SUBSCRIPTION_PREFIX):
            return codec.decode_subscription(body, self._catalogue or Catalogue())
        return codec.decode_integration(body)

    # -- judging

    def go_on(self) -> None:
        """Refuse every call after one whose credentials were refused."""
        if self._stopped is not None:
            raise type(self._stopped)(f"{self._stopped} (this ended all calls)", status=self._stopped.status)

    def checked(self, answer: Answer, draft: Draft | None = None) -> Answer:
        """The answer, if it is a success; else the error that it stands for is raised."""
        if answer.ok:
            return answer
        error = self.error(answer, draft)
        if isinstance(error, UnauthorizedError | ForbiddenError):
            self._stopped = error
        raise error

    def error(self, answer: Answer, draft: Draft | None = None) -> TargetError:
        """The error that an answer stands for. What the draft holds as a secret is kept out of it."""
        address = codec.address_of(draft.kind, draft.fields) if draft and draft.kind in codec.TARGETS else None
        kind: type[TargetError] | None = None
        if is_about_quota(answer):
            kind = QuotaError
        elif answer.status == 404 and not is_absence(answer):
            kind = UnexpectedError
        return self.http.error(answer, secrets=(address.reveal(),) if address else (), kind=kind)


def collection(kind: str) -> str:
    """Where objects of a kind are created."""
    return SUBSCRIPTIONS if kind == codec.SUBSCRIPTION else INTEGRATIONS


def prefixed(kind: str, object_id: str) -> str:
    """Our id for the server's."""
    return codec.SUBSCRIPTION_PREFIX + object_id if kind == codec.SUBSCRIPTION else object_id


def path_of(object_id: str) -> str:
    """Where an object is, by our id."""
    prefix = codec.SUBSCRIPTION_PREFIX
    if object_id.startswith(prefix):
        return f"{SUBSCRIPTIONS}/{quote(object_id.removeprefix(prefix), safe='')}"
    return f"{INTEGRATIONS}/{quote(object_id, safe='')}"


def last_part(location: str) -> str:
    """The server's id at the end of an address; "" where there is none."""
    return urlsplit(location).path.rstrip("/").rpartition("/")[2]
