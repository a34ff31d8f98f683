"""`reconciler plan`: compares desired and live state, and shows what apply would do. It only reads."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.main import within
from reconciler.cli.options import (
    COMMON,
    CONNECTING,
    MAX_MESSAGES,
    PLANNING,
    SELECTING,
    TimeLimit,
    option,
    options,
    prepared,
    run_async,
    takes,
    time_limit,
)
from reconciler.cli.publishing import OUTPUTS, Output, publish, published, write_file
from reconciler.cli.terminal import note, set_up_logging
from reconciler.engine.options import PlanOptions
from reconciler.engine.plan import plan_exit_code
from reconciler.engine.run import Run, check_limits, make_plan
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import RefusedError
from reconciler.plan.changes import Plan


@dataclass(frozen=True, kw_only=True)
class PlanFiles:
    """The files that a plan writes, and whether its exit code says that there are changes."""

    out: Path | None = None
    terraform_report: Path | None = None
    detailed_exitcode: bool = False


@click.command("plan")
@options(COMMON, SELECTING, PLANNING, (MAX_MESSAGES,), CONNECTING, OUTPUTS)
@option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Save the plan in this file; apply FILE does no more than it shows.",
)
@option(
    "--assume-version", multiple=True, metavar="TARGET=VERSION", help="List what a server of this version would refuse."
)
@option("--detailed-exitcode", is_flag=True, help="Exit 2 if there are changes or fields not compared.")
@option(
    "--against", type=click.Path(path_type=Path, dir_okay=False), help="Plan against this snapshot: no credentials."
)
@option("--max-age", default="24h", show_default=True, help="How old a snapshot may be: 90m, 24h, 7d.")
@option("--terraform-report", type=click.Path(path_type=Path, dir_okay=False), help="Write GitLab's terraform report.")
@time_limit(900)
@takes(PlanOptions, Output, PlanFiles, TimeLimit)
@published("plan")
def command(options: PlanOptions, output: Output, files: PlanFiles, limit: TimeLimit) -> int:
    """Show what apply would do: every change with its reason, field by field, and whom it would send a message."""
    set_up_logging(output.verbose)
    with within(limit.time_limit):
        return _plan(options, output, files)


def _plan(options: PlanOptions, output: Output, files: PlanFiles) -> int:
    run = prepared(options)
    with_commit = output.names_commit or files.out is not None
    plan = run_async(make_plan(run, with_commit=with_commit), len(run.workspace.targets))
    if files.out is not None:
        from reconciler.engine.saved_plan import write_plan

        write_plan(plan, files.out, run.workspace.here.environ)
    if files.terraform_report is not None:
        from reconciler.report.machines import render_terraform_report

        write_file(files.terraform_report, render_terraform_report(plan))
    publish("plan", plan, output, options, run.workspace)
    _warn_of_messages(run, plan)
    return plan_exit_code(plan, detailed=files.detailed_exitcode)


def _warn_of_messages(run: Run, plan: Plan) -> None:
    """Warn now of what `apply` would refuse."""
    try:
        check_limits(run, plan)
    except RefusedError as error:
        note(f"warning: {error}")
