"""`reconciler release NAME...`: remove our mark and leave the object live, to leave the tool or to change teams."""

from __future__ import annotations

import click

from reconciler.cli.applying import apply_and_report
from reconciler.cli.options import COMMON, CONNECTING, TARGET, WRITING, Asking, options, prepared, run_async, takes
from reconciler.cli.publishing import OUTPUTS, Output, published
from reconciler.cli.terminal import set_up_logging
from reconciler.engine.options import ReleaseOptions


@click.command("release")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@options(COMMON, (TARGET,), CONNECTING, WRITING, OUTPUTS)
@takes(ReleaseOptions, Output, Asking)
@published("release")
def command(options: ReleaseOptions, output: Output, asking: Asking) -> int:
    """Remove this project's mark from what is named, and leave it live as it is.

    NAME@ID means one of several objects of that name. Remove the manifest too: the next apply would take the object
    over again, or hold one that looks like it.
    """
    set_up_logging(output.verbose)
    run = prepared(options)
    return run_async(apply_and_report(run, output, yes=asking.yes), len(run.workspace.targets))
