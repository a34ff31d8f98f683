"""How a test notification fared, as a provider tells it; `judge` says whether it verifies."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from reconciler.model.resource import Expect, TestPolicy

if TYPE_CHECKING:
    from reconciler.model.provider import Abilities


class Outcome(StrEnum):
    """How a test message fared."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # the receiver answered, but did not take the message
    FAILED = "failed"  # it did not get there
    UNKNOWN = "unknown"  # nobody can say: the call timed out or the connection broke
    SKIPPED = "skipped"  # it could not be tested


@dataclass(frozen=True, slots=True)
class RecipientDelivery:
    """One recipient of a mail and how it fared; `text` is plain words, never the receiver's whole answer."""

    recipient: str
    outcome: Outcome
    text: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outcome of one test notification.

    `code` is the receiver's status where one is known, `text` says in plain words what happened. `answered` tells
    whether the receiver is known to have answered at all.
    """

    outcome: Outcome
    text: str = ""
    code: int = 0
    answered: bool = False
    recipients: tuple[RecipientDelivery, ...] = ()


class Health(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: `subject` is a target or `project`, `name` what was looked at, `fix` what to do about it."""

    subject: str
    name: str
    health: Health
    text: str
    fix: str = ""


def ok(subject: str, name: str, text: str) -> Check:
    """A check that found nothing wrong."""
    return Check(subject, name, Health.OK, text)


def warning(subject: str, name: str, text: str, fix: str = "") -> Check:
    """Something that works, but should be known."""
    return Check(subject, name, Health.WARNING, text, fix)


def failure(subject: str, name: str, text: str, fix: str = "") -> Check:
    """Something that stops a run."""
    return Check(subject, name, Health.FAILURE, text, fix)


def not_tried(subject: str, name: str, text: str) -> Check:
    """What nobody looked at, and why."""
    return Check(subject, name, Health.NOT_TRIED, text)


def expectation(kind: str, policy: TestPolicy, abilities: Abilities) -> Expect:
    """What counts for a kind: what the manifest says, else `reached` where the test text may well be refused."""
    if policy.expect is not None:
        return policy.expect
    return Expect.REACHED if abilities.expects_json(kind) else Expect.ACCEPTED
