"""`reconciler apply [plan.json]`: plan, ask, write, send test messages, and report what became of each change.

With a saved plan it plans again, carries out only what that plan shows, and does not ask.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.applying import carry_out
from reconciler.cli.loading import load_with_notes
from reconciler.cli.main import set_up_logging
from reconciler.cli.options import COMMON, CONNECTING, PLANNING, SELECTING, TESTING, WRITING, options
from reconciler.cli.publishing import OUTPUTS, published
from reconciler.cli.terminal import note
from reconciler.engine.load import Workspace
from reconciler.engine.plan import assemble, read_options
from reconciler.engine.read import close, read_targets, refuse_moved
from reconciler.manifests.load_project import find_project, load_project

if TYPE_CHECKING:
    from reconciler.engine.saved_plan import SavedPlan


@click.command("apply")
@click.argument("plan_file", required=False, type=click.Path(path_type=Path), metavar="[PLAN.JSON]")
@options(COMMON, SELECTING, PLANNING, CONNECTING, TESTING, WRITING, OUTPUTS)
@published("apply")
def command(plan_file: Path | None, **flags: Any) -> int:
    """Plan, ask, write what differs, and verify each channel by a test message.

    With a saved plan: plan again and carry out only what it shows, without asking.
    """
    set_up_logging(flags["verbose"])
    if plan_file is None:
        return asyncio.run(_apply(load_with_notes(flags), flags, None))
    from reconciler.engine.saved_plan import check_commits, check_project, read_plan, with_scope

    saved = read_plan(plan_file, os.environ)
    flags = with_scope(saved, flags)
    check_project(saved, load_project(flags["config"] or find_project(Path.cwd())))
    workspace = load_with_notes(flags)
    check_commits(saved, workspace.commits)
    if saved.signed and not saved.verified:
        note(f"note: {saved.name} is signed, but RECONCILER_PLAN_KEY is not set: it was not verified")
    return asyncio.run(_apply(workspace, {**flags, "yes": True}, saved))


async def _apply(workspace: Workspace, flags: dict[str, Any], saved: SavedPlan | None) -> int:
    lives = await read_targets(workspace, read_options(workspace, flags, must_resolve=True, saved=saved))
    try:
        refuse_moved(lives)
        plan = assemble(workspace, lives, flags, os.environ)
        return await carry_out(workspace, plan, lives, flags)
    finally:
        await close(lives)
