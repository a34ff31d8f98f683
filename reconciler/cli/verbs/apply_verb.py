"""`reconciler apply`: plan, ask, write, send test messages, and report what became of each change."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import click

from reconciler.cli.carrying_out import carry_out
from reconciler.cli.live import read_targets
from reconciler.cli.logs import set_up_logging
from reconciler.cli.options import COMMON, CONNECTING, PLANNING, SELECTING, WRITING, options
from reconciler.cli.planning import assemble, load_sound, read_options
from reconciler.cli.workspace import Workspace

__all__ = ["command"]


@click.command("apply")
@options(COMMON, SELECTING, PLANNING, CONNECTING, WRITING)
def command(**flags: Any) -> int:
    """Plan, ask, write what differs, and prove each channel by a test message."""
    set_up_logging(flags["verbose"])
    workspace = load_sound(flags)
    return asyncio.run(_apply(workspace, flags))


async def _apply(workspace: Workspace, flags: dict[str, Any]) -> int:
    lives = await read_targets(workspace, read_options(workspace, flags, must_resolve=True))
    try:
        plan = assemble(workspace, lives, flags, os.environ)
        return await carry_out(workspace, plan, lives, flags)
    finally:
        await asyncio.gather(*(live.provider.close() for live in lives if live.provider is not None))
