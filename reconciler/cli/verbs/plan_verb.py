"""`reconciler plan`: desired against live. It reads, and changes nothing."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import click

from reconciler.cli.live import Live, close, read_targets
from reconciler.cli.logs import set_up_logging
from reconciler.cli.options import COMMON, CONNECTING, PLANNING, SELECTING, option, options
from reconciler.cli.planning import assemble, load_sound, plan_exit_code, read_options
from reconciler.cli.terminal import out, paint_for, show_json
from reconciler.cli.workspace import Workspace
from reconciler.report.plan_text import render_plan

__all__ = ["command"]


@click.command("plan")
@options(COMMON, SELECTING, PLANNING, CONNECTING)
@option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan in this file, for apply to keep to."
)
@option("--assume-version", multiple=True, metavar="TARGET=VERSION", help="List what such a server would refuse.")
@option("--detailed-exitcode", is_flag=True, help="Exit 2 if there are changes or fields not compared.")
def command(**flags: Any) -> int:
    """Show what apply would do: every change with its reason, field by field, and whom it would send a message."""
    set_up_logging(flags["verbose"])
    workspace = load_sound(flags)
    lives = asyncio.run(_read(workspace, flags))
    plan = assemble(workspace, lives, flags, os.environ)
    if flags["out"] is not None:
        from reconciler.cli.saved_plan import write_plan

        write_plan(plan, flags["out"], os.environ)
    if flags["as_json"]:
        from reconciler.plan.document import plan_document

        show_json(plan_document(plan))
    else:
        out(render_plan(plan, paint_for(no_color=flags["no_color"])))
    return plan_exit_code(plan, detailed=flags["detailed_exitcode"])


async def _read(workspace: Workspace, flags: dict[str, Any]) -> list[Live]:
    lives = await read_targets(workspace, read_options(workspace, flags, must_resolve=False))
    await close(lives)
    return lives
