"""The simulator's own pages under `/_simulator/`: inbox, faults, outcomes, clock, refresh, sink, and those of the
simulated systems.

They are for people and for pipelines under test; Python tests use the same objects directly.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from aiohttp import web

from reconciler.simulator.calls import Page
from reconciler.simulator.clock import Clock
from reconciler.simulator.faults import Faults, parse_fault
from reconciler.simulator.inbox import Inbox
from reconciler.simulator.outcomes import Outcomes
from reconciler.simulator.page import render_inbox
from reconciler.simulator.sink import answer_delivery
from reconciler.simulator.wire import Failure

__all__ = ["PREFIX", "Controls", "Parts"]

PREFIX = "/_simulator/"

Handler = Callable[[web.Request], Awaitable[web.Response]]


class Parts(Protocol):
    """What the pages act on; `server.Server` has all of it."""

    inbox: Inbox
    faults: Faults
    outcomes: Outcomes
    clock: Clock
    slow_seconds: float

    def refresh(self, auto: bool | None = None) -> None: ...


class Controls:
    """Answers the calls under the prefix. `pages` are those of the simulated systems."""

    def __init__(self, parts: Parts, pages: Mapping[tuple[str, str], Page]) -> None:
        self._parts = parts
        self._handlers: Mapping[tuple[str, str], Handler] = {
            ("GET", "inbox"): self._inbox,
            ("GET", "inbox.json"): self._inbox_json,
            ("DELETE", "inbox"): self._clear_inbox,
            ("GET", "faults"): self._list_faults,
            ("POST", "faults"): self._add_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "outcomes"): self._list_outcomes,
            ("POST", "outcomes"): self._set_outcome,
            ("DELETE", "outcomes"): self._clear_outcomes,
            ("GET", "clock"): self._clock,
            ("POST", "clock"): self._move_clock,
            ("POST", "refresh"): self._refresh,
            **{place: _handler(page) for place, page in pages.items()},
        }

    async def answer(self, request: web.Request) -> web.Response:
        path = request.raw_path.removeprefix(PREFIX.rstrip("/")).removeprefix("/")
        if path == "sink" or path.startswith(("sink/", "sink?")):
            return await answer_delivery(
                request, path.removeprefix("sink") or "/", self._parts.inbox, self._parts.slow_seconds
            )
        name = path.partition("?")[0].rstrip("/") or "inbox"
        handler = self._handlers.get((request.method, name))
        if handler:
            try:
                return await handler(request)
            except ValueError as exc:
                return web.json_response({"error": str(exc)}, status=400)
        allowed = [method for method, known in self._handlers if known == name]
        if allowed:
            return web.json_response({"error": "wrong method"}, status=405, headers={"Allow": ", ".join(allowed)})
        known = sorted({known for _, known in self._handlers} | {"sink"})
        return web.json_response({"error": "no such page", "pages": known}, status=404)

    # -- inbox

    async def _inbox(self, request: web.Request) -> web.Response:
        accepted = request.headers.get("Accept", "")
        asked = request.query.get("format")
        if asked == "json" or (asked is None and "application/json" in accepted and "text/html" not in accepted):
            return await self._inbox_json(request)
        return web.Response(text=render_inbox(self._parts.inbox), content_type="text/html", charset="utf-8")

    async def _inbox_json(self, _request: web.Request) -> web.Response:
        return web.json_response(self._parts.inbox.as_json())

    async def _clear_inbox(self, _request: web.Request) -> web.Response:
        self._parts.inbox.clear()
        return web.json_response({})

    # -- faults

    async def _list_faults(self, _request: web.Request) -> web.Response:
        return web.json_response({"faults": self._parts.faults.waiting()})

    async def _add_faults(self, request: web.Request) -> web.Response:
        content = await _read_json(request)
        faults = [parse_fault(one) for one in (content if isinstance(content, list) else [content])]
        for fault in faults:
            self._parts.faults.add(fault)
        return web.json_response({"faults": self._parts.faults.waiting()})

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        self._parts.faults.clear()
        return web.json_response({"faults": []})

    # -- outcomes

    async def _list_outcomes(self, _request: web.Request) -> web.Response:
        return web.json_response({"outcomes": self._parts.outcomes.as_json()})

    async def _set_outcome(self, request: web.Request) -> web.Response:
        members = {"host", "status", "text", "unresolved", "reason", "failure"}
        content = await _read_object(request, members)
        host, status, text = content.get("host"), content.get("status", 200), content.get("text", "ok")
        reason, failure = content.get("reason"), content.get("failure")
        if not isinstance(host, str) or not host:
            raise ValueError("host must be a name")
        if not isinstance(status, int) or isinstance(status, bool) or not 100 <= status <= 599:
            raise ValueError("status must be a number from 100 to 599")
        if not isinstance(text, str) or not isinstance(content.get("unresolved", False), bool):
            raise ValueError("text must be a string, and unresolved true or false")
        if not isinstance(reason, str | None):
            raise ValueError("reason must be a text")
        if failure is not None and failure not in list(Failure):
            raise ValueError(f"failure must be one of: {', '.join(Failure)}")
        self._parts.outcomes.set(
            host,
            status,
            text,
            unresolved=content.get("unresolved", False),
            reason=reason,
            failure=Failure(failure) if failure else None,
        )
        return await self._list_outcomes(request)

    async def _clear_outcomes(self, request: web.Request) -> web.Response:
        self._parts.outcomes.clear()
        return await self._list_outcomes(request)

    # -- time

    async def _clock(self, _request: web.Request) -> web.Response:
        return web.json_response({"now_ms": int(self._parts.clock.now() * 1000)})

    async def _move_clock(self, request: web.Request) -> web.Response:
        seconds = (await _read_object(request, {"seconds"})).get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise ValueError("seconds must be a number")
        self._parts.clock.advance(seconds)
        return await self._clock(request)

    async def _refresh(self, request: web.Request) -> web.Response:
        """Refresh now; `{"auto": false}` in the body also stops later refreshes, `{"auto": true}` resumes them."""
        auto = (await _read_object(request, {"auto"})).get("auto") if request.can_read_body else None
        if auto not in (None, True, False):
            raise ValueError("auto must be true or false")
        self._parts.refresh(auto)
        return web.json_response({})


def _handler(page: Page) -> Handler:
    """The handler for a page that an API brings."""

    async def answer(request: web.Request) -> web.Response:
        content = await _read_json(request) if request.can_read_body else None
        return web.json_response(page(content))

    return answer


async def _read_json(request: web.Request) -> Any:
    try:
        return json.loads(await request.read())
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError("the body must be JSON") from None


async def _read_object(request: web.Request, known: set[str]) -> dict[str, Any]:
    content = await _read_json(request)
    if not isinstance(content, dict) or set(content) - known:
        raise ValueError(f"the body must be an object of {', '.join(sorted(known))}")
    return content
