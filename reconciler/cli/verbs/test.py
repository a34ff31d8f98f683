"""`reconciler test`: sends test notifications through what is live. It changes nothing."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.applying import tell_what_happened
from reconciler.cli.options import (
    COMMON,
    CONNECTING,
    SELECTING,
    complete_name,
    option,
    options,
    prepared,
    run_async,
    takes,
)
from reconciler.cli.publishing import OUTPUTS, Output, publish, published, write_file
from reconciler.cli.terminal import note, set_up_logging
from reconciler.engine.options import TestOptions
from reconciler.engine.testing import Tests, send_tests
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Problem


@dataclass(frozen=True, kw_only=True)
class TestFiles:
    """The report files of tests."""

    __test__ = False  # pytest would take it for a test class

    junit: Path | None = None

    def write(self, done: Tests) -> None:
        """Write a report of what was tested; ConfigurationError if it cannot be written."""
        if self.junit is not None:
            from reconciler.report.machines import render_junit

            write_file(self.junit, render_junit(done.results, done.problems))

    def write_failure(self, problems: list[Problem]) -> None:
        """Write a report that has no tests, only what stopped the run."""
        if self.junit is not None:
            from reconciler.report.machines import render_junit

            write_file(self.junit, render_junit([], problems))


@click.command("test")
@click.argument("names", nargs=-1, shell_complete=complete_name)
@options(COMMON, SELECTING, CONNECTING, OUTPUTS)
@option("--all", "everything", is_flag=True, help="Every channel except those with test.when: never.")
@option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Also write a JUnit report to this file.")
@takes(TestOptions, Output, TestFiles)
@published("test")
def command(options: TestOptions, output: Output, files: TestFiles) -> int:
    """Send a test message through the live channels of these manifests, and report each result."""
    if not (options.names or options.everything or options.select or options.only):
        raise click.UsageError("name the channels to test, or pass --all or --select")
    set_up_logging(output.verbose)
    run = prepared(options)
    done = run_async(send_tests(run), len(run.workspace.targets))
    for text in (*(f"error: {problem}" for problem in done.problems), *done.notes):
        note(text)
    tell_what_happened(
        "test", lambda: publish("test", done.results, output, options, run.workspace, problems=done.problems)
    )
    tell_what_happened("test", lambda: files.write(done))
    return done.exit_code
