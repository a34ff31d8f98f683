"""The door to the simulated OpenSearch: a call comes in, a reply goes out.

Authentication, routing, parameters and the turning of errors into bodies are put together here; what the calls do is
in `configs` and `sending`.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any, cast

from reconciler.simulator.calls import TEXT_TYPE, Call, Reply
from reconciler.simulator.opensearch.configs import Configs, check_sort_order
from reconciler.simulator.opensearch.errors import ApiError, PlainError
from reconciler.simulator.opensearch.parameters import check_parameters, read_parameters, shape_body
from reconciler.simulator.opensearch.routing import Route, check_content_type, check_line_length, find_route
from reconciler.simulator.opensearch.search import FILTERS
from reconciler.simulator.opensearch.sending import TestSender
from reconciler.simulator.opensearch.store import Document, Store
from reconciler.simulator.opensearch.versions import Version

__all__ = ["OpenSearchApi"]

_LISTING = frozenset(("config_id", "config_id_list", "sort_field", "sort_order", "from_index", "max_items"))
_CLUSTER_ID = "D-DjMqyjQVC0e5dektCauA"
_REFUSALS = {
    400: ("illegal_argument_exception", "refused on request"),
    403: (
        "security_exception",
        "no permissions for [cluster:admin/opensearch/notifications] and User [name=simulator]",
    ),
    404: ("status_exception", "not found on request"),
    429: ("circuit_breaking_exception", "[parent] Data too large, data for [<http_request>] would be too large"),
    503: ("status_exception", "operation timed out on request"),
}


class OpenSearchApi:
    """One cluster with the Notifications plugin. `credentials` is a user and password; without, all are let in."""

    def __init__(
        self,
        store: Store,
        version: Version,
        sender: TestSender,
        credentials: tuple[str, str] | None = None,
        cluster_id: str = "",
    ) -> None:
        self._cluster_id = cluster_id or _CLUSTER_ID
        self.store = store
        self.version = version
        self._configs = Configs(store, version)
        self._sender = sender
        self._authorization = _basic(*credentials) if credentials else None

    def claims(self, path: str) -> bool:
        """Every path that no other API claims is OpenSearch's."""
        return True

    def snapshot(self) -> list[Document]:
        return self.store.snapshot()

    async def answer(self, call: Call) -> Reply:
        if self._authorization and not self._is_authorized(call):
            headers = {"WWW-Authenticate": 'Basic realm="OpenSearch Security"'}
            return Reply(401, b"Unauthorized", TEXT_TYPE, headers)
        try:
            return await self._answer(call)
        except ApiError as error:
            return _shaped(error.status, json.dumps(error.as_json(), ensure_ascii=False), call)
        except PlainError as error:
            body = json.dumps(error.as_json(), ensure_ascii=False)
            return Reply(error.status, _encode(body), headers=error.headers)

    def refusal(self, status: int) -> Reply:
        if status == 401:
            return Reply(401, b"Unauthorized", TEXT_TYPE)
        kind, reason = _REFUSALS.get(status, ("status_exception", "failed on request"))
        return Reply(status, _encode(json.dumps(ApiError(status, kind, reason).as_json())))

    def _is_authorized(self, call: Call) -> bool:
        given = call.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), (self._authorization or "").encode())

    async def _answer(self, call: Call) -> Reply:
        check_line_length(call)
        route = find_route(call)
        if route.handler == "options":
            headers = {"Allow": route.config_id} if route.config_id else {}
            return Reply(200, b"", TEXT_TYPE, headers)
        check_content_type(call)
        parameters = read_parameters(call.query)
        if route.handler == "delete" and not _delete_ids(parameters, route):
            self._check_known(call, route, parameters)
            return Reply(400, b"either config_id or config_id_list is required", TEXT_TYPE)
        return _shaped(200, await self._handle(call, route, parameters), call)

    async def _handle(self, call: Call, route: Route, parameters: Mapping[str, str]) -> str:
        if route.handler == "get":
            check_sort_order(parameters)
        self._check_known(call, route, parameters)
        config_id = route.config_id or ""
        if route.handler == "root":
            return json.dumps(self._root())
        if route.handler == "features":
            return json.dumps(
                {
                    "allowed_config_type_list": self.version.allowed_config_types,
                    "plugin_features": {"tooltip_support": "true"},
                }
            )
        if route.handler == "channels":
            return self._configs.channels(cast("list[Document] | None", call.remembered))
        if route.handler == "create":
            return self._configs.create(call.body)
        if route.handler == "update":
            return self._configs.update(call.body, config_id)
        if route.handler == "delete":
            return self._configs.delete(_delete_ids(parameters, route))
        if route.handler == "test":
            return json.dumps(await self._sender.send(config_id), ensure_ascii=False)
        return self._get(call, route, parameters)

    def _get(self, call: Call, route: Route, parameters: Mapping[str, str]) -> str:
        ids = _get_ids(parameters, route)
        if ids:
            return self._configs.get(ids)
        return self._configs.search(parameters, cast("list[Document] | None", call.remembered))

    def _check_known(self, call: Call, route: Route, parameters: Mapping[str, str]) -> None:
        """`FILTERS` count as read only where they were given: so the server suggests other parameters only."""
        known: frozenset[str] = frozenset()
        if route.handler in ("get", "create", "update", "delete"):
            known = _LISTING
        elif route.handler == "test":
            known = frozenset(("config_id",))
        allowed = known | FILTERS if route.handler == "get" else known
        check_parameters(call.path, list(parameters), allowed, known | (FILTERS & parameters.keys()))

    def _root(self) -> dict[str, Any]:
        return {
            "name": "testbed",
            "cluster_name": "opensearch-testbed",
            "cluster_uuid": self._cluster_id,
            "version": self.version.build,
            "tagline": "The OpenSearch Project: https://opensearch.org/",
        }


def _get_ids(parameters: Mapping[str, str], route: Route) -> list[str]:
    """The list's ids, then the single one; each once. Nothing is trimmed, and an empty list holds one empty id."""
    listed = parameters["config_id_list"].split(",") if "config_id_list" in parameters else []
    single = route.config_id if route.config_id is not None else parameters.get("config_id")
    return list(dict.fromkeys([*listed, *([] if single is None else [single])]))


def _delete_ids(parameters: Mapping[str, str], route: Route) -> list[str]:
    """The list wins over the path; blank ids are dropped."""
    if "config_id_list" in parameters:
        ids = parameters["config_id_list"].split(",")
    else:
        ids = [route.config_id if route.config_id is not None else parameters.get("config_id", "")]
    return list(dict.fromkeys(config_id for config_id in ids if config_id.strip()))


def _shaped(status: int, text: str, call: Call) -> Reply:
    return Reply(status, _encode(shape_body(text, read_parameters(call.query)) if call.query else text))


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
