"""`reconciler test`: really send test notifications to what is live. It writes nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.apply.results import TestResult, exit_of_tests
from reconciler.apply.testing import run_test, untestable
from reconciler.cli.loading import prepared
from reconciler.cli.main import set_up_logging
from reconciler.cli.options import COMMON, CONNECTING, SELECTING, complete_name, option, options, takes
from reconciler.cli.publishing import OUTPUTS, Output, publish, published, write_file
from reconciler.cli.terminal import note
from reconciler.engine.load import Workspace
from reconciler.engine.options import PlanningOptions, TestOptions
from reconciler.engine.plan import read_options
from reconciler.engine.read import Live, close, read_targets
from reconciler.model.evidence import No, Tested, expectation, unknown
from reconciler.model.gaps import GAPS, UnknownReason
from reconciler.model.kinds import KINDS
from reconciler.model.provider import Provider
from reconciler.model.resource import Draft, Resource, When
from reconciler.plan.marks import Mark, Match
from reconciler.plan.payload import make_draft


@dataclass(frozen=True, kw_only=True)
class TestFiles:
    """The reports that tests leave behind."""

    __test__ = False  # pytest would take it for a test class

    junit: Path | None = None

    def write_failure(self, messages: list[str]) -> None:
        """A report without tests, and with what stopped the run."""
        if self.junit is not None:
            from reconciler.report.machines import render_junit

            write_file(self.junit, render_junit([], messages))


@click.command("test")
@click.argument("names", nargs=-1, shell_complete=complete_name)
@options(COMMON, SELECTING, CONNECTING, OUTPUTS)
@option("--all", "everything", is_flag=True, help="Every channel but those under test.when: never.")
@option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Also write a JUnit report to this file.")
@takes(TestOptions, Output, TestFiles)
@published("test")
def command(options: TestOptions, output: Output, files: TestFiles) -> int:
    """Send a test message through the live channels of these manifests, and say how each fared."""
    if not (options.names or options.everything or options.select or options.only):
        raise click.UsageError("name the channels to test, or pass --all or --select")
    set_up_logging(output.verbose)
    run = prepared(options)
    workspace = run.workspace
    results, errors = asyncio.run(_test(workspace, run.planning, named=frozenset(options.names)))
    for error in errors:
        note(f"error: {error}")
    publish("test", results, output, options, workspace, errors=errors)
    if files.junit is not None:
        from reconciler.report.machines import render_junit

        write_file(files.junit, render_junit(results, errors))
    return exit_of_tests(results, errors)


async def _test(
    workspace: Workspace, options: PlanningOptions, *, named: frozenset[str]
) -> tuple[list[TestResult], list[str]]:
    lives = await read_targets(workspace, read_options(workspace, options))
    try:
        chosen = [(live, match) for live in lives for match in _chosen(live, workspace, named)]
        places = asyncio.Semaphore(options.parallelism or 10)
        results = await asyncio.gather(
            *(_one(live, match, places, named=match.resource.name in named) for live, match in chosen)
        )
    finally:
        await close(lives)
    errors = [f"{live.plan.target}: {live.plan.error}" for live in lives if live.plan.error]
    errors += [
        f"{live.plan.target}: {refusal.name}: {refusal.message}" for live in lives for refusal in live.plan.refusals
    ]
    if not results and not errors:
        note(f"{GAPS[UnknownReason.NOTHING_SELECTED].says}: the chosen manifests hold accounts and groups only")
    return list(results), errors


def _chosen(live: Live, workspace: Workspace, named: frozenset[str]) -> Iterator[Match]:
    """The matches to test: what was named, even an account, so that its skip is reported; else only channels."""
    selected = workspace.selected(live.plan.target)
    for match in live.matching.matches:
        name = match.resource.name
        if name in named or (KINDS[match.resource.kind].sends and (selected is None or name in selected)):
            yield match


async def _one(live: Live, match: Match, places: asyncio.Semaphore, *, named: bool) -> TestResult:
    resource, provider = match.resource, live.provider
    asked = KINDS[resource.kind].sends and _is_wanted(resource)
    if not named and resource.settings.test.when is When.NEVER:
        skipped = Tested(unknown(UnknownReason.NOT_DUE))
        return TestResult(live.plan.target, resource.kind, resource.name, skipped, asked=False)
    began = time.monotonic()
    tested = await _tested(live, match, provider, places)
    seconds = round(time.monotonic() - began, 3)
    return TestResult(live.plan.target, resource.kind, resource.name, tested, seconds, asked)


def _is_wanted(resource: Resource) -> bool:
    """Whether the manifest wants the channel to work: one that it disables is not asked for."""
    return "enabled" in resource.settings.ignore or resource.fields.get("enabled") is not False


async def _tested(live: Live, match: Match, provider: Provider | None, places: asyncio.Semaphore) -> Tested:
    resource, found = match.resource, match.found
    if (why := untestable(match)) is not None:
        return Tested(why)
    if found is None or provider is None:
        return Tested(No("not live: apply it first"))
    expect = expectation(resource.kind, resource.settings.test, provider.abilities)
    async with places:
        return await run_test(lambda: provider.send_test(found.id, _draft(live, match)), expect)


def _draft(live: Live, match: Match) -> Draft | None:
    """The manifest's values, for a provider that does not give secrets back; None where one of them is not known."""
    mark = Mark(live.ownership.owner, match.resource.name)
    ids = {name: object_id for object_id, name in live.matching.names.items()}
    try:
        return make_draft(match.resource, match.found, mark, live.secrets, ids, live.matching.names)
    except LookupError:
        return None
