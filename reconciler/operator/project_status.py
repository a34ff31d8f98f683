"""What is known of its targets, of the cluster's definitions and of its resources -> the status of a project. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.model.kinds import API_VERSION, KINDS
from reconciler.operator.crds import PROJECT
from reconciler.operator.entries import FALSE, TRUE
from reconciler.operator.outcomes import PROGRESSING, TARGET_UNREAD
from reconciler.operator.published import APPLY_DEFINITIONS, Published
from reconciler.operator.resources import CustomResource
from reconciler.operator.status import (
    DEFINITION_UNREAD,
    Status,
    Verdict,
    blocked_verdicts,
    condition_of,
    conditions_of,
)


@dataclass(frozen=True, slots=True)
class TargetState:
    """A target as its project's status has it. `overwritten`: how often in a row somebody overwrote what was written
    there."""

    name: str
    readable: bool
    message: str = ""
    identity: str = ""
    plan: str = ""
    overwritten: int = 0

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> TargetState:
        """The state of an element of the status."""
        number = value.get("overwritten", 0)
        return cls(
            name=str(value.get("name", "")),
            readable=value.get("readable") is True,
            message=str(value.get("message", "")),
            identity=str(value.get("identity", "")),
            plan=str(value.get("plan", "")),
            overwritten=number if isinstance(number, int) else 0,
        )

    def to_json(self) -> Status:
        """The element of the status."""
        values = {"name": self.name, "readable": self.readable, "message": self.message, "identity": self.identity}
        values |= {"plan": self.plan, "overwritten": self.overwritten}
        return {name: value for name, value in values.items() if value or name in ("name", "readable")}


def project_status(
    project: CustomResource,
    targets: Iterable[TargetState],
    resources: Iterable[Mapping[str, Any]],
    verdicts: Iterable[Verdict],
    now: str,
) -> Status:
    """The status of a project: its targets, and how its resources are, by their statuses."""
    statuses = list(resources)

    def count(kind: str, status: str) -> int:
        return sum(condition_of(item, kind).get("status") == status for item in statuses)

    counts = {
        "total": len(statuses),
        "ready": count("Ready", TRUE),
        "verified": count("Verified", TRUE),
        "drifted": count("Drifted", TRUE),
    }
    systems = list(targets)
    status: Status = {
        "observedGeneration": project.generation,
        "target": ", ".join(target.name for target in systems),
        "lastHandledRequestedAt": project.requested_at,
        "resources": counts,
        "targets": [target.to_json() for target in systems],
        "conditions": conditions_of(project, verdicts, now),
    }
    return {name: value for name, value in status.items() if value != ""}


def project_verdicts(targets: Iterable[TargetState], lacking: Collection[str], published: Published) -> list[Verdict]:
    """The conditions of a project that is not stalled: ready once all its targets were read, and the cluster has a
    definition of every kind that is not older than this operator; `lacking` are the kinds of which it has none."""
    unread = [target for target in targets if not target.readable]
    if not unread:
        return _definition_verdicts(lacking, published) or [
            Verdict("Ready", TRUE, "TargetsRead", "all targets can be read"),
            Verdict("Reconciling", FALSE, "TargetsRead", ""),
            Verdict("Stalled", FALSE, "TargetsRead", ""),
        ]
    text = "; ".join(f"{target.name}: {target.message or 'not read yet'}" for target in unread)
    reason = TARGET_UNREAD if any(target.message for target in unread) else PROGRESSING
    return blocked_verdicts(reason, text, stalled=False)


def _definition_verdicts(lacking: Collection[str], published: Published) -> list[Verdict]:
    """The conditions of a project in a cluster whose definitions are not those that this operator needs, or of which
    that is unknown; none where they are."""
    if lacking:
        text = (
            f"the cluster has no definition of {', '.join(lacking)} in {API_VERSION}, so none of them can be created: "
            f"have its administrator {APPLY_DEFINITIONS}; other kinds are not affected"
        )
        return blocked_verdicts("DefinitionMissing", text, stalled=False)
    if published.outdated:
        return blocked_verdicts("DefinitionOutdated", published.outdated, stalled=False)
    if unknown := published.unknown([PROJECT, *KINDS]):
        return blocked_verdicts(DEFINITION_UNREAD, unknown, stalled=False)
    return []
