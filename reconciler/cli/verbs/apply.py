"""`reconciler apply [plan.json]`: plan, ask, write, send test messages, and report what became of each change.

With a saved plan it plans again, carries out only what that plan shows, and does not ask.
"""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.applying import apply_and_report
from reconciler.cli.options import (
    COMMON,
    CONNECTING,
    PLANNING,
    SELECTING,
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
from reconciler.engine.options import ApplyOptions
from reconciler.model.errors import ConfigurationError, NothingToCompareError


@click.command("apply")
@click.argument("plan_file", required=False, type=click.Path(path_type=Path), metavar="[PLAN.JSON]")
@options(COMMON, SELECTING, PLANNING, CONNECTING, TESTING, WRITING, OUTPUTS)
@takes(ApplyOptions, Output, Asking)
@published("apply")
def command(options: ApplyOptions, output: Output, asking: Asking) -> int:
    """Plan, ask, write what differs, and verify each channel by a test message.

    With a saved plan: plan again and carry out only what it shows, without asking.
    """
    set_up_logging(output.verbose)
    try:
        run = prepared(options)
    except NothingToCompareError as error:  # no error for a plan, but an apply was asked to write
        raise ConfigurationError(str(error)) from None
    return run_async(apply_and_report(run, output, yes=asking.yes or run.saved is not None), len(run.workspace.targets))
