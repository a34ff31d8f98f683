"""What became of each change, test and target: the values that an apply ends in, and the exit code they add up to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.apply.testing import Verdict
from reconciler.model.errors import TargetError
from reconciler.model.kinds import KINDS
from reconciler.plan.changes import Change, Disabled
from reconciler.plan.marks import Match
from reconciler.plan.messages import is_enabled


class Status(StrEnum):
    """What became of one change."""

    APPLIED = "applied"
    FAILED = "failed"
    SKIPPED = "skipped"
    HELD = "held back"
    UNDONE = "undone"  # it failed its test, and is as if it had not been
    KEPT = "kept unverified"  # it failed its test, and stands
    UNKNOWN = "unknown"  # it was cut off, and what is live must be read again
    STRANDED = "undo failed"  # it failed, and what was there could not be put back


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """One change and what became of it. `text` says why in plain words, `fix` is a command that helps."""

    change: Change
    status: Status
    text: str = ""
    verdict: Verdict | None = None
    id: str = ""
    fix: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test notification of a live channel. `verdict` None: it was not sent, `text` says why."""

    __test__ = False  # pytest would take it for a test class

    target: str
    kind: str
    name: str
    text: str
    verdict: Verdict | None = None
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether a message was due and did not go through."""
        return self.verdict is not None and not self.verdict.passed


@dataclass(frozen=True, slots=True)
class TargetResult:
    """What became of one target. `overwritten` names what somebody else changed while we were writing; `disabled` is
    what stays so though no manifest says it."""

    target: str
    results: tuple[ChangeResult, ...] = ()
    tests: tuple[TestResult, ...] = ()
    overwritten: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    error: str = ""
    refused: int = 0
    disabled: tuple[Disabled, ...] = ()


@dataclass(frozen=True, slots=True)
class RunResult:
    """What became of a whole apply."""

    targets: tuple[TargetResult, ...]
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """The code of the contract: where several fit, 130, then 6, 4, 5; 3 and 1 only where nothing was written."""
        statuses = {result.status for target in self.targets for result in target.results}
        tests_failed = any(test.failed for target in self.targets for test in target.tests)
        if self.interrupted:
            return 130
        if statuses & {Status.KEPT, Status.STRANDED} or tests_failed:
            return 6
        if self._is_partial(statuses):
            return self._partial_code(statuses)
        return 5 if Status.UNDONE in statuses else 0

    def _is_partial(self, statuses: set[Status]) -> bool:
        incomplete = statuses & {Status.FAILED, Status.SKIPPED, Status.HELD, Status.UNKNOWN}
        return bool(incomplete) or any(target.error or target.overwritten or target.refused for target in self.targets)

    def _partial_code(self, statuses: set[Status]) -> int:
        """4, but where nothing was tried: 1 if targets could not be read, 3 if all was held back or refused."""
        if statuses - {Status.HELD} or any(target.overwritten for target in self.targets):
            return 4
        unreadable = [target for target in self.targets if target.error]
        if unreadable:
            return 1 if len(unreadable) == len(self.targets) else 4
        return 3


def written(change: Change, verdict: Verdict, object_id: str) -> ChangeResult:
    """It was written after its test: verified, or kept though the test failed, or there was nothing to test by."""
    if verdict.passed:
        warning = f" (warning: {verdict.warning})" if verdict.warning else ""
        return ChangeResult(change, Status.APPLIED, f"verified: {verdict.text}{warning}", verdict, object_id)
    if verdict.stands:
        return ChangeResult(change, Status.APPLIED, f"not verified: {verdict.text}", id=object_id)
    return ChangeResult(change, Status.KEPT, f"its test failed, and it stands: {verdict.text}", verdict, object_id)


def not_verified(change: Change, match: Match, object_id: str) -> ChangeResult:
    """It was written without a test."""
    text = f"not verified: {_why_unverified(match)}" if change.affects_delivery else ""
    return ChangeResult(change, Status.APPLIED, text, id=object_id)


def left_alone(change: Change, verdict: Verdict, object_id: str) -> ChangeResult:
    """Its test failed, and nothing was written."""
    text = f"its test failed, so the live object was left as it is: {verdict.text}"
    return ChangeResult(change, Status.UNDONE, text, verdict, object_id)


def still_unverified(change: Change, verdict: Verdict, object_id: str) -> ChangeResult:
    """What was live and unverified before failed its test once more."""
    return ChangeResult(
        change, Status.KEPT, f"its test failed again, and it stands unverified: {verdict.text}", verdict, object_id
    )


def create_stands(change: Change, verdict: Verdict, object_id: str, error: TargetError) -> ChangeResult:
    """A new channel failed its test and could not be deleted again."""
    text = f"its test failed ({verdict.text}), and it could not be deleted again: {error}"
    fix = f"reconciler apply --only {change.name}  (it is marked unverified, and tested again)"
    return ChangeResult(change, Status.STRANDED, text, verdict, object_id, fix=fix)


def _why_unverified(match: Match) -> str:
    """Why a change that affects delivery was written without a verdict."""
    resource = match.resource
    if not KINDS[resource.kind].sends:
        return "it is verified by the channels that use it" if match.found is None else "nobody uses it who could tell"
    if not is_enabled(match):
        return "a disabled channel cannot be tested"
    return "no test is due"
