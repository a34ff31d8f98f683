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
