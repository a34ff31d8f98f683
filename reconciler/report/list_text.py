"""The live objects of the targets, ours and others', as a table and as a JSON document. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, field, replace
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Exit, first_of
from reconciler.model.evidence import UsedBy
from reconciler.model.kinds import KINDS
from reconciler.plan.marks import CANARY, REPLACED, UNVERIFIED, Found, Matching, Ownership
from reconciler.plan.users import SeenUsers, users_of
from reconciler.report.tables import render_table
from reconciler.report.users_table import summarise_users

_STATES = frozenset({CANARY, REPLACED, UNVERIFIED})


@dataclass(frozen=True, slots=True, order=True)
class ListRow:
    """One live object. `owner` is "" for what carries no mark; `name` is then its display name. `enabled` is None where
    the target cannot disable such an object. `state` is `unverified`, `canary` or `replaced`, or `-` for none of them.
    `used_by` is None unless users were asked for."""

    name: str
    kind: str
    target: str
    id: str
    enabled: bool | None
    state: str
    owner: str = ""
    used_by: UsedBy | None = field(default=None, compare=False)


def list_rows(
    target: str, matching: Matching, ownership: Ownership, seen: SeenUsers | None = None
) -> Iterator[ListRow]:
    """A row for each object of a target, whoever owns it, except read-only ones; with its users, if they were read."""
    users = users_of(matching, seen) if seen is not None else None
    for item in matching.found:
        if not item.live.read_only:
            row = _row(target, item, ownership)
            yield row if users is None else replace(row, used_by=users(item))


def _row(target: str, item: Found, ownership: Ownership) -> ListRow:
    live, mark = item.live, item.mark
    enabled = live.fields.get("enabled")
    title = (KINDS[live.kind].key_field if live.kind else "") or "display_name"
    owner = "" if mark is None else ownership.owner if ownership.owns(mark) else mark.owner
    state = ", ".join(sorted(mark.flags & _STATES)) if mark and owner == ownership.owner else ""
    return ListRow(
        name=mark.name if mark else str(live.fields.get(title) or ""),
        kind=live.kind or live.native_type,
        target=target,
        id=item.id,
        enabled=enabled if isinstance(enabled, bool) else None,
        state=state or "-",
        owner=owner,
    )


def render_list(rows: Iterable[ListRow], *, with_owners: bool) -> str:
    """The table, with a column for the owner if `with_owners`; "" if there are no rows."""
    rows = list(rows)
    users = ("USED BY",) if any(row.used_by is not None for row in rows) else ()
    headings = ("NAME", "KIND", "TARGET", "ID", "ENABLED", "STATE", *users, *(("OWNER",) if with_owners else ()))
    return render_table(headings, (_cells(row, with_owners=with_owners) for row in rows))


def _cells(row: ListRow, *, with_owners: bool) -> tuple[str, ...]:
    enabled = {True: "yes", False: "no", None: "-"}[row.enabled]
    users = () if row.used_by is None else (summarise_users(row.used_by),)
    cells = (row.name, row.kind, row.target, row.id, enabled, row.state, *users)
    return (*cells, *((row.owner or "-",) if with_owners else ()))


def exit_of_list(*, unread: bool, unseen: bool) -> Exit:
    """The exit code of `list`: `unread` if a target could not be read, `unseen` if users were asked for and not all
    could be seen."""
    return first_of([*([Exit.ERROR] if unread else []), *([Exit.NOT_LOOKED_AT] if unseen else [])])


def list_document(
    rows: Iterable[ListRow],
    owner: str,
    *,
    with_owners: bool,
    errors: Mapping[str, str] = {},
    incomplete: Mapping[str, str] = {},
) -> dict[str, Any]:
    """The rows as JSON values: ours, and `with_owners` also unmanaged ones and other owners'.

    `errors` says by target why it could not be read, `incomplete` by target why its list may lack something.
    """
    rows = list(rows)
    groups = {"owned": [row for row in rows if row.owner == owner]}
    if with_owners:
        groups["unmanaged"] = [row for row in rows if not row.owner]
        groups["others"] = [row for row in rows if row.owner not in ("", owner)]
    documents = {name: [_document(row) for row in group] for name, group in groups.items()}
    return {"format": "reconciler.list/v1", **documents, "errors": dict(errors), "incomplete": dict(incomplete)}


def _document(row: ListRow) -> dict[str, Any]:
    document = asdict(row)
    if row.used_by is None:
        del document["used_by"]
    return document
