"""`reconciler drift`: what differs live though no manifest changed; for scheduled jobs. It only reads.

With `--accept` it prints a patch that writes what is live into the manifests; only a flag makes it write files.
"""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.main import within
from reconciler.cli.options import (
    COMMON,
    CONNECTING,
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
from reconciler.cli.terminal import note, out, set_up_logging
from reconciler.engine.options import DriftOptions
from reconciler.engine.run import find_drift
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Exit, UsageError
from reconciler.model.text import plural


@dataclass(frozen=True, kw_only=True)
class AcceptOptions:
    """Which drift to accept (names, globs too), and where it goes: into a patch file, or into the manifests."""

    accept: tuple[str, ...] = ()
    patch: Path | None = None
    write: bool = False


@click.command("drift")
@options(COMMON, SELECTING, CONNECTING, OUTPUTS)
@option(
    "--without-secrets", is_flag=True, help="Do not resolve secrets, and do not count what needs them as not compared."
)
@option("--base", metavar="REF", help="Tell drift from what manifests changed since REF.")
@option("--accept", multiple=True, metavar="NAME", help="Print what is live as a patch to this manifest; repeatable.")
@option("--patch", type=click.Path(path_type=Path, dir_okay=False), help="With --accept: write the patch to a file.")
@option("--write", is_flag=True, help="With --accept: write into the manifests, and print no patch.")
@time_limit(900)
@takes(DriftOptions, Output, AcceptOptions, TimeLimit)
@published("drift")
def command(options: DriftOptions, output: Output, accepting: AcceptOptions, limit: TimeLimit) -> int:
    """Show what differs from the manifests, and since when; exit 2 if anything does, 7 if not all was compared.

    With --accept, print the patch that makes manifests say what is live: exit 2 if some of it cannot be accepted.
    """
    set_up_logging(output.verbose)
    _check(output, accepting)
    with within(limit.time_limit):
        return _accept(options, accepting) if accepting.accept else _drift(options, output)


def _check(output: Output, accepting: AcceptOptions) -> None:
    if not accepting.accept and (accepting.patch or accepting.write):
        raise UsageError("--patch and --write say where a patch goes: name what to accept with --accept NAME")
    if accepting.patch and accepting.write:
        raise UsageError("give only one of --patch and --write")
    if accepting.accept and (output.stdout != "text" or output.has_ci_outputs):
        raise UsageError("--accept prints a patch, and no report: leave out -o, --json and what publishes a report")


def _drift(options: DriftOptions, output: Output) -> int:
    run = prepared(options)
    drift = run_async(find_drift(run, with_commit=output.names_commit), len(run.workspace.targets))
    publish("drift", drift, output, options, run.workspace)
    return drift.exit_code(asked_for_secrets=not options.without_secrets)


def _accept(options: DriftOptions, accepting: AcceptOptions) -> int:
    from reconciler.engine.accepting import accept_drift

    run = prepared(options)
    drift = run_async(find_drift(run, with_commit=False), len(run.workspace.targets))
    for problem in drift.plan.problems:
        note(f"error: {problem}")
    accepted = accept_drift(run.workspace, drift, accepting.accept)
    for text in accepted.refused:
        note(f"not accepted: {text}")
    if accepting.write:
        for file, text in accepted.after.items():
            write_file(Path(file), text)
        note(f"{plural(len(accepted.after), 'file')} written: review them like any change")
    elif accepting.patch:
        write_file(accepting.patch, accepted.patch)
        note(f"{accepting.patch}: a patch of {plural(len(accepted.after), 'file')}")
    elif accepted.after:
        out(accepted.patch)
    if not (accepted.after or accepted.refused):
        compared = "" if accepted.all_compared else ", as far as it could be compared"
        note(f"nothing to accept: what --accept names has not drifted{compared}")
    return Exit.ERROR if drift.plan.problems else Exit.CHANGES if accepted.refused else Exit.DONE
