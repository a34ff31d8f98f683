"""A signal that asks a run to end, without an exception at a place that nobody chose.

One that a signal's handler raises lands wherever the main thread is: amid a lock of a client or the bookkeeping of an
event loop, which then waits for ever. So the handler only notes the signal and cancels the tasks of a running loop,
and calls are refused at places of ours, by `check`.
"""

from __future__ import annotations

import asyncio
import signal
from dataclasses import dataclass

__all__ = ["Interruption"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(eq=False)
class Interruption:
    """Whether a signal `came`, also that of a closed terminal or a cancelled job; while `is_removing`, calls go on."""

    came: bool = False
    is_removing: bool = False

    def listen(self) -> None:
        """Take the signals that are not ignored already, and of these only the first one."""
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda _number, _frame: self._note())

    def _note(self) -> None:
        self.be_deaf()
        self.came = True
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.call_soon_threadsafe(lambda: None)  # wakes the loop

    def be_deaf(self) -> None:
        """Ignore signals from here on."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    def check(self) -> None:
        """KeyboardInterrupt if a signal came, unless what the run made is being removed."""
        if self.came and not self.is_removing:
            raise KeyboardInterrupt
