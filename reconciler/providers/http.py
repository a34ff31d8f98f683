"""One target over HTTP: a call goes out with a deadline, what comes back is bounded, and every failure is one of ours.

It knows no API: paths, bodies and the wording of a server's errors are the provider's, which gives its `Dialect`. How
the client is made is `connection`'s, when a call is repeated `retries`'s, how a failure is worded `failures`'s.
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
from urllib.parse import urlsplit

import httpx

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import (
    TargetError,
    TimedOutError,
    UnauthorizedError,
    UnexpectedError,
    UnreachableError,
)
from reconciler.providers.connection import Connection, make_client
from reconciler.providers.failures import Call, Silence, explain_silence, explain_status, out_of_time, quotable
from reconciler.providers.limits import AdaptiveLimit, CallPlaces, CallSlots
from reconciler.providers.retries import Retries, stated_wait

LARGEST_BODY = 100 * 1024 * 1024
"""Bytes; no answer may be larger."""

_BUSY = (429, 503, 504)
"""Statuses that say that there is too much to do, now."""

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")

_log = logging.getLogger("reconciler.http")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered. The body and the headers may hold secrets: they are read, never shown.

    `repeated`: the call went out more than once, so what it says may be about an earlier attempt.
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
        """The body as JSON; UnexpectedError if it is none."""
        try:
            return self._parsed()
        except (ValueError, RecursionError):
            pass
        raise explain_status(
            self.call, self.status, reason=self._what_instead(), request_id=self.request_id, kind=UnexpectedError
        )

    def json_or_none(self) -> Any:
        """The body as JSON, None if it is none."""
        try:
            return self._parsed()
        except (ValueError, RecursionError):
            return None

    def _parsed(self) -> Any:
        """The body as JSON. Half of a surrogate pair, which JSON can spell and no encoding can write, is replaced."""
        parsed = json.loads(self.body)
        return _without_surrogates(parsed) if _SURROGATE.search(self.body) else parsed

    def _what_instead(self) -> str:
        start = self.body[:200].lstrip()
        if not start:
            return "the answer is empty where JSON was expected; is that the right address?"
        if start.startswith(b"<"):
            return "the answer is HTML where JSON was expected; is that the right address, or is a proxy between?"
        if start[:1] in b"{[":
            return "the answer is JSON that was cut off or damaged; try again, and look at any proxy between"
        return "the answer is not JSON; is that the right address?"


class Dialect(Protocol):
    """What a provider knows of its server's answers."""

    @property
    def provider(self) -> str:
        """The provider's name, for messages."""
        ...

    def read_reason(self, answer: Answer) -> str:
        """The server's own words for an error, as they came; "" where there are none. Never fit to be shown yet."""
        ...

    def explain(self, answer: Answer, reason: str) -> tuple[str, str]:
        """What the error means in plain words and what to do; ("", "") where it is not known."""
        ...

    def refuses_credentials(self, answer: Answer) -> bool:
        """Whether it says that the credentials are not accepted, so nothing more may be sent with them."""
        ...

    def is_transient(self, answer: Answer) -> bool:
        """Whether the same call may well succeed in a moment."""
        ...


class HttpTarget:
    """The calls to one target, at most `parallelism` of them at a time. Use it within one event loop, and close it.

    Credentials that are refused once end all calls: further attempts would lock users and addresses out. A provider may
    end them too (`end_calls`). `observe` is given every answer as it comes.
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
        """Give the connections back."""
        await self._client.aclose()

    def end_calls(self, error: TargetError) -> None:
        """Answer every further call with this error: what the server refuses us now must not read as absence later."""
        if self._refused is None:
            text = f"{error} (no further calls are made)"
            self._refused = type(error)(text, status=error.status, fix=error.fix)

    async def read(self, path: str) -> Answer:
        """GET, repeated while the server is busy or away. Any answer is returned; a TargetError if none came."""

        async def again() -> Answer | Silence:
            return await self._attempt("GET", path)

        came = await self.retries.repeat(await again(), again, self._is_transient, _stated_wait)
        return _spoken(came)

    async def write(self, method: str, path: str, body: object, is_done: Callable[[], Awaitable[bool]]) -> Answer:
        """A write that is repeated only after a look. Any answer is returned; a TargetError if none came.

        When it is not known whether the write happened, `is_done` reads what is there: True ends the matter with an
        answer of status 200 and an empty object, False lets it be sent again. If even that cannot be read, the first
        failure stands.
        """
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        first = await self._attempt(method, path, content)

        async def again() -> Answer | Silence:
            if await is_done():
                return self._done(method, path)
            return _mark_repeated(await self._attempt(method, path, content))

        try:
            came = await self.retries.repeat(first, again, self._is_open, _stated_wait)
            if self._is_open(came) and await is_done():
                return self._done(method, path)
        except (UnreachableError, TimedOutError, UnexpectedError):
            came = first
        return _spoken(came)

    async def send_once(self, method: str, path: str, body: object = None, deadline: float | None = None) -> Answer:
        """A call that is never repeated, whatever happens. Any answer is returned; a TargetError if none came."""
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        return _spoken(await self._attempt(method, path, content, deadline))

    def read_reason(self, answer: Answer) -> str:
        """The server's own words for an error, as they came: to be understood, not to be shown."""
        return self._dialect.read_reason(answer)

    def refuses_credentials(self, answer: Answer) -> bool:
        """Whether an answer says that the credentials are not accepted, whatever its status is."""
        return self._dialect.refuses_credentials(answer)

    def error(
        self, answer: Answer, *, secrets: tuple[str, ...] = (), kind: type[TargetError] | None = None, hint: str = ""
    ) -> TargetError:
        """The error that an answer stands for. `secrets` are what the call carried besides our credentials."""
        if 300 <= answer.status < 400:
            return self._redirect_error(answer)
        said = self._dialect.read_reason(answer)
        meaning, fix = self._dialect.explain(answer, said)
        quote = quotable(said, (*self.connection.secrets, *secrets))
        quote = quote or ("the server's words are withheld: they repeat a secret" if said else "")
        reason = f"{meaning} ({quote})" if meaning and quote else meaning or quote
        fix = hint or fix
        kind = UnauthorizedError if self._dialect.refuses_credentials(answer) else kind
        return explain_status(
            answer.call, answer.status, reason=reason, hint=fix, request_id=answer.request_id, kind=kind
        )

    def _redirect_error(self, answer: Answer) -> TargetError:
        parts = urlsplit(answer.headers.get("location", ""))
        target = quotable(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}") if parts.netloc else "another path"
        reason = f"a redirect to {target}, which is not followed"
        hint = "give the final address as the target's url"
        return explain_status(answer.call, answer.status, reason=reason, hint=hint, kind=UnexpectedError)

    def _call(self, method: str, path: str) -> Call:
        return Call(self._where, method, path.partition("?")[0], self.connection.address)

    def _done(self, method: str, path: str) -> Answer:
        return Answer(self._call(method, path), 200, body=b"{}", repeated=True)

    def _is_transient(self, came: Answer | Silence) -> bool:
        return came.transient if isinstance(came, Silence) else self._dialect.is_transient(came)

    def _is_open(self, came: Answer | Silence) -> bool:
        """Whether a write may have happened, or may happen if sent again."""
        if isinstance(came, Silence):
            if came.error is self._refused:
                return False
            return came.transient or not isinstance(came.error, UnreachableError) or came.error.sent
        return self._dialect.is_transient(came)

    async def _attempt(
        self, method: str, path: str, content: bytes | None = None, deadline: float | None = None
    ) -> Answer | Silence:
        call = self._call(method, path)
        seconds = deadline or self.connection.timeout_seconds
        began = time.perf_counter()
        async with self._slots:
            epoch, started = self._limit.epoch, time.perf_counter()
            came = await self._in_place(call, path, content, seconds)
            if deadline is None:  # how long a test takes, and whether it ends, is the receiver's doing
                self._learn(epoch, came, time.perf_counter() - started if method != "GET" else None)
        if isinstance(came, Answer):
            self._take_note(came)
        if _log.isEnabledFor(logging.DEBUG):
            status = came.status if isinstance(came, Answer) else type(came.error).__name__
            _log.debug("%s %s -> %s, %.0f ms", method, call.path, status, 1000 * (time.perf_counter() - began))
        return came

    async def _in_place(self, call: Call, path: str, content: bytes | None, seconds: float) -> Answer | Silence:
        try:
            async with self._places.next(), asyncio.timeout(seconds):
                if self._refused is not None:
                    return Silence(self._refused, False)
                return await self._exchange(call, path, content, seconds)
        except TimeoutError:
            return out_of_time(call, seconds)
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            return explain_silence(call, exc)

    def _learn(self, epoch: int, came: Answer | Silence, write_seconds: float | None) -> None:
        if self._limit.learn(epoch, is_busy=_is_busy(came), write_seconds=write_seconds):
            _log.info("%s: the server is busy, so it gets fewer calls at once: %d", self._where, self._limit.now)

    def _take_note(self, answer: Answer) -> None:
        self.observe(answer)
        if self._refused is None and self._dialect.refuses_credentials(answer):
            self.end_calls(self.error(answer))

    async def _exchange(self, call: Call, path: str, content: bytes | None, seconds: float) -> Answer | Silence:
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
                    return Silence(
                        explain_status(call, response.status_code, reason=reason, kind=UnexpectedError), False
                    )
            return Answer(call, response.status_code, response.headers, bytes(body))

    def _timeout(self, seconds: float) -> httpx.Timeout:
        return httpx.Timeout(seconds, connect=self._client.timeout.connect, pool=None)


def _ignore(_answer: Answer) -> None:
    """The observer of a target that nobody watches."""


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


def _stated_wait(came: Answer | Silence) -> float | None:
    return stated_wait(came.status, came.headers) if isinstance(came, Answer) else None


def _is_busy(came: Answer | Silence) -> bool:
    """Whether the server says that it has too much to do, or did not answer in time."""
    return isinstance(came.error, TimedOutError) if isinstance(came, Silence) else came.status in _BUSY


def _mark_repeated(came: Answer | Silence) -> Answer | Silence:
    if isinstance(came, Silence):
        return came
    return Answer(came.call, came.status, came.headers, came.body, repeated=True)


def _spoken(came: Answer | Silence) -> Answer:
    if isinstance(came, Silence):
        raise came.error
    return came
