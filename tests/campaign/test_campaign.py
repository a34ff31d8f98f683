"""The short campaign, in parts that can run side by side: every fault at every call, a kill at every journal line."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from reconciler.simulator import Simulator
from tests.campaign.cases import MIXES, Case, chosen_case, every_case
from tests.campaign.play import Intruder, play
from tests.campaign.world import World

PARTS = 12
SEED = 20


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Simulator() as simulator:
        yield World(simulator)


def cases_of(world: World, mix: str) -> list[Case]:
    """All cases of a mix, counted out by an apply that nothing disturbs."""
    undisturbed = Case(mix, MIXES[mix])
    world.start_over()
    steps = Intruder(world, 0)
    ended = world.apply(undisturbed.first, step=steps)
    assert ended.result is not None
    assert ended.result.exit_code == 0
    return list(every_case(mix, ended.calls, ended.journal_lines, steps.steps))


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("mix", sorted(MIXES))
def test_whatever_goes_wrong_the_next_run_ends_where_it_should(
    world: World, mix: str, part: int, record_property: Callable[[str, object], None]
) -> None:
    cases = cases_of(world, mix)[part::PARTS]
    wrong = [line for case in cases for line in play(world, case)]
    record_property("campaign_cases", len(cases))
    record_property("campaign_wrong", len(wrong))
    assert cases
    assert not wrong, "\n".join(wrong[:10])


@pytest.mark.parametrize("version", ["2.19.5", "3.6.0"])
def test_so_it_does_at_random_with_several_faults_and_side_by_side(
    version: str, record_property: Callable[[str, object], None]
) -> None:
    with Simulator(opensearch_version=version) as simulator:
        world = World(simulator)
        cases = [case for case in (chosen_case(number, SEED) for number in range(60)) if not case.is_late]
        wrong = [line for case in cases for line in play(world, case)]
    record_property("campaign_cases", len(cases))
    record_property("campaign_wrong", len(wrong))
    assert not wrong, "\n".join(wrong[:10])
