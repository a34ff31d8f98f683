"""The web server: one aiohttp application in front of the APIs, with faults, request log and the `/_simulator/` pages.

It knows HTTP and nothing of the simulated systems. `simulator` starts and stops it from plain code.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from aiohttp import web

from reconciler.simulator.calls import Api, Call, Page, Reply
from reconciler.simulator.clock import Clock
from reconciler.simulator.control import PREFIX, Controls
from reconciler.simulator.delivery import Courier
from reconciler.simulator.faults import Faults
from reconciler.simulator.inbox import Inbox
from reconciler.simulator.listening import Listener
from reconciler.simulator.outcomes import Outcomes
from reconciler.simulator.striking import Striker

__all__ = ["LoggedRequest", "Server"]

_LARGEST_BODY = 100 * 1024 * 1024
_LONGEST_LINE = 1024 * 1024
_SHORT_NAMES = {"commonName": "CN", "organizationName": "O", "organizationalUnitName": "OU", "countryName": "C"}


class LoggedRequest(NamedTuple):
    """One request and its status; 0 is a dropped connection. `path` is raw, with its query."""

    method: str
    path: str
    status: int


class Server:
    """Serves `apis` on loopback; the first one that claims a path answers."""

    def __init__(
        self,
        apis: Sequence[Api],
        *,
        courier: Courier,
        clock: Clock,
        refresh: Callable[[bool | None], None],
        pages: Mapping[tuple[str, str], Page],
        after_call: Callable[[], None],
        slow_seconds: float = 12.0,
    ) -> None:
        self._apis = apis
        self._courier = courier
        self._refresh = refresh
        self._after_call = after_call
        self._listener: Listener | None = None
        self.clock = clock
        self.inbox: Inbox = courier.inbox
        self.outcomes: Outcomes = courier.outcomes
        self.slow_seconds = slow_seconds
        self.faults = Faults(lambda path: self._api_for(path).snapshot())
        self.requests: deque[LoggedRequest] = deque(maxlen=100_000)
        self.port = 0
        self._striker = Striker(self._perform, clock, refresh)
        self._controls = Controls(self, pages)

    def refresh(self, auto: bool | None = None) -> None:
        """Make writes visible to lists; `auto` says whether later refreshes happen by themselves (None: as before)."""
        self._refresh(auto)

    async def open(self, port: int, ssl_context: ssl.SSLContext | None) -> None:
        """Listen; `self.port` is then the port."""
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._dispatch)
        runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=0.05,
            handler_cancellation=False,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
        )
        self._listener = Listener(runner)
        await self._listener.open(port, ssl_context)
        self.port = self._listener.port

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return self._listener.connections if self._listener else 0

    async def close(self) -> None:
        if self._listener:
            await self._listener.close()
        await self._courier.close()

    def _api_for(self, path: str) -> Api:
        return next(api for api in self._apis if api.claims(path))

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        if request.raw_path.startswith(PREFIX) or request.raw_path == PREFIX.rstrip("/"):
            return await self._controls.answer(request)
        path, _, query = request.raw_path.partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read() if request.can_read_body else b""
        reply = await self.answer(Call(request.method, path, query, headers, body, certificate=_subject(request)))
        if reply is None:
            return _drop(request)
        if reply.repeat:
            return await _stream(request, reply)
        response = web.Response(status=reply.status, body=reply.body, headers=dict(reply.headers))
        response.headers["Content-Type"] = reply.content_type
        return response

    async def answer(self, call: Call) -> Reply | None:
        """The reply to a call, after the fault that strikes it, if any; None: the connection is dropped."""
        strike = self.faults.take(call.method, call.path)
        api = self._api_for(call.path)
        reply = await (self._striker.answer(api, call, strike) if strike else self._perform(api, call))
        raw = f"{call.path}?{call.query}" if call.query else call.path
        self.requests.append(LoggedRequest(call.method, raw, reply.status if reply else 0))
        return reply

    async def _perform(self, api: Api, call: Call) -> Reply:
        reply = await api.answer(call)
        self._after_call()
        return reply


async def _stream(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Send the body, then the part to repeat, until the client closes the connection or the time is over."""
    response = web.StreamResponse(status=reply.status, headers={**reply.headers, "Content-Type": reply.content_type})
    await response.prepare(request)
    end = asyncio.get_running_loop().time() + reply.repeat_seconds
    try:
        await response.write(reply.body)
        while asyncio.get_running_loop().time() < end:
            await response.write(reply.repeat)
    except ConnectionError:
        return response
    if request.transport:
        request.transport.abort()
    return response


def _drop(request: web.Request) -> web.StreamResponse:
    if request.transport:
        request.transport.abort()
    return web.Response()


def _subject(request: web.Request) -> str | None:
    """The subject of the client's certificate as Java writes it, with the last part first; None without one."""
    certificate = request.get_extra_info("peercert")
    if not certificate:
        return None
    parts = [pair for group in certificate["subject"] for pair in group]
    return ",".join(f"{_SHORT_NAMES.get(name, name)}={value}" for name, value in reversed(parts))
