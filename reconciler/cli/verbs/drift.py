"""`reconciler drift`: has anything moved that no manifest asked for? For schedules that watch. It only reads."""

from __future__ import annotations

import asyncio

import click

from reconciler.cli.loading import prepared
from reconciler.cli.main import set_up_logging
from reconciler.cli.options import COMMON, CONNECTING, SELECTING, option, options, takes
from reconciler.cli.publishing import OUTPUTS, Output, publish, published
from reconciler.cli.time_limit import TimeLimit, time_limit, within
from reconciler.engine.options import DriftOptions
from reconciler.engine.run import find_drift


@click.command("drift")
@options(COMMON, SELECTING, CONNECTING, OUTPUTS)
@option("--without-secrets", is_flag=True, help="Do not resolve secrets, nor report what needs them as missing.")
@option("--base", metavar="REF", help="Separate drift from what manifests changed since this commit.")
@time_limit(900)
@takes(DriftOptions, Output, TimeLimit)
@published("drift")
def command(options: DriftOptions, output: Output, limit: TimeLimit) -> int:
    """Tell what differs from the manifests, and since when; exit 2 if anything does, 7 if not all was compared."""
    set_up_logging(output.verbose)
    with within(limit.time_limit):
        return _drift(options, output)


def _drift(options: DriftOptions, output: Output) -> int:
    run = prepared(options)
    drift = asyncio.run(find_drift(run, with_commit=output.names_commit))
    publish("drift", drift, output, options, run.workspace)
    return drift.exit_code(asked_for_secrets=not options.without_secrets)
