"""What the targets of one run share of a process: calls under way, open connections, and the authorities they trust.

A fleet of targets must not use up a process's sockets, and one that hangs must not take the places of the others. So
each target always has a place for one call of its own, and further ones are taken only while there are some: a run has
at most `MOST_TARGETS` + `MORE_CALLS` calls under way, however many targets it covers, and keeps few connections idle.
"""

from __future__ import annotations

import asyncio
from dataclasses import field
from typing import TYPE_CHECKING

from reconciler.model.dataclass import dataclass

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

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
