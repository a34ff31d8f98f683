"""The short campaign, in parts that can run side by side: every fault at every call, a kill at every journal line, and
every cross alone and with every other one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import pytest

from reconciler.simulator import Simulator
from tests.campaign.cases import MIXES, Case, chosen_case, crossed_cases, disturbed_cases
from tests.campaign.crosses import CROSSES
from tests.campaign.play import Intruder, play
from tests.campaign.world import World

PARTS = 8
SEED = 20

Record = Callable[[str, object], None]


@pytest.fixture(scope="module", params=["3.6.0", "2.19.5"])
def any_world(request: pytest.FixtureRequest) -> Iterator[World]:
    with Simulator(opensearch_version=request.param) as simulator:
        yield World(simulator)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Simulator() as simulator:
        yield World(simulator)


def play_all(world: World, cases: Iterable[Case], record: Record) -> None:
    """Play cases and count them; none may go wrong."""
    cases = list(cases)
    wrong = [line for case in cases for line in play(world, case).wrong]
    record("campaign_cases", len(cases))
    record("campaign_wrong", len(wrong))
    assert cases
    assert not wrong, "\n".join(wrong[:10])


def disturbed_cases_of(world: World, mix: str) -> list[Case]:
    """All cases of a mix, counted out by an apply that nothing disturbs."""
    undisturbed = Case(mix, MIXES[mix])
    world.start_over()
    steps = Intruder(world, 0)
    ended = world.apply(undisturbed.first, step=steps)
    assert ended.result is not None
    assert ended.result.exit_code == 0
    return list(disturbed_cases(mix, ended.calls, ended.journal_lines, steps.steps))


@pytest.mark.parametrize("mix", sorted(MIXES))
def test_whatever_is_out_of_the_ordinary_ends_as_it_should(any_world: World, mix: str, record_property: Record) -> None:
    play_all(any_world, crossed_cases(mix), record_property)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("mix", sorted(MIXES))
def test_whatever_goes_wrong_the_next_run_ends_where_it_should(
    world: World, mix: str, part: int, record_property: Record
) -> None:
    play_all(world, disturbed_cases_of(world, mix)[part::PARTS], record_property)


@pytest.mark.parametrize("version", ["2.19.5", "3.6.0"])
def test_so_it_does_at_random_with_several_faults_and_side_by_side(version: str, record_property: Record) -> None:
    with Simulator(opensearch_version=version) as simulator:
        chosen = (chosen_case(number, SEED) for number in range(60))
        play_all(World(simulator), (case for case in chosen if not case.is_late), record_property)


def test_every_cross_meets_faults_kills_and_every_other_cross(world: World) -> None:
    disturbed = [case for mix in MIXES for case in disturbed_cases_of(world, mix)]
    alone = [case for mix in MIXES for case in crossed_cases(mix)]
    for cross in CROSSES:
        met = [case for case in disturbed if cross in case.crosses]
        assert {len(case.faults) for case in met} == {0, 1}
        assert any(case.kill_at for case in met)
        assert any(case.intrude_at for case in met)
        assert {name for case in alone if cross in case.crosses for name in case.crosses} == CROSSES.keys()
