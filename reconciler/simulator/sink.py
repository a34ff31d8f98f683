"""The HTTP receiver's answers: the path says what it does, and everything that comes is recorded.

`/status/410` answers 410, `/empty` nothing, `/slow` late; anything else is taken with 200. Used by the stand-alone
`Receiver` and, under `/_simulator/sink/`, by the simulator itself.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from aiohttp import web

from reconciler.simulator.inbox import Inbox

__all__ = ["answer_delivery"]

_REFUSED = '{"error":"no such hook"}'


async def answer_delivery(request: web.Request, path: str, inbox: Inbox, slow_seconds: float) -> web.Response:
    """Record the request as one to `path` (with its query) and answer as the path says."""
    body = await request.read()
    inbox.receive(
        method=request.method,
        path=path,
        content_type=request.headers.get("Content-Type", ""),
        body=body.decode(errors="replace"),
        headers={name.lower(): value for name, value in request.headers.items()},
    )
    parts = path.partition("?")[0].strip("/").split("/")
    if parts[0] == "status" and len(parts) > 1 and parts[1].isdecimal():
        return _answer_status(int(parts[1]))
    if parts[0] == "slow":
        await asyncio.sleep(slow_seconds)
    return web.Response(text="" if parts[0] == "empty" else "ok")


def _answer_status(status: int) -> web.Response:
    if not 200 <= status <= 599:
        return web.Response(status=HTTPStatus.BAD_REQUEST, text=_REFUSED)
    if status in (204, 304):
        return web.Response(status=status)
    headers = {"Location": "/elsewhere"} if 300 <= status < 400 else {}
    text = _REFUSED if status >= 400 else "ok"
    return web.Response(status=status, text=text, headers=headers)
