"""`python -m benchmarks [GROUP...]`: measure, print a line as soon as it is known, and hold it against earlier runs."""

from __future__ import annotations

import os
import platform
import signal
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

import click

from benchmarks.history import DEFAULT, TOLERANCE, Comparison, append, compare_with, machine, read_history, record
from benchmarks.measure import Measure, markdown_row, missed

GROUPS = {
    "starting": "cold starts of the verbs, against a bare Python, imports, and a bare list call",
    "planning": "plans of 1,000 and 10,000 channels against a bare list; validate against the YAML parser",
    "applying": "an apply against a bare loop of the same calls",
    "fleet": "100 clusters of 100 channels in one plan, against bare lists of them",
    "growth": "how planning grows from 500 to 5,000 objects, for every shape of project",
    "memory": "the peak memory of plans of 10,000 and 100,000 channels",
    "opentofu": "the same against OpenTofu and its provider, where both are on this machine",
}
"""Each group is a module of this package with a function `measures`, which gives one `Measure` after the other."""


@click.command()
@click.argument("groups", nargs=-1, type=click.Choice(sorted(GROUPS)))
@click.option(
    "--history", type=click.Path(path_type=Path, dir_okay=False), default=DEFAULT, help="The file of all runs."
)
@click.option("--no-history", is_flag=True, help="Neither read nor write it.")
@click.option("--fail-on-regression", is_flag=True, help="Exit 1 if a figure is clearly worse than in the last run.")
@click.option(
    "--tolerance", type=click.FloatRange(1.0), default=TOLERANCE, show_default=True, help="What is not worse."
)
@click.option("--markdown", is_flag=True, help="Print the figures as a table of the README, too.")
def main(
    groups: Sequence[str], history: Path, no_history: bool, fail_on_regression: bool, tolerance: float, markdown: bool
) -> None:
    """Measure all groups, or those that are named: ratios of sides that took turns in one run."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # else the simulators would be left running
    click.echo(f"{machine()}; Python {platform.python_version()}; load {os.getloadavg()[0]:.1f}; medians of rounds\n")
    measures = []
    for measure in _measured(groups or tuple(GROUPS)):
        click.echo(str(measure))
        measures.append(measure)
    run = record(measures)
    comparison = Comparison() if no_history else compare_with(run, read_history(history), tolerance)
    if not no_history:
        append(history, run)
    click.echo("\n" + "\n".join(_words(comparison, measures, "" if no_history else str(history))))
    if markdown:
        click.echo("\n| what | figure | measured |\n|---|---|---|\n" + "\n".join(map(markdown_row, measures)))
    if fail_on_regression and comparison.worse:
        sys.exit(1)


def _measured(groups: Sequence[str]) -> Iterator[Measure]:
    for name in groups:
        yield from import_module(f"benchmarks.{name}").measures()


def _words(comparison: Comparison, measures: Sequence[Measure], history: str) -> Iterator[str]:
    yield from (f"missed: {line}" for line in missed(measures))
    yield from (f"WORSE: {line}" for line in comparison.worse)
    yield from (f"better: {line}" for line in comparison.better)
    if history and not comparison.worse:
        first = f", {len(comparison.new)} measured for the first time on this machine" if comparison.new else ""
        yield f"No figure is clearly worse than in the last comparable run{first}."
    if history:
        yield f"kept in {history}"


if __name__ == "__main__":
    main()
