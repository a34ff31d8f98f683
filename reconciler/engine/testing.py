"""Really send test notifications to what is live, and say what each established. Nothing is written."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from reconciler.apply.results import TestResult, exit_of_tests
from reconciler.apply.testing import run_test, untestable
from reconciler.apply.writing import make_payload
from reconciler.engine.load import Workspace
from reconciler.engine.options import TestOptions
from reconciler.engine.plan import read_options
from reconciler.engine.read import split_targets
from reconciler.engine.run import Run
from reconciler.engine.targets import Live, read_targets
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ForbiddenError, Problem, TargetError
from reconciler.model.evidence import Evidence, No, Tested, expectation, unknown
from reconciler.model.gaps import GAPS, UnknownReason
from reconciler.model.kinds import KINDS
from reconciler.model.resource import Payload, When
from reconciler.plan.marks import Mark, Match
from reconciler.tasks import side_by_side


@dataclass(frozen=True, slots=True)
class Tests:
    """The result for each channel; `problems` say which targets and resources could not be tested at all."""

    __test__ = False  # pytest would take it for a test class

    results: list[TestResult]
    problems: list[Problem]
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """The code of the contract."""
        return exit_of_tests(self.results, failed=bool(self.problems))


async def send_tests(run: Run) -> Tests:
    """Test the channels that the run is about (`TestOptions`), each by one message."""
    options = run.options
    named = frozenset(options.names) if isinstance(options, TestOptions) else frozenset()
    async with read_targets(run.workspace, read_options(run.workspace, run.planning)) as targets:
        lives, unread = split_targets(targets)
        chosen = [(live, match) for live in lives for match in _chosen(live, run.workspace, named)]
        places = {live.plan.target: _places(run, live.plan.target) for live in lives}  # one that hangs delays no other
        results = await side_by_side(
            _one(live, match, places[live.plan.target], named=match.resource.name in named) for live, match in chosen
        )
    problems = [target.problem for target in unread]
    problems += [refusal.problem(live.plan.target) for live in lives for refusal in live.plan.refusals]
    nothing = f"{GAPS[UnknownReason.NOTHING_SELECTED].says}: the chosen manifests hold accounts and groups only"
    return Tests(results, problems, () if results or problems else (nothing,))


def _places(run: Run, target: str) -> asyncio.Semaphore:
    return asyncio.Semaphore(run.planning.parallelism or run.workspace.project.targets[target].parallelism)


def _chosen(live: Live, workspace: Workspace, named: frozenset[str]) -> Iterator[Match]:
    """The matches to test: what was named, even an account, so that its skip is reported; else only channels."""
    selected = workspace.selected(live.plan.target)
    for match in live.matching.matches:
        name = match.resource.name
        if name in named or (KINDS[match.resource.kind].sends and (selected is None or name in selected)):
            yield match


async def _one(live: Live, match: Match, places: asyncio.Semaphore, *, named: bool) -> TestResult:
    resource = match.resource
    asked = KINDS[resource.kind].sends and _is_wanted(match)
    if not named and resource.settings.test.when is When.NEVER:
        skipped = Tested(unknown(UnknownReason.NOT_DUE))
        return TestResult(live.plan.target, resource.kind, resource.name, skipped, asked=False)
    began = time.monotonic()
    tested = await _tested(live, match, places)
    seconds = round(time.monotonic() - began, 3)
    return TestResult(live.plan.target, resource.kind, resource.name, tested, seconds, asked)


def _is_wanted(match: Match) -> bool:
    """Whether the manifest wants the channel to work: one that it disables is not asked for. A match that is `off`
    stays disabled in this run, as its resource then says, though its manifest does not."""
    return match.off is not None or match.resource.fields.get("enabled") is not False


async def _tested(live: Live, match: Match, places: asyncio.Semaphore) -> Tested:
    resource, found, provider = match.resource, match.found, live.provider
    if (why := untestable(match)) is not None:
        return Tested(why)
    if found is None:
        return Tested(await _missing(live, match))
    expect = expectation(resource.kind, resource.settings.test, provider.abilities)
    async with places:
        return await run_test(lambda: provider.send_test(found.id, _payload(live, match)), expect)


async def _missing(live: Live, match: Match) -> Evidence:
    """Why there is nothing to test: what the list lacks is not live only if the server says so of its id."""
    if match.create_id is None:
        lacking = live.plan.incomplete
        return unknown(UnknownReason.LIST_INCOMPLETE, f"not in the list: {lacking}") if lacking else _NOT_LIVE
    try:
        there = await live.provider.read(match.create_id)
    except ForbiddenError:
        text = f"{match.create_id} is there, but your roles may not see it"
        return unknown(UnknownReason.OBJECT_HIDDEN, text)
    except TargetError as error:
        return unknown(UnknownReason.LIST_INCOMPLETE, f"the server cannot read {match.create_id}: {error}")
    return _NOT_LIVE if there is None else No("it was created a moment ago: test it again")


_NOT_LIVE = No("not live: apply it first")


def _payload(live: Live, match: Match) -> Payload | None:
    """The manifest's values, for a provider that does not give secrets back; None where one of them is not known."""
    mark = Mark(live.ownership.owner, match.resource.name)
    ids = {name: object_id for object_id, name in live.matching.names.items()}
    try:
        return make_payload(match.resource, match.found, mark, live.secrets, ids, live.matching.names)
    except LookupError:
        return None
