"""The search call: which monitors a caller finds, and what its answers look like.

Monitors of other plugins are left out unless the query speaks of `monitor.owner`; under role filtering so is what
somebody without a common backend role made, and every workflow. Neither leaves a sign.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reconciler.simulator.opensearch.alerting.errors import INDEX, index_missing, shards_failed
from reconciler.simulator.opensearch.alerting.monitors import Monitors, Stored
from reconciler.simulator.opensearch.alerting.queries import aggregate, check_query, fields_of, matches
from reconciler.simulator.opensearch.errors import ApiError, illegal_argument
from reconciler.simulator.opensearch.security.caller import Caller
from reconciler.simulator.opensearch.versions import Version

__all__ = ["hides", "nothing_found", "read_search", "search_index", "search_monitors"]

_WINDOW = 10_000
_ANY_OWNER = "monitor.owner"
_SHARDS = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}


def read_search(body: bytes, source: str | None) -> Mapping[str, Any]:
    """The body of a search, or the parameter in its place; raises ApiError."""
    text = body.decode("utf-8", "replace") or source
    if not text:
        raise ApiError(400, "parse_exception", "request body or source parameter is required")
    try:
        content = json.loads(text)
    except json.JSONDecodeError:
        content = None
    if not isinstance(content, dict):
        raise illegal_argument("the search could not be read")
    check_query(content.get("query"), text)
    return content


def hides(stored: Stored, caller: Caller) -> bool:
    """Whether role filtering keeps a monitor or workflow from the caller when it is asked for by id."""
    if caller.sees_all or caller.is_admin_certificate:
        return False
    return not set(stored.maker.backend_roles) & set(caller.backend_roles)


def search_monitors(
    monitors: Monitors, asked: Mapping[str, Any], version: Version, caller: Caller, *, filtering: bool
) -> dict[str, Any]:
    """The answer to `POST /monitors/_search`."""
    if not monitors.was_made:
        if not version.finds_no_monitors_without_index:
            raise index_missing()
        return _no_index()
    found = [stored for stored in monitors if _is_listed(stored, asked)]
    if filtering and not (caller.sees_all or caller.is_admin_certificate):
        found = [stored for stored in found if stored.kind == "monitor" and not hides(stored, caller)]
    return _answer(asked, found)


def _is_listed(stored: Stored, asked: Mapping[str, Any]) -> bool:
    return _ANY_OWNER in json.dumps(asked) or stored.content["owner"] == "alerting"


def _answer(asked: Mapping[str, Any], candidates: list[Stored]) -> dict[str, Any]:
    size, start = asked.get("size", 10), asked.get("from", 0)
    if size + start > _WINDOW:
        raise shards_failed()
    found = [stored for stored in candidates if matches(asked.get("query") or {}, fields_of(stored))]
    hits = _sorted_hits(asked, found) if "sort" in asked else [_hit(stored) for stored in found]
    hits = hits[start : start + size]
    best = 2.0 if hits and "sort" not in asked else None
    answer: dict[str, Any] = {
        "took": 1,
        "timed_out": False,
        "_shards": _SHARDS,
        "hits": {"total": {"value": len(found), "relation": "eq"}, "max_score": best, "hits": hits},
    }
    aggregations = asked.get("aggs", asked.get("aggregations"))
    if aggregations:
        answer["aggregations"] = aggregate(aggregations, [fields_of(stored) for stored in found])
    return answer


def _hit(stored: Stored, score: float | None = 2.0) -> dict[str, Any]:
    return {"_index": INDEX, **stored.head(), "_score": score, "_source": stored.content}


def _sorted_hits(asked: Mapping[str, Any], found: list[Stored]) -> list[dict[str, Any]]:
    """By one field; what lacks it comes last. `search_after` starts behind a value."""
    first = asked["sort"][0] if isinstance(asked["sort"], list) else asked["sort"]
    ((name, order),) = first.items() if isinstance(first, Mapping) else ((first, "asc"),)
    descending = (order.get("order", "asc") if isinstance(order, Mapping) else order) == "desc"
    keyed = [(fields_of(stored).values.get(name.removesuffix(".keyword")), stored) for stored in found]
    present = [(values[0], stored) for values, stored in keyed if values]
    present.sort(key=lambda pair: pair[0], reverse=descending)
    after = asked.get("search_after")
    if after:
        present = [(key, stored) for key, stored in present if (key < after[0] if descending else key > after[0])]
    hits = [{**_hit(stored, None), "sort": [key]} for key, stored in present]
    return hits + [{**_hit(stored, None), "sort": [None]} for values, stored in keyed if not values and not after]


def _no_index() -> dict[str, Any]:
    return {
        "_scroll_id": "",
        "took": 0,
        "timed_out": False,
        "terminated_early": False,
        "num_reduce_phases": 0,
        "_shards": {"total": 0, "successful": 0, "skipped": 0, "failed": 0},
        "hits": {"total": {"value": 0, "relation": "eq"}, "max_score": 0.0, "hits": []},
        "suggest": {},
        "profile": {"shards": []},
    }


def nothing_found(count: int = 0, *, shards: int = 1) -> dict[str, Any]:
    """An answer without hits, of an index that has `shards` shards."""
    total = {"total": shards, "successful": shards, "skipped": 0, "failed": 0}
    best = None if shards else 0.0
    hits: dict[str, Any] = {"total": {"value": count, "relation": "eq"}, "max_score": best, "hits": []}
    return {"took": 0, "timed_out": False, "_shards": total, "hits": hits}


def search_index(monitors: Monitors, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The index asked past the plugin: with its metadata documents, and each monitor inside its wrapper."""
    found = [stored for stored in monitors if matches(asked.get("query") or {}, fields_of(stored))]
    hits = [
        {
            "_index": INDEX,
            "_id": stored.id,
            "_score": 1.0,
            "_source": {stored.kind: {**stored.content, "user": _user(stored)}},
        }
        for stored in found
    ]
    if "match_all" in (asked.get("query") or {"match_all": {}}):
        names = [name for stored in found for name in stored.metadata]
        hits += [{"_index": INDEX, "_id": name, "_score": 1.0, "_source": {"metadata": {}}} for name in names]
    total = {"value": len(hits), "relation": "eq"}
    shown = hits[: asked.get("size", 10)]
    return {
        "took": 1,
        "timed_out": False,
        "_shards": _SHARDS,
        "hits": {"total": total, "max_score": 1.0 if hits else None, "hits": shown},
    }


def _user(stored: Stored) -> dict[str, Any]:
    return {
        "name": stored.maker.name,
        "backend_roles": stored.maker.backend_roles,
        "roles": stored.maker.roles,
        "user_requested_tenant": None,
        "user_requested_tenant_access": None,
        "custom_attribute_names": [],
    }
