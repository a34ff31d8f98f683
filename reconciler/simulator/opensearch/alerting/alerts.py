"""What runs leave behind: one alert for each trigger that fired, its state and what went wrong.

As `AlertService.composeQueryLevelAlert` keeps it: an error makes the alert ERROR and goes into its history, newest
first, the same error only once in a row; a run that goes through makes it ACTIVE again.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.simulator.opensearch.alerting.monitors import Stored

__all__ = ["Alert", "Alerts"]

_KEPT_ERRORS = 10


@dataclass
class Alert:
    """An alert that is not over, of a monitor as it was when it began.

    `runs` has each action's last execution, and how often it was throttled, by the action's id.
    """

    id: str
    stored: Stored
    trigger: Mapping[str, Any]
    execution_id: str
    started: int
    version: int = 0
    state: str = "ACTIVE"
    error: str | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    runs: dict[str, tuple[int, int]] = field(default_factory=dict)
    notified: int | None = None
    acknowledged: int | None = None
    associated: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        is_monitor = self.stored.kind == "monitor"
        return {
            "id": self.id,
            "version": self.version,
            "monitor_id": self.stored.id if is_monitor else "",
            "workflow_id": "" if is_monitor else self.stored.id,
            "workflow_name": "" if is_monitor else self.stored.content["name"],
            "associated_alert_ids": self.associated,
            "schema_version": 5,
            "monitor_version": self.stored.version if is_monitor else -1,
            "monitor_name": self.stored.content["name"] if is_monitor else "",
            "execution_id": self.execution_id,
            "trigger_id": self.trigger["id"],
            "trigger_name": self.trigger["name"],
            "finding_ids": [],
            "related_doc_ids": [],
            "state": self.state,
            "error_message": self.error,
            "alert_history": self.history,
            "severity": self.trigger["severity"],
            "action_execution_results": [
                {"action_id": action_id, "last_execution_time": at, "throttled_count": count}
                for action_id, (at, count) in self.runs.items()
            ],
            "start_time": self.started,
            "last_notification_time": self.notified,
            "end_time": None,
            "acknowledged_time": self.acknowledged,
        }


class Alerts:
    """All alerts of a node, by the id of their trigger."""

    def __init__(self) -> None:
        self._by_trigger: dict[str, Alert] = {}

    def of(self, trigger_id: str) -> Alert | None:
        return self._by_trigger.get(trigger_id)

    def about(self, stored_ids: set[str] | None, kind: str) -> list[Alert]:
        """Those of these monitors or workflows (None: of all)."""
        return [
            alert
            for alert in self._by_trigger.values()
            if alert.stored.kind == kind and (stored_ids is None or alert.stored.id in stored_ids)
        ]

    def open(self, stored: Stored, trigger: Mapping[str, Any], now: int) -> Alert:
        """The alert of a trigger, a new one if there is none."""
        alert = self._by_trigger.get(trigger["id"])
        if alert is None:
            alert = Alert(secrets.token_urlsafe(15), stored, trigger, f"{stored.id}_{now}", now)
            self._by_trigger[trigger["id"]] = alert
        return alert

    def record(self, alert: Alert, error: str | None, now: int) -> None:
        """Note the outcome of one run."""
        alert.version += 1
        alert.notified = now
        alert.error = error
        if alert.state != "ACKNOWLEDGED":
            alert.state = "ACTIVE" if error is None else "ERROR"
        if error is None:
            return
        entry = {"timestamp": now, "message": error}
        rest = alert.history[1:] if alert.history and alert.history[0]["message"] == error else alert.history
        alert.history = [entry, *rest][:_KEPT_ERRORS]

    def drop(self, stored: Stored) -> None:
        self._by_trigger = {key: alert for key, alert in self._by_trigger.items() if alert.stored.id != stored.id}

    def acknowledge(self, stored_id: str, alert_ids: list[str], now: int) -> dict[str, Any]:
        """The answer to `_acknowledge/alerts`."""
        known = {alert.id: alert for alert in self._by_trigger.values() if alert.stored.id == stored_id}
        failed = []
        for alert_id in alert_ids:
            if alert_id in known:
                known[alert_id].state, known[alert_id].acknowledged = "ACKNOWLEDGED", now
            else:
                reason = f"Alert: {alert_id} does not exist (it may have already completed)."
                failed.append({alert_id: {"failed_reason": reason}})
        return {"success": [alert_id for alert_id in alert_ids if alert_id in known], "failed": failed}

    def mentioning(self, text: str) -> int:
        """How many have this text in their error."""
        return sum(text in (alert.error or "") for alert in self._by_trigger.values())
