"""Sending over HTTP, and capturing what must not be sent.

Only loopback addresses are called; for all others an outcome is looked up and the message is captured. Every attempt
is recorded in the inbox. How a failure is worded is the simulated system's business: here it is one of a few kinds.
Mail is in `mail`.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import aiohttp

from reconciler.simulator.inbox import Inbox
from reconciler.simulator.outcomes import Outcome, Outcomes, is_loopback

__all__ = ["Courier", "Failure", "HttpAnswer", "Sender", "Timings"]


_SHOWN = 2000  # characters of an answer that the inbox keeps


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds: to connect, to wait for an answer, and between a busy answer and the one re-send."""

    connect: float = 5.0
    response: float = 50.0
    resend: float = 1.0


@dataclass(frozen=True, slots=True)
class Sender:
    """The channel a message comes from, for the inbox."""

    config_id: str
    config_name: str
    config_type: str


class Failure(StrEnum):
    """Why there was no HTTP answer."""

    REFUSED = "connection refused"
    UNRESOLVED = "no such host"
    CONNECT_TIMEOUT = "no connection in time"
    TIMEOUT = "no answer in time"
    DROPPED = "connection dropped"
    TLS = "TLS failed"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A receiver's answer, or the failure; `retry_after` in seconds if it named one."""

    status: int = 0
    reason: str = ""
    text: str = ""
    retry_after: float | None = None
    failure: Failure | None = None


class Courier:
    """Sends and captures on behalf of channels. Used within one event loop; `open` before, `close` after."""

    def __init__(self, inbox: Inbox, outcomes: Outcomes, timings: Timings) -> None:
        self.inbox = inbox
        self.outcomes = outcomes
        self.timings = timings
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self.timings.connect, sock_read=self.timings.response)
        connector = aiohttp.TCPConnector(force_close=True, use_dns_cache=False)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=connector, trust_env=False)

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def post(self, sender: Sender, method: str, url: str, headers: Mapping[str, str], body: str) -> HttpAnswer:
        """One attempt. Redirects are not followed."""
        host = urlsplit(url).hostname or ""
        captured = not is_loopback(host)
        answer = _pretend(self.outcomes.of(host)) if captured else await self._call(method, url, headers, body)
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
        """Keep a message for a service that is never called (SES, SNS); its outcome is that of the host."""
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

    async def _call(self, method: str, url: str, headers: Mapping[str, str], body: str) -> HttpAnswer:
        if self._session is None:
            raise RuntimeError("the courier is not open")
        try:
            async with self._session.request(
                method, url, data=body.encode(), headers=headers, allow_redirects=False
            ) as response:
                text = (await response.read()).decode(errors="replace")
                retry_after = response.headers.get("Retry-After", "")
                wait = float(retry_after) if retry_after.isdecimal() else None
                return HttpAnswer(response.status, response.reason or "", text, wait)
        except (aiohttp.ClientError, TimeoutError, ssl.SSLError) as exc:
            return HttpAnswer(failure=_failure(exc))


def _pretend(outcome: Outcome) -> HttpAnswer:
    if outcome.unresolved:
        return HttpAnswer(failure=Failure.UNRESOLVED)
    return HttpAnswer(outcome.status, outcome.reason, outcome.text)


def _failure(error: Exception) -> Failure:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Failure.UNRESOLVED
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return Failure.TLS
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Failure.CONNECT_TIMEOUT
    if isinstance(error, TimeoutError):
        return Failure.TIMEOUT
    return Failure.REFUSED if isinstance(error, aiohttp.ClientConnectorError) else Failure.DROPPED
