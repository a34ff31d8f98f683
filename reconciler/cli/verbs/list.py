"""`reconciler list`: what this project owns on each target, from the live state and not from the manifests."""

from __future__ import annotations

from collections.abc import Mapping

import click

from reconciler.cli.options import (
    COMMON,
    CONNECTING,
    TARGET,
    complete_name,
    option,
    options,
    prepared,
    run_async,
    takes,
)
from reconciler.cli.publishing import published
from reconciler.cli.terminal import Screen, note, out, set_up_logging, show_json
from reconciler.engine.live import ReadTarget
from reconciler.engine.load import is_named, match_names
from reconciler.engine.options import ListOptions
from reconciler.engine.read import split_targets
from reconciler.engine.run import list_objects
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import UsageError
from reconciler.model.text import plural
from reconciler.plan.users import SeenUsers
from reconciler.report.list_text import ListRow, exit_of_list, list_document, list_rows, render_list
from reconciler.report.types_text import TypeRow, render_types, type_rows, types_document
from reconciler.report.users_table import gap_of, notes_on_users


@click.command("list")
@options(COMMON, (TARGET,), CONNECTING)
@option("--only", multiple=True, help="Only the objects with these names (globs too).", shell_complete=complete_name)
@option("--exclude", multiple=True, help="Leave out those with these names (globs).", shell_complete=complete_name)
@option("--select", multiple=True, help="Only what manifests with these labels describe: team=payments.")
@option("--all", "everything", is_flag=True, help="Also what carries no mark, and what is another owner's.")
@option(
    "--types", is_flag=True, help="List the notification types of the targets (Confluent Cloud), and where each goes."
)
@option("--users", is_flag=True, help="Also who uses each: monitors, workflows, email channels, subscriptions.")
@takes(ListOptions, Screen)
@published("list")
def command(options: ListOptions, screen: Screen) -> int:
    """List everything that carries this project's mark: name, kind, target, live id, enabled, state."""
    set_up_logging(screen.verbose)
    if options.types and (options.only or options.exclude or options.select):
        raise UsageError(
            "--types lists what targets can notify of: it cannot be combined with --only, --exclude or --select"
        )
    run = prepared(options)
    read, unread = split_targets(run_async(list_objects(run), len(run.workspace.targets)))
    if options.types:
        _show_types([row for target in read for row in type_rows(target.target, target.types, target.matching)], screen)
    else:
        rows = _chosen_rows(options, read, complete=not unread)
        incomplete = {target.target: target.server.incomplete for target in read if target.server.incomplete}
        gaps = _Gaps({target.target: target.error for target in unread}, incomplete)
        _show_objects(rows, run.workspace.project.owner, screen, gaps, options)
    for target in unread:
        note(f"error: {target.problem}")
    unseen = [
        _note_users(target.target, target.users, target.abilities.kinds) for target in read if target.users is not None
    ]
    return exit_of_list(unread=bool(unread), unseen=any(unseen))


def _chosen_rows(options: ListOptions, read: list[ReadTarget], *, complete: bool) -> list[ListRow]:
    """The rows selected by name and by their manifests' labels. ConfigurationError for a name that selects none, but
    only if the rows are `complete`: a target that could not be read may have it."""
    rows = sorted(row for item in read for row in list_rows(item.target, item.matching, item.ownership, item.users))
    if complete:
        names = {row.name for row in rows}
        match_names("--only", options.only, names)
        match_names("--exclude", options.exclude, names)
    selected = {item.target: item.selected for item in read}
    return [row for row in rows if _is_chosen(row, options, selected[row.target])]


def _is_chosen(row: ListRow, options: ListOptions, selected: frozenset[str] | None) -> bool:
    if selected is not None and row.id not in selected:
        return False
    return (not options.only or is_named(row.name, options.only)) and not is_named(row.name, options.exclude)


def _note_users(target: str, seen: SeenUsers, kinds: frozenset[str]) -> bool:
    """Say on stderr what was not looked at; whether there may be more users."""
    for line in notes_on_users(seen, kinds):
        note(f"note: {target}: {line}")
    return bool(gap_of(seen))


def _show_types(rows: list[TypeRow], screen: Screen) -> None:
    if screen.as_json:
        show_json({"format": "reconciler.list/v1", "types": types_document(rows)})
    elif rows:
        out(render_types(rows).rstrip())
    else:
        note("no target has notification types")


@dataclass(frozen=True, slots=True)
class _Gaps:
    """What a list may lack: by target, why it could not be read (`errors`), or why its list is incomplete."""

    errors: Mapping[str, str]
    incomplete: Mapping[str, str]


def _show_objects(rows: list[ListRow], owner: str, screen: Screen, gaps: _Gaps, options: ListOptions) -> None:
    everything, selected = options.everything, bool(options.only or options.exclude or options.select)
    shown = rows if everything else [row for row in rows if row.owner == owner]
    if screen.as_json:
        document = list_document(shown, owner, with_owners=everything, errors=gaps.errors, incomplete=gaps.incomplete)
        show_json(document)
    elif shown:
        out(render_list(shown, with_owners=everything))
    else:
        where = " on what could be read" if gaps.errors or gaps.incomplete else ""
        subject = "none of the selected objects" if selected else "nothing"
        note(f"{subject} is {'live' if everything else 'owned'}{where}")
    for target, why in gaps.incomplete.items():
        note(f"note: {target}: the list is incomplete: {why}")
    if hidden := len(rows) - len(shown):
        note(f"{plural(hidden, 'more object')}, without our mark: list --all shows them")
