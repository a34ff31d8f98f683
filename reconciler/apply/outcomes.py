"""What the result of a change says, by how its proof fared: the words, apart from the steps that lead to them. Pure."""

from __future__ import annotations

from reconciler.apply.results import ChangeResult, Status
from reconciler.errors import TargetError
from reconciler.ownership import Match
from reconciler.plan import Change
from reconciler.prove import Proof
from reconciler.resources import KINDS

__all__ = ["create_stands", "left_alone", "not_proved", "still_unproved", "written"]


def written(change: Change, proof: Proof, object_id: str) -> ChangeResult:
    """It was written after its test: proved, or kept though the test failed, or there was nothing to test by."""
    if proof.passed:
        warning = f" (warning: {proof.warning})" if proof.warning else ""
        return ChangeResult(change, Status.APPLIED, f"proved: {proof.text}{warning}", proof, object_id)
    if proof.stands:
        return ChangeResult(change, Status.APPLIED, f"not proved: {proof.text}", id=object_id)
    return ChangeResult(change, Status.KEPT, f"its test failed, and it stands: {proof.text}", proof, object_id)


def not_proved(change: Change, match: Match, object_id: str) -> ChangeResult:
    """It was written without a test."""
    text = f"not proved: {_why_unproved(match)}" if change.affects_delivery else ""
    return ChangeResult(change, Status.APPLIED, text, id=object_id)


def left_alone(change: Change, proof: Proof, object_id: str) -> ChangeResult:
    """Its test failed, and nothing was written."""
    text = f"its test failed, so the live object was left as it is: {proof.text}"
    return ChangeResult(change, Status.UNDONE, text, proof, object_id)


def still_unproved(change: Change, proof: Proof, object_id: str) -> ChangeResult:
    """What was live and unproved before failed its test once more."""
    return ChangeResult(
        change, Status.KEPT, f"its test failed again, and it stands unproved: {proof.text}", proof, object_id
    )


def create_stands(change: Change, proof: Proof, object_id: str, error: TargetError) -> ChangeResult:
    """A new channel failed its test and could not be deleted again."""
    text = f"its test failed ({proof.text}), and it could not be deleted again: {error}"
    mend = f"reconciler apply --only {change.name}  (it is marked unproved, and tested again)"
    return ChangeResult(change, Status.STRANDED, text, proof, object_id, mend=mend)


def _why_unproved(match: Match) -> str:
    """Why a change that affects delivery was written without a proof."""
    resource = match.resource
    if not KINDS[resource.kind].sends:
        return "it is proved by the channels that use it" if match.found is None else "nobody uses it who could tell"
    live = match.found.live.fields.get("enabled") if match.found else True
    if not resource.fields.get("enabled", live):
        return "a disabled channel cannot be tested"
    return "no test is due"
