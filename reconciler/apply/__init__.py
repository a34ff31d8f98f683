"""Carrying out a plan, change by change: prove, write, read back, keep or undo; one result each.

`run` orders the changes, `steps` carries one out, `sending` proves by canary or probe, `replacing` changes a kind,
`writing` is the only door to the provider's writes, `session` is what they share, `results` what comes of it.
"""

from reconciler.apply.journal import Journal
from reconciler.apply.results import ChangeResult, RunResult, Status, TargetResult, TestResult
from reconciler.apply.run import Observer, Stop, apply_targets
from reconciler.apply.session import ApplyOptions, Session

__all__ = [
    "ApplyOptions",
    "ChangeResult",
    "Journal",
    "Observer",
    "RunResult",
    "Session",
    "Status",
    "Stop",
    "TargetResult",
    "TestResult",
    "apply_targets",
]
