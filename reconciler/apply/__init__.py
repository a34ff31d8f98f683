"""Carrying out a plan, change by change: prove, write, read back, keep or undo; one result each.

`run` orders the changes, `steps` carries one out, `sending` proves by canary or probe, `replacing` changes a kind,
`writing` is the only door to the provider's writes, `leftovers` and `rereading` come at the end, `stopping` is for
interrupts, `session` is what they share, `results` and `outcomes` what comes of it, `journal` what is recorded.
"""

from reconciler.apply.journal import Journal
from reconciler.apply.results import ChangeResult, RunResult, Status, TargetResult, TestResult
from reconciler.apply.run import Observer, apply_targets
from reconciler.apply.session import ApplyOptions, Session
from reconciler.apply.stopping import Stop

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
