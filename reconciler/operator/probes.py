"""`/healthz`, `/readyz` and `/metrics` of the operator, over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from http import HTTPStatus

from aiohttp import web

from reconciler.model.kinds import API_VERSION
from reconciler.operator.crds import PROJECT
from reconciler.operator.kubernetes import Cluster, ClusterError, path_of
from reconciler.operator.metrics import CONTENT_TYPE, exposition
from reconciler.operator.resources import SECRET_LABEL
from reconciler.operator.rounds import Rounds
from reconciler.operator.schedule import Queue

_NOT_READY = (
    f"the watch has not started yet: it needs the API server, and the definitions of {API_VERSION} that "
    "`reconciler operator manifests --crds-only` prints; the log says which of them it has not found\n"
)
_SECONDS = 30.0
"""How long an answer of the API server about our rights counts."""

_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class Rights:
    """Whether the API server lets this operator list what it watches, in these namespaces or in all: without that it
    waits for ever, and no status says so."""

    def __init__(
        self, cluster: Cluster, namespaces: tuple[str, ...], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cluster = cluster
        self._paths = [path for name in namespaces or ("",) for path in _watched(name)]
        self._clock = clock
        self._until = 0.0
        self._refusal = ""

    async def refusal(self) -> str:
        """What is refused; "" if nothing is, or if that cannot be asked now."""
        if self._clock() >= self._until:
            self._refusal = await self._ask()
            self._until = self._clock() + _SECONDS
        return self._refusal

    async def _ask(self) -> str:
        for path in self._paths:
            try:
                await self._cluster.get(path)
            except ClusterError as error:
                if error.status in _REFUSED:
                    return f"{error}; apply what `reconciler operator manifests` prints, its roles and bindings too\n"
        return ""


def _watched(namespace: str) -> tuple[str, str]:
    """Two lists that stand for all that is watched, one entry of each."""
    inside = f"/namespaces/{namespace}" if namespace else ""
    secrets = f"/api/v1{inside}/secrets?limit=1&labelSelector={SECRET_LABEL}%3Dtrue"
    return f"{path_of(PROJECT, namespace)}?limit=1", secrets


async def serve_probes(
    stack: AsyncExitStack,
    host: str,
    port: int,
    rounds: Rounds,
    queue: Queue,
    ready: threading.Event,
    refusal: Callable[[], Awaitable[str]],
) -> int:
    """Serve until the stack is closed; the port, which is chosen where 0 was given. `ready`: the watch has begun;
    `refusal`: what it is not allowed, "" for nothing."""

    async def health(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readiness(_request: web.Request) -> web.Response:
        wrong = await refusal() if ready.is_set() else _NOT_READY
        return web.Response(status=503, text=wrong) if wrong else web.Response(text="ok\n")

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=exposition(rounds, queue), headers={"content-type": CONTENT_TYPE})

    app = web.Application()
    app.add_routes([web.get("/healthz", health), web.get("/readyz", readiness), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, host, port).start()
    return int(runner.addresses[0][1])
