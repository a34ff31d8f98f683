"""What a test, a comparison, a reading or a version established: yes, no, or unknown with the reason.

`judge` alone makes a `Yes` of a delivery; every way in which the tool cannot know is an `UnknownReason` with its `Gap`,
which the reports and the page docs/evidence.md are made of. Nothing is counted as good but a `Yes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, assert_never

from typing_extensions import TypeAliasType

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Level, Problem
from reconciler.model.gaps import GAPS, UnknownReason
from reconciler.model.resource import Expect, TestPolicy

if TYPE_CHECKING:
    from reconciler.model.provider import Abilities


@dataclass(frozen=True, slots=True)
class Yes:
    """It is established; `text` says by what. Only `judge` makes one from a delivery."""

    text: str
    verdict: Literal["yes"] = "yes"


@dataclass(frozen=True, slots=True)
class No:
    """There is evidence against it."""

    text: str
    verdict: Literal["no"] = "no"


@dataclass(frozen=True, slots=True)
class Unknown:
    """It cannot be known, and `reason` says why; `text` says so for this object."""

    reason: UnknownReason
    text: str = ""
    verdict: Literal["unknown"] = "unknown"


Evidence = TypeAliasType("Evidence", Yes | No | Unknown)


def unknown(reason: UnknownReason, text: str = "") -> Unknown:
    """An Unknown in the words of its reason, unless there are better ones."""
    return Unknown(reason, text or GAPS[reason].says)


def may_stand(evidence: Evidence) -> bool:
    """Whether a change may be kept after this test: it went through, or no test can tell."""
    match evidence:
        case Yes():
            return True
        case No():
            return False
        case Unknown(reason=reason):
            return GAPS[reason].stands
        case _ as never:
            assert_never(never)


@dataclass(frozen=True, slots=True)
class Tally:
    """The number of pieces of evidence of each sort; `unknown` by reason, in the order of `UnknownReason`."""

    yes: int
    no: int
    unknown: Mapping[UnknownReason, int]


def tally(pieces: Iterable[Evidence]) -> Tally:
    """Count pieces of evidence. The only count that a summary may call verified is `yes`."""
    yes = no = 0
    reasons: dict[UnknownReason, int] = dict.fromkeys(UnknownReason, 0)
    for piece in pieces:
        match piece:
            case Yes():
                yes += 1
            case No():
                no += 1
            case Unknown(reason=reason):
                reasons[reason] += 1
            case _ as never:
                assert_never(never)
    return Tally(yes, no, {reason: count for reason, count in reasons.items() if count})


class Outcome(StrEnum):
    """The outcome of a test message."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # the receiver answered, but did not take the message; code 0: the answer says nothing
    FAILED = "failed"  # it did not get there
    UNKNOWN = "unknown"  # nobody can say: the call timed out or the connection broke
    SKIPPED = "skipped"  # it could not be tested


@dataclass(frozen=True, slots=True)
class RecipientDelivery:
    """The outcome for one recipient of a mail; `text` is plain words, never the receiver's whole answer."""

    recipient: str
    outcome: Outcome
    text: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outcome of one test notification.

    `code` is the receiver's status if it is known, `text` says in plain words what happened. `reason`: why the outcome
    is unknown, if it is. `again_after`: the test may be repeated once after this many seconds, since it failed in a way
    that says nothing about the receiver (0: it may not).
    """

    outcome: Outcome
    text: str = ""
    code: int = 0
    reason: UnknownReason | None = None
    again_after: float = 0.0
    recipients: tuple[RecipientDelivery, ...] = ()


@dataclass(frozen=True, slots=True)
class Tested:
    """A test that was made, or was not: what it established, and the outcome for each recipient of a mail."""

    __test__ = False  # pytest would take it for a test class

    evidence: Evidence
    recipients: tuple[RecipientDelivery, ...] = ()

    @property
    def text(self) -> str:
        """What happened, in plain words."""
        return self.evidence.text

    @property
    def stands(self) -> bool:
        """Whether a change may be kept after it."""
        return may_stand(self.evidence)


_REFUSED_TEXT = frozenset({400, 415, 422})
"""Statuses of a receiver that was reached but rejected the form of the test text."""


def judge(delivery: Delivery, expect: Expect) -> Evidence:
    """What a delivery establishes of its channel: the one place where a test becomes evidence.

    `reached` also accepts a receiver's 400, 415 or 422. An answer that does not say how the test ended is unknown if
    the server is known never to say so (the delivery's `reason`); otherwise it counts as not reached.
    """
    match delivery.outcome:
        case Outcome.ACCEPTED:
            return Yes(delivery.text or "accepted")
        case Outcome.REFUSED:
            return _judge_refusal(delivery, expect)
        case Outcome.FAILED:
            return No(delivery.text or "failed")
        case Outcome.UNKNOWN:
            return unknown(delivery.reason or UnknownReason.NO_RESULT, delivery.text)
        case Outcome.SKIPPED:
            return unknown(delivery.reason or UnknownReason.UNTESTABLE, delivery.text)
        case _ as never:
            assert_never(never)


def _judge_refusal(delivery: Delivery, expect: Expect) -> Evidence:
    if expect is Expect.REACHED and delivery.code in _REFUSED_TEXT:
        return Yes(f"reached: {delivery.text}")
    if expect is Expect.REACHED and not delivery.code and delivery.reason is not None:
        return unknown(delivery.reason, delivery.text)
    return No(delivery.text or "the receiver refused it")


@dataclass(frozen=True, slots=True)
class User:
    """One user of one channel. `kind` is `monitor`, `workflow`, or the kind of an object that refers to it.

    `throttled`: an action with a throttle sends through it; `by_document`: each document is reported once. `enabled` is
    None where that is not known.
    """

    kind: str
    name: str
    id: str
    enabled: bool | None = True
    throttled: bool = False
    by_document: bool = False
    owner: str = ""


@dataclass(frozen=True, slots=True)
class UsedBy:
    """Who uses one object. `gap`: why there may be more; `not_looked_at` are users that were not looked for."""

    users: tuple[User, ...] = ()
    gap: Unknown | None = None
    not_looked_at: tuple[str, ...] = ()


class Health(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Passed:
    """A check that found nothing wrong: what it found."""

    text: str


@dataclass(frozen=True, slots=True)
class NotTried:
    """What was not checked, and why."""

    text: str


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a target, or of the `project`: `name` is what was looked at. A problem of level error stops runs."""

    subject: str
    name: str
    found: Passed | Problem | NotTried

    @property
    def health(self) -> Health:
        """How it ended."""
        match self.found:
            case Passed():
                return Health.OK
            case NotTried():
                return Health.NOT_TRIED
            case Problem(level=level):
                return Health.FAILURE if level is Level.ERROR else Health.WARNING
            case _ as never:
                assert_never(never)


def ok(subject: str, name: str, text: str) -> Check:
    """A check that found nothing wrong."""
    return Check(subject, name, Passed(text))


def warning(subject: str, name: str, text: str, fix: str = "") -> Check:
    """Something that works, but should be known."""
    return Check(subject, name, Problem((), text, name.replace(" ", "-"), fix, Level.WARNING, subject=subject))


def failure(subject: str, name: str, text: str, fix: str = "") -> Check:
    """Something that stops a run."""
    return Check(subject, name, Problem((), text, name.replace(" ", "-"), fix, subject=subject))


def not_tried(subject: str, name: str, text: str) -> Check:
    """What nobody looked at, and why."""
    return Check(subject, name, NotTried(text))


def expectation(kind: str, policy: TestPolicy, abilities: Abilities) -> Expect:
    """What a test of this kind must show: what the manifest says, or `reached` if the receiver may refuse the text."""
    if policy.expect is not None:
        return policy.expect
    return Expect.REACHED if abilities.expects_json(kind) else Expect.ACCEPTED
