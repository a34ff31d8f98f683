"""Ctrl-C and SIGTERM, at every moment of a run, on every platform.

Until something is written a signal ends the run: it is a KeyboardInterrupt, also at a question, and is remembered,
since a library's callback may turn one into an error of its own. While an apply writes (`watching`), after the first
signal nothing new starts, and the second one ends it. What comes later changes nothing any more: the apply is over.

A run that only reads has a time limit (`within`): whatever a project or a server does, the job ends and says so. By the
system's alarm, which also ends what loops without asking the clock. Where there is none (Windows, a thread that is not
the main one) the limits of what a run reads hold all the same.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reconciler.model.errors import ReconcilerError

if TYPE_CHECKING:
    import asyncio

    from reconciler.apply.run import Stop

WATCHED = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)
)  # SIGBREAK: Ctrl-Break, and a console that closes, on Windows

_GRACE_SECONDS = 4.5  # a cancelled CI job is killed soon after; the rollback must be over, and reported, within 6
_SAME_SECONDS = 0.5  # a terminal and its shell may both send one and the same Ctrl-C

_seen: list[int] = []
_over: list[bool] = []


@contextmanager
def taken_over() -> Iterator[None]:
    """In here a signal is a KeyboardInterrupt, wherever the main thread is."""
    _seen.clear()
    _over.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _interrupt) for number in WATCHED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, _frame: object) -> None:
    _seen.append(number)
    raise KeyboardInterrupt


def was_interrupted() -> bool:
    """Whether a signal came before an apply was over, even if something caught it."""
    return bool(_seen) and not _over


@contextmanager
def watching(stop: Stop, tell: Callable[[], None]) -> Iterator[None]:
    """Let signals stop an apply, from inside its event loop; `tell` says once that it is being stopped."""
    import asyncio  # whoever writes has it already; the verbs that do not shall not load it

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
        tell()

    before = {number: signal.getsignal(number) for number in WATCHED}
    for number in WATCHED:
        _listen(loop, number, on_signal)
    try:
        yield
    finally:
        _over.append(True)
        for number, handler in before.items():
            _stop_listening(loop, number)
            signal.signal(number, handler)


def _listen(loop: asyncio.AbstractEventLoop, number: int, call: Callable[[], None]) -> None:
    """Have the loop call back on a signal; by the interpreter where the loop cannot, as on Windows."""

    def wake(_number: int, _frame: Any) -> None:
        loop.call_soon_threadsafe(call)

    try:
        loop.add_signal_handler(number, call)
    except NotImplementedError:
        signal.signal(number, wake)


def _stop_listening(loop: asyncio.AbstractEventLoop, number: int) -> None:
    try:
        loop.remove_signal_handler(number)
    except NotImplementedError:
        return  # the interpreter's handler is replaced by the one from before


_AGAIN_SECONDS = 5.0  # the alarm rings again, in case something caught the first one


class TimeIsOverError(ReconcilerError):
    """The run took too long, and was ended."""


class _Alarm(KeyboardInterrupt):
    """An event loop and its tasks let only this kind pass from wherever it arises."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """TimeIsOverError if the block takes longer."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, _ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
        yield
    except _Alarm:
        raise TimeIsOverError(
            f"the run took more than {seconds:g} seconds and was stopped; nothing was written. "
            "Split the project, or raise --time-limit"
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _ring(_number: int, _frame: object) -> None:
    raise _Alarm
