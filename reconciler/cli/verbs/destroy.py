"""`reconciler destroy`: delete all that bears our mark, with every guard on, after asking."""

from __future__ import annotations

import asyncio

import click

from reconciler.cli.applying import apply_and_report
from reconciler.cli.loading import prepared
from reconciler.cli.main import set_up_logging
from reconciler.cli.options import COMMON, CONNECTING, GUARDING, TARGET, TESTING, WRITING, Asking, options, takes
from reconciler.cli.publishing import OUTPUTS, Output, published
from reconciler.engine.options import DestroyOptions


@click.command("destroy")
@options(COMMON, (TARGET,), CONNECTING, GUARDING, TESTING, WRITING, OUTPUTS)
@takes(DestroyOptions, Output, Asking)
@published("destroy")
def command(options: DestroyOptions, output: Output, asking: Asking) -> int:
    """Delete everything that bears this project's mark. What is protected, and what is not ours, stays."""
    set_up_logging(output.verbose)
    return asyncio.run(apply_and_report(prepared(options), output, yes=asking.yes))
