"""The entry to the simulated organisation: a call comes in, a reply goes out.

Credentials, routing, headers and the turning of errors into bodies are put together here; what the calls do is in
`integrations`, `subscriptions`, `resources` and `sending`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count
from typing import Any, Protocol, cast
from urllib.parse import unquote

from reconciler.simulator.calls import Call, Reply
from reconciler.simulator.clock import Clock
from reconciler.simulator.confluent.access import Access
from reconciler.simulator.confluent.behaviours import LIKELY, Behaviours, Created, FilteredNothing, RateHeaders
from reconciler.simulator.confluent.catalogue import TYPES, type_document
from reconciler.simulator.confluent.checking import parse_object
from reconciler.simulator.confluent.errors import JSON, ApiError, error_reply
from reconciler.simulator.confluent.integrations import Integrations
from reconciler.simulator.confluent.lists import Lists, resource_in
from reconciler.simulator.confluent.resources import ResourcePreferences, ResourceSubscriptions
from reconciler.simulator.confluent.sending import Messenger
from reconciler.simulator.confluent.store import Store
from reconciler.simulator.confluent.subscriptions import Subscriptions
from reconciler.simulator.delivery import Courier

__all__ = ["ConfluentApi"]

_PREFIX = "/notifications/v1/"
_TOKEN = "/sts/v1/oauth2/token"  # noqa: S105 - a path
_LIST_KINDS = {
    "integrations": "IntegrationList",
    "subscriptions": "SubscriptionList",
    "resource-subscriptions:lookup": "ResourceSubscriptionList",
    "notification-types": "NotificationTypeList",
}
_LOOKUPS = ("resource-subscriptions:lookup", "resource-preferences:lookup")
_WITHOUT_RATE = ("GET integrations", "GET notification-types", "GET resource-subscriptions:lookup")  # as whole lists


class _Collection(Protocol):
    """Objects that callers may create; `required` are the members that a create must have."""

    @property
    def required(self) -> tuple[str, ...]: ...

    def read(self, object_id: str) -> dict[str, Any]: ...

    async def create(self, content: dict[str, Any]) -> dict[str, Any]: ...

    def change(self, object_id: str, content: dict[str, Any]) -> dict[str, Any]: ...

    async def remove(self, object_id: str) -> None: ...


class ConfluentApi:
    """One organisation. `credentials` is a key and its secret; without them any key is accepted. `quota` is the number
    of integrations that users may create; `largest_page` is the most objects on a page."""

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
        self.access = Access(clock, credentials, subject_tokens, behaviours.wrong_key_code)
        self.store = Store(clock, behaviours)
        self.integrations = Integrations(self.store, behaviours, Messenger(courier, behaviours.test_code), quota)
        self.subscriptions = Subscriptions(self.store, behaviours)
        self._routes = ResourceSubscriptions(self.store, behaviours)
        self._preferences = ResourcePreferences(self.store, behaviours)
        self._collections: dict[str, _Collection] = {
            "integrations": self.integrations,
            "subscriptions": self.subscriptions,
            "resource-subscriptions": self._routes,
            "resource-preferences": self._preferences,
        }
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
        name, _, object_id = call.path.removeprefix(_PREFIX).partition("/")
        object_id = unquote(object_id)
        if name == "integrations:test" and call.method == "POST" and not object_id:
            await self.integrations.test(parse_object(call.body))
            return Reply(204, b"", JSON)
        if call.method == "GET" and not object_id and name in _LIST_KINDS:
            return self._list(call, name)
        if call.method == "GET" and not object_id and name == "resource-preferences:lookup":
            return _json(200, self._preferences.lookup(*resource_in(call.query, needed=True)))
        if call.method == "GET" and object_id and name == "notification-types":
            return _json(200, _read_type(object_id))
        if name in self._collections:
            return await self._use(self._collections[name], call, object_id)
        if name in ("notification-types", "integrations:test", *_LOOKUPS):
            raise ApiError(405, "the method is not allowed here")
        raise ApiError(404, "there is nothing at this path")

    async def _use(self, collection: _Collection, call: Call, object_id: str) -> Reply:
        match (call.method, bool(object_id)):
            case ("GET", True):
                return _json(200, collection.read(object_id))
            case ("POST", False):
                return await self._create(collection, parse_object(call.body))
            case ("PATCH", True):
                return _json(200, collection.change(object_id, parse_object(call.body)))
            case ("DELETE", True):
                await collection.remove(object_id)
                return Reply(204, b"", JSON)
            case _:
                raise ApiError(405, "the method is not allowed here")

    def _list(self, call: Call, name: str) -> Reply:
        if call.remembered is not None and name in ("integrations", "subscriptions"):
            items = cast("dict[str, list[dict[str, Any]]]", call.remembered)[name]
        else:
            items = self._found(call, name)
        return _json(200, self._lists.page(_LIST_KINDS[name], call.path, call.query, items))

    def _found(self, call: Call, name: str) -> list[dict[str, Any]]:
        """The objects of a list or a lookup: all, or those that its filter leaves."""
        if name == "subscriptions":
            return self.subscriptions.shown()
        resource, resource_type = resource_in(call.query, needed=name in _LOOKUPS)
        if name == "notification-types":
            items = [type_document(one) for one in TYPES if resource_type in ("", one.resource_type)]
        elif name == "resource-subscriptions:lookup":
            items = self._routes.of(resource, resource_type)
        elif resource or resource_type:
            items = self.integrations.used_by(resource, resource_type)
        else:
            items = self.integrations.shown()
        if not items and self.behaviours.filtered_nothing is FilteredNothing.NOT_FOUND:
            raise ApiError(404, "nothing matches")
        return items

    async def _create(self, collection: _Collection, content: dict[str, Any]) -> Reply:
        document = await collection.create(content)
        headers = {"Location": document["metadata"]["self"]}
        if self.behaviours.created is Created.REQUIRED:
            document = {name: document[name] for name in collection.required}
        return _json(201, document, headers)

    def _rate_headers(self, call: Call) -> dict[str, str]:
        whole = f"{call.method} {call.path.removeprefix(_PREFIX)}"
        if self.behaviours.rate_headers is RateHeaders.NO or whole in _WITHOUT_RATE or call.path.endswith(":test"):
            return {}
        return {"X-RateLimit-Limit": "40", "X-RateLimit-Remaining": "39", "X-RateLimit-Reset": "1"}

    def _request_id(self) -> str:
        return f"{next(self._numbers):012x}"


def _read_type(type_id: str) -> dict[str, Any]:
    found = [type_document(one) for one in TYPES if one.id == type_id]
    if not found:
        raise ApiError(404, "there is no such notification type")
    return found[0]


def _json(status: int, content: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(content).encode(), JSON, headers or {})
