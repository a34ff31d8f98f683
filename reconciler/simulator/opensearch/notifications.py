"""The Notifications plugin's routes: what each call takes, which right it needs, and who carries it out.

The operations themselves are `configs` and `sending`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from reconciler.simulator.calls import Reply
from reconciler.simulator.opensearch.configs import Configs, check_sort_order
from reconciler.simulator.opensearch.parameters import check_parameters
from reconciler.simulator.opensearch.request import Request, shaped, text_reply
from reconciler.simulator.opensearch.routing import Route, Table
from reconciler.simulator.opensearch.search import FILTERS
from reconciler.simulator.opensearch.sending import TestSender
from reconciler.simulator.opensearch.store import Document, Store
from reconciler.simulator.opensearch.versions import Version

__all__ = ["Notifications"]

_BASE = "/_plugins/_notifications"
_LISTING = frozenset(("config_id", "config_id_list", "sort_field", "sort_order", "from_index", "max_items"))


class Notifications:
    """The plugin of one cluster."""

    routes: Table = (
        (f"{_BASE}/features", {"GET": "features"}),
        (f"{_BASE}/channels", {"GET": "channels"}),
        (f"{_BASE}/configs", {"GET": "get", "POST": "create", "DELETE": "delete"}),
        (f"{_BASE}/configs/{{}}", {"GET": "get", "PUT": "update", "DELETE": "delete"}),
        (f"{_BASE}/feature/test/{{}}", {"POST": "test", "GET": "test"}),
    )

    def __init__(self, store: Store, version: Version, sender: TestSender) -> None:
        self._version = version
        self._configs = Configs(store, version)
        self._sender = sender

    async def answer(self, request: Request) -> Reply:
        handler = request.route.handler
        if handler == "get":
            check_sort_order(request.parameters)
        _check_known(request)
        if handler == "delete" and not _delete_ids(request.parameters, request.route):
            return text_reply(400, "either config_id or config_id_list is required")
        if handler == "test":
            sent = await self._sender.send(request.route.name or "", request.access)
            return shaped(request, json.dumps(sent, ensure_ascii=False))
        return shaped(request, self._handle(request))

    def _handle(self, request: Request) -> str:
        call, access, config_id = request.call, request.access, request.route.name or ""
        match request.route.handler:
            case "features":
                access.require("cluster:admin/opensearch/notifications/features")
                return self._features()
            case "channels":
                return self._configs.channels(access, _remembered(request))
            case "create":
                return self._configs.create(call.body, access)
            case "update":
                return self._configs.update(call.body, config_id, access, is_overtaken=call.is_overtaken)
            case "delete":
                ids = _delete_ids(request.parameters, request.route)
                return self._configs.delete(ids, access, is_overtaken=call.is_overtaken)
        ids = _get_ids(request.parameters, request.route)
        if ids:
            return self._configs.get(ids, access)
        return self._configs.search(request.parameters, access, _remembered(request))

    def _features(self) -> str:
        return json.dumps(
            {
                "allowed_config_type_list": self._version.allowed_config_types,
                "plugin_features": {"tooltip_support": "true"},
            }
        )


def _remembered(request: Request) -> list[Document] | None:
    return cast("list[Document] | None", request.call.remembered)


def _check_known(request: Request) -> None:
    """`FILTERS` count as read only where they were given: so the server suggests other parameters only."""
    handler, parameters = request.route.handler, request.parameters
    known: frozenset[str] = frozenset()
    if handler in ("get", "create", "update", "delete"):
        known = _LISTING
    elif handler == "test":
        known = frozenset(("config_id",))
    allowed = known | FILTERS if handler == "get" else known
    check_parameters(request.call.path, list(parameters), allowed, known | (FILTERS & parameters.keys()))


def _get_ids(parameters: Mapping[str, str], route: Route) -> list[str]:
    """The list's ids, then the single one; each once. Nothing is trimmed, and an empty list holds one empty id."""
    listed = parameters["config_id_list"].split(",") if "config_id_list" in parameters else []
    single = route.name if route.name is not None else parameters.get("config_id")
    return list(dict.fromkeys([*listed, *([] if single is None else [single])]))


def _delete_ids(parameters: Mapping[str, str], route: Route) -> list[str]:
    """The list wins over the path; blank ids are dropped."""
    if "config_id_list" in parameters:
        ids = parameters["config_id_list"].split(",")
    else:
        ids = [route.name if route.name is not None else parameters.get("config_id", "")]
    return list(dict.fromkeys(config_id for config_id in ids if config_id.strip()))
