"""Carries out faults: what one does before a call, instead of it, and to its reply."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace

from reconciler.simulator.calls import Api, Call, Reply
from reconciler.simulator.clock import Clock
from reconciler.simulator.faults import Fault, FaultKind, Strike

__all__ = ["Striker"]

_PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1><p>proxy</p></body></html>\n"
_ENDLESS_HEAD = b'{"start_index":0,"total_hits":10000,"total_hit_relation":"gte","config_list":['
_VERSION = "X-OpenSearch-Version"


class Striker:
    """Carries out faults. `perform` answers a call as usual; `refresh` refreshes OpenSearch's lists. Use it within one
    event loop."""

    def __init__(
        self,
        perform: Callable[[Api, Call], Awaitable[Reply]],
        clock: Clock,
        refresh: Callable[[bool | None], None],
    ) -> None:
        self._perform = perform
        self._clock = clock
        self._refresh = refresh
        self._meetings: dict[int, asyncio.Event] = {}

    async def answer(self, api: Api, call: Call, strike: Strike) -> Reply | None:
        """The reply to a call that a fault strikes; None: the connection is dropped."""
        fault = strike.fault
        match fault.kind:
            case FaultKind.ANSWER:
                return _refuse(api, fault)
            case FaultKind.HTML:
                page = _PAGE.format(f"{fault.status} from a proxy")
                return Reply(fault.status, page.encode(), "text/html; charset=utf-8")
            case FaultKind.BODY:
                return Reply(fault.status, fault.text.encode("utf-8", "surrogatepass"))
            case FaultKind.ENDLESS:
                return _endless(fault)
            case FaultKind.DROP_BEFORE:
                return None
        await self._prepare(strike)
        if fault.kind is FaultKind.STALE_LIST:
            call = replace(call, remembered=strike.remembered)
        if fault.kind is FaultKind.OVERTAKEN:
            call = replace(call, is_overtaken=True)
        reply = await self._perform(api, call)
        if fault.kind is FaultKind.LATE_ANSWER:
            await asyncio.sleep(fault.seconds)
        return _spoil(api, fault, reply)

    async def _prepare(self, strike: Strike) -> None:
        """What a fault does before the call is carried out as usual."""
        fault = strike.fault
        if fault.kind is FaultKind.WAIT:
            await asyncio.sleep(fault.seconds)
        elif fault.kind is FaultKind.MEET:
            await self._meet(strike)
        elif fault.kind is FaultKind.MOVE_CLOCK:
            self._clock.advance(fault.seconds)
        elif fault.kind is FaultKind.HOLD_REFRESH:
            self._refresh(False)
        elif fault.kind is FaultKind.REFRESH:
            self._refresh(True)

    async def _meet(self, strike: Strike) -> None:
        """Wait for the other calls of the same fault; the last one releases all."""
        meeting = self._meetings.setdefault(strike.number, asyncio.Event())
        if strike.left <= 0:
            meeting.set()
            del self._meetings[strike.number]
            return
        try:
            await asyncio.wait_for(meeting.wait(), strike.fault.seconds or 10)
        except TimeoutError:
            return


def _refuse(api: Api, fault: Fault) -> Reply:
    reply = api.refusal(fault.status)
    if fault.retry_after is None:
        return reply
    return replace(reply, headers={**reply.headers, "Retry-After": str(fault.retry_after)})


def _endless(fault: Fault) -> Reply:
    config = {"name": "again", "config_type": "slack", "slack": {"url": "https://hooks.slack.com/services/T/B/x"}}
    entry = {"config_id": "again", "last_updated_time_ms": 0, "created_time_ms": 0, "config": config}
    repeat = (json.dumps(entry) + ",").encode() * 1000
    return Reply(200, _ENDLESS_HEAD, repeat=repeat, repeat_seconds=fault.seconds or 60)


def _spoil(api: Api, fault: Fault, reply: Reply) -> Reply | None:
    """What a fault does to the reply of a call that was carried out."""
    if fault.kind is FaultKind.DROP_AFTER:
        return None
    if fault.kind is FaultKind.ANSWER_AFTER:
        return _refuse(api, fault)
    if fault.kind is FaultKind.CUT_JSON:
        return replace(reply, body=reply.body[: len(reply.body) // 2])
    if fault.kind is FaultKind.VERSION:
        headers = {name: value for name, value in reply.headers.items() if name != _VERSION}
        return replace(reply, headers={**headers, _VERSION: fault.text} if fault.text else headers)
    return reply
