"""Whatever the vendor's documents leave open: under each answer, and each pair of answers, the plan ends empty.

The three states of `scenes` are gone through for every setting alone, and for combinations of settings of all switches
that between them hold every pair (allpairspy). The number of behaviours is printed at the end of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import Enum
from itertools import combinations
from typing import Any

import pytest
from allpairspy import AllPairs

from reconciler.simulator.confluent import Behaviours
from reconciler.simulator.confluent.behaviours import Late
from tests.providers.confluent.scenes import play

SWITCHES = Behaviours.switches()
LIKELY = Behaviours()
Pair = tuple[tuple[str, Enum], tuple[str, Enum]]


def alone() -> Iterator[Behaviours]:
    """The likely organisation, and each that differs from it in one setting."""
    yield LIKELY
    for name, settings in SWITCHES.items():
        for setting in settings[1:]:
            odd: dict[str, Any] = {name: setting}
            yield replace(LIKELY, **odd)


def mixed() -> list[Behaviours]:
    """Organisations that between them hold every pair of settings of two switches."""
    return [Behaviours(**dict(zip(SWITCHES, row, strict=True))) for row in AllPairs(list(SWITCHES.values()))]


def describe(behaviours: Behaviours) -> str:
    """What differs from the likely organisation."""
    odd = [f"{name}={getattr(behaviours, name).value}" for name in SWITCHES]
    return ",".join(text for text, name in zip(odd, SWITCHES, strict=True) if _is_odd(behaviours, name)) or "likely"


def _is_odd(behaviours: Behaviours, name: str) -> bool:
    return getattr(behaviours, name) is not getattr(LIKELY, name)


def pairs_of(behaviours: Behaviours) -> set[Pair]:
    """Every pair of settings that one organisation holds."""
    settings: list[tuple[str, Enum]] = [(name, getattr(behaviours, name)) for name in SWITCHES]
    return {(one, other) for one, other in combinations(settings, 2)}


ALONE, MIXED = list(alone()), mixed()
PAIRS = {
    (((one, a)), ((other, b)))
    for (one, ours), (other, theirs) in combinations(SWITCHES.items(), 2)
    for a in ours
    for b in theirs
}


@pytest.mark.parametrize("behaviours", ALONE, ids=describe)
def test_each_setting_alone_ends_in_an_empty_plan(
    behaviours: Behaviours, record_property: Callable[[str, object], None]
) -> None:
    play(behaviours)
    record_property("simulated behaviour alone", describe(behaviours))


@pytest.mark.parametrize("behaviours", MIXED, ids=range(len(MIXED)))
def test_every_pair_of_settings_ends_in_an_empty_plan(
    behaviours: Behaviours, record_property: Callable[[str, object], None]
) -> None:
    play(behaviours)
    record_property("simulated behaviours mixed", describe(behaviours))


@pytest.mark.parametrize("pace", [0.1, 0.4, 1.1])
@pytest.mark.parametrize("late", [Late.LISTS, Late.READS])
def test_late_reads_are_waited_for_however_long_a_call_takes(late: Late, pace: float) -> None:
    play(replace(LIKELY, late=late), pace)


def test_the_mixed_organisations_hold_every_pair_of_settings() -> None:
    held = set[Pair]().union(*(pairs_of(behaviours) for behaviours in MIXED))
    assert held == PAIRS
