"""The notification types of the targets, and where each is routed: as a table and as a JSON document. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.model.kinds import KINDS
from reconciler.model.provider import NotificationType
from reconciler.plan.marks import Found, Matching
from reconciler.report.tables import render_table

_HEADINGS = ("NAME", "ID", "CATEGORY", "PRIORITY", "IN PLAN", "REQUIRED", "TARGET", "ROUTED TO")


@dataclass(frozen=True, slots=True, order=True)
class TypeRow:
    """One notification type of one target. `routed_to` holds names of channels, `role:X` and `user:X`, and display
    names of what has no mark of ours; `enabled` is False if its subscription is disabled, None if it has none."""

    target: str
    name: str
    id: str
    category: str
    priority: str
    in_plan: bool
    required: bool
    routed_to: tuple[str, ...] = ()
    enabled: bool | None = None


def type_rows(target: str, types: Iterable[NotificationType], matching: Matching) -> Iterator[TypeRow]:
    """The types of one target, each with the channels that its messages go to."""
    routes = {str(item.live.fields.get(_key_field(item))): item for item in matching.found if _key_field(item)}
    for one in types:
        route = routes.get(one.name) or routes.get(one.id)
        yield TypeRow(
            target=target,
            name=one.name,
            id=one.id,
            category=one.category,
            priority=one.priority,
            in_plan=one.in_plan,
            required=one.required,
            routed_to=tuple(_channels(route, matching)) if route else (),
            enabled=route.live.fields.get("state") != "DISABLED" if route else None,
        )


def _key_field(item: Found) -> str:
    return KINDS[item.live.kind].key_field if item.live.kind else ""


def _channels(route: Found, matching: Matching) -> list[str]:
    known = {item.id: str(item.live.fields.get("display_name") or item.id) for item in matching.found}
    channels = route.live.fields.get("channels")
    ids = channels if isinstance(channels, frozenset) else frozenset()
    return sorted(matching.names.get(one) or known.get(one, one) for one in ids)


def render_types(rows: Iterable[TypeRow]) -> str:
    """The rows as a table, sorted by target and name; "" if there are no rows."""
    return render_table(_HEADINGS, map(_cells, sorted(rows)))


def _cells(row: TypeRow) -> tuple[str, ...]:
    routed = ", ".join(row.routed_to) or "-"
    routed += " (disabled)" if row.enabled is False else ""
    texts = (row.name or row.id, row.id, row.category or "-", row.priority or "-")
    answers = ("yes" if answer else "no" for answer in (row.in_plan, row.required))
    return (*texts, *answers, row.target, routed)


def types_document(rows: Iterable[TypeRow]) -> list[dict[str, Any]]:
    """The rows as JSON values, in the order of the table."""
    return [asdict(row) for row in sorted(rows)]
