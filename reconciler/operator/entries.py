"""What is known of one resource on one target: the element of `status.targets`, from which all else is worked out.

It is kept in the status so that a restarted operator knows what failed its test, and with what. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.operator.resources import CustomResource

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"
"""The three values of a condition."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource on one target. `applied`: what the resource of this generation wants is live there. `stalled`:
    nothing more is tried until somebody changes something. `secrets` are the versions of the Secrets that were used,
    `requested_at` and `test_requested_at` the wishes that were heard; `reason` is one of the API's, in CamelCase."""

    name: str
    id: str = ""
    applied: bool = False
    reason: str = ""
    message: str = ""
    stalled: bool = False
    generation: int = 0
    project_generation: int = 0
    secrets: Mapping[str, str] = field(default_factory=dict)
    verified: str = UNKNOWN
    verified_reason: str = ""
    verified_message: str = ""
    drifted: str = UNKNOWN
    drifted_message: str = ""
    test_time: str = ""
    test_outcome: str = ""
    requested_at: str = ""
    test_requested_at: str = ""

    @classmethod
    def read(cls, value: Mapping[str, Any]) -> Entry:
        """The entry of a status, which anybody may have written who may write statuses."""
        given = {ours: value[theirs] for ours, theirs in _NAMES.items() if isinstance(value.get(theirs), _TYPES[ours])}
        secrets = value.get("secrets")
        given["secrets"] = {str(k): str(v) for k, v in secrets.items()} if isinstance(secrets, Mapping) else {}
        return cls(**{"name": "", **given})

    def to_json(self) -> dict[str, Any]:
        """The element of the status; what is empty is left out."""
        values = {theirs: getattr(self, ours) for ours, theirs in _NAMES.items()}
        kept = {"name", "applied", "stalled"}
        return {
            name: dict(value) if isinstance(value, Mapping) else value
            for name, value in values.items()
            if name in kept or value not in ("", 0, {})
        }


_NAMES = {
    "name": "name",
    "id": "id",
    "applied": "applied",
    "reason": "reason",
    "message": "message",
    "stalled": "stalled",
    "generation": "observedGeneration",
    "project_generation": "projectGeneration",
    "secrets": "secrets",
    "verified": "verified",
    "verified_reason": "verifiedReason",
    "verified_message": "verifiedMessage",
    "drifted": "drifted",
    "drifted_message": "driftedMessage",
    "test_time": "lastTestTime",
    "test_outcome": "lastTestOutcome",
    "requested_at": "requestedAt",
    "test_requested_at": "testRequestedAt",
}
_TYPES: Mapping[str, type] = {
    name: {"applied": bool, "stalled": bool, "generation": int, "project_generation": int, "secrets": dict}.get(
        name, str
    )
    for name in _NAMES
}


def entries_of(resource: CustomResource) -> dict[str, Entry]:
    """The entries of a resource's status by target."""
    written = resource.status.get("targets")
    items = written if isinstance(written, list) else []
    entries = [Entry.read(item) for item in items if isinstance(item, Mapping)]
    return {entry.name: entry for entry in entries if entry.name}


def without_others(entries: Mapping[str, Entry], targets: Iterable[str]) -> dict[str, Entry]:
    """The entries of these targets, in their order, with an empty one for each of which nothing is known."""
    return {name: entries.get(name) or Entry(name) for name in targets}
