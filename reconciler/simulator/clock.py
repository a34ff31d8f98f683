"""The simulator's clock: real time, until it is stopped, plus what it was moved by.

Everything that depends on time (timestamps, the refresh interval) reads this clock, so that a test can move it
instead of sleeping. Waiting itself (a slow answer) is real and is not done here.
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
        """From now on only `advance` moves the clock, however busy the machine is."""
        self._stopped_at = time.time()

    def advance(self, seconds: float) -> None:
        """Move the clock; negative seconds move it back."""
        self._offset += seconds

    def stamp(self) -> int:
        """Milliseconds for a write, each later than the one before: a real node's writes take about 40 ms."""
        with self._lock:
            now = int(self.now() * 1000)
            self._last_stamp = self._last_stamp + 1 if self._last_stamp >= now > self._last_stamp - 60_000 else now
            return self._last_stamp
