"""Which of a plan's changes are drift: live differs though no manifest asked for it. Pure.

Without `--base` nobody can tell a manifest that was never applied from a change by hand, so that everything that
differs counts. With it, a change has an origin, and only what came from outside counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.plan import Action, Change, Origin, Plan, Reason

__all__ = ["Drift", "Drifted", "find_drift"]

_ASKED_FOR = frozenset({Reason.ADOPTED, Reason.RENAMED, Reason.UNPROVED})
"""Reasons that no hand on the live system brings about."""


@dataclass(frozen=True, slots=True)
class Drifted:
    """One change with its target. Neither system tells who changed an object; `Change.updated` tells when."""

    target: str
    change: Change

    @property
    def is_missing(self) -> bool:
        """Whether there is nothing live: deleted by hand, or never applied."""
        return self.change.action is Action.CREATE


@dataclass(frozen=True, slots=True)
class Drift:
    """What moved, and what is `pending`: asked for by a manifest and not applied yet. `plan` is where both are from."""

    plan: Plan
    moved: tuple[Drifted, ...]
    pending: tuple[Drifted, ...]

    @property
    def not_compared(self) -> int:
        """How many fields could not be compared."""
        return sum(len(target.unresolved) for target in self.plan.targets)


def find_drift(plan: Plan) -> Drift:
    """Split a plan's changes into what moved and what is pending."""
    changes = [Drifted(target.target, change) for target in plan.targets for change in target.changes]
    moved = tuple(item for item in changes if _is_drift(item.change))
    return Drift(plan, moved, tuple(item for item in changes if item not in moved))


def _is_drift(change: Change) -> bool:
    if change.origin is not None:
        return change.origin is Origin.DRIFT
    return bool(change.fields) or not set(change.reasons) <= _ASKED_FOR
