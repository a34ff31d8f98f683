"""The store of monitors and workflows: by id, with version and sequence number, always fresh.

How many further documents the index gets with each (metadata) was counted on a real node.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.simulator.clock import Clock
from reconciler.simulator.opensearch.alerting.shapes import make_monitor, make_workflow
from reconciler.simulator.opensearch.security.caller import ANYONE, Caller

__all__ = ["Monitors", "Stored", "example_monitor"]

_STEPS = {"monitor": 3, "workflow": 4}  # sequence numbers that a new one takes


@dataclass(frozen=True, slots=True)
class Stored:
    """One monitor or workflow: `kind` says which, `content` is what is shown, `maker` whoever wrote it last."""

    id: str
    kind: str
    content: Mapping[str, Any]
    version: int
    seq_no: int
    maker: Caller

    @property
    def delegates(self) -> list[str]:
        """The monitors that a workflow runs, in order."""
        if self.kind != "workflow":
            return []
        return [
            delegate["monitor_id"]
            for one in self.content["inputs"]
            for delegate in one.get("composite_input", {}).get("sequence", {}).get("delegates", [])
        ]

    @property
    def metadata(self) -> list[str]:
        """The ids of the further documents that the index holds because of it."""
        return [f"{self.id}-metadata", *(f"{self.id}-metadata-{delegate}-metadata" for delegate in self.delegates)]

    def head(self) -> dict[str, Any]:
        return {"_id": self.id, "_version": self.version, "_seq_no": self.seq_no, "_primary_term": 1}


class Monitors:
    """Everything that Alerting has in its configuration index."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stored: dict[str, Stored] = {}
        self._next = 0
        self.was_made = False
        self.write_count = 0

    def __iter__(self) -> Iterator[Stored]:
        return iter(list(self._stored.values()))

    def __len__(self) -> int:
        return len(self._stored)

    def get(self, monitor_id: str) -> Stored | None:
        return self._stored.get(monitor_id)

    def create(self, kind: str, given: Mapping[str, Any], maker: Caller, monitor_id: str = "") -> Stored:
        content = self._make(kind, given, 0)
        stored = Stored(monitor_id or secrets.token_urlsafe(15), kind, content, 1, self._next, maker)
        self._next += _STEPS[kind]
        self._stored[stored.id] = stored
        self.was_made = True
        self.write_count += 1
        return stored

    def update(self, stored: Stored, given: Mapping[str, Any], schema_version: int, maker: Caller) -> Stored:
        content = self._make(stored.kind, given, schema_version)
        updated = replace(stored, content=content, version=stored.version + 1, seq_no=self._next, maker=maker)
        self._next += 1
        self.write_count += 1
        self._stored[stored.id] = updated
        return updated

    def delete(self, stored: Stored) -> None:
        del self._stored[stored.id]
        self._next += 1
        self.write_count += 1

    def workflows_with(self, monitor_id: str) -> list[str]:
        return [stored.id for stored in self if monitor_id in stored.delegates]

    def seed(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Put in bodies of create calls, with the id with them if need be: `[{"_id": ..., "name": ..., ...}]`.

        `{"name", "channels": [ids], "enabled"}` stands for the example monitor that sends through these channels.
        """
        for given in entries:
            entry = {**_example_for(given), **given} if "channels" in given else given
            kind = "workflow" if entry.get("type") == "workflow" else "monitor"
            self.create(kind, {"schedule": _EACH_MINUTE, **entry}, ANYONE, str(entry.get("_id", "")))

    def as_json(self) -> list[dict[str, Any]]:
        """All of them, for `seed`; whoever made them is forgotten."""
        return [{"_id": stored.id, **stored.content} for stored in self]

    def _make(self, kind: str, given: Mapping[str, Any], schema_version: int) -> dict[str, Any]:
        now = self._clock.stamp()
        make = make_workflow if kind == "workflow" else make_monitor
        return make(given, now, schema_version)


def _example_for(given: Mapping[str, Any]) -> dict[str, Any]:
    channels = given["channels"]
    if not isinstance(channels, list) or not all(isinstance(one, str) for one in channels):
        raise ValueError("channels must be a list of ids")
    return example_monitor(str(given.get("name", "")), *channels, enabled=bool(given.get("enabled", True)))


_EACH_MINUTE = {"period": {"interval": 1, "unit": "MINUTES"}}


def example_monitor(name: str, *channel_ids: str, enabled: bool = True) -> dict[str, Any]:
    """The body of a query-level monitor that sends through these channels, to seed or to create."""
    actions = [
        {
            "name": f"tell {channel_id}",
            "destination_id": channel_id,
            "subject_template": {"source": "{{ctx.monitor.name}}", "lang": "mustache"},
            "message_template": {"source": "{{ctx.monitor.name}}: {{ctx.trigger.name}}", "lang": "mustache"},
            "throttle_enabled": False,
        }
        for channel_id in channel_ids
    ]
    condition = {"script": {"source": "true", "lang": "painless"}}
    trigger = {"name": "too many", "severity": "1", "condition": condition, "actions": actions}
    query = {"size": 0, "query": {"match_all": {}}}
    return {
        "type": "monitor",
        "name": name,
        "monitor_type": "query_level_monitor",
        "enabled": enabled,
        "schedule": _EACH_MINUTE,
        "inputs": [{"search": {"indices": ["logs"], "query": query}}],
        "triggers": [{"query_level_trigger": trigger}],
    }
