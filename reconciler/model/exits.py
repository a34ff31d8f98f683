"""The exit codes: what each means, and which one a run ends with when several fit. The only place that knows."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """How a process ends. The members are a contract with pipelines."""

    DONE = 0
    ERROR = 1
    CHANGES = 2
    REFUSED = 3
    PARTIAL = 4
    TEST_FAILED = 5
    FAILED_STANDS = 6
    NOT_LOOKED_AT = 7
    USAGE = 64
    INTERRUPTED = 130


MEANINGS: dict[Exit, str] = {
    Exit.DONE: "all that was asked for was done",
    Exit.ERROR: "an error in manifests, configuration, credentials, a target or a resource; nothing was written",
    Exit.CHANGES: (
        "there are changes, or fields that were not compared (plan --detailed-exitcode); drift (drift); "
        "a channel that is named in vain (users --dangling)"
    ),
    Exit.REFUSED: "refused as a whole by a rule, or guards held all there was to do; nothing was written",
    Exit.PARTIAL: "partly applied: something stands, and something else failed, was skipped, held, or not planned",
    Exit.TEST_FAILED: "all applied but what failed its test, and that was rejected or rolled back",
    Exit.FAILED_STANDS: "a change that failed its test stands; for test: one failed, or its outcome is unknown",
    Exit.NOT_LOOKED_AT: "nothing failed, but something that was asked for was not looked at",
    Exit.USAGE: "the command line is not understood",
    Exit.INTERRUPTED: "interrupted by Ctrl-C or SIGTERM",
}

ORDER = (
    Exit.INTERRUPTED,
    Exit.USAGE,
    Exit.FAILED_STANDS,
    Exit.PARTIAL,
    Exit.TEST_FAILED,
    Exit.REFUSED,
    Exit.ERROR,
    Exit.NOT_LOOKED_AT,
    Exit.CHANGES,
    Exit.DONE,
)
"""Of the codes that fit a run, the first in this order counts."""


def first_of(fitting: Iterable[Exit]) -> Exit:
    """The code that a run ends with, of all that fit it; DONE where none does."""
    found = frozenset(fitting)
    return next((code for code in ORDER if code in found), Exit.DONE)
