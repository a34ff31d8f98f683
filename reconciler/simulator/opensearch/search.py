"""The list: filters, sorting, paging, and how a search fails.

Sources: plugin `ConfigQueryHelper` and `NotificationConfigIndex`, the index mapping, recordings. Parameters arrive
here as plain text; reading them from the request is `configs`' work.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.simulator.opensearch.analysis import tokenize
from reconciler.simulator.opensearch.errors import INDEX, ApiError, status_error
from reconciler.simulator.opensearch.querystring import QuerySyntaxError, compile_query
from reconciler.simulator.opensearch.store import Document

__all__ = ["FILTERS", "WINDOW", "ListQuery", "Page", "run_query", "search_error"]

WINDOW = 10_000
_NODE = "ORIeje6DSPiLjnDJE6eLnA"
_INDEX_ID = "2kRvvOGkT0i9ZMTFfWJYVg"

_RANGES = ("last_updated_time_ms", "created_time_ms")
_BOOLEANS = ("is_enabled",)
_TEXTS = (
    *("name", "description", "slack.url", "chime.url", "microsoft_teams.url", "webhook.url"),
    *("smtp_account.host", "smtp_account.from_address", "sns.topic_arn", "sns.role_arn"),
    *("ses_account.role_arn", "ses_account.from_address"),
)
_KEYWORDS = (
    *("config_type", "email.email_account_id", "email.email_group_id_list", "smtp_account.method"),
    *("ses_account.region",),
    *(f"{name}.keyword" for name in _TEXTS),
)
_RECIPIENT_PATHS = ("email.recipient_list", "email_group.recipient_list")
_NESTED_TEXTS = tuple(f"{path}.recipient" for path in _RECIPIENT_PATHS)
_NESTED_KEYWORDS = tuple(f"{name}.keyword" for name in _NESTED_TEXTS)
FILTERS = frozenset(
    (*_RANGES, *_BOOLEANS, *_TEXTS, *_KEYWORDS, *_NESTED_TEXTS, *_NESTED_KEYWORDS, "query", "text_query")
)

Test = Callable[[Document], bool]


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What to list: `filters` by parameter name, in the order in which they came."""

    filters: Mapping[str, str]
    from_index: int = 0
    max_items: int = 1000
    sort_field: str | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    documents: list[Document]
    total: int


def run_query(query: ListQuery, documents: list[Document], *, wrapped: bool) -> Page:
    """One page; raises ApiError. `wrapped` says how this version words a failed search."""
    sort_key = _sort_key(query.sort_field or "last_updated_time_ms")
    tests = [_filter(name, value, wrapped=wrapped) for name, value in query.filters.items()]
    if query.from_index + query.max_items > WINDOW:
        raise _window_error(query.from_index + query.max_items, wrapped=wrapped)
    found = [document for document in documents if all(test(document) for test in tests)]
    ordered = _sort(found, sort_key, descending=query.descending)
    return Page(ordered[query.from_index : query.from_index + query.max_items], len(found))


# -- values of a document


def _values(document: Document, name: str) -> list[str]:
    """The texts of a field; `x.keyword` has those of `x`."""
    name = name.removesuffix(".keyword")
    config = document.config
    if name in ("name", "description", "config_type"):
        return [str(getattr(config, name))]
    kind, _, member = name.partition(".")
    value = config.data.get(member) if config.config_type == kind else None
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _recipients(document: Document, path: str) -> list[str]:
    kind, _, member = path.partition(".")
    if document.config.config_type != kind:
        return []
    return [item["recipient"] for item in document.config.data.get(member, [])]


# -- sorting


def _sort_key(name: str) -> Callable[[Document], list[Any]]:
    """The values a document is sorted by: none puts it last."""
    if name == "last_updated_time_ms":
        return lambda document: [document.updated_ms]
    if name == "created_time_ms":
        return lambda document: [document.created_ms]
    if name == "is_enabled":
        return lambda document: [document.config.is_enabled]
    if name in _KEYWORDS or name in _TEXTS:
        return lambda document: [value.encode("utf-8", "surrogatepass") for value in _values(document, name)]
    raise status_error(406, f"Sort on {name} not acceptable")


def _sort(found: list[Document], key: Callable[[Document], list[Any]], *, descending: bool) -> list[Document]:
    """By the smallest value, or the largest when descending; equals stay in the order of the index."""
    pick = max if descending else min
    keyed = [(key(document), document) for document in found]
    present = sorted(((pick(values), document) for values, document in keyed if values), key=_first, reverse=descending)
    return [document for _, document in present] + [document for values, document in keyed if not values]


def _first(pair: tuple[Any, Document]) -> Any:
    return pair[0]


# -- filters


def _filter(name: str, value: str, *, wrapped: bool) -> Test:
    if name in ("query", "text_query"):
        return _query_filter(value, text_only=name == "text_query", wrapped=wrapped)
    if name in _RANGES:
        return _range_filter(name, value, wrapped=wrapped)
    if name in _BOOLEANS:
        return _boolean_filter(value, wrapped=wrapped)
    if name in _KEYWORDS:
        wanted = set(value.split(","))
        return lambda document: not wanted.isdisjoint(_values(document, name))
    words = set(tokenize(value))
    if name in _TEXTS:
        return lambda document: any(not words.isdisjoint(tokenize(text)) for text in _values(document, name))
    if name in _NESTED_TEXTS:
        path = name.removesuffix(".recipient")
        return lambda document: any(not words.isdisjoint(tokenize(text)) for text in _recipients(document, path))
    raise status_error(406, f"Query on {name} not acceptable")


def _query_filter(value: str, *, text_only: bool, wrapped: bool) -> Test:
    try:
        matches = compile_query(value)
    except QuerySyntaxError as exc:
        reason = f"Failed to parse query [{value}]"
        raise search_error("query_shard_exception", reason, wrapped=wrapped) from exc
    names = _TEXTS if text_only else (*_KEYWORDS, *_TEXTS)

    def test(document: Document) -> bool:
        if matches({f"config.{name}": _values(document, name) for name in names}):
            return True
        return any(matches(nested) for nested in _nested_documents(document, text_only=text_only))

    return test


def _nested_documents(document: Document, *, text_only: bool) -> list[dict[str, list[str]]]:
    """Each recipient is a small document of its own to the index."""
    nested = []
    for path in _RECIPIENT_PATHS:
        for recipient in _recipients(document, path):
            fields = {f"config.{path}.recipient": [recipient]}
            if not text_only:
                fields[f"config.{path}.recipient.keyword"] = [recipient]
            nested.append(fields)
    return nested


def _range_filter(name: str, value: str, *, wrapped: bool) -> Test:
    bounds = value.split("..")
    if len(bounds) > 2:
        reason = f"Invalid Range format {value}, allowed format 'exact' or 'from..to'"
        raise status_error(406, reason)
    low, high = (_read_time(bound, wrapped=wrapped) for bound in (bounds[0], bounds[-1]))
    if name == "created_time_ms":
        return lambda document: low <= document.created_ms <= high
    return lambda document: low <= document.updated_ms <= high


def _read_time(text: str, *, wrapped: bool) -> float:
    if not re.fullmatch(r"-?\d+(\.\d+)?", text):
        reason = f"failed to create query: failed to parse date field [{text}] with format [epoch_millis]"
        raise search_error("query_shard_exception", reason, wrapped=wrapped)
    return float(text)


def _boolean_filter(value: str, *, wrapped: bool) -> Test:
    if value not in ("true", "false"):
        reason = f"failed to create query: Can't parse boolean value [{value}], expected [true] or [false]"
        raise search_error("query_shard_exception", reason, wrapped=wrapped)
    return lambda document: document.config.is_enabled == (value == "true")


# -- failures


def _window_error(window: int, *, wrapped: bool) -> ApiError:
    reason = (
        f"Result window is too large, from + size must be less than or equal to: [{WINDOW}] but was [{window}]. "
        "See the scroll api for a more efficient way to request large data sets. "
        "This limit can be set by changing the [index.max_result_window] index level setting."
    )
    return search_error("illegal_argument_exception", reason, wrapped=wrapped)


def search_error(kind: str, reason: str, *, wrapped: bool) -> ApiError:
    """A search that failed on its shard: short before 3.1, with the whole chain of causes since."""
    if not wrapped:
        return status_error(500, "all shards failed")
    cause: dict[str, Any] = {"type": kind, "reason": reason}
    if kind == "query_shard_exception":
        cause = {**cause, "index": INDEX, "index_uuid": _INDEX_ID}
    chain = {
        "type": "search_phase_execution_exception",
        "reason": "all shards failed",
        "phase": "query",
        "grouped": True,
        "failed_shards": [{"shard": 0, "index": INDEX, "node": _NODE, "reason": cause}],
    }
    if kind == "illegal_argument_exception":
        chain["caused_by"] = {**cause, "caused_by": cause}
    return ApiError(500, "status_exception", f"Failed to search indices [{INDEX}]", caused_by=chain, root=cause)
