"""`reconciler drift`: has anything moved that no manifest asked for? For schedules that watch. It only reads."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import click

from reconciler.cli.loading import load_with_notes
from reconciler.cli.main import set_up_logging
from reconciler.cli.options import COMMON, CONNECTING, SELECTING, option, options
from reconciler.cli.publishing import OUTPUTS, publish, published
from reconciler.engine.load import Workspace
from reconciler.engine.plan import assemble, plan_exit_code, read_options
from reconciler.engine.read import Live, close, read_targets
from reconciler.plan.origin import find_drift

DRIFT = 2


@click.command("drift")
@options(COMMON, SELECTING, CONNECTING, OUTPUTS)
@option("--base", metavar="REF", help="Tell drift from what manifests changed since this commit and is not applied.")
@published("drift")
def command(**flags: Any) -> int:
    """Tell what differs from the manifests, and since when; exit 2 if anything does."""
    set_up_logging(flags["verbose"])
    workspace = load_with_notes(flags)
    lives = asyncio.run(_read(workspace, flags))
    drift = find_drift(assemble(workspace, lives, flags, os.environ))
    publish("drift", drift, flags, workspace)
    return plan_exit_code(drift.plan, detailed=False) or (DRIFT if drift.moved else 0)


async def _read(workspace: Workspace, flags: dict[str, Any]) -> list[Live]:
    lives = await read_targets(workspace, read_options(workspace, flags, must_resolve=False))
    await close(lives)
    return lives
