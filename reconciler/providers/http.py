"""Calls to one target over HTTP: each has a deadline, answers are limited in size, and every failure is a TargetError.

This module knows no API: the provider gives paths and bodies, and reads a server's errors through its `Dialect`.
`connection` makes the client, `pacing` decides when a call is repeated, `failures` words what failed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import field
from types import TracebackType
from typing import Any, Protocol, Self

import httpx

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import (
    NotPermittedError,
    TargetError,
    TimedOutError,
    UnauthorizedError,
    UnexpectedError,
    UnreachableError,
)
from reconciler.model.text import quotable
from reconciler.providers.connection import Call, Connection, make_client
from reconciler.providers.pacing import AdaptiveLimit, CallPlaces, CallSlots, Retries, stated_wait

LARGEST_BODY = 100 * 1024 * 1024
"""The most bytes that an answer may have."""

_BUSY = (429, 503, 504)
"""Statuses that say that the server is overloaded."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")

_log = logging.getLogger("reconciler.http")


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer. Its body and headers may hold secrets, so they are never shown.

    `repeated`: the call was sent more than once, so this may be about the effect of an earlier attempt.
    """

    call: Call
    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    repeated: bool = False

    @property
    def ok(self) -> bool:
        """Whether the status is a 2xx."""
        return 200 <= self.status < 300

    @property
    def request_id(self) -> str:
        """The server's own id for this call, "" if it gave none."""
        return self.headers.get("x-request-id") or self.headers.get("x-opaque-id") or ""

    def json(self) -> Any:
        """The body as JSON; UnexpectedError if it is not JSON."""
        try:
            return self._parsed()
        except (ValueError, RecursionError):
            pass
        from reconciler.providers.failures import what_instead

        raise self.as_error(what_instead(self.body), kind=UnexpectedError)

    def json_or_none(self) -> Any:
        """The body as JSON; None if it is not JSON."""
        try:
            return self._parsed()
        except (ValueError, RecursionError):
            return None

    def _parsed(self) -> Any:
        """The body as JSON, with each lone surrogate replaced: JSON can spell one, but no encoding can write it."""
        parsed = json.loads(self.body)
        return _without_surrogates(parsed) if _SURROGATE.search(self.body) else parsed

    def as_error(
        self, reason: str = "", *, hint: str = "", kind: type[TargetError] | None = None, status: int = 0
    ) -> TargetError:
        """The error for this answer, or for one with another `status`. `reason` must be safe to show: our own words, or
        `quotable` ones."""
        from reconciler.providers.failures import explain_status  # not at the top: a good run does not need it

        return explain_status(
            self.call, status or self.status, reason=reason, hint=hint, request_id=self.request_id, kind=kind
        )


class Dialect(Protocol):
    """How a provider reads its server's answers."""

    @property
    def provider(self) -> str:
        """The provider's name, for messages."""
        ...

    def read_reason(self, answer: Answer) -> str:
        """The server's own words for an error, unchanged; "" if there are none. They may hold secrets."""
        ...

    def explain(self, answer: Answer, reason: str) -> tuple[str, str]:
        """What the error means in plain words, and what to do; ("", "") if that is not known."""
        ...

    def refuses_credentials(self, answer: Answer) -> bool:
        """Whether the answer says that the credentials are not accepted, so that they must not be sent again."""
        ...

    def is_transient(self, answer: Answer) -> bool:
        """Whether the same call may well succeed a moment later."""
        ...


class HttpTarget:
    """The calls to one target, at most `parallelism` of them at a time. Use it within one event loop, and close it.

    Once credentials are refused, no more calls are made, since further attempts could lock out users and addresses; a
    provider can end calls too (`end_calls`). `observe` is called with every answer.
    """

    def __init__(self, connection: Connection, dialect: Dialect, retries: Retries | None = None) -> None:
        self.connection = connection
        self.retries = retries or Retries()
        self.observe: Callable[[Answer], None] = _ignore
        self._dialect = dialect
        self._refused: TargetError | None = None
        self._client = make_client(connection)
        self._limit = AdaptiveLimit(connection.parallelism)
        self._slots = CallSlots(self._limit)
        self._places = CallPlaces(connection.limits)
        self._where = connection.name or dialect.provider

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def end_calls(self, error: TargetError) -> None:
        """Answer every further call with this error, so that what is refused now is not taken for absence later."""
        if self._refused is None:
            text = f"{error} (no further calls are made)"
            self._refused = type(error)(text, status=error.status, fix=error.fix)

    async def read(self, path: str) -> Answer:
        """GET, repeated while the server is busy or unreachable. Returns any answer; a TargetError if none came."""

        async def again() -> Answer | TargetError:
            return await self._attempt("GET", path)

        came = await self.retries.repeat(await again(), again, self._is_transient, _stated_wait)
        return _answer_or_raise(came)

    async def write(self, method: str, path: str, body: object, is_done: Callable[[], Awaitable[bool]]) -> Answer:
        """A write that is repeated only after checking whether it happened. Returns any answer; a TargetError if none
        came.

        If it is not known whether the write happened, `is_done` reads the live state: if True, the answer is a 200 with
        an empty object; if False, the write is sent again. If the state cannot be read, or the permit has ended by
        then, the result is that of the first attempt.
        """
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        first = await self._attempt(method, path, content)

        async def again() -> Answer | TargetError:
            if await is_done():
                return self._done(method, path)
            return _mark_repeated(await self._attempt(method, path, content))

        try:
            came = await self.retries.repeat(first, again, self._is_open, _stated_wait)
            if self._is_open(came) and await is_done():
                return self._done(method, path)
        except (UnreachableError, TimedOutError, UnexpectedError):
            came = first
        return _answer_or_raise(first if isinstance(came, NotPermittedError) else came)

    async def send_once(self, method: str, path: str, body: object = None, deadline: float | None = None) -> Answer:
        """A call that is never repeated. Returns any answer; a TargetError if none came. `deadline` is in seconds."""
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        return _answer_or_raise(await self._attempt(method, path, content, deadline))

    def read_reason(self, answer: Answer) -> str:
        """The server's own words for an error, unchanged; they may hold secrets, so they must not be shown."""
        return self._dialect.read_reason(answer)

    def refuses_credentials(self, answer: Answer) -> bool:
        """Whether an answer says that the credentials are not accepted."""
        return self._dialect.refuses_credentials(answer)

    def error(
        self, answer: Answer, *, secrets: tuple[str, ...] = (), kind: type[TargetError] | None = None, hint: str = ""
    ) -> TargetError:
        """The error for an answer. `secrets` are those that the call carried besides our credentials; if the server's
        words repeat one, they are withheld."""
        from reconciler.providers.failures import explain_redirect

        if 300 <= answer.status < 400:
            return explain_redirect(answer.call, answer.status, answer.headers.get("location", ""))
        said = self._dialect.read_reason(answer)
        meaning, fix = self._dialect.explain(answer, said)
        quote = quotable(said, (*self.connection.secrets, *secrets))
        quote = quote or ("the server's words are withheld: they repeat a secret" if said else "")
        reason = f"{meaning} ({quote})" if meaning and quote else meaning or quote
        fix = hint or fix
        kind = UnauthorizedError if self._dialect.refuses_credentials(answer) else kind
        return answer.as_error(reason, hint=fix, kind=kind)

    def _call(self, method: str, path: str) -> Call:
        return Call(self._where, method, path.partition("?")[0], self.connection.address)

    def _done(self, method: str, path: str) -> Answer:
        return Answer(self._call(method, path), 200, body=b"{}", repeated=True)

    def _is_transient(self, came: Answer | TargetError) -> bool:
        if isinstance(came, TargetError):
            return isinstance(came, UnreachableError) and came.transient
        return self._dialect.is_transient(came)

    def _is_open(self, came: Answer | TargetError) -> bool:
        """Whether a write may have happened, or may happen if sent again."""
        if isinstance(came, UnreachableError):
            return came.transient or came.sent
        if isinstance(came, TargetError):
            return came is not self._refused and not isinstance(came, NotPermittedError)
        return self._dialect.is_transient(came)

    async def _attempt(
        self, method: str, path: str, content: bytes | None = None, deadline: float | None = None
    ) -> Answer | TargetError:
        call = self._call(method, path)
        seconds = deadline or self.connection.timeout_seconds
        began = time.perf_counter()
        async with self._slots:
            epoch, started = self._limit.epoch, time.perf_counter()
            came = await self._in_place(call, path, content, seconds)
            if deadline is None:  # how long a test takes depends on the receiver, so it says nothing about the server
                self._learn(epoch, came, time.perf_counter() - started if method != "GET" else None)
        if isinstance(came, Answer):
            self._take_note(came)
        if _log.isEnabledFor(logging.DEBUG):
            status = came.status if isinstance(came, Answer) else type(came).__name__
            _log.debug("%s %s -> %s, %.0f ms", method, call.path, status, 1000 * (time.perf_counter() - began))
        return came

    async def _in_place(self, call: Call, path: str, content: bytes | None, seconds: float) -> Answer | TargetError:
        try:
            async with self._places.next(), asyncio.timeout(seconds):
                if self._refused is not None:
                    return self._refused
                if call.method != "GET" and (ended := await self._not_permitted()):
                    return ended
                return await self._exchange(call, path, content, seconds)
        except (TimeoutError, httpx.HTTPError, httpx.InvalidURL) as exc:
            from reconciler.providers.failures import explain_silence, out_of_time

            return out_of_time(call, seconds) if isinstance(exc, TimeoutError) else explain_silence(call, exc)

    async def _not_permitted(self) -> NotPermittedError | None:
        """Why this must not be sent, or None. Asked just before each sending, since the call may have waited."""
        if self.connection.permit is None:
            return None
        try:
            await self.connection.permit()
        except TargetError as ended:
            return NotPermittedError(str(ended), fix=ended.fix)
        return None

    def _learn(self, epoch: int, came: Answer | TargetError, write_seconds: float | None) -> None:
        if self._limit.learn(epoch, is_busy=_is_busy(came), write_seconds=write_seconds):
            _log.info("%s: the server is busy, so it gets fewer calls at once: %d", self._where, self._limit.now)

    def _take_note(self, answer: Answer) -> None:
        self.observe(answer)
        if self._refused is None and self._dialect.refuses_credentials(answer):
            self.end_calls(self.error(answer))

    async def _exchange(self, call: Call, path: str, content: bytes | None, seconds: float) -> Answer | TargetError:
        headers = {"content-type": "application/json"} if content is not None else None
        timeout = httpx.USE_CLIENT_DEFAULT if seconds == self.connection.timeout_seconds else self._timeout(seconds)
        async with self._client.stream(
            call.method, path, content=content, headers=headers, timeout=timeout
        ) as response:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LARGEST_BODY:
                    reason = f"the answer is larger than {LARGEST_BODY // 2**20} MiB"
                    return Answer(call, response.status_code).as_error(reason, kind=UnexpectedError)
            return Answer(call, response.status_code, response.headers, bytes(body))

    def _timeout(self, seconds: float) -> httpx.Timeout:
        return httpx.Timeout(seconds, connect=self._client.timeout.connect, pool=None)


def _ignore(_answer: Answer) -> None:
    """The default for `observe`."""


def _without_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode() if not value.isascii() else value
        case list():
            return [_without_surrogates(item) for item in value]
        case dict():
            return {_without_surrogates(name): _without_surrogates(item) for name, item in value.items()}
        case _:
            return value


def _stated_wait(came: Answer | TargetError) -> float | None:
    return stated_wait(came.status, came.headers) if isinstance(came, Answer) else None


def _is_busy(came: Answer | TargetError) -> bool:
    """Whether the server says that it has too much to do, or did not answer in time."""
    return isinstance(came, TimedOutError) if isinstance(came, TargetError) else came.status in _BUSY


def _mark_repeated(came: Answer | TargetError) -> Answer | TargetError:
    if isinstance(came, TargetError):
        return came
    return Answer(came.call, came.status, came.headers, came.body, repeated=True)


def _answer_or_raise(came: Answer | TargetError) -> Answer:
    if isinstance(came, TargetError):
        raise came
    return came
