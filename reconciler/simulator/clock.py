"""The simulator's clock: real time until it is stopped, plus what it was moved by.

Everything that depends on time (timestamps, the refresh interval) reads this clock, so that a test can move it instead
of sleeping. Waits, such as for a slow answer, take real time and are not made here.
"""

from __future__ import annotations

import time
from threading import Lock

__all__ = ["Clock"]


class Clock:
    """Milliseconds and seconds since the epoch. Safe to use from any thread."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._stopped_at: float | None = None
        self._last_stamp = 0
        self._lock = Lock()

    def now(self) -> float:
        """Seconds since the epoch."""
        return (time.time() if self._stopped_at is None else self._stopped_at) + self._offset

    def stop(self) -> None:
        """Stop the clock: from now on only `advance` moves it."""
        self._stopped_at = time.time()

    def advance(self, seconds: float) -> None:
        """Move the clock; negative seconds move it back."""
        self._offset += seconds

    def stamp(self) -> int:
        """The time of a write in milliseconds, later than the one before, as on a real node, where a write takes about
        40 ms."""
        with self._lock:
            now = int(self.now() * 1000)
            self._last_stamp = self._last_stamp + 1 if self._last_stamp >= now > self._last_stamp - 60_000 else now
            return self._last_stamp
