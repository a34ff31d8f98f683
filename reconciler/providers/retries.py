"""When a call is repeated, and after what wait. The repeating itself is tenacity's.

What may be repeated is the caller's to say: a read as it is, a write only after a look at what is there, a test never.
Apart from `http` because the rules hold for more than single calls (a list that came back incomplete), and because
waiting has an allowance of its own, one for the whole run.
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
    from collections.abc import Mapping

    from tenacity import RetryCallState


T = TypeVar("T")


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
