"""Sends one HTTP message, over connections that are kept as Apache's HttpClient keeps them.

An idle connection is trusted for two seconds: if the receiver closed it meanwhile, the message fails, and nothing of it
was sent. After that the connection is checked first. (Seen on real nodes, 2.19.5 and 3.6.0.) A failure is one of a few
kinds here; the simulated system words it. Built on httpcore, the transport of httpx, to tell the failures apart and to
get odd answers unchanged.
"""

from __future__ import annotations

import gzip
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlsplit

import httpcore

__all__ = ["Failure", "HttpAnswer", "Wire"]

_TRUSTED_FOR = 2.0  # seconds: `validateAfterInactivity` of Apache HttpClient
_UNPRINTABLE = str.maketrans(dict.fromkeys([*range(32), 127], " "))
_OWN = frozenset(("host", "content-length", "connection", "accept-encoding", "user-agent"))


class Failure(StrEnum):
    """Why there was no complete HTTP answer. From NO_ANSWER on, the message may have been received."""

    REFUSED = "connection refused"
    UNRESOLVED = "no such host"
    CONNECT_TIMEOUT = "no connection in time"
    TLS_TIMEOUT = "no TLS in time"
    TLS_UNTRUSTED = "certificate not trusted"
    TLS = "TLS failed"
    STALE = "the kept connection was closed"
    NO_ANSWER = "closed without an answer"
    NOT_HTTP = "the answer was not HTTP"
    RESET = "connection reset"
    TIMEOUT = "no answer in time"
    CUT = "the answer broke off"
    NOT_GZIP = "the answer was not compressed as it said"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A receiver's answer, with header names in lower case; or the failure.

    An answer that broke off has the `content` received so far, and in `expected` the bytes announced, None if chunked.
    """

    status: int = 0
    reason: str = ""
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    failure: Failure | None = None
    expected: int | None = None

    @property
    def text(self) -> str:
        """The content as UTF-8, for people to read."""
        return self.content.decode(errors="replace")

    def text_as(self, otherwise: str) -> str:
        """The content by its declared character set, or by `otherwise`."""
        declared = Message()
        declared["content-type"] = self.headers.get("content-type", "")
        charset = declared.get_content_charset() or otherwise
        try:
            return self.content.decode(charset, errors="replace")
        except LookupError:
            return self.content.decode(otherwise, errors="replace")

    @property
    def retry_after(self) -> float | None:
        """Seconds, if it named some."""
        value = self.headers.get("retry-after", "")
        return float(value) if value.isdecimal() else None


@dataclass
class _Kept:
    connection: _Connection
    since: float


class Wire:
    """Connections to receivers. `now` gives the time in seconds; `connect` and `read` (of each read) are limits in
    seconds."""

    def __init__(self, now: Callable[[], float], *, connect: float, read: float) -> None:
        self._now = now
        self._limits = {"connect": connect, "read": read, "write": read, "pool": connect}
        self._kept: dict[tuple[str, str, int], _Kept] = {}

    async def close(self) -> None:
        for kept in self._kept.values():
            await kept.connection.aclose()
        self._kept.clear()

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """Make one attempt, without following redirects. The headers that a client sets itself are added."""
        parts = urlsplit(url)
        scheme, host = parts.scheme, parts.hostname or ""
        place = (scheme, host, (443 if scheme == "https" else 80) if parts.port is None else parts.port)
        if place[2] == 0:
            return HttpAnswer(failure=Failure.REFUSED)  # nobody listens there, and httpcore takes 0 for no port
        is_reused = place in self._kept
        is_trusted = is_reused and self._now() - self._kept[place].since < _TRUSTED_FOR
        connection = await self._kept_connection(place, is_trusted=is_trusted)
        if connection is None:
            return HttpAnswer(failure=Failure.STALE)
        target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~") + (f"?{parts.query}" if parts.query else "")
        request = httpcore.Request(
            method,
            httpcore.URL(scheme=scheme.encode(), host=host.encode("idna"), port=place[2], target=target.encode()),
            headers=_complete(headers, parts.netloc.rpartition("@")[2], body),
            content=body,
        )
        try:
            answer = await _exchange(connection, request, self._limits)
        except BaseException:  # the caller was cancelled, so nobody else would close this
            await connection.aclose()
            raise
        if is_reused and answer.failure in (Failure.NO_ANSWER, Failure.RESET):
            await connection.aclose()  # the receiver was just closing the kept connection
            if not is_trusted:  # the check came a moment too early to see that
                return await self.send(method, url, headers, body)
            return HttpAnswer(failure=Failure.STALE)
        if connection.is_idle():
            other = self._kept.get(place)  # of a message that went there at the same time
            self._kept[place] = _Kept(connection, self._now())
            if other is not None:
                await other.connection.aclose()
        else:
            await connection.aclose()
        return answer

    async def _kept_connection(self, place: tuple[str, str, int], *, is_trusted: bool) -> _Connection | None:
        """A connection to use; None if the kept one is trusted, but was closed by the receiver."""
        kept = self._kept.pop(place, None)
        if kept and not kept.connection.has_expired():
            return kept.connection
        if kept:
            await kept.connection.aclose()
            if is_trusted:
                return None
        scheme, host, port = place
        origin = httpcore.Origin(scheme.encode(), host.encode("idna"), port)
        return _Connection(origin)


class _Stream(httpcore.AsyncNetworkStream):
    """A stream that knows whether anything was received since the last write; httpcore does not tell this apart."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self.heard = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        received = await self._stream.read(max_bytes, timeout)
        self.heard = self.heard or bool(received)
        return received

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)
        self.heard = False

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        self._stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        self.heard = False
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.AnyIOBackend):
    """Makes a `_Stream`, and remembers it."""

    stream: _Stream | None = None

    async def connect_tcp(self, *arguments: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        self.stream = _Stream(await super().connect_tcp(*arguments, **options))
        return self.stream


class _Connection(httpcore.AsyncHTTPConnection):
    """A connection that knows whether anything was received."""

    def __init__(self, origin: httpcore.Origin) -> None:
        self._backend = _Backend()
        super().__init__(origin, keepalive_expiry=None, network_backend=self._backend)

    @property
    def heard(self) -> bool:
        """Whether anything was received since the last request."""
        return self._backend.stream is not None and self._backend.stream.heard


def _complete(headers: Mapping[str, str], host: str, body: bytes) -> list[tuple[bytes, bytes]]:
    """The headers, with the client's own added; control characters in values become spaces, as in Apache's client."""
    given = {name.lower() for name in headers}
    own = {
        "host": host,
        "content-length": str(len(body)),
        "connection": "keep-alive",
        "accept-encoding": "gzip, deflate",
    }
    missing = {name: value for name, value in own.items() if name not in given}
    return [
        (name.encode(), value.translate(_UNPRINTABLE).strip().encode("utf-8"))
        for name, value in [*missing.items(), *headers.items()]
    ]


async def _exchange(connection: _Connection, request: httpcore.Request, limits: Mapping[str, float]) -> HttpAnswer:
    stages: list[str] = []

    async def trace(name: str, _details: Mapping[str, Any]) -> None:
        stages.append(name)

    request.extensions = {"timeout": dict(limits), "trace": trace}
    head: dict[str, str] = {}
    received = bytearray()
    try:
        response = await connection.handle_async_request(request)
        head = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        async for chunk in response.aiter_stream():
            received += chunk
        await response.aclose()
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, OSError) as error:
        await connection.aclose()
        if head and not isinstance(error, httpcore.TimeoutException):
            expected = int(head["content-length"]) if head.get("content-length", "").isdecimal() else None
            return HttpAnswer(failure=Failure.CUT, content=bytes(received), expected=expected)
        return HttpAnswer(failure=_failure(error, stages, heard=connection.heard))
    reason = response.extensions.get("reason_phrase", b"").decode("latin-1")
    try:
        content = _unpacked(bytes(received), head.get("content-encoding", ""))
    except (OSError, EOFError, zlib.error):
        return HttpAnswer(failure=Failure.NOT_GZIP)
    return HttpAnswer(response.status, reason, content, head)


def _unpacked(content: bytes, encoding: str) -> bytes:
    if not content or encoding.lower() not in ("gzip", "x-gzip", "deflate"):
        return content
    return zlib.decompress(content) if encoding.lower() == "deflate" else gzip.decompress(content)


def _failure(error: Exception, stages: list[str], *, heard: bool) -> Failure:
    started_tls = any(stage.startswith("connection.start_tls") for stage in stages)
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Failure.TLS_UNTRUSTED
    if isinstance(cause, ssl.SSLError):
        return Failure.TLS
    if isinstance(error, httpcore.ConnectTimeout):
        return Failure.TLS_TIMEOUT if started_tls else Failure.CONNECT_TIMEOUT
    if isinstance(error, httpcore.ConnectError):
        return Failure.TLS if started_tls else Failure.REFUSED
    if isinstance(error, httpcore.TimeoutException):
        return Failure.TIMEOUT
    if isinstance(error, httpcore.RemoteProtocolError):
        return Failure.NOT_HTTP if heard else Failure.NO_ANSWER
    return Failure.RESET
