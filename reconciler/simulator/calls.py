"""A call and its reply: the two values that pass between the web server and the APIs it plays.

An API knows nothing of aiohttp, and the server nothing of OpenSearch or Confluent; this module is what they share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

__all__ = ["JSON_TYPE", "TEXT_TYPE", "Api", "Call", "Page", "Reply"]

JSON_TYPE = "application/json; charset=UTF-8"
TEXT_TYPE = "text/plain; charset=UTF-8"

Page = Callable[[Any], Any]  # a page under `/_simulator/`: from the body's JSON (None without one) to the answer's


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it arrived: `path` and `query` are raw (still percent-encoded), header names lower-case.

    `remembered` is an earlier `snapshot()` of the API, if a fault asks for a stale answer; `is_overtaken` says that
    somebody else deletes the object while this call changes it. `certificate` is the subject of the client's
    certificate, as `CN=somebody,O=somewhere`.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    remembered: object | None = None
    is_overtaken: bool = False
    certificate: str | None = None

    @property
    def uri(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered; the body is encoded.

    If there is something to `repeat`, it is sent again and again after the body, for at most `repeat_seconds`, and then
    the connection breaks.
    """

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)
    repeat: bytes = b""
    repeat_seconds: float = 0.0


class Api(Protocol):
    """One simulated system behind the port."""

    def claims(self, path: str) -> bool:
        """Whether this API answers for the path (raw, without query)."""

    async def answer(self, call: Call) -> Reply:
        """The answer, errors included; raises nothing that is meant for the caller."""

    def refusal(self, status: int) -> Reply:
        """The system's own answer for a failure with this status, for faults that keep the call from it."""

    def snapshot(self) -> object:
        """Its lists as they are now, to be answered later (`Call.remembered`)."""
