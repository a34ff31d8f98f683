"""The journal of an apply: one JSON line before and after each step, on disk before the step goes on.

It holds names, ids and outcomes, never a field's value. It tells a person what a killed run had done; the tool itself
never reads it to decide anything, since what is live is the truth.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from reconciler.errors import ConfigurationError, ReconcilerError

__all__ = ["FORMAT", "Journal"]

FORMAT = "reconciler.journal/v1"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Journal:
    """Steps as JSON lines. Without a file it writes nothing. `clock` gives the time of each line."""

    def __init__(self, stream: IO[str] | None = None, clock: Callable[[], str] = _now) -> None:
        self._stream = stream
        self._clock = clock
        self._number = 0

    @classmethod
    @contextmanager
    def open(cls, path: Path | None) -> Iterator[Journal]:
        """A journal that appends to a file; to none if `path` is None."""
        if path is None:
            yield cls()
            return
        try:
            stream = path.open("a", encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"the journal {path} cannot be written: {error.strerror}") from None
        with stream:
            yield cls(stream)

    @contextmanager
    def step(self, target: str, name: str, step: str, object_id: str = "") -> Iterator[None]:
        """Record a step before it begins and after it ended, with how it ended."""
        self._number += 1
        number = self._number
        about = {"target": target, "name": name, "step": step, "id": object_id}
        self.write(number, "begin", about)
        try:
            yield
        except ReconcilerError as error:
            self.write(number, "failed", about | {"error": type(error).__name__})
            raise
        except BaseException:
            self.write(number, "interrupted", about)
            raise
        self.write(number, "end", about)

    def outcome(self, target: str, name: str, status: str, object_id: str = "") -> None:
        """Record what became of a change."""
        self._number += 1
        self.write(self._number, "outcome", {"target": target, "name": name, "status": status, "id": object_id})

    def write(self, number: int, event: str, about: dict[str, str]) -> None:
        """Append one line and see it on disk."""
        if self._stream is None:
            return
        line = {"format": FORMAT, "number": number, "at": self._clock(), "event": event, **about}
        self._stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._stream.flush()
        os.fsync(self._stream.fileno())
