"""A monitor or workflow as it is stored and shown: what was sent, with ids and defaults added and strangers dropped.

As `Monitor.parse`, `Workflow.parse`, the triggers and `Action` of common-utils do it, as far as the recordings go.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from reconciler.simulator.opensearch.errors import illegal_argument

__all__ = ["TRIGGERS", "actions_of", "make_monitor", "make_workflow"]

TRIGGERS = ("query_level_trigger", "bucket_level_trigger", "document_level_trigger", "chained_alert_trigger")
_OWNER = "alerting"
_DATA_SOURCES = {
    "query_index": ".opensearch-alerting-queries",
    "findings_index": ".opensearch-alerting-finding-history-write",
    "findings_index_pattern": "<.opensearch-alerting-finding-history-{now/d}-1>",
    "alerts_index": ".opendistro-alerting-alerts",
    "alerts_history_index": ".opendistro-alerting-alert-history-write",
    "alerts_history_index_pattern": "<.opendistro-alerting-alert-history-{now/d}-1>",
    "comments_index": ".opensearch-alerting-comments-history-write",
    "comments_index_pattern": "<.opensearch-alerting-comments-history-{now/d}-1>",
    "query_index_mappings_by_type": {},
    "findings_enabled": False,
}
_BUCKET_POLICY = {"action_execution_scope": {"per_alert": {"actionable_alerts": ["DEDUPED", "NEW"]}}}


def make_monitor(given: Mapping[str, Any], now: int, schema_version: int) -> dict[str, Any]:
    """The monitor that this body makes; raises ApiError where a member is missing."""
    return {
        **_common(given, now, schema_version),
        "monitor_type": str(given.get("monitor_type", "query_level_monitor")),
        "inputs": [_input(one) for one in given.get("inputs", [])],
        "data_sources": _DATA_SOURCES,
        "delete_query_index_in_every_run": False,
        "should_create_single_alert_for_findings": False,
    }


def make_workflow(given: Mapping[str, Any], now: int, schema_version: int) -> dict[str, Any]:
    """The same for a workflow."""
    return {
        **_common(given, now, schema_version),
        "workflow_type": str(given.get("workflow_type", "composite")),
        "inputs": list(given.get("inputs", [])),
        "audit_delegate_monitor_alerts": bool(given.get("audit_delegate_monitor_alerts", True)),
    }


def _common(given: Mapping[str, Any], now: int, schema_version: int) -> dict[str, Any]:
    name, schedule = given.get("name"), given.get("schedule")
    if not isinstance(name, str) or not name:
        raise illegal_argument("Monitor name is null")
    if schedule is None:
        raise illegal_argument("Monitor schedule is null")
    enabled = bool(given.get("enabled", True))
    return {
        "type": str(given.get("type", "monitor")),
        "schema_version": schema_version,
        "name": name,
        "enabled": enabled,
        "enabled_time": now if enabled else None,
        "schedule": schedule,
        "triggers": [_trigger(one) for one in given.get("triggers", [])],
        "last_update_time": now,
        "owner": str(given.get("owner") or _OWNER),
    }


def actions_of(monitor: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Each action with its trigger and the trigger's kind."""
    return [
        (kind, trigger, action)
        for one in monitor["triggers"]
        for kind, trigger in one.items()
        for action in trigger["actions"]
    ]


def _input(given: Mapping[str, Any]) -> dict[str, Any]:
    ((kind, content),) = given.items()
    if kind == "search":
        return {kind: {**content, "query": _query(content.get("query", {}))}}
    if kind == "doc_level_input":
        queries = [{"fields": [], "query_field_names": [], **query} for query in content.get("queries", [])]
        return {kind: {**content, "queries": queries, "fan_out_enabled": True}}
    return {kind: {"clusters": [], **content}}


def _query(given: Any) -> Any:
    """A search as the server writes it back: with the defaults of `match_all` and of composite aggregations."""
    if isinstance(given, list):
        return [_query(one) for one in given]
    if not isinstance(given, Mapping):
        return given
    found = {name: _query(value) for name, value in given.items()}
    if found.get("match_all") == {}:
        found["match_all"] = {"boost": 1.0}
    composite = found.get("composite")
    if isinstance(composite, dict):
        sources = [{name: _source(source) for name, source in one.items()} for one in composite.get("sources", [])]
        found["composite"] = {"size": 10, **composite, "sources": sources}
    return found


def _source(given: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: {"missing_bucket": False, "order": "asc", **content} for kind, content in given.items()}


def _trigger(given: Mapping[str, Any]) -> dict[str, Any]:
    kind = next((name for name in given if name in TRIGGERS), None)
    if kind is None:
        raise illegal_argument(f"Unsupported trigger type: {', '.join(given) or 'none'}")
    content = given[kind]
    actions = [_action(kind, action) for action in content.get("actions", [])]
    if kind == "bucket_level_trigger":
        content = {**content, "condition": {"gap_policy": "skip", **content.get("condition", {})}}
    return {kind: {**content, "id": content.get("id") or _made_up(), "actions": actions}}


def _action(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(given.get("destination_id"), str):
        raise illegal_argument("Destination ID is null")
    known = ("name", "destination_id", "message_template", "subject_template")
    action: dict[str, Any] = {name: given[name] for name in known if name in given}
    action |= {"id": given.get("id") or _made_up(), "throttle_enabled": bool(given.get("throttle_enabled", False))}
    if given.get("throttle"):
        action["throttle"] = given["throttle"]
    policy = given.get("action_execution_policy") or (_BUCKET_POLICY if kind == "bucket_level_trigger" else None)
    return {**action, "action_execution_policy": policy} if policy else action


def _made_up() -> str:
    return secrets.token_urlsafe(15)
