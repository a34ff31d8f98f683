"""The query language of the search call, over what the configuration index has mapped.

The mapping knows the actions of query-level triggers only, as documents nested in nested documents; fields of other
triggers are unmapped and match nothing, and a nested query on a path that is not mapped fails. Queries that no client
of this plugin sends are unknown here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from reconciler.simulator.opensearch.alerting.errors import shards_failed
from reconciler.simulator.opensearch.alerting.monitors import Stored
from reconciler.simulator.opensearch.alerting.shapes import actions_of
from reconciler.simulator.opensearch.errors import ApiError

__all__ = ["Fields", "aggregate", "check_query", "fields_of", "matches"]

TRIGGERS = "monitor.triggers"
ACTIONS = "monitor.triggers.query_level_trigger.actions"
_NESTED = frozenset((TRIGGERS, ACTIONS, "monitor.triggers.actions", "monitor.inputs", "workflow.triggers"))
_TEXTS = ("monitor.name", "workflow.name")


@dataclass(frozen=True, slots=True)
class Fields:
    """A document as the index has it: the values of its fields, and the documents nested in it by path."""

    values: Mapping[str, list[Any]] = field(default_factory=dict)
    nested: Mapping[str, list[Fields]] = field(default_factory=dict)

    def below(self, path: str) -> list[Fields]:
        """The nested documents of this path, at whatever depth."""
        found = list(self.nested.get(path, ()))
        for children in self.nested.values():
            for child in children:
                found += child.below(path)
        return found


def fields_of(stored: Stored) -> Fields:
    content, prefix = stored.content, stored.kind
    names = ("name", "type", "monitor_type", "workflow_type", "enabled", "owner", "schema_version", "last_update_time")
    values = {f"{prefix}.{name}": [content[name]] for name in names if name in content}
    values["_id"] = [stored.id]
    values["_seq_no"] = [stored.seq_no]
    if stored.kind == "workflow":
        return Fields(values)
    triggers = []
    for one in content["triggers"]:
        actions = [
            Fields({f"{ACTIONS}.{name}": [action[name]] for name in ("name", "destination_id") if name in action})
            for kind, _, action in actions_of({"triggers": [one]})
            if kind == "query_level_trigger"
        ]
        triggers.append(Fields({}, {ACTIONS: actions}))
    return Fields(values, {TRIGGERS: triggers})


def check_query(query: object, body: str) -> None:
    """Raises the parser's error for a query that does not exist; the place is where it stands in the body."""
    if not isinstance(query, Mapping) or len(query) != 1:
        return
    ((kind, content),) = query.items()
    if kind not in _KINDS:
        raise _unknown_query(kind, body)
    if kind == "bool":
        for clause in content.values():
            for inner in clause if isinstance(clause, list) else [clause]:
                check_query(inner, body)
    elif kind in ("nested", "constant_score"):
        check_query(content.get("query", content.get("filter")), body)


def _unknown_query(kind: str, body: str) -> ApiError:
    place = re.search(rf"{re.escape(json.dumps(kind))}\s*:\s*", body)
    before = body[: place.end()] if place else ""
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    caused_by = {"type": "named_object_not_found_exception", "reason": f"[{line}:{column}] unknown field [{kind}]"}
    details = {"line": line, "col": column}
    return ApiError(400, "parsing_exception", f"unknown query [{kind}]", details=details, caused_by=caused_by)


def matches(query: Mapping[str, Any], document: Fields) -> bool:
    if not query:
        return True
    ((kind, content),) = query.items()
    return _KINDS[kind](content, document)


def _bool(content: Mapping[str, Any], document: Fields) -> bool:
    def clauses(name: str) -> list[Mapping[str, Any]]:
        clause = content.get(name, [])
        return list(clause) if isinstance(clause, list) else [clause]

    required = [*clauses("must"), *clauses("filter")]
    optional = clauses("should")
    wanted = int(content.get("minimum_should_match", 0 if required else min(1, len(optional))))
    return (
        all(matches(one, document) for one in required)
        and not any(matches(one, document) for one in clauses("must_not"))
        and sum(matches(one, document) for one in optional) >= wanted
    )


def _nested(content: Mapping[str, Any], document: Fields) -> bool:
    path = content["path"]
    if path not in _NESTED:
        if content.get("ignore_unmapped"):
            return False
        raise shards_failed()
    return any(matches(content["query"], child) for child in document.below(path))


def _exists(content: Mapping[str, Any], document: Fields) -> bool:
    name = content["field"]
    return any(known == name or known.startswith(f"{name}.") for known in document.values)


def _by_value(test: Callable[[Any, Any], bool]) -> Callable[[Mapping[str, Any], Fields], bool]:
    """A query of one field: `{field: value}` or `{field: {"value" or "query": value}}`."""

    def match(content: Mapping[str, Any], document: Fields) -> bool:
        name, wanted = next((name, value) for name, value in content.items() if name not in ("boost", "_name"))
        if isinstance(wanted, Mapping):
            wanted = wanted.get("value", wanted.get("query", wanted.get("wildcard")))
        return any(test(value, wanted) for value in document.values.get(name.removesuffix(".keyword"), ()))

    return match


def _words(text: object) -> set[str]:
    return set(re.findall(r"\w+", str(text).lower()))


def _query_string(content: Mapping[str, Any], document: Fields) -> bool:
    words = _words(content["query"])
    return any(words & _words(value) for name in _TEXTS for value in document.values.get(name, ()))


_KINDS: Mapping[str, Callable[[Any, Fields], bool]] = {
    "match_all": lambda _content, _document: True,
    "match_none": lambda _content, _document: False,
    "constant_score": lambda content, document: matches(content["filter"], document),
    "bool": _bool,
    "nested": _nested,
    "exists": _exists,
    "term": _by_value(lambda value, wanted: bool(value == wanted)),
    "terms": _by_value(lambda value, wanted: value in wanted),
    "match": _by_value(lambda value, wanted: bool(_words(value) & _words(wanted))),
    "match_phrase": _by_value(lambda value, wanted: str(wanted).lower() in str(value).lower()),
    "prefix": _by_value(lambda value, wanted: str(value).startswith(str(wanted))),
    "wildcard": _by_value(lambda value, wanted: fnmatchcase(str(value), str(wanted))),
    "query_string": _query_string,
    "ids": lambda content, document: document.values.get("_id", [""])[0] in content["values"],
}


def aggregate(asked: Mapping[str, Any], documents: Iterable[Fields]) -> dict[str, Any]:
    """`nested` and `terms` aggregations."""
    documents = list(documents)
    found: dict[str, Any] = {}
    for name, content in asked.items():
        if "nested" in content:
            below = [child for document in documents for child in document.below(content["nested"]["path"])]
            inner = aggregate(content.get("aggs", content.get("aggregations", {})), below)
            found[name] = {"doc_count": len(below), **inner}
        elif "terms" in content:
            found[name] = _terms(content["terms"], documents)
    return found


def _terms(content: Mapping[str, Any], documents: list[Fields]) -> dict[str, Any]:
    counts: dict[Any, int] = {}
    for document in documents:
        for value in document.values.get(content["field"].removesuffix(".keyword"), ()):
            counts[value] = counts.get(value, 0) + 1
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    shown, rest = ordered[: content.get("size", 10)], ordered[content.get("size", 10) :]
    return {
        "doc_count_error_upper_bound": 0,
        "sum_other_doc_count": sum(count for _, count in rest),
        "buckets": [{"key": key, "doc_count": count} for key, count in shown],
    }
