"""`reconciler users`: who sends through a channel, and who refers to one that is missing or disabled."""

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
from reconciler.engine.options import UsersOptions
from reconciler.engine.read import split_targets
from reconciler.engine.run import list_objects
from reconciler.model.errors import ConfigurationError, UsageError
from reconciler.model.text import few, plural, suggest
from reconciler.report.users_table import (
    UsersReport,
    channel_rows,
    dangling_rows,
    exit_of_users,
    gap_of,
    notes_on_users,
    render_channels,
    render_dangling,
    selecting_nothing,
    users_document,
)


@click.command("users")
@click.argument("names", nargs=-1, shell_complete=complete_name)
@options(COMMON, (TARGET,), CONNECTING)
@option("--dangling", is_flag=True, help="List who refers to a channel that does not exist or is disabled (exit 2).")
@takes(UsersOptions, Screen)
@published("users")
def command(options: UsersOptions, screen: Screen) -> int:
    """Show who uses NAME... (globs, NAME@ID and ids too): monitors, workflows, email channels, subscriptions."""
    set_up_logging(screen.verbose)
    if bool(options.names) == options.dangling:
        raise UsageError("name the channels whose users to show, or pass --dangling (list --users shows all)")
    run = prepared(options)
    read, unread = split_targets(run_async(list_objects(run), len(run.workspace.targets)))
    report = _report(options, read, {target.target: target.error for target in unread})
    _show(report, read, screen, dangling=options.dangling)
    for target in unread:
        note(f"error: {target.target}: {target.error}")
    for name in selecting_nothing(options.names, report.channels):  # else `_report` raised
        note(f"{name}: who uses it is not known: no target that could be read has it")
    return exit_of_users(report)


def _report(options: UsersOptions, read: list[ReadTarget], errors: dict[str, str]) -> UsersReport:
    seen = [(target, target.users) for target in read if target.users is not None]
    gaps = {target.target: why for target, users in seen if (why := gap_of(users))}
    if options.dangling:
        named = (row for target, users in seen for row in dangling_rows(target.target, target.matching, users))
        return UsersReport(dangling=tuple(named), gaps=gaps, errors=errors)
    channels = tuple(
        row
        for target, users in seen
        for row in channel_rows(target.target, target.matching, target.ownership, users, options.names)
    )
    if (idle := selecting_nothing(options.names, channels)) and not errors:
        known = {item.name for target in read for item in target.matching.found if item.mark}
        raise ConfigurationError("\n".join(_nothing_live(name, known, gaps) for name in idle))
    return UsersReport(channels, gaps=gaps, errors=errors)


def _nothing_live(name: str, known: set[str], gaps: Mapping[str, str]) -> str:
    hint = suggest(name, known) or f"known: {few(known)}"
    if gaps:
        unseen = "; ".join(f"{target}: {why}" for target, why in gaps.items())
        return f"{name}: no live object has this name, and who refers to one is not known ({unseen}); {hint}"
    return f"{name}: no live object has this name, and nothing refers to one; {hint}"


def _show(report: UsersReport, read: list[ReadTarget], screen: Screen, *, dangling: bool) -> None:
    if screen.as_json:
        show_json(users_document(report))
    elif report.channels or report.dangling:
        out((render_dangling(report.dangling) if dangling else render_channels(report.channels)).rstrip())
    elif dangling:
        where = " as far as could be seen" if report.gaps or report.errors else ""
        note(f"no monitor or workflow refers to a missing or disabled channel{where}")
    for target in read:
        for line in notes_on_users(target.users, target.abilities.kinds) if target.users is not None else ():
            note(f"note: {target.target}: {line}")
    if report.dangling:
        count = len({(row.target, row.id) for row in report.dangling})
        note(f"{plural(count, 'channel')} missing or disabled: runs that name one end in an error and notify nobody")
