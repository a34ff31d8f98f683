"""Engine results -> what is known of each resource on the target: one entry each, in the words of the API. Pure.

Nothing is called applied or verified here but what the engine says is so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from reconciler.apply.results import ChangeResult, Status, TargetResult, TestResult
from reconciler.model.dataclass import dataclass
from reconciler.model.evidence import No, Tested, Unknown, Yes
from reconciler.model.gaps import GAPS, UnknownReason
from reconciler.operator.entries import FALSE, TRUE, UNKNOWN, Entry
from reconciler.operator.schedule import TEST_FAILED
from reconciler.plan.changes import Action, Change, TargetPlan, UnreadTarget

APPLIED, PROGRESSING, HELD, FAILED = "Applied", "Progressing", "Held", "ApplyFailed"
INVALID, NOT_ALLOWED, SECRET_NOT_FOUND = "Invalid", "NotAllowed", "SecretNotFound"
TARGET_UNREAD, TOO_MANY_MESSAGES, DISABLED_BY_HAND = "TargetUnread", "TooManyMessages", "DisabledByHand"
NOT_TESTED, INTERRUPTED, NOT_PLANNED = "NotTested", "Interrupted", "CannotBePlanned"
TEST_NOT_SENT = "TestNotSent"
NOT_LIVE = "what is written is not live, so that a difference is no drift"
AS_DESIRED = "as desired"
"""Whether it was just written or is so since long: else each change would be worth a second write of its status."""

_OF_STATUS: Mapping[Status, tuple[str, bool]] = {
    Status.APPLIED: (APPLIED, False),
    Status.FAILED: (FAILED, False),
    Status.SKIPPED: ("Skipped", False),
    Status.HELD: (HELD, True),
    Status.REJECTED: (TEST_FAILED, True),
    Status.ROLLED_BACK: (TEST_FAILED, True),
    Status.KEPT: (TEST_FAILED, True),
    Status.UNKNOWN: ("OutcomeUnknown", False),
    Status.STRANDED: ("RollbackFailed", True),
}
"""The reason of each outcome, and whether nothing more is tried by itself."""


@dataclass(frozen=True, slots=True)
class TargetRun:
    """What one look at a target gave: its plan, what became of it (None: nothing was carried out), and the tests of
    what did not change."""

    plan: TargetPlan
    result: TargetResult | None = None
    tests: tuple[TestResult, ...] = ()


def entry_after(before: Entry, name: str, run: TargetRun, now: str, *, same_wish: bool) -> Entry:
    """The entry of the resource of that name after a look at its target.

    `same_wish`: neither it, its project nor its Secrets changed since it was last applied, so that a difference is
    drift. `now` is the time in the API's form.
    """
    changes = [item for item in run.plan.changes if item.name == name and item.action is not Action.DELETE]
    results = [item for item in (run.result.results if run.result else ()) if item.change in changes]
    refusal = next((item for item in run.plan.refusals if item.name == name), None)
    if refusal is not None:
        entry = _not_applied(before, NOT_PLANNED, in_cluster(refusal.message), stalled=True)
        return replace(entry, drifted=UNKNOWN, drifted_message=NOT_LIVE)
    if changes:
        done = _after_change(before, changes, results, now)
        return _with_drift(done, changes, drifted=same_wish and before.applied)
    return _with_test(_unchanged(before, name, run.plan), _test_of(name, run), now)


def _after_change(before: Entry, changes: list[Change], results: list[ChangeResult], now: str) -> Entry:
    """The worst of what became of its changes, of which there is nearly always one."""
    held = next((change for change in changes if change.held), None)
    if held is not None:
        return _not_applied(before, HELD, in_cluster(held.held), stalled=True)
    if not results:
        return _not_applied(before, PROGRESSING, "planned, and not carried out yet", stalled=False)
    worst = max(results, key=lambda item: list(_OF_STATUS).index(item.status))
    reason, stalled = _OF_STATUS[worst.status]
    if reason == TEST_FAILED:
        reason, stalled = _without_a_verdict(worst.tested) or (reason, stalled)
    applied = worst.status is Status.APPLIED
    entry = replace(
        before,
        applied=applied,
        reason=reason,
        message=AS_DESIRED if applied else in_cluster(worst.text) or worst.status.value,
        stalled=stalled,
        id=worst.id or worst.change.id or before.id,
    )
    if worst.status is Status.ROLLED_BACK and worst.change.action is Action.CREATE:
        entry = replace(entry, id="")
    if worst.tested is not None:
        return _tested(entry, worst.tested, now)
    if worst.change.affects_delivery and applied:
        return replace(entry, verified=UNKNOWN, verified_reason=NOT_TESTED, verified_message="no test was due")
    return entry


def _without_a_verdict(tested: Tested | None) -> tuple[str, bool] | None:
    """The reason, and whether nothing more is tried by itself, where nobody judged the test: it was interrupted, or no
    message went out that could be repeated."""
    match tested.evidence if tested else None:
        case Unknown(reason=UnknownReason.INTERRUPTED):
            return INTERRUPTED, False
        case Unknown(reason=UnknownReason.NOT_SENT):
            return TEST_NOT_SENT, False
        case _:
            return None


def _unchanged(before: Entry, name: str, plan: TargetPlan) -> Entry:
    disabled = next((item for item in plan.disabled if item.name == name), None)
    if disabled is not None and disabled.by_hand:
        text = "disabled by hand: annotate it with channels.gitops/allow: enable, or write enabled: false"
        entry = _not_applied(replace(before, id=disabled.id), DISABLED_BY_HAND, text, stalled=True)
        return replace(entry, drifted=TRUE, drifted_message=text)
    not_compared = sorted({".".join(item.path) for item in plan.not_compared if item.name == name and item.path})
    drifted, drift_text = FALSE, ""
    if not_compared:
        drifted, drift_text = UNKNOWN, f"not compared: {', '.join(not_compared)}"
    elif plan.incomplete:
        drifted, drift_text = UNKNOWN, f"the list may lack objects: {plan.incomplete}"
    entry = replace(
        before,
        applied=True,
        reason=APPLIED,
        message=AS_DESIRED,
        stalled=False,
        drifted=drifted,
        drifted_message=drift_text,
    )
    if disabled is not None:
        return replace(
            entry, id=disabled.id, verified=UNKNOWN, verified_reason="Disabled", verified_message="disabled live"
        )
    return entry


def _with_drift(entry: Entry, changes: list[Change], *, drifted: bool) -> Entry:
    if not drifted:
        known, text = (FALSE, "") if entry.applied else (UNKNOWN, NOT_LIVE)
        return replace(entry, drifted=known, drifted_message=text)
    if entry.applied:
        return replace(entry, drifted=FALSE, drifted_message="")
    paths = sorted({".".join(item.path) for change in changes for item in change.fields})
    text = f"the live object differs though no manifest changed: {', '.join(paths) or changes[0].reasons[0].value}"
    return replace(entry, drifted=TRUE, drifted_message=text)


def is_drift(before: Entry, name: str, run: TargetRun, *, same_wish: bool) -> bool:
    """Whether live had moved away from what was applied there before."""
    return (
        same_wish
        and before.applied
        and any(item.name == name and item.action is not Action.DELETE for item in run.plan.changes)
    )


def _test_of(name: str, run: TargetRun) -> Tested | None:
    tests = (*(run.result.tests if run.result else ()), *run.tests)
    return next((item.tested for item in tests if item.name == name), None)


def _with_test(entry: Entry, tested: Tested | None, now: str) -> Entry:
    if tested is not None:
        return _tested(entry, tested, now)
    if entry.verified_reason:
        return entry
    text = "the operator has sent it no test message yet: annotate channels.gitops/test-requested-at to send one"
    return replace(entry, verified=UNKNOWN, verified_reason=NOT_TESTED, verified_message=text)


def _tested(entry: Entry, tested: Tested, now: str) -> Entry:
    """The entry with what a test established; only a message that went out counts as a test."""
    match tested.evidence:
        case Yes(text):
            return replace(
                entry,
                verified=TRUE,
                verified_reason="TestPassed",
                verified_message=text,
                test_time=now,
                test_outcome="passed",
            )
        case No(text):
            return replace(
                entry,
                verified=FALSE,
                verified_reason=TEST_FAILED,
                verified_message=text,
                test_time=now,
                test_outcome="failed",
            )
        case Unknown(reason, text):
            words = "".join(part.capitalize() for part in reason.value.split("-"))
            entry = replace(entry, verified=UNKNOWN, verified_reason=words, verified_message=text)
            return replace(entry, test_time=now, test_outcome="unknown") if GAPS[reason].sent else entry


def _not_applied(before: Entry, reason: str, message: str, *, stalled: bool) -> Entry:
    return replace(before, applied=False, reason=reason, message=message, stalled=stalled)


def blocked(before: Entry, reason: str, message: str, *, stalled: bool) -> Entry:
    """The entry of a resource that was left out of the plan, for a reason of its own."""
    return replace(
        _not_applied(before, reason, message, stalled=stalled), drifted=UNKNOWN, drifted_message="not checked"
    )


def not_looked_at(before: Entry, why: str, *, is_current: bool) -> Entry:
    """The entry where the target could not be read: what is known to be applied stays so, all else is not known."""
    if is_current and before.applied:
        return replace(before, drifted=UNKNOWN, drifted_message=why)
    return replace(
        before, applied=False, reason=TARGET_UNREAD, message=why, stalled=False, drifted=UNKNOWN, drifted_message=why
    )


def why_unread(target: UnreadTarget) -> str:
    """Why a target was not read, without its name, which whoever shows it puts before it."""
    return in_cluster(target.error.removeprefix(f"{target.target}: "))


_FLAGS = (
    (r"pass --max-messages (\d+), or --test-when never", r"raise spec.safety.max_messages of the Project to \1"),
    (r"pass --allow-replace, or write spec\.allow: \[replace\]", "write spec.allow: [replace]"),
    (r"pass --allow-in-use \S+", "annotate it with channels.gitops/allow: in-use"),
    (r"pass --max-deletes (\d+)", r"annotate the Project with channels.gitops/allow: max-deletes=\1"),
    (
        r"more than --max-deletes (\d+)(?![\d:])",
        r"more than channels.gitops/allow: max-deletes=\1 of the Project: raise it to how many may be deleted",
    ),
    (
        r"more than (max_delete\w+ \d+)(?![\d:])",
        r"more than \1: annotate the Project with channels.gitops/allow: max-deletes=N, where N may be deleted at once",
    ),
    (r"spec\.id or --adopt", "spec.id"),
    (r"--enable \S+", "annotate it with channels.gitops/allow: enable"),
)


def in_cluster(text: str) -> str:
    """A message of the engine with the fix that works here: what a flag is on the command line is a line of the
    resource, or an annotation."""
    for pattern, here in _FLAGS:
        text = re.sub(pattern, here, text)
    return text
