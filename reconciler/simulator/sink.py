"""The HTTP receiver's answers: the path says what to answer, and every request is recorded.

`/status/410` answers 410, `/empty` an empty body, `/slow` late, `/odd/NAME` as one of the `oddities`; anything else is
answered with 200. Used by the stand-alone `Receiver` and, under `/_simulator/sink/`, by the simulator itself.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from http import HTTPStatus

from aiohttp import web

from reconciler.simulator.inbox import Inbox
from reconciler.simulator.oddities import ODDITIES, Oddity, plain_oddity

__all__ = ["answer_delivery"]

_REFUSED = '{"error":"no such hook"}'
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


async def answer_delivery(request: web.Request, path: str, inbox: Inbox, slow_seconds: float) -> web.Response:
    """Record the request as one to `path` (with its query), and answer as the path says.

    `/slow` answers after `slow_seconds`; the waits of the oddities are scaled by it, and as they are written for 12.
    """
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
    if parts[0] == "odd" and len(parts) > 1:
        return await _answer_oddly(request, parts[1], slow_seconds / 12)
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


async def _answer_oddly(request: web.Request, name: str, pace: float) -> web.Response:
    """Write the oddity to the connection itself, without aiohttp, and end that as the oddity says."""
    oddity = ODDITIES.get(name) or plain_oddity(name)
    if oddity is None:
        return web.Response(
            status=HTTPStatus.BAD_REQUEST,
            text=f"no such oddity; there are sNNN for a status, and {', '.join(ODDITIES)}",
        )
    await asyncio.sleep(oddity.before * pace)
    transport = request.transport
    if transport is not None:
        await _write(transport, oddity, pace)
        if oddity.reset:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            transport.abort()
        transport.close()
    return web.Response()


async def _write(transport: asyncio.Transport, oddity: Oddity, pace: float) -> None:
    if not oddity.drip:
        transport.write(oddity.answer)
        return
    head, _, body = oddity.answer.partition(b"\r\n\r\n")
    transport.write(head + b"\r\n\r\n")
    for place in range(len(body)):
        await asyncio.sleep(oddity.drip * pace)
        transport.write(body[place : place + 1])
