"""How calls to targets are paced: how many may run at once, and when a call is repeated and after what wait.

A fleet of targets must not use up the process's sockets, and a target that hangs must not take the places of others. So
each target always has one place for a call, and further calls take places that all targets share, while there are any.
A run thus has at most `MOST_TARGETS` + `MORE_CALLS` calls under way, however many targets it covers, and keeps few idle
connections open.

The caller decides what may be repeated: a read always, a write only after checking whether it happened, a test never.
tenacity does the repeating. The time spent waiting has one budget for the whole run. This is separate from `http` since
it is also used for lists that came back incomplete, and across the targets of a run.
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
"""How many targets are worked on at once; if there are more, they take turns."""

MORE_CALLS = 100
"""How many calls may be under way in addition to the one that each target may always make."""


@dataclass(frozen=True, slots=True)
class RunLimits:
    """The limits of one run that covers `targets` targets. Use them within one event loop."""

    targets: int = 1
    more: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MORE_CALLS), repr=False)
    contexts: dict[str, ssl.SSLContext] = field(default_factory=dict, repr=False)

    @property
    def idle(self) -> int:
        """How many connections a target may keep open between calls."""
        return MORE_CALLS // self.targets

    def context(self, authorities: str, make: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
        """The TLS context for this key, made once for all targets that trust the same authorities, since reading them
        takes 20 ms."""
        if authorities not in self.contexts:
            self.contexts[authorities] = make()
        return self.contexts[authorities]


class CallPlaces:
    """The places for the calls of one target: its own, and those that all targets share.

    A call never waits for a shared place, only for its target's own, so that a slow target cannot delay others.
    """

    def __init__(self, limits: RunLimits) -> None:
        self._own = asyncio.Semaphore(1)
        self._more = limits.more

    def next(self) -> asyncio.Semaphore:
        """The place that the next call is to take; it must be taken at once, before anything else is awaited."""
        return self._more if self._own.locked() and not self._more.locked() else self._own


_SLOW_FROM = 1.0  # seconds; a quicker write never counts as slow
_SLOW_TIMES = 8  # a write is slow if it takes this many times as long as the quickest one
_FORGETTING = 1.05  # the quickest time grows by this at each write, to adapt to a server that has become slower


class AdaptiveLimit:
    """How many calls a server can take at once, learned from how calls end; at least one, at most `most`.

    When a call shows that the server is overloaded, the limit is halved, once for all calls that were under way then.
    It rises by one for as many good calls as the limit is. TCP does the same, which gives the clients of one server
    equal shares.
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
        """Learn from a call that ended; returns whether the limit was halved for it. `epoch` is the value of the
        attribute when the call began: each halving starts a new epoch.

        `is_busy`: the server said that it is busy, or did not answer in time. `write_seconds`: how long a write took;
        None for a read, since the times of reads are not comparable.
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
    """The slots for one target's calls, as many as its limit is now. When the limit falls, the slots of calls that end
    are held back until there are few enough."""

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
    """The time, in seconds, that a whole run may spend waiting to repeat calls.

    It is time by the clock, so calls that wait at the same time spend it only once.
    """

    seconds: float = 300.0
    clock: Callable[[], float] = time.monotonic
    _spent: float = 0.0
    _waiting: int = 0
    _since: float = 0.0

    @property
    def left(self) -> float:
        """How many seconds are left."""
        running = self.clock() - self._since if self._waiting else 0.0
        return max(0.0, self.seconds - self._spent - running)

    @contextmanager
    def spending(self) -> Iterator[None]:
        """The budget is being spent while this context lasts."""
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
    """How often a call is repeated, after what wait, and out of which budget. Waits are in seconds; `attempts` includes
    the first one. If a server asks for more than `longest_wait`, the call is not repeated."""

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
        """Call `again` while `wants` is true of the last result, starting with `first`; returns the last result.

        `stated` gives the wait in seconds that a result asks for, or None.
        """
        if not wants(first):
            return first
        # Not at the top: most runs never repeat a call.
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
    """The seconds that an answer asks to wait: by `Retry-After` (seconds or a date), or, with a 429, by
    `X-RateLimit-Reset` (seconds from now). None if there is neither, or it cannot be read."""
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
