"""Alerting's routes: what each call takes, which right it needs, and who carries it out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reconciler.simulator.calls import Reply
from reconciler.simulator.clock import Clock
from reconciler.simulator.opensearch.alerting.alerts import Alerts
from reconciler.simulator.opensearch.alerting.errors import INDEX, alerting_error, index_missing
from reconciler.simulator.opensearch.alerting.monitors import Monitors, Stored
from reconciler.simulator.opensearch.alerting.running import Runner
from reconciler.simulator.opensearch.alerting.searching import hides, nothing_found, read_search, search_monitors
from reconciler.simulator.opensearch.errors import ApiError, illegal_argument, status_error
from reconciler.simulator.opensearch.parameters import check_parameters
from reconciler.simulator.opensearch.request import Request, shaped
from reconciler.simulator.opensearch.routing import Table
from reconciler.simulator.opensearch.sending import TestSender
from reconciler.simulator.opensearch.settings import MAX_MONITORS, ClusterSettings
from reconciler.simulator.opensearch.store import Store
from reconciler.simulator.opensearch.versions import Version

__all__ = ["Alerting"]

_LEGACY, _MODERN = "cluster:admin/opendistro/alerting", "cluster:admin/opensearch/alerting"
_ALERTS = ".opendistro-alerting-alert"
_UPDATED = 8  # the schema of what is rewritten
_SEARCHING = frozenset(("index", "source", "source_content_type"))
_PARAMETERS = {
    "search": _SEARCHING,
    "accounts": _SEARCHING,
    "groups": _SEARCHING,
    "alerts": frozenset(("monitorId", "workflowIds", "alertState", "severityLevel", "size", "startIndex", "sortOrder")),
    "workflow_alerts": frozenset(
        ("workflowIds", "monitorIds", "alertIds", "getAssociatedAlerts", "size", "startIndex")
    ),
    "execute": frozenset(("dryrun", "period_end")),
    "execute_workflow": frozenset(("dryrun", "period_end")),
}


def _routes(base: str) -> Table:
    one = {"GET": "get", "PUT": "update", "DELETE": "delete"}
    workflow = {method: f"{verb}_workflow" for method, verb in one.items()}
    return (
        (f"{base}/monitors", {"POST": "create"}),
        (f"{base}/monitors/_search", {"POST": "search", "GET": "search"}),
        (f"{base}/monitors/alerts", {"GET": "alerts"}),
        (f"{base}/monitors/_execute", {"POST": "execute"}),
        (f"{base}/monitors/{{}}", one),
        (f"{base}/monitors/{{}}/_execute", {"POST": "execute"}),
        (f"{base}/monitors/{{}}/_acknowledge/alerts", {"POST": "acknowledge"}),
        (f"{base}/workflows", {"POST": "create_workflow"}),
        (f"{base}/workflows/alerts", {"GET": "workflow_alerts"}),
        (f"{base}/workflows/{{}}", workflow),
        (f"{base}/workflows/{{}}/_execute", {"POST": "execute_workflow"}),
        (f"{base}/destinations", {"GET": "destinations"}),
        (f"{base}/destinations/{{}}", {"GET": "destinations"}),
        (f"{base}/destinations/email_accounts/_search", {"POST": "accounts", "GET": "accounts"}),
        (f"{base}/destinations/email_groups/_search", {"POST": "groups", "GET": "groups"}),
    )


class Alerting:
    """The plugin of one node; `monitors` and `runner.documents` may be filled from outside."""

    def __init__(
        self, version: Version, clock: Clock, channels: Store, sender: TestSender, settings: ClusterSettings
    ) -> None:
        self._version = version
        self._clock = clock
        self._settings = settings
        self.monitors = Monitors(clock)
        self.alerts = Alerts()
        self.runner = Runner(clock, channels, sender, self.monitors, self.alerts)
        rows = [*_routes("/_plugins/_alerting"), *_routes("/_opendistro/_alerting")]
        self.routes: Table = [row for row in rows if version.has_workflows or "/workflows" not in row[0]]

    async def answer(self, request: Request) -> Reply:
        handler, name = request.route.handler, request.route.name or ""
        known = _PARAMETERS.get(handler, frozenset[str]())
        check_parameters(request.call.path, list(request.parameters), known, ())
        match handler:
            case "search":
                return self._search(request)
            case "accounts" | "groups":
                self._enter(request, f"{_LEGACY}/email_{handler.removesuffix('s')}/search")
                read_search(request.call.body, request.parameters.get("source"))
                return shaped(request, json.dumps(nothing_found()))
            case "destinations":
                return self._destinations(request)
            case "alerts" | "workflow_alerts":
                return self._show_alerts(request)
            case "acknowledge":
                self._enter(request, f"{_LEGACY}/alerts/ack")
                asked = _read(request).get("alerts", [])
                return shaped(request, json.dumps(self.alerts.acknowledge(name, asked, self._clock.stamp())))
            case "execute" | "execute_workflow":
                return await self._execute(request)
        verb, _, suffix = handler.partition("_")
        return self._handle(request, verb, suffix or "monitor")

    # -- reading

    def _search(self, request: Request) -> Reply:
        asked = read_search(request.call.body, request.parameters.get("source"))
        index = request.parameters.get("index", INDEX)
        if index != INDEX and not index.startswith(_ALERTS):
            raise illegal_argument("Invalid index name.")
        self._enter(request, f"{_LEGACY}/monitor/search")
        if index != INDEX:
            return shaped(request, json.dumps(self._search_alerts(asked)))
        caller, filtering = request.access.caller, self._settings.alerting_filter
        found = search_monitors(self.monitors, asked, self._version, caller, filtering=filtering)
        return shaped(request, json.dumps(found, ensure_ascii=False))

    def _search_alerts(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Alerts by a phrase of their error; what they hold is shown by the alerts call."""
        query = asked.get("query", {}).get("query_string", {}).get("query")
        count = self.alerts.mentioning(query.strip('"') if query else "")
        return nothing_found(count, shards=1 if self.alerts.about(None, "monitor") else 0)

    def _destinations(self, request: Request) -> Reply:
        self._enter(request, f"{_LEGACY}/destination/get")
        if not self.monitors.was_made:
            raise index_missing()
        return shaped(request, json.dumps({"totalDestinations": 0, "destinations": []}))

    def _show_alerts(self, request: Request) -> Reply:
        if request.route.handler == "alerts":
            self._enter(request, f"{_LEGACY}/alerts/get")
            wanted, kind = request.parameters.get("monitorId"), "monitor"
        else:
            self._enter(request, f"{_MODERN}/workflow_alerts/get")
            wanted, kind = request.parameters.get("workflowIds"), "workflow"
        found = self.alerts.about(set(wanted.split(",")) if wanted else None, kind)
        answer: dict[str, Any] = {"alerts": [alert.as_json() for alert in found]}
        if kind == "workflow":
            answer["associatedAlerts"] = []
        return shaped(request, json.dumps({**answer, "totalAlerts": len(found)}, ensure_ascii=False))

    # -- one monitor or workflow

    def _handle(self, request: Request, verb: str, kind: str) -> Reply:
        right = {"get": "get", "delete": "delete"}.get(verb, "write")
        given = _read(request) if right == "write" else {}
        self._enter(request, f"{_LEGACY if kind == 'monitor' else _MODERN}/{kind}/{right}")
        if verb == "create":
            limit = int(self._settings.get(MAX_MONITORS) or 1000)
            if kind == "monitor" and len(self.monitors) >= limit:
                raise alerting_error(400, f"This request would create more than the allowed monitors [{limit}].")
            stored = self.monitors.create(kind, given, request.access.caller)
            self.runner.made(stored)
            return shaped(request, self._shown(stored), 201)
        stored = self._find(request, kind)
        if verb == "update":
            stored = self.monitors.update(stored, given, _UPDATED, request.access.caller)
        elif verb == "delete":
            return shaped(request, json.dumps(self._delete(stored)))
        return shaped(request, self._shown(stored, is_read=verb == "get"))

    def _find(self, request: Request, kind: str) -> Stored:
        name = request.route.name or ""
        title = kind.capitalize()
        if not self.monitors.was_made:
            if kind == "workflow":
                raise status_error(404, "Workflow not found")
            raise alerting_error(404, "Monitor not found. Backing index is missing.")
        stored = self.monitors.get(name)
        if stored is None:
            raise alerting_error(404, f"{title} not found.")
        if stored.kind != kind:
            place = "[testbed][127.0.0.1:9300][indices:data/read/get[s]]"
            raise alerting_error(500, place, "org.opensearch.transport.RemoteTransportException")
        if self._settings.alerting_filter and hides(stored, request.access.caller):
            raise alerting_error(403, f"Do not have permissions to resource, {kind}, with id, {name}")
        return stored

    def _delete(self, stored: Stored) -> dict[str, Any]:
        if self.monitors.workflows_with(stored.id):
            reason = "Monitor can't be deleted because it is a part of workflow(s)"
            raise ApiError(
                403, "alerting_exception", reason, caused_by={"type": "illegal_state_exception", "reason": None}
            )
        self.monitors.delete(stored)
        self.alerts.drop(stored)
        answer: dict[str, Any] = {"_id": stored.id, "_version": stored.version + 1}
        return answer if stored.kind == "monitor" else {**answer, "NON_DELETED_MONITORS": None}

    def _shown(self, stored: Stored, *, is_read: bool = False) -> str:
        shown = {**stored.head(), stored.kind: stored.content}
        if is_read and stored.kind == "monitor":
            shown["associated_workflows"] = [{"id": one} for one in self.monitors.workflows_with(stored.id)]
        return json.dumps(shown, ensure_ascii=False)

    async def _execute(self, request: Request) -> Reply:
        kind = "workflow" if request.route.handler == "execute_workflow" else "monitor"
        self._enter(request, f"{_LEGACY if kind == 'monitor' else _MODERN}/{kind}/execute")
        dry = request.parameters.get("dryrun") == "true"
        if request.route.name is None:
            stored = Monitors(self._clock).create("monitor", _read(request), request.access.caller)
        else:
            stored = self._find(request, kind)
        run = self.runner.run_workflow if kind == "workflow" else self.runner.run
        return shaped(request, json.dumps(await run(stored, dry=dry), ensure_ascii=False))

    def _enter(self, request: Request, action: str) -> None:
        """Needs the right, and under Alerting's role filtering a backend role, unless the caller sees all."""
        request.access.require(action)
        caller = request.access.caller
        is_exempt = caller.sees_all or caller.is_admin_certificate or bool(caller.backend_roles)
        if self._settings.alerting_filter and not is_exempt:
            raise alerting_error(403, "User doesn't have backend roles configured. Contact administrator")


def _read(request: Request) -> Mapping[str, Any]:
    if not request.call.body:
        raise ApiError(400, "parse_exception", "request body is required")
    try:
        content = json.loads(request.call.body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise illegal_argument("the body must be an object")
    return content
