"""What became of each change, test and target: the values that an apply ends in, and the exit codes that fit them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import assert_never

from reconciler.apply.testing import untested
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Exit, TargetError, first_of
from reconciler.model.evidence import Evidence, No, Tested, Unknown, Yes
from reconciler.model.gaps import GAPS, UnknownReason
from reconciler.plan.changes import Action, Change, Disabled, NotCompared, TargetPlan, UnreadTarget
from reconciler.plan.marks import Match


class Status(StrEnum):
    """The outcome of one change."""

    APPLIED = "applied"
    FAILED = "failed"
    SKIPPED = "skipped"
    HELD = "held"  # a guard keeps it from being applied
    REJECTED = "rejected"  # its test did not pass, and the live object was never touched
    ROLLED_BACK = "rolled back"  # its test did not pass, and what was written was put back or deleted
    KEPT = "kept unverified"  # its test did not pass, and it stands
    UNKNOWN = "unknown"  # it was cut off, and what is live must be read again
    STRANDED = "rollback failed"  # it failed, and what was there could not be put back


_NOT_DONE = frozenset({Status.FAILED, Status.SKIPPED, Status.HELD, Status.UNKNOWN})


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """One change and what became of it. `text` says why in plain words, `fix` is a command that helps.

    `tested`: what was established of it; None where there was nothing to establish, as with a delete.
    """

    change: Change
    status: Status
    text: str = ""
    tested: Tested | None = None
    id: str = ""
    fix: str = ""
    notes: tuple[str, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether a test message went through with the present values."""
        return self.tested is not None and isinstance(self.tested.evidence, Yes)


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test notification of a live channel, sent or not. `asked`: the manifest wants this channel to work."""

    __test__ = False  # pytest would take it for a test class

    target: str
    kind: str
    name: str
    tested: Tested
    seconds: float = 0.0
    asked: bool = True

    @property
    def text(self) -> str:
        """What happened, in plain words."""
        return self.tested.text

    @property
    def failed(self) -> bool:
        """Whether a message was due and is not known to have gone through."""
        match self.tested.evidence:
            case Yes():
                return False
            case No():
                return True
            case Unknown(reason=reason):
                return GAPS[reason].fails
            case _ as never:
                assert_never(never)

    @property
    def not_sent(self) -> bool:
        """Whether a message was due and could not be sent: nothing is known of the channel."""
        match self.tested.evidence:
            case Unknown(reason=UnknownReason.NOT_SENT):
                return True
            case _:
                return False

    @property
    def exits(self) -> Iterator[Exit]:
        """The codes that fit it."""
        if self.failed:
            yield Exit.FAILED_STANDS
        elif self.not_sent:
            yield Exit.ERROR
        elif isinstance(self.tested.evidence, Unknown) and self.asked:
            yield Exit.NOT_LOOKED_AT


def exit_of_tests(tests: Iterable[TestResult], *, failed: bool) -> Exit:
    """The code of `test`: all that was chosen went through, or what did not; `failed`: something could not even be
    tried. Where nothing was sent, nothing was looked at."""
    tests = list(tests)
    fitting = [code for test in tests for code in test.exits]
    fitting += [Exit.ERROR] if failed else []
    if all(isinstance(test.tested.evidence, Unknown) for test in tests):
        fitting.append(Exit.NOT_LOOKED_AT)
    return first_of(fitting)


@dataclass(frozen=True, slots=True)
class TargetResult:
    """The results of one target that was read. `overwritten` names what somebody else changed while we were writing;
    `disabled` is what stays disabled though no manifest says so; `not_compared` was neither compared nor written."""

    target: str
    results: tuple[ChangeResult, ...] = ()
    tests: tuple[TestResult, ...] = ()
    overwritten: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    refused: int = 0
    disabled: tuple[Disabled, ...] = ()
    not_compared: tuple[NotCompared, ...] = ()


def left_uncompared(plan: TargetPlan, results: Iterable[ChangeResult]) -> tuple[NotCompared, ...]:
    """What a plan could not compare, and these results did not write either."""
    done = {result.change.name for result in results if result.status is Status.APPLIED and not _deletes(result.change)}
    return tuple(item for item in plan.not_compared if item.reason is UnknownReason.IGNORED or item.name not in done)


def _deletes(change: Change) -> bool:
    """Whether it took away an object, which may have the name of a resource that is still there."""
    return change.action is Action.DELETE


@dataclass(frozen=True, slots=True)
class RunResult:
    """The results of a whole apply, and the targets that could not be read."""

    targets: tuple[TargetResult, ...]
    unread: tuple[UnreadTarget, ...] = ()
    interrupted: bool = False

    @property
    def exit_code(self) -> Exit:
        """The code of the contract."""
        return first_of(self._fitting())

    @property
    def evidence(self) -> Iterator[Evidence]:
        """The evidence of each change that was kept and of each test: what summaries count."""
        for target in self.targets:
            applied = (item for item in target.results if item.status is Status.APPLIED)
            yield from (item.tested.evidence for item in applied if item.tested is not None)
            yield from (test.tested.evidence for test in target.tests)

    def _fitting(self) -> Iterator[Exit]:
        statuses = {result.status for target in self.targets for result in target.results}
        if self.interrupted:
            yield Exit.INTERRUPTED
        if statuses & {Status.KEPT, Status.STRANDED} or any(
            test.failed for item in self.targets for test in item.tests
        ):
            yield Exit.FAILED_STANDS
        if statuses & {Status.REJECTED, Status.ROLLED_BACK}:
            yield Exit.TEST_FAILED
        yield from self._incomplete(statuses)

    def _incomplete(self, statuses: set[Status]) -> Iterator[Exit]:
        """4 where something was tried and something not done; else 3 for what was held, 1 for what could not be read or
        planned."""
        missing = bool(self.unread) or any(target.refused for target in self.targets)
        missing = missing or any(test.not_sent for target in self.targets for test in target.tests)
        not_done = bool(statuses & _NOT_DONE) or missing
        if any(target.overwritten for target in self.targets) or (not_done and statuses - {Status.HELD}):
            yield Exit.PARTIAL
        if Status.HELD in statuses:
            yield Exit.REFUSED
        if missing:
            yield Exit.ERROR


def why_unverified(tested: Tested | None, count: int = 1) -> str:
    """Why so many changes are not verified, as a clause: only a test that was judged has failed."""
    evidence = tested.evidence if tested is not None else None
    test, it = ("its test", "it") if count == 1 else ("their tests", "they")
    if isinstance(evidence, Unknown):
        return f"{test} gave no result" if GAPS[evidence.reason].sent else f"{it} could not be tested"
    return f"{test} failed"


def written(change: Change, tested: Tested, object_id: str) -> ChangeResult:
    """It was written after its test: verified, or kept though the test failed, or no test could tell."""
    match tested.evidence:
        case Yes(text):
            return ChangeResult(change, Status.APPLIED, f"verified: {text}", tested, object_id)
        case Unknown(reason, text) if GAPS[reason].stands:
            return ChangeResult(change, Status.APPLIED, f"not verified: {text}", tested, object_id)
        case No(text) | Unknown(text=text):
            why = f"{why_unverified(tested)}, but it was kept: {text}"
            return ChangeResult(change, Status.KEPT, why, tested, object_id)
        case _ as never:
            assert_never(never)


def not_tested(change: Change, match: Match, object_id: str) -> ChangeResult:
    """It was written without a test."""
    if change.affects_delivery:
        return written(change, Tested(untested(match)), object_id)
    return ChangeResult(change, Status.APPLIED, id=object_id)


def left_alone(change: Change, tested: Tested, object_id: str) -> ChangeResult:
    """Its test did not pass, and nothing was written."""
    text = f"{why_unverified(tested)}, so the live object was left as it is: {tested.text}"
    return ChangeResult(change, Status.REJECTED, text, tested, object_id)


def still_unverified(change: Change, tested: Tested, object_id: str) -> ChangeResult:
    """What was live and unverified before did not pass its test this time either."""
    text = f"{why_unverified(tested)}, and it stays unverified as it was: {tested.text}"
    return ChangeResult(change, Status.KEPT, text, tested, object_id)


def create_stands(change: Change, tested: Tested, object_id: str, error: TargetError) -> ChangeResult:
    """A new channel did not pass its test and could not be deleted."""
    text = f"{why_unverified(tested)} ({tested.text}), and it could not be deleted: {error}"
    fix = f"reconciler apply --only {change.name}  (it is marked unverified, and this tests it again)"
    return ChangeResult(change, Status.STRANDED, text, tested, object_id, fix=fix)
