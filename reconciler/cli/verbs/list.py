"""`reconciler list`: what is owned on each target, as it is live, whatever the manifests say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import click

from reconciler.cli.loading import prepared
from reconciler.cli.main import set_up_logging
from reconciler.cli.options import COMMON, CONNECTING, TARGET, option, options, takes
from reconciler.cli.publishing import published
from reconciler.cli.terminal import Screen, note, out, show_json
from reconciler.engine.options import ListOptions
from reconciler.engine.read import ReadTarget, split_targets
from reconciler.engine.run import list_objects
from reconciler.model.text import printable
from reconciler.plan.marks import UNVERIFIED
from reconciler.report.types_text import TypeRow, render_types, type_rows, types_document

_HEADINGS = ("NAME", "KIND", "TARGET", "ID", "ENABLED", "VERIFIED")


@click.command("list")
@options(COMMON, (TARGET,), CONNECTING)
@option("--types", is_flag=True, help="List what the targets can notify of (Confluent Cloud), and where each goes.")
@takes(ListOptions, Screen)
@published("list")
def command(options: ListOptions, screen: Screen) -> int:
    """List everything that bears this project's mark: name, kind, target, live id, enabled, verified."""
    set_up_logging(screen.verbose)
    read, unread = split_targets(asyncio.run(list_objects(prepared(options))))
    if options.types:
        _show_types([row for target in read for row in type_rows(target.name, target.types, target.matching)], screen)
    else:
        _show_owned(sorted(row for target in read for row in _rows(target)), screen)
    for target in unread:
        note(f"error: {target.name}: {target.error}")
    return 1 if unread else 0


def _show_types(rows: list[TypeRow], screen: Screen) -> None:
    if screen.as_json:
        show_json({"format": "reconciler.list/v1", "types": types_document(rows)})
    elif rows:
        out(render_types(rows).rstrip())
    else:
        note("no target tells what it can notify of")


def _show_owned(rows: list[tuple[str, str, str, str, bool, bool]], screen: Screen) -> None:
    if screen.as_json:
        keys = [heading.lower() for heading in _HEADINGS]
        show_json({"format": "reconciler.list/v1", "owned": [dict(zip(keys, row, strict=True)) for row in rows]})
    else:
        _show_table(rows)


def _rows(target: ReadTarget) -> Iterator[tuple[str, str, str, str, bool, bool]]:
    for item in (*target.matching.candidates, *target.matching.leftovers):
        flags = item.mark.flags if item.mark else frozenset()
        enabled = item.live.fields.get("enabled") is not False
        kind = item.live.kind or item.live.native_type
        yield item.name, kind, target.name, item.id, enabled, UNVERIFIED not in flags


def _show_table(rows: list[tuple[str, str, str, str, bool, bool]]) -> None:
    if not rows:
        note("nothing is owned")
        return
    table = [_HEADINGS, *(tuple(_cell(value) for value in row) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(_HEADINGS))]
    for row in table:
        out("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: str | bool) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else printable(value)
