"""Sends messages over HTTP, and captures those that must not be sent.

Only loopback addresses are called, through `wire`; a message for any other is captured, and its outcome looked up.
Every attempt is recorded in the inbox. `mail` sends mail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from reconciler.simulator.inbox import Inbox
from reconciler.simulator.outcomes import Outcome, Outcomes, is_loopback
from reconciler.simulator.wire import Failure, HttpAnswer, Wire

__all__ = ["Courier", "Sender", "Timings"]


_SHOWN = 2000  # characters of an answer that the inbox keeps


@dataclass(frozen=True, slots=True)
class Timings:
    """In seconds: to connect, to wait for each part of an answer, and between a busy answer and the only repetition.

    `longest_pause` limits that last wait if the receiver asks for a longer one.
    """

    connect: float = 5.0
    response: float = 50.0
    resend: float = 1.0
    longest_pause: float = 3600.0


@dataclass(frozen=True, slots=True)
class Sender:
    """The channel that a message comes from, for the inbox."""

    config_id: str
    config_name: str
    config_type: str


class Courier:
    """Sends and captures messages of channels. Use it within one event loop, and close it."""

    def __init__(self, inbox: Inbox, outcomes: Outcomes, timings: Timings) -> None:
        self.inbox = inbox
        self.outcomes = outcomes
        self.timings = timings
        self._shortened = 0.0
        self._wire = Wire(self._now, connect=timings.connect, read=timings.response)

    async def close(self) -> None:
        await self._wire.close()

    async def pause(self, seconds: float) -> None:
        """Wait before a second attempt. It really waits for at most `longest_pause`, but kept connections count as
        older by the whole time."""
        shortened = min(seconds, self.timings.longest_pause)
        await asyncio.sleep(shortened)
        self._shortened += seconds - shortened

    def _now(self) -> float:
        return self.inbox.clock.now() + self._shortened

    async def post(self, sender: Sender, method: str, url: str, headers: Mapping[str, str], body: str) -> HttpAnswer:
        """One attempt. Redirects are not followed."""
        host = urlsplit(url).hostname or ""
        captured = not is_loopback(host)
        if captured:
            answer = _pretend(self.outcomes.of(host))
        else:
            answer = await self._wire.send(method, url, headers, body.encode())
        types = [value for name, value in headers.items() if name.lower() == "content-type"]
        self.inbox.deliver(
            config_id=sender.config_id,
            config_name=sender.config_name,
            config_type=sender.config_type,
            method=method,
            address=url,
            content_type=types[0] if types else "",
            payload=body,
            outcome=str(answer.failure or f"{answer.status} {answer.text[:_SHOWN]}").strip(),
            ok=200 <= answer.status < 300,
            captured=captured,
        )
        return answer

    def capture(self, sender: Sender, method: str, host: str, address: str, payload: str) -> Outcome:
        """Record a message for a service that is never called (SES, SNS), and return the outcome of its host."""
        outcome = self.outcomes.of(host)
        self.inbox.deliver(
            config_id=sender.config_id,
            config_name=sender.config_name,
            config_type=sender.config_type,
            method=method,
            address=address,
            content_type="text/plain",
            payload=payload,
            outcome=f"{outcome.status} {outcome.text}",
            ok=outcome.status == 200,
            captured=True,
        )
        return outcome


def _pretend(outcome: Outcome) -> HttpAnswer:
    if outcome.unresolved:
        return HttpAnswer(failure=Failure.UNRESOLVED)
    if outcome.failure is not None:
        return HttpAnswer(failure=outcome.failure)
    return HttpAnswer(outcome.status, outcome.phrase, outcome.text.encode())
