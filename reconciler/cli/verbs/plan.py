"""`reconciler plan`: desired against live. It reads, and changes nothing."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import click

from reconciler.cli.loading import load_with_notes
from reconciler.cli.main import set_up_logging
from reconciler.cli.options import COMMON, CONNECTING, PLANNING, SELECTING, TESTING, option, options
from reconciler.cli.publishing import OUTPUTS, publish, published, write_file
from reconciler.cli.terminal import note
from reconciler.engine.load import Workspace
from reconciler.engine.plan import assemble, message_limit, plan_exit_code, read_options
from reconciler.engine.read import Live, close, read_targets
from reconciler.model.errors import RefusedError
from reconciler.plan.changes import Plan
from reconciler.plan.guards import check_messages


@click.command("plan")
@options(COMMON, SELECTING, PLANNING, TESTING, CONNECTING, OUTPUTS)
@option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan in this file, for apply to keep to."
)
@option("--assume-version", multiple=True, metavar="TARGET=VERSION", help="List what such a server would refuse.")
@option("--detailed-exitcode", is_flag=True, help="Exit 2 if there are changes or fields not compared.")
@option(
    "--against", type=click.Path(path_type=Path, dir_okay=False), help="Plan against this snapshot: no credentials."
)
@option("--max-age", default="24h", show_default=True, help="How old a snapshot may be: 90m, 24h, 7d.")
@option("--terraform-report", type=click.Path(path_type=Path, dir_okay=False), help="Write GitLab's terraform report.")
@published("plan")
def command(**flags: Any) -> int:
    """Show what apply would do: every change with its reason, field by field, and whom it would send a message."""
    set_up_logging(flags["verbose"])
    workspace = load_with_notes(flags)
    lives = _from_snapshot(workspace, flags) if flags["against"] else asyncio.run(_read(workspace, flags))
    plan = assemble(workspace, lives, flags, os.environ)
    if flags["out"] is not None:
        from reconciler.engine.saved_plan import write_plan

        write_plan(plan, flags["out"], os.environ)
    publish("plan", plan, flags, workspace)
    if flags["terraform_report"] is not None:
        from reconciler.report.machines import render_terraform_report

        write_file(flags["terraform_report"], render_terraform_report(plan))
    _warn_of_messages(workspace, plan, flags)
    return plan_exit_code(plan, detailed=flags["detailed_exitcode"])


def _warn_of_messages(workspace: Workspace, plan: Plan, flags: dict[str, Any]) -> None:
    """What `apply` would refuse is better known before."""
    try:
        check_messages(plan, message_limit(workspace, flags))
    except RefusedError as error:
        note(f"warning: {error}")


def _from_snapshot(workspace: Workspace, flags: dict[str, Any]) -> list[Live]:
    from reconciler.engine.snapshots import plan_against

    return asyncio.run(plan_against(workspace, read_options(workspace, flags, must_resolve=False), flags))


async def _read(workspace: Workspace, flags: dict[str, Any]) -> list[Live]:
    lives = await read_targets(workspace, read_options(workspace, flags, must_resolve=False))
    await close(lives)
    return lives
