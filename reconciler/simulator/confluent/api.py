"""The door to the simulated organisation: a call comes in, a reply goes out.

Credentials, routing, headers and the turning of errors into bodies are put together here; what the calls do is in
`integrations`, `subscriptions` and `sending`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count
from typing import Any, cast
from urllib.parse import unquote

from reconciler.simulator.calls import Call, Reply
from reconciler.simulator.clock import Clock
from reconciler.simulator.confluent.access import Access
from reconciler.simulator.confluent.behaviours import LIKELY, Behaviours, Created, RateHeaders
from reconciler.simulator.confluent.catalogue import TYPES, type_document
from reconciler.simulator.confluent.checking import parse_object
from reconciler.simulator.confluent.errors import JSON, ApiError, error_reply
from reconciler.simulator.confluent.integrations import Integrations
from reconciler.simulator.confluent.lists import Lists
from reconciler.simulator.confluent.sending import Messenger
from reconciler.simulator.confluent.store import Store
from reconciler.simulator.confluent.subscriptions import Subscriptions
from reconciler.simulator.delivery import Courier

__all__ = ["ConfluentApi"]

_PREFIX = "/notifications/v1/"
_TOKEN = "/sts/v1/oauth2/token"  # noqa: S105 - a path
_REQUIRED = {"integrations": ("display_name", "target"), "subscriptions": ("notification_type", "integrations")}
_LIST_KINDS = {
    "integrations": "IntegrationList",
    "subscriptions": "SubscriptionList",
    "notification-types": "NotificationTypeList",
}
_WITHOUT_RATE = ("GET integrations", "GET notification-types")  # as whole lists


class ConfluentApi:
    """One organisation. `credentials` is a key and its secret; without, any key is let in. `quota` is the number of
    integrations that users may make; `largest_page` what a page holds at most."""

    def __init__(
        self,
        clock: Clock,
        courier: Courier,
        behaviours: Behaviours = LIKELY,
        *,
        credentials: tuple[str, str] | None = None,
        subject_tokens: frozenset[str] = frozenset(),
        quota: int = 200,
        largest_page: int = 250,
    ) -> None:
        self.behaviours = behaviours
        self.access = Access(clock, credentials, subject_tokens)
        self.store = Store(clock, behaviours)
        self.integrations = Integrations(self.store, behaviours, Messenger(courier, behaviours.test_code), quota)
        self.subscriptions = Subscriptions(self.store, behaviours, self.integrations)
        self._lists = Lists(behaviours, largest_page)
        self._numbers = count(1)
        self.integrations.seed()
        self.subscriptions.seed()
        self.store.settle()

    def claims(self, path: str) -> bool:
        """Whether the path is one of this API."""
        return path.startswith((_PREFIX, "/sts/v1/"))

    def snapshot(self) -> dict[str, list[dict[str, Any]]]:
        """The lists as they are now."""
        return {"integrations": self.integrations.shown(), "subscriptions": self.subscriptions.shown()}

    def refusal(self, status: int) -> Reply:
        """A failure of that status, as this API words it."""
        return error_reply(ApiError(status, "on request"), self.behaviours.error_shape, self._request_id())

    async def answer(self, call: Call) -> Reply:
        """The answer, errors included."""
        request_id = self._request_id()
        try:
            if call.path == _TOKEN and call.method == "POST":
                return _json(200, self.access.exchange(call.body), {"X-Request-Id": request_id})
            self.access.check(call)
            reply = await self._answer(call)
        except ApiError as error:
            return error_reply(error, self.behaviours.error_shape, request_id)
        headers = dict(reply.headers) | self._rate_headers(call)
        if not call.path.endswith(":test"):
            headers["X-Request-Id"] = request_id
        return Reply(reply.status, reply.body, reply.content_type, headers)

    async def _answer(self, call: Call) -> Reply:
        collection, _, object_id = call.path.removeprefix(_PREFIX).partition("/")
        object_id = unquote(object_id)
        match (call.method, collection, bool(object_id)):
            case ("POST", "integrations:test", False):
                await self.integrations.test(parse_object(call.body))
                return Reply(204, b"", JSON)
            case ("GET", "integrations" | "subscriptions" | "notification-types", False):
                return self._list(call, collection)
            case ("GET", "integrations" | "subscriptions" | "notification-types", True):
                return _json(200, self._read(collection, object_id))
            case ("POST", "integrations" | "subscriptions", False):
                return await self._create(collection, parse_object(call.body))
            case ("PATCH", "integrations" | "subscriptions", True):
                return _json(200, self._change(collection, object_id, parse_object(call.body)))
            case ("DELETE", "integrations" | "subscriptions", True):
                await self._remove(collection, object_id)
                return Reply(204, b"", JSON)
            case (_, "integrations" | "subscriptions" | "notification-types" | "integrations:test", _):
                raise ApiError(405, "the method is not allowed here")
            case _:
                raise ApiError(404, "there is nothing at this path")

    def _list(self, call: Call, collection: str) -> Reply:
        if call.remembered is not None and collection in _REQUIRED:
            items = cast("dict[str, list[dict[str, Any]]]", call.remembered)[collection]
        elif collection == "notification-types":
            items = [type_document(one) for one in TYPES]
        else:
            items = self.integrations.shown() if collection == "integrations" else self.subscriptions.shown()
        return _json(200, self._lists.page(_LIST_KINDS[collection], call.path, call.query, items))

    def _read(self, collection: str, object_id: str) -> dict[str, Any]:
        if collection == "notification-types":
            found = [type_document(one) for one in TYPES if one.id == object_id]
            if not found:
                raise ApiError(404, "there is no such notification type")
            return found[0]
        return self.integrations.read(object_id) if collection == "integrations" else self.subscriptions.read(object_id)

    async def _create(self, collection: str, content: dict[str, Any]) -> Reply:
        if collection == "integrations":
            document = await self.integrations.create(content)
        else:
            document = self.subscriptions.create(content)
        headers = {"Location": document["metadata"]["self"]}
        if self.behaviours.created is Created.REQUIRED:
            document = {name: document[name] for name in _REQUIRED[collection]}
        return _json(201, document, headers)

    def _change(self, collection: str, object_id: str, content: dict[str, Any]) -> dict[str, Any]:
        if collection == "integrations":
            return self.integrations.change(object_id, content)
        return self.subscriptions.change(object_id, content)

    async def _remove(self, collection: str, object_id: str) -> None:
        if collection == "subscriptions":
            self.subscriptions.remove(object_id)
            return
        left = await self.integrations.remove(object_id, self.subscriptions.referring_to(object_id))
        self.subscriptions.take_out(object_id, left)

    def _rate_headers(self, call: Call) -> dict[str, str]:
        whole = f"{call.method} {call.path.removeprefix(_PREFIX)}"
        if self.behaviours.rate_headers is RateHeaders.NO or whole in _WITHOUT_RATE or call.path.endswith(":test"):
            return {}
        return {"X-RateLimit-Limit": "40", "X-RateLimit-Remaining": "39", "X-RateLimit-Reset": "1"}

    def _request_id(self) -> str:
        return f"{next(self._numbers):012x}"


def _json(status: int, content: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(content).encode(), JSON, headers or {})
