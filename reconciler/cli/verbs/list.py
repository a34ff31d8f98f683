"""`reconciler list`: what is owned on each target, as it is live, whatever the manifests say."""

from __future__ import annotations

import asyncio

import click

from reconciler.cli.loading import prepared
from reconciler.cli.main import set_up_logging
from reconciler.cli.options import COMMON, CONNECTING, TARGET, option, options, takes
from reconciler.cli.publishing import published
from reconciler.cli.terminal import Screen, note, out, show_json
from reconciler.engine.options import ListOptions
from reconciler.engine.read import split_targets
from reconciler.engine.run import list_objects
from reconciler.model.text import plural
from reconciler.report.list_text import ListRow, list_document, list_rows, render_list
from reconciler.report.types_text import TypeRow, render_types, type_rows, types_document


@click.command("list")
@options(COMMON, (TARGET,), CONNECTING)
@option("--all", "everything", is_flag=True, help="Also what carries no mark, and what is another owner's.")
@option("--types", is_flag=True, help="List what the targets can notify of (Confluent Cloud), and where each goes.")
@takes(ListOptions, Screen)
@published("list")
def command(options: ListOptions, screen: Screen) -> int:
    """List everything that carries this project's mark: name, kind, target, live id, enabled, state."""
    set_up_logging(screen.verbose)
    run = prepared(options)
    read, unread = split_targets(asyncio.run(list_objects(run)))
    if options.types:
        _show_types([row for target in read for row in type_rows(target.name, target.types, target.matching)], screen)
    else:
        rows = sorted(row for item in read for row in list_rows(item.name, item.matching, item.ownership))
        _show_objects(rows, run.workspace.project.owner, screen, everything=options.everything)
    for target in unread:
        note(f"error: {target.name}: {target.error}")
    return 1 if unread else 0


def _show_types(rows: list[TypeRow], screen: Screen) -> None:
    if screen.as_json:
        show_json({"format": "reconciler.list/v1", "types": types_document(rows)})
    elif rows:
        out(render_types(rows).rstrip())
    else:
        note("no target lists what it can notify of")


def _show_objects(rows: list[ListRow], owner: str, screen: Screen, *, everything: bool) -> None:
    shown = rows if everything else [row for row in rows if row.owner == owner]
    if screen.as_json:
        show_json(list_document(shown, owner, with_owners=everything))
    elif shown:
        out(render_list(shown, with_owners=everything))
    else:
        note("nothing is there" if everything else "nothing is owned")
    if hidden := len(rows) - len(shown):
        note(f"{plural(hidden, 'more object')}, without our mark: list --all shows them")
