"""The entrance to the simulated OpenSearch: a call comes in, a reply goes out.

In the server's order: the length of the line, route and method, content type, credentials, and then the plugin whose
route it is. Errors are turned into bodies here, and from 3.0 on every answer names the server's version in a header.
"""

from __future__ import annotations

import json
from dataclasses import replace

from reconciler.simulator.calls import TEXT_TYPE, Call, Reply
from reconciler.simulator.opensearch.alerting.plugin import Alerting
from reconciler.simulator.opensearch.cluster import Cluster, Disguise
from reconciler.simulator.opensearch.errors import ApiError, PlainError
from reconciler.simulator.opensearch.notifications import Notifications
from reconciler.simulator.opensearch.parameters import read_parameters, shape_error
from reconciler.simulator.opensearch.request import Plugin, Request, encode
from reconciler.simulator.opensearch.routing import Router, check_content_type, check_line_length
from reconciler.simulator.opensearch.security.authentication import unauthorized
from reconciler.simulator.opensearch.security.caller import ANYONE, Access
from reconciler.simulator.opensearch.security.plugin import Security
from reconciler.simulator.opensearch.sending import TestSender
from reconciler.simulator.opensearch.settings import ClusterSettings
from reconciler.simulator.opensearch.store import Document, Store
from reconciler.simulator.opensearch.versions import Version

__all__ = ["OpenSearchApi"]

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
    """One node with the Notifications plugin, and with the security plugin once it is secured."""

    def __init__(
        self,
        store: Store,
        version: Version,
        sender: TestSender,
        cluster_id: str = "",
        *,
        settings: ClusterSettings | None = None,
        alerting: Alerting | None = None,
    ) -> None:
        self.store = store
        self.version = version
        self.settings = settings or ClusterSettings()
        self._cluster = Cluster(store, version, self.settings, cluster_id)
        self._cluster.alerting = alerting
        self._alerting = alerting
        self._notifications = Notifications(store, version, sender)
        self.secure(None)

    def secure(self, security: Security | None) -> None:
        """Put the security plugin in front, another one in its place, or none."""
        self._security = security
        self._cluster.has_security = security is not None
        optional: list[Plugin | None] = [self._alerting, security]
        plugins: list[Plugin] = [self._notifications, *(one for one in optional if one), self._cluster]
        rows = [(plugin, row) for plugin in plugins for row in plugin.routes]
        self._owners = [plugin for plugin, _ in rows]
        self._router = Router([row for _, row in rows])

    @property
    def security(self) -> Security | None:
        return self._security

    @property
    def disguise(self) -> Disguise:
        """How the node hides its version."""
        return self._cluster.disguise

    @disguise.setter
    def disguise(self, disguise: Disguise) -> None:
        self._cluster.disguise = disguise

    def claims(self, path: str) -> bool:
        """Every path that no other API claims is OpenSearch's."""
        return True

    def snapshot(self) -> list[Document]:
        return self.store.snapshot()

    async def answer(self, call: Call) -> Reply:
        try:
            reply = await self._answer(call)
        except ApiError as error:
            text = json.dumps(error.as_json(), ensure_ascii=False)
            reply = Reply(error.status, encode(shape_error(text, read_parameters(call.query))))
        except PlainError as error:
            body = json.dumps(error.as_json(), ensure_ascii=False)
            reply = Reply(error.status, encode(body), headers=error.headers)
        return self._named(reply)

    def refusal(self, status: int) -> Reply:
        if status == 401:
            return self._named(unauthorized())
        kind, reason = _REFUSALS.get(status, ("status_exception", "failed on request"))
        return self._named(Reply(status, encode(json.dumps(ApiError(status, kind, reason).as_json()))))

    def _named(self, reply: Reply) -> Reply:
        """With the version's header, which `DefaultRestChannel` of 3.0 and later puts on every answer."""
        if not self.version.names_itself or self.disguise.no_header:
            return reply
        header = {"X-OpenSearch-Version": f"OpenSearch/{self.version} (opensearch)"}
        return replace(reply, headers={**reply.headers, **header})

    async def _answer(self, call: Call) -> Reply:
        check_line_length(call)
        route = self._router.find(call)
        if route.handler == "options":
            return Reply(200, b"", TEXT_TYPE, {"Allow": route.allowed} if route.allowed else {})
        check_content_type(call)
        caller = ANYONE
        if self._security and not self._security.is_open(route):
            admitted = self._security.authenticate(call)
            if isinstance(admitted, Reply):
                return admitted
            caller = admitted
        access = Access(caller, self.settings.notifications_filter)
        return await self._owners[route.row].answer(Request(call, route, read_parameters(call.query), access))
