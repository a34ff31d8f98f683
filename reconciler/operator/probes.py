"""`/healthz`, `/readyz` and `/metrics` of the operator, over HTTP."""

from __future__ import annotations

import threading
from contextlib import AsyncExitStack

from aiohttp import web

from reconciler.model.kinds import API_VERSION
from reconciler.operator.metrics import CONTENT_TYPE, exposition
from reconciler.operator.rounds import Rounds
from reconciler.operator.schedule import Queue

_NOT_READY = (
    f"the watch has not started yet: it needs the API server, and the definitions of {API_VERSION} that "
    "`reconciler operator manifests --crds-only` prints; the log says which of them it has not found\n"
)


async def serve_probes(
    stack: AsyncExitStack, host: str, port: int, rounds: Rounds, queue: Queue, ready: threading.Event
) -> int:
    """Serve until the stack is closed; the port, which is chosen where 0 was given."""

    async def health(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readiness(_request: web.Request) -> web.Response:
        if ready.is_set():
            return web.Response(text="ok\n")
        return web.Response(status=503, text=_NOT_READY)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=exposition(rounds, queue), headers={"content-type": CONTENT_TYPE})

    app = web.Application()
    app.add_routes([web.get("/healthz", health), web.get("/readyz", readiness), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, host, port).start()
    return int(runner.addresses[0][1])
