"""Is a delivery a proof? The one place that says which outcomes of a test notification count.

It judges by what the manifest expects and what the server could tell; sending is the provider's, and what follows
from a failed proof is decided in `apply`.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.providers.base import Abilities
from reconciler.resources import Delivery, Expect, Outcome, TestPolicy

__all__ = ["Proof", "expectation", "judge"]

_REFUSED_TEXT = frozenset({400, 415, 422})
"""A receiver that answers these read the test text and did not like its form: it was reached."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A judged delivery: whether it counts, in plain words why, and a warning if it counts only for lack of better."""

    passed: bool
    text: str
    delivery: Delivery
    warning: str = ""

    @property
    def stands(self) -> bool:
        """Whether the change may stand: it is proved, or it is such that it cannot be tested at all."""
        return self.passed or self.delivery.outcome is Outcome.SKIPPED


def expectation(kind: str, policy: TestPolicy, abilities: Abilities) -> Expect:
    """What counts for a kind: what the manifest says, else `reached` where the test text may well be refused."""
    if policy.expect is not None:
        return policy.expect
    return Expect.REACHED if abilities.expects_json(kind) else Expect.ACCEPTED


def judge(delivery: Delivery, expect: Expect) -> Proof:
    """Whether a delivery proves its channel. An unknown outcome never does.

    `reached` takes a receiver's 400, 415 or 422 as well; where the server does not tell the code (OpenSearch before
    3.0), any answer at all, with a warning.
    """
    if delivery.outcome is Outcome.ACCEPTED:
        return Proof(True, delivery.text or "accepted", delivery)
    if expect is Expect.REACHED and delivery.answered and delivery.outcome is Outcome.REFUSED:
        if delivery.code in _REFUSED_TEXT:
            return Proof(True, f"reached: {delivery.text}", delivery)
        if delivery.code == 0:
            return Proof(
                True,
                f"reached: {delivery.text}",
                delivery,
                warning="this server does not tell what the receiver answered, so any answer counts",
            )
    return Proof(False, delivery.text or delivery.outcome.value, delivery)
