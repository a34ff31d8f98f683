"""What the answer to `integrations:test` means for the message. Pure.

The document declares 204 for sent and 400, 401, 403, 404, 429, 500 for not, and says nowhere which of them a receiver's
refusal is. So any 4xx is a message that did not go through, and a 5xx leaves open whether it did.
"""

from __future__ import annotations

from reconciler.resources import Delivery, Outcome

__all__ = ["HIDDEN", "LOST", "READ_ONLY", "judge_answer"]

HIDDEN = Delivery(
    Outcome.SKIPPED,
    "Confluent Cloud does not give the address back, and the manifest has none: write a reference instead of live",
)
READ_ONLY = Delivery(Outcome.SKIPPED, "Confluent Cloud tests Slack, Teams and webhook integrations only")
LOST = Delivery(Outcome.UNKNOWN, "the connection broke: it may have arrived or not")


def judge_answer(status: int, reason: str) -> Delivery:
    """The delivery that an answer stands for; 401 and 403 are errors of the call, and not for here.

    `reason` must be fit to be shown.
    """
    because = f": {reason}" if reason else ""
    if 200 <= status < 300:
        return Delivery(Outcome.ACCEPTED, "Confluent Cloud sent it, and the receiver took it", status, answered=True)
    if status == 429:
        return Delivery(Outcome.FAILED, "Confluent Cloud is too busy to test, and sent nothing: try again later")
    if status >= 500:
        return Delivery(Outcome.UNKNOWN, f"Confluent Cloud answered {status}{because}: it may have arrived or not")
    return Delivery(Outcome.FAILED, f"Confluent Cloud could not deliver it ({status}{because})")
