"""`reconciler list`: what is owned on each target, as it is live, whatever the manifests say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from reconciler.cli.main import set_up_logging
from reconciler.cli.options import COMMON, CONNECTING, option, options
from reconciler.cli.terminal import note, out, show_json
from reconciler.engine.load import Selection, load_project_only
from reconciler.engine.read import Live, ReadOptions, read_targets
from reconciler.model.text import printable
from reconciler.plan.marks import UNVERIFIED

_HEADINGS = ("NAME", "KIND", "TARGET", "ID", "ENABLED", "VERIFIED")


@click.command("list")
@options(COMMON, CONNECTING)
@option("--target", "targets", multiple=True, help="Only these targets of the project.")
def command(config: Path | None, targets: tuple[str, ...], **flags: Any) -> int:
    """List everything that bears this project's mark: name, kind, target, live id, enabled, verified."""
    set_up_logging(flags["verbose"])
    workspace = load_project_only(config, Selection(targets=targets))
    for finding in workspace.findings:
        note(f"warning: {finding}")
    reading = ReadOptions(parallelism=flags["parallelism"], timeout=flags["timeout"])
    lives = asyncio.run(_read(workspace, reading))
    rows = sorted(row for live in lives for row in _rows(live))
    if flags["as_json"]:
        keys = [heading.lower() for heading in _HEADINGS]
        show_json({"format": "reconciler.list/v1", "owned": [dict(zip(keys, row, strict=True)) for row in rows]})
    else:
        _show_table(rows)
    errors = [f"{live.plan.target}: {live.plan.error}" for live in lives if live.plan.error]
    for error in errors:
        note(f"error: {error}")
    return 1 if errors else 0


async def _read(workspace: Any, reading: ReadOptions) -> list[Live]:
    lives = await read_targets(workspace, reading, only_owned=True)
    await asyncio.gather(*(live.provider.close() for live in lives if live.provider is not None))
    return lives


def _rows(live: Live) -> Iterator[tuple[str, str, str, str, bool, bool]]:
    for item in (*live.matching.candidates, *live.matching.leftovers):
        flags = item.mark.flags if item.mark else frozenset()
        enabled = item.live.fields.get("enabled") is not False
        kind = item.live.kind or item.live.native_type
        yield item.name, kind, live.plan.target, item.id, enabled, UNVERIFIED not in flags


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
