"""Lists: their filters, their order, and their pages. A token names the order's number and where the page begins."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

from reconciler.simulator.confluent.behaviours import Behaviours, NextPage, Order
from reconciler.simulator.confluent.checking import RESOURCE_TYPES
from reconciler.simulator.confluent.errors import ApiError

__all__ = ["Lists", "resource_in"]

_DEFAULT_PAGE = 100
_LARGEST_PAGE = 250
_ODD_FILTER = "invalid_filter"


class Lists:
    """Cuts lists into pages. `largest_page` is what the server gives at most, whatever was asked for."""

    def __init__(self, behaviours: Behaviours, largest_page: int) -> None:
        self._behaviours = behaviours
        self._largest_page = largest_page
        self._count = 0

    def page(self, kind: str, path: str, query: str, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """One page of these items, which are given oldest first."""
        parameters = _parameters(query)
        size = min(_read_size(parameters.get("page_size")), self._largest_page)
        number, start = self._read_token(parameters.get("page_token", ""))
        ordered = self._ordered(items, number)
        metadata: dict[str, Any] = {"total_size": len(ordered)}
        if start + size < len(ordered):
            token = f"{number}.{start + size}"
            metadata["next"] = f"https://api.confluent.cloud{path}?page_size={size}&page_token={token}"
        elif self._behaviours.next_page is not NextPage.ABSENT:
            metadata["next"] = None if self._behaviours.next_page is NextPage.NULL else ""
        data = ordered[start : start + size]
        return {"api_version": "notifications/v1", "kind": kind, "metadata": metadata, "data": data}

    def _read_token(self, token: str) -> tuple[int, int]:
        if not token:
            self._count += 1
            return self._count, 0
        number, _, start = token.partition(".")
        if not number.isdecimal() or not start.isdecimal() or len(token) > 255:
            raise ApiError(400, "is not a token of ours", parameter="page_token")
        return int(number), int(start)

    def _ordered(self, items: Sequence[dict[str, Any]], number: int) -> list[dict[str, Any]]:
        ordered = list(items)
        match self._behaviours.order:
            case Order.NEWEST_FIRST:
                ordered.reverse()
            case Order.BY_ID:
                ordered.sort(key=lambda item: str(item["id"]))
            case Order.ANY:
                random.Random(number).shuffle(ordered)  # noqa: S311 - an order, the same for all pages of one list
            case Order.OLDEST_FIRST:
                pass
        return ordered


def resource_in(query: str, *, needed: bool) -> tuple[str, str]:
    """The resource and its type that a query asks for, "" for any; a lookup needs both."""
    parameters = _parameters(query)
    for name in ("resource", "resource_type") if needed else ():
        if not parameters.get(name):
            raise ApiError(400, "is required", parameter=name)
    resource_type = parameters.get("resource_type", "")
    if resource_type and resource_type not in RESOURCE_TYPES:
        raise ApiError(400, f"must be one of {', '.join(RESOURCE_TYPES)}", parameter="resource_type", code=_ODD_FILTER)
    return parameters.get("resource", ""), resource_type


def _parameters(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}


def _read_size(text: str | None) -> int:
    if text is None:
        return _DEFAULT_PAGE
    if not text.isascii() or not text.removeprefix("-").isdecimal() or int(text[:6]) > _LARGEST_PAGE:
        raise ApiError(400, f"must be a number up to {_LARGEST_PAGE}", parameter="page_size")
    return max(1, int(text[:6]))
