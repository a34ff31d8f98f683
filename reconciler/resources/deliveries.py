"""How a test notification fared, as a provider tells it; whether that is a proof is `prove`'s to say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Delivery", "Outcome", "RecipientDelivery"]


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
