"""Ctrl-C and SIGTERM: the first stops a run softly, with a deadline, the second at once.

One press can arrive twice: from the terminal or the runner to the whole process group, and passed on once more by
`make` or a shell. So what comes within a moment of the first is taken for the same.
"""

from __future__ import annotations

import asyncio
import signal
import time

from reconciler.apply import Stop
from reconciler.cli.terminal import note

__all__ = ["WATCHED", "watch_signals"]

WATCHED = (signal.SIGINT, signal.SIGTERM)

_GRACE_SECONDS = 4.5  # a cancelled CI job is killed soon after; undoing must be over, and told, within 6
_SAME_SECONDS = 0.5


def watch_signals(stop: Stop) -> None:
    """Let signals stop a run; from inside its event loop."""
    loop = asyncio.get_running_loop()
    first = 0.0

    def on_signal() -> None:
        nonlocal first
        if stop.soft.is_set():
            if time.monotonic() - first >= _SAME_SECONDS:
                stop.hard.set()
            return
        first = time.monotonic()
        stop.soft.set()
        loop.call_later(_GRACE_SECONDS, stop.hard.set)
        try:
            note("interrupted: nothing new starts, what is unproved is undone; once more to stop at once")
        except OSError:
            return  # whoever read it was interrupted too

    for number in WATCHED:
        loop.add_signal_handler(number, on_signal)
