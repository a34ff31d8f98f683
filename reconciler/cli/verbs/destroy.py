"""`reconciler destroy`: delete what carries our mark, all or by name, with every guard on, after asking."""

from __future__ import annotations

import click

from reconciler.cli.applying import apply_and_report
from reconciler.cli.options import (
    COMMON,
    CONNECTING,
    GUARDING,
    TARGET,
    TESTING,
    WRITING,
    Asking,
    options,
    prepared,
    run_async,
    takes,
)
from reconciler.cli.publishing import OUTPUTS, Output, published
from reconciler.cli.terminal import set_up_logging
from reconciler.engine.options import DestroyOptions


@click.command("destroy")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@options(COMMON, (TARGET,), CONNECTING, GUARDING, TESTING, WRITING, OUTPUTS)
@takes(DestroyOptions, Output, Asking)
@published("destroy")
def command(options: DestroyOptions, output: Output, asking: Asking) -> int:
    """Delete everything that carries this project's mark, or only what is named.

    What is protected, or is not ours, stays. NAME@ID means one of several objects of that name.
    """
    set_up_logging(output.verbose)
    run = prepared(options)
    return run_async(apply_and_report(run, output, yes=asking.yes), len(run.workspace.targets))
