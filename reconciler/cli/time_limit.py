"""How long a run that only reads may take: whatever a project or a server does, the job ends and says so.

By the system's alarm, which also ends what loops without asking the clock. Where there is none (Windows, a thread that
is not the main one) the limits of what a run reads hold all the same.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from reconciler.cli.options import option
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ReconcilerError
from reconciler.systems import has_alarm

_AGAIN_SECONDS = 5.0  # the alarm rings again, in case something caught the first one


def time_limit(default: float) -> Callable[[Any], Any]:
    """The flag of a verb that only reads."""
    return option(
        "--time-limit",
        type=click.FloatRange(min=0.1),
        default=default,
        show_default=True,
        help="Seconds after which the run ends with an error.",
    )


@dataclass(frozen=True, kw_only=True)
class TimeLimit:
    """How long a verb that only reads may take, in seconds."""

    time_limit: float


class TimeIsOverError(ReconcilerError):
    """The run took too long, and was ended."""


class _Alarm(KeyboardInterrupt):
    """An event loop and its tasks let only this kind pass from wherever it arises."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """TimeIsOverError if the block takes longer."""
    if threading.current_thread() is not threading.main_thread() or not has_alarm():
        yield
        return
    before = signal.signal(signal.SIGALRM, _ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
        yield
    except _Alarm:
        raise TimeIsOverError(
            f"the run took more than {seconds:g} seconds and was ended; nothing was written. "
            "Split the project, or give more with --time-limit"
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _ring(_number: int, _frame: object) -> None:
    raise _Alarm
