"""How calls to targets are paced: how many may run at once, and when and after what wait one is repeated.

A fleet of targets must not use up a process's sockets, and one that hangs must not take the places of the others. So
each target always has a place for one call of its own, and further ones are taken only while there are some: a run has
at most `MOST_TARGETS` + `MORE_CALLS` calls under way, however many targets it covers, and keeps few connections idle.

What may be repeated is the caller's to say: a read as it is, a write only after a look at what is there, a test never.
The repeating itself is tenacity's. Waiting has an allowance of its own, one for the whole run. Apart from `http`
because all this holds for more than single calls: for a list that came back incomplete, and for all targets of a run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.model.dataclass import dataclass

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from tenacity import RetryCallState

T = TypeVar("T")

MOST_TARGETS = 100
"""How many targets are at work at once; more of them take turns."""

MORE_CALLS = 100
"""How many calls may be under way besides the one that each target may always make."""


@dataclass(frozen=True, slots=True)
class RunLimits:
    """The limits of one run with so many `targets`. Use them within one event loop."""

    targets: int = 1
    more: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MORE_CALLS), repr=False)
    contexts: dict[str, ssl.SSLContext] = field(default_factory=dict, repr=False)

    @property
    def idle(self) -> int:
        """How many connections a target may keep open between calls."""
        return MORE_CALLS // self.targets

    def context(self, authorities: str, make: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        """The TLS context for these authorities (a file's path), made once: reading them takes 20 ms."""
        if authorities not in self.contexts:
            self.contexts[authorities] = make()
        return self.contexts[authorities]


class CallPlaces:
    """Where the calls of one target wait: in its own place, or in one of those that all share, if one is free.

    Nobody waits for a shared place, so that whoever holds them for long delays nobody else.
    """

    def __init__(self, limits: RunLimits) -> None:
        self._own = asyncio.Semaphore(1)
        self._more = limits.more

    def next(self) -> asyncio.Semaphore:
        """The place that the next call is to take, at once."""
        return self._more if self._own.locked() and not self._more.locked() else self._own


_SLOW_FROM = 1.0  # seconds: below, nobody minds
_SLOW_TIMES = 8  # times the quickest write
_FORGETTING = 1.05  # a server that has become slower for good is taken as it is after some dozens of writes


class AdaptiveLimit:
    """How many calls a server can take at once, learned from how they end; never above `most`, never below one.

    Where it is too much, the limit is halved, once for all calls that were under way together; as many good ends as the
    limit is raise it by one. That is what TCP does, by which several clients of one server come to equal shares.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.epoch = 0
        self._limit = float(most)
        self._quickest: float | None = None

    @property
    def now(self) -> int:
        """How many calls may be under way."""
        return int(self._limit)

    def learn(self, epoch: int, *, is_busy: bool, write_seconds: float | None = None) -> bool:
        """A call has ended that began in that `epoch`; whether the limit was halved for it, with which an epoch ends.

        `is_busy`: the server said so, or did not answer in time. `write_seconds`: how long it took, if it was a write,
        all of which are alike; a list takes as long as it takes.
        """
        if not is_busy and not self._is_slow(write_seconds):
            self._limit = min(float(self.most), self._limit + 1 / self._limit)
            return False
        if epoch < self.epoch or self.now == 1:
            return False
        self.epoch += 1
        self._limit = max(1.0, self._limit / 2)
        return True

    def _is_slow(self, seconds: float | None) -> bool:
        if seconds is None:
            return False
        quickest = self._quickest * _FORGETTING if self._quickest is not None else seconds
        self._quickest = min(quickest, seconds)
        return seconds > max(_SLOW_FROM, _SLOW_TIMES * self._quickest)


class CallSlots:
    """The slots of one target's calls: as many as its limit has now. What the limit loses is kept back as calls end."""

    def __init__(self, limit: AdaptiveLimit) -> None:
        self._limit = limit
        self._slots = asyncio.Semaphore(limit.most)
        self._kept = 0
        self.under_way = 0

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        self.under_way += 1

    async def __aexit__(self, *_: object) -> None:
        self.under_way -= 1
        self._kept += 1
        while self._kept > self._limit.most - self._limit.now:
            self._kept -= 1
            self._slots.release()


@dataclass(slots=True)
class RetryBudget:
    """The time that a whole run may spend with calls waiting to be repeated, in seconds.

    Calls that wait side by side spend it once: it is time by the clock, not a sum.
    """

    seconds: float = 300.0
    clock: Callable[[], float] = time.monotonic
    _spent: float = 0.0
    _waiting: int = 0
    _since: float = 0.0

    @property
    def left(self) -> float:
        """What is left of it now."""
        running = self.clock() - self._since if self._waiting else 0.0
        return max(0.0, self.seconds - self._spent - running)

    @contextmanager
    def spending(self) -> Iterator[None]:
        """While this lasts, the budget is being spent."""
        if not self._waiting:
            self._since = self.clock()
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._spent += self.clock() - self._since


@dataclass(frozen=True, slots=True)
class Retries:
    """How often, after what wait, and out of which budget a call is repeated. Waits are seconds, `attempts` counts
    the first one too. A server that asks for more than `longest_wait` is not asked again."""

    budget: RetryBudget = field(default_factory=RetryBudget)
    attempts: int = 5
    first_wait: float = 0.5
    longest_wait: float = 60.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def repeat(
        self,
        first: T,
        again: Callable[[], Awaitable[T]],
        wants: Callable[[T], bool],
        stated: Callable[[T], float | None] = lambda _: None,
    ) -> T:
        """Call `again` while `wants` says so of what came, `first` being what came already. What came last is returned.

        `stated` gives the wait that the server asked for, if it asked for one.
        """
        if not wants(first):
            return first
        # Imported where something has failed: most runs never need it, and start-up counts.
        from tenacity import AsyncRetrying, retry_if_result, wait_random, wait_random_exponential

        came = [first]

        async def attempt() -> T:
            return came.pop() if came else await again()

        backoff = wait_random_exponential(multiplier=self.first_wait, max=self.longest_wait)
        jitter = wait_random(0, self.first_wait)

        def wait(state: RetryCallState) -> float:
            asked = stated(_result(state))
            return backoff(state) if asked is None else asked + jitter(state)

        def is_over(state: RetryCallState) -> bool:
            too_long = state.upcoming_sleep > min(self.longest_wait + self.first_wait, self.budget.left)
            return too_long or state.attempt_number >= self.attempts

        retrying = AsyncRetrying(
            sleep=self.sleep,
            wait=wait,
            stop=is_over,
            retry=retry_if_result(wants),
            retry_error_callback=_result,
        )
        with self.budget.spending():
            return await retrying(attempt)


def _result(state: RetryCallState) -> Any:
    return None if state.outcome is None else state.outcome.result()


def stated_wait(
    status: int, headers: Mapping[str, str], now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> float | None:
    """The seconds that an answer asks to wait: `Retry-After` (seconds or a date), else with 429 `X-RateLimit-Reset`,
    which counts seconds from now. None if it asks for nothing that can be read."""
    stated = headers.get("retry-after", "").strip()
    if not stated and status == HTTPStatus.TOO_MANY_REQUESTS:
        stated = headers.get("x-ratelimit-reset", "").strip()
    if not stated:
        return None
    try:
        seconds = float(stated)
    except ValueError:
        return _until(stated, now())
    return max(0.0, seconds) if isfinite(seconds) else None


def _until(date: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
