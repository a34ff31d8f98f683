"""`reconciler destroy`: delete all that bears our mark, with every guard on, after asking."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from reconciler.cli.applying import carry_out
from reconciler.cli.main import set_up_logging
from reconciler.cli.options import COMMON, CONNECTING, TESTING, WRITING, option, options
from reconciler.cli.terminal import note
from reconciler.engine.load import Selection, Workspace, load_project_only
from reconciler.engine.plan import assemble, read_options
from reconciler.engine.read import read_targets
from reconciler.plan.make import PlanOptions


@click.command("destroy")
@options(COMMON, CONNECTING, TESTING, WRITING)
@option("--target", "targets", multiple=True, help="Only these targets of the project.")
@option("--max-deletes", type=click.IntRange(min=0), help="How many deletes are fine.")
@option("--allow-in-use", multiple=True, help="Allow the delete of this account or group though it is in use.")
def command(config: Path | None, targets: tuple[str, ...], **flags: Any) -> int:
    """Delete everything that bears this project's mark. What is protected, and what is not ours, stays."""
    set_up_logging(flags["verbose"])
    workspace = load_project_only(config, Selection(targets=targets))
    for finding in workspace.findings:
        note(f"warning: {finding}")
    return asyncio.run(_destroy(workspace, {**flags, "prune": True, "strict": False}))


async def _destroy(workspace: Workspace, flags: dict[str, Any]) -> int:
    options = read_options(workspace, flags, must_resolve=False)
    options = replace(options, plan=PlanOptions(prune=True))
    lives = await read_targets(workspace, options, only_owned=True)
    try:
        plan = assemble(workspace, lives, flags, os.environ)
        return await carry_out(workspace, plan, lives, flags)
    finally:
        await asyncio.gather(*(live.provider.close() for live in lives if live.provider is not None))
