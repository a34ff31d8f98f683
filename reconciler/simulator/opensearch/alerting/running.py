"""Running a monitor or workflow: which actions send what, what came of it, and the answer of `_execute`.

A dry run neither sends nor looks a channel up. Each action of a real run looks its channel up by id at that moment, as
the monitor's maker. What a search would find is a list of document ids, the same for all indices.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from reconciler.simulator.clock import Clock
from reconciler.simulator.opensearch.alerting.alerts import Alert, Alerts
from reconciler.simulator.opensearch.alerting.monitors import Monitors, Stored
from reconciler.simulator.opensearch.errors import ApiError
from reconciler.simulator.opensearch.posting import Message
from reconciler.simulator.opensearch.security.caller import Caller
from reconciler.simulator.opensearch.security.roles import permits
from reconciler.simulator.opensearch.sending import TestSender
from reconciler.simulator.opensearch.store import Store

__all__ = ["Runner"]

_LOOK_UP = "cluster:admin/opensearch/notifications/configs/get"
_SECONDS = {"MINUTES": 60, "HOURS": 3600, "DAYS": 86400}
_VARIABLE = re.compile(r"\{\{\s*ctx\.(monitor|trigger)\.name\s*\}\}")
_HEALTH = {
    "cluster_name": "opensearch-testbed",
    "status": "yellow",
    "timed_out": False,
    "number_of_nodes": 1,
    "number_of_data_nodes": 1,
    "discovered_master": True,
    "discovered_cluster_manager": True,
    "active_primary_shards": 7,
    "active_shards": 7,
    "relocating_shards": 0,
    "initializing_shards": 0,
    "unassigned_shards": 5,
    "delayed_unassigned_shards": 0,
    "number_of_pending_tasks": 0,
    "number_of_in_flight_fetch": 0,
    "task_max_waiting_in_queue_millis": 0,
    "active_shards_percent_as_number": 58.333333333333336,
}
_LEVEL = {"level": "ERROR"}  # what every document of the simulator's indices has


class Runner:
    """Runs on one node. `documents` are the ids of what is in every index that a monitor looks at."""

    def __init__(self, clock: Clock, channels: Store, sender: TestSender, monitors: Monitors, alerts: Alerts) -> None:
        self._clock = clock
        self._channels = channels
        self._sender = sender
        self._monitors = monitors
        self._alerts = alerts
        self._reported: dict[str, set[str]] = {}
        self.documents: list[str] = []
        self.present: Callable[[Caller], Caller] = lambda maker: maker

    def made(self, stored: Stored) -> None:
        """A doc-level monitor reports what comes after it was made."""
        self._reported[stored.id] = set(self.documents)

    async def run(self, stored: Stored, *, dry: bool) -> dict[str, Any]:
        """The answer of `POST /monitors/{id}/_execute`."""
        now = self._clock.stamp()
        fresh = [one for one in self.documents if dry or one not in self._reported.get(stored.id, set())]
        results: dict[str, Any] = {}
        for one in stored.content["triggers"]:
            ((kind, trigger),) = one.items()
            results[trigger["id"]] = await self._trigger(stored, kind, trigger, fresh, dry=dry)
        if not dry:
            self._reported[stored.id] = set(self.documents)
        return {
            "monitor_name": stored.content["name"],
            "period_start": now - 60_000,
            "period_end": now,
            "error": None,
            "input_results": {"results": [self._input(stored, fresh)], "error": None},
            "trigger_results": results,
        }

    async def run_workflow(self, stored: Stored, *, dry: bool) -> dict[str, Any]:
        """The answer of `POST /workflows/{id}/_execute`; a dry run fires no trigger of the workflow itself."""
        delegates = [one for one in map(self._monitors.get, stored.delegates) if one]
        runs = [await self.run(one, dry=dry) for one in delegates]
        results: dict[str, Any] = {}
        for one in stored.content["triggers"]:
            ((kind, trigger),) = one.items()
            if dry:
                results[trigger["id"]] = {
                    "name": trigger["name"],
                    "triggered": False,
                    "action_results": {},
                    "error": None,
                }
            else:
                results[trigger["id"]] = await self._trigger(stored, kind, trigger, [], dry=False)
        moment = "2026-01-01T00:00:00Z"
        return {
            "execution_id": f"{stored.id}_{uuid4()}",
            "workflow_name": stored.content["name"],
            "workflow_id": stored.id,
            "trigger_results": results,
            "monitor_run_results": runs,
            "execution_start_time": moment,
            "execution_end_time": moment,
            "error": None,
        }

    # -- triggers

    async def _trigger(
        self, stored: Stored, kind: str, trigger: Mapping[str, Any], fresh: list[str], *, dry: bool
    ) -> dict[str, Any]:
        if kind == "document_level_trigger":
            docs = [f"{one}|{_index_of(stored)}" for one in fresh]
            actions = {str(uuid4()): await self._actions(stored, kind, trigger, None, dry=dry) for _ in docs[:1]}
            return {"name": trigger["name"], "triggeredDocs": docs, "action_results": actions, "error": None}
        if kind == "bucket_level_trigger":
            return await self._bucket_trigger(stored, trigger, dry=dry)
        triggered = trigger["condition"]["script"]["source"].strip() != "false"
        alert = None if dry or not triggered else self._alerts.open(stored, trigger, self._clock.stamp())
        actions = await self._actions(stored, kind, trigger, alert, dry=dry) if triggered else {}
        if alert and kind == "chained_alert_trigger":
            alert.runs = {}
            delegates = set(stored.delegates)
            alert.associated = [one.id for one in self._alerts.about(delegates, "monitor")]
        found = {"name": trigger["name"], "triggered": triggered, "action_results": actions, "error": None}
        if _kind_of_input(stored) == "uri":
            found["cluster_results"] = [{"opensearch-testbed": {"triggered": triggered}}]
        return found

    async def _bucket_trigger(self, stored: Stored, trigger: Mapping[str, Any], *, dry: bool) -> dict[str, Any]:
        bucket = {"doc_count": len(self.documents), "key": _LEVEL}
        path = trigger["condition"].get("parent_bucket_path", "")
        content = {"parent_bucket_path": path, "bucket_keys": ["ERROR"], "bucket": bucket}
        buckets = {"ERROR": {"agg_alert_content": content}} if self.documents else {}
        actions = {name: await self._actions(stored, "", trigger, None, dry=dry) for name in buckets}
        return {"name": trigger["name"], "agg_result_buckets": buckets, "action_results": actions, "error": None}

    async def _actions(
        self, stored: Stored, kind: str, trigger: Mapping[str, Any], alert: Alert | None, *, dry: bool
    ) -> dict[str, Any]:
        if alert and alert.state == "ACKNOWLEDGED":
            return {}
        found, errors = {}, []
        for action in trigger["actions"]:
            result, error = await self._act(stored, kind, trigger, action, alert, dry=dry)
            found[action["id"]] = result
            errors += [error] if error else []
        if alert:
            is_counted = errors and kind != "chained_alert_trigger"  # an alert of a workflow does not show its errors
            self._alerts.record(alert, errors[0] if is_counted else None, self._clock.stamp())
        return found

    async def _act(
        self,
        stored: Stored,
        kind: str,
        trigger: Mapping[str, Any],
        action: Mapping[str, Any],
        alert: Alert | None,
        *,
        dry: bool,
    ) -> tuple[dict[str, Any], str | None]:
        """The action's result, and the error as the alert words it."""
        result: dict[str, Any] = {"id": action["id"], "name": action["name"], "output": {}, "throttled": False}
        now = self._clock.stamp()
        if alert and self._is_throttled(action, alert, now):
            at, count = alert.runs[action["id"]]
            alert.runs[action["id"]] = (at, count + 1)
            return {**result, "throttled": True, "executionTime": None, "error": None}, None
        if alert:
            alert.runs[action["id"]] = (now, alert.runs.get(action["id"], (0, 0))[1])
        trigger_name = "" if kind == "chained_alert_trigger" else trigger["name"]
        message = _message(action, {"monitor": stored.content["name"], "trigger": trigger_name})
        shown = {"subject": message.title, "message": message.text}
        if dry:
            return {**result, "output": shown, "executionTime": now, "error": None}, None
        try:
            sent = await self._send(stored, action["destination_id"], message)
        except _NotSentError as error:
            return {**result, "executionTime": now, "error": error.shown}, error.in_alert
        output = {**shown, "messageId": json.dumps(sent, ensure_ascii=False, separators=(",", ":"))}
        return {**result, "output": output, "executionTime": now, "error": None}, None

    async def _send(self, stored: Stored, channel_id: str, message: Message) -> dict[str, Any]:
        maker = self.present(stored.maker)
        if not permits(maker.permissions, _LOOK_UP):
            raise _NotSentError(f"no permissions for [{_LOOK_UP}] and associated roles [{', '.join(maker.roles)}]")
        channel = self._channels.get(channel_id)
        if channel is None:
            raise _NotSentError(f"Unable to find a Notification Channel or Destination config with id [{channel_id}]")
        try:
            return await self._sender.deliver(channel, message)
        except ApiError as error:
            raise _NotSentError(error.reason, f"OpenSearchStatusException[{error.reason}]") from None

    @staticmethod
    def _is_throttled(action: Mapping[str, Any], alert: Alert, now: int) -> bool:
        """A failed attempt counts too."""
        throttle = action.get("throttle")
        if not action["throttle_enabled"] or not throttle or action["id"] not in alert.runs:
            return False
        lasts: int = throttle["value"] * _SECONDS[throttle["unit"]] * 1000
        return now - alert.runs[action["id"]][0] < lasts

    def _input(self, stored: Stored, fresh: list[str]) -> dict[str, Any]:
        kind = _kind_of_input(stored)
        if kind == "uri":
            return dict(_HEALTH)
        if kind == "doc_level_input":
            queries = stored.content["inputs"][0][kind]["queries"]
            return {query["id"]: [f"{one}|{_index_of(stored)}" for one in fresh] for query in queries if fresh}
        shards = {"total": 1, "failed": 0, "successful": 1, "skipped": 0}
        hits: dict[str, Any] = {
            "hits": [],
            "total": {"value": len(self.documents), "relation": "eq"},
            "max_score": None,
        }
        found: dict[str, Any] = {"_shards": shards, "hits": hits, "took": 1, "timed_out": False}
        buckets = [
            trigger for one in stored.content["triggers"] for trigger in [one.get("bucket_level_trigger")] if trigger
        ]
        if not buckets:
            return found
        path = buckets[0]["condition"].get("parent_bucket_path", "")
        grouped = {"buckets": [{"doc_count": len(self.documents), "key": _LEVEL}], "after_key": _LEVEL}
        chosen = {trigger["id"]: {"parent_bucket_path": path, "bucket_indices": [0]} for trigger in buckets}
        return {**found, "terminated_early": True, "aggregations": {path: grouped, **chosen}}


class _NotSentError(Exception):
    def __init__(self, shown: str, in_alert: str = "") -> None:
        super().__init__(shown)
        self.shown = shown
        self.in_alert = f"Failed running action:\n{in_alert or shown}"


def _kind_of_input(stored: Stored) -> str:
    return next((name for one in stored.content["inputs"] for name in one), "")


def _index_of(stored: Stored) -> str:
    indices = stored.content["inputs"][0].get("doc_level_input", {}).get("indices", ["index"])
    return str(indices[0])


def _message(action: Mapping[str, Any], names: Mapping[str, str]) -> Message:
    """The templates with the names of monitor and trigger put in; other variables stay empty."""

    def fill(template: str) -> str:
        source = str(action.get(template, {}).get("source", ""))
        filled = _VARIABLE.sub(lambda found: names[found.group(1)], source)
        return re.sub(r"\{\{.*?\}\}", "", filled)

    return Message(fill("subject_template"), fill("message_template"))
