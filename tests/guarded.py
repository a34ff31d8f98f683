"""A process that a test started: it ends with the test, and where it hangs it says where.

Tests wait for what a process does by reading its output, or for its end, and neither needs a limit of its own: the
guard ends what hangs, and its end ends the reading. The one limit is for what hangs, never for what is slow: it is many
times what anything takes on a busy machine. For the tests themselves pytest has such a limit, in pyproject.toml.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import Self

__all__ = ["PATIENCE", "STACKS", "Guarded"]

PATIENCE = 300
"""Seconds after which a process hangs."""

STACKS = {"PYTHONFAULTHANDLER": "1"}
"""For the environment of a Python: on SIGABRT it prints on stderr where each of its threads is."""

_LAST_WORDS = 10.0


class Guarded:
    """A process under guard. One that leads a session is signalled with all of its group, and so are its children."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.hangs = False
        self._leads = os.getpgid(process.pid) == process.pid
        self._is_over = Event()
        self._guard = Thread(target=self._watch, name="guard")

    def __enter__(self) -> Self:
        self._guard.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._guard.join()
        self.send(signal.SIGKILL)
        if self.hangs:
            self._show()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        self.process.wait()

    def end(self) -> tuple[str, str]:
        """What it says on stdout and stderr from here on, once it has ended. AssertionError with that if it hangs."""
        out, err = self.process.communicate()
        assert not self.hangs, f"{self.process.args!r} hangs; what it said, and where its threads are:\n{out}\n{err}"
        return out, err

    def send(self, number: signal.Signals) -> None:
        """Send a signal, to what there still is of it."""
        with suppress(ProcessLookupError):
            if self._leads:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)

    def _show(self) -> None:
        """Print what nobody has read: pytest shows it with the test that fails."""
        with suppress(subprocess.TimeoutExpired):
            sys.stdout.write("\n".join(text or "" for text in self.process.communicate(timeout=_LAST_WORDS)))

    def _watch(self) -> None:
        if self._is_over.wait(PATIENCE):
            return
        self.hangs = True
        self.send(signal.SIGABRT)
        if not self._is_over.wait(_LAST_WORDS):
            self.send(signal.SIGKILL)
