"""The server's own routes: `GET /`, the cluster's settings, and those that a client may try to learn the version from.

Of most of these the simulator plays only who may not call them (the recordings with the security plugin have no more);
who may is answered as if there was no such route. The index behind the Notifications plugin can be asked directly, and
shows nothing to anybody but the admin's certificate.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from reconciler.simulator.calls import Reply
from reconciler.simulator.opensearch.alerting.errors import INDEX as ALERTING_INDEX
from reconciler.simulator.opensearch.alerting.plugin import Alerting
from reconciler.simulator.opensearch.alerting.searching import nothing_found, read_search, search_index
from reconciler.simulator.opensearch.errors import INDEX, ApiError
from reconciler.simulator.opensearch.parameters import check_parameters
from reconciler.simulator.opensearch.request import Request, shaped
from reconciler.simulator.opensearch.routing import Table, no_handler
from reconciler.simulator.opensearch.security.caller import Access
from reconciler.simulator.opensearch.settings import ClusterSettings
from reconciler.simulator.opensearch.store import Store
from reconciler.simulator.opensearch.versions import Version

__all__ = ["Cluster", "Disguise"]

_CLUSTER_ID = "D-DjMqyjQVC0e5dektCauA"
_COMPATIBLE = "7.10.2"
_ACTIONS = {
    "health": "cluster:monitor/health",
    "stats": "cluster:monitor/stats",
    "nodes": "cluster:monitor/nodes/info",
    "cat": "cluster:monitor/state",
    "tasks": "cluster:monitor/tasks/lists",
}
_SETTINGS_PARAMETERS = frozenset(("flat_settings", "include_defaults", "timeout", "master_timeout"))


@dataclass(frozen=True, slots=True)
class Disguise:
    """How a server hides its version: by saying 7.10.2 (`compatibility` mode), by no header, by no `GET /`."""

    compatibility: bool = False
    no_header: bool = False
    no_root: bool = False


class Cluster:
    """The routes of one node."""

    routes: Table = (
        ("/", {"GET": "root", "HEAD": "root", "DELETE": "delete_index"}),
        ("/_cluster/settings", {"GET": "settings", "PUT": "update_settings"}),
        ("/_cluster/health", {"GET": "health"}),
        ("/_cluster/stats", {"GET": "stats"}),
        ("/_nodes", {"GET": "nodes"}),
        ("/_nodes/{}", {"GET": "nodes"}),
        ("/_cat/{}", {"GET": "cat"}),
        ("/_tasks", {"GET": "tasks"}),
        ("/{}", {"GET": "index", "HEAD": "index", "PUT": "index", "DELETE": "delete_index"}),
        ("/{}/_search", {"GET": "search", "POST": "search"}),
        ("/{}/_doc/{}", {"GET": "document"}),
    )

    def __init__(self, store: Store, version: Version, settings: ClusterSettings, cluster_id: str) -> None:
        self._store = store
        self._version = version
        self._settings = settings
        self._cluster_id = cluster_id or _CLUSTER_ID
        self.has_security = False
        self.alerting: Alerting | None = None
        self.disguise = Disguise()

    async def answer(self, request: Request) -> Reply:
        handler = request.route.handler
        if handler == "root":
            return self._answer_root(request)
        if handler in ("settings", "update_settings"):
            return self._answer_settings(request)
        if handler in _ACTIONS:
            request.access.require(_ACTIONS[handler])
            if request.route.names == ("plugins",) and request.parameters.get("format") == "json":
                return self._plugins(request)
        elif handler in ("search", "document"):
            return self._answer_index(request)
        elif handler in ("index", "delete_index"):
            _check_index_name(request)
        raise no_handler(request.call)

    def _answer_root(self, request: Request) -> Reply:
        check_parameters(request.call.path, list(request.parameters), (), ())
        access = Access(replace(request.access.caller, permissions=())) if self.disguise.no_root else request.access
        access.require("cluster:monitor/main")
        return shaped(request, json.dumps(self._root()))

    def _root(self) -> dict[str, Any]:
        build = self._version.build
        if self.disguise.compatibility:
            build = {name: value for name, value in build.items() if name != "distribution"} | {"number": _COMPATIBLE}
        return {
            "name": "testbed",
            "cluster_name": "opensearch-testbed",
            "cluster_uuid": self._cluster_id,
            "version": build,
            "tagline": "The OpenSearch Project: https://opensearch.org/",
        }

    def _answer_settings(self, request: Request) -> Reply:
        check_parameters(request.call.path, list(request.parameters), _SETTINGS_PARAMETERS, ())
        if request.route.handler == "settings":
            request.access.require("cluster:monitor/state")
            with_defaults = request.parameters.get("include_defaults") == "true"
            return shaped(request, self._settings.shown(with_defaults=with_defaults))
        request.access.require("cluster:admin/settings/update")
        return shaped(request, self._settings.update(request.call.body))

    def _answer_index(self, request: Request) -> Reply:
        """The plugin's index, asked past the plugin: under the security plugin only the admin's certificate sees it."""
        sees = not self.has_security or request.access.caller.is_admin_certificate
        index = request.route.names[0]
        if index == ALERTING_INDEX and request.route.handler == "search":
            return self._search_alerting(request, sees=sees)
        if index != INDEX:
            raise no_handler(request.call)
        if request.route.handler == "search":
            request.access.require("indices:data/read/search")
            return shaped(request, json.dumps(_search_result(len(self._store) if sees else 0)))
        request.access.require("indices:data/read/get")
        document = self._store.get(request.route.names[1]) if sees else None
        found: dict[str, Any] = {"_index": INDEX, "_id": request.route.names[1], "found": document is not None}
        if document is not None:
            found["_source"] = {"metadata": {"access": list(document.access)}, "config": document.config.as_json()}
        return shaped(request, json.dumps(found), 200 if document else 404)

    def _search_alerting(self, request: Request, *, sees: bool) -> Reply:
        request.access.require("indices:data/read/search")
        if self.alerting is None or not self.alerting.monitors.was_made:
            raise _index_not_found(ALERTING_INDEX)
        asked = read_search(request.call.body, None)
        return shaped(request, json.dumps(search_index(self.alerting.monitors, asked) if sees else nothing_found()))

    def _plugins(self, request: Request) -> Reply:
        """`GET /_cat/plugins` as JSON, with the columns `component` and `version`."""
        names = ["opensearch-notifications", "opensearch-notifications-core"]
        names += ["opensearch-alerting", "opensearch-job-scheduler"] if self.alerting else []
        names += ["opensearch-security"] if self.has_security else []
        rows = [{"component": name, "version": f"{self._version}.0"} for name in sorted(names)]
        return shaped(request, json.dumps(rows))


def _index_not_found(index: str) -> ApiError:
    details = {"index": index, "resource.id": index, "resource.type": "index_or_alias", "index_uuid": "_na_"}
    return ApiError(404, "index_not_found_exception", f"no such index [{index}]", details=details)


def _search_result(count: int) -> dict[str, Any]:
    shards = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}
    hits: dict[str, Any] = {"total": {"value": count, "relation": "eq"}, "max_score": None, "hits": []}
    return {"took": 1, "timed_out": False, "_shards": shards, "hits": hits}


def _check_index_name(request: Request) -> None:
    name = request.route.name or ""
    if name.startswith(("_", "-", "+")):
        reason = f"Invalid index name [{name}], must not start with '{name[0]}'."
        details = {"index": name, "index_uuid": "_na_"}
        raise ApiError(400, "invalid_index_name_exception", reason, details=details)
