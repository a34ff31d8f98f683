"""Every step of a run works in proportion to the number of objects, whatever a project looks like: counted, not timed.

Where work is linear, as many objects more cost as many calls more, whether they are the second or the third so many; a
step that compares pairs costs more each time. What C does inside one call (to copy a set, say) is not seen here:
`make bench` looks at that, with 10,000 objects.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.model import dataclass
from tests.growth.shapes import SHAPES, Shape
from tests.growth.steps import Steps, count_calls

_SHOWN = {
    "mixed": 1,
    "left over": 4,
    "kept as it is live": 4,
    "disabled by hand": 4,
    "not comparable but of one display name": 4,
    "accounts and groups changed": 3,
    "pruned with a monitor each": 4,
    "unmanaged of one display name": 4,
    "confluent subscriptions": 4,
}
"""The shapes that are reported too, and by how many objects they grow: together they have all that a plan can hold."""


def grown(shape: Shape, by: int, *, reporting: bool = False) -> dict[str, tuple[int, int]]:
    """By step, the calls that the second and the third so many objects cost."""
    runs = []
    for count in (2, 1, by, 2 * by, 3 * by):  # the first two for what is imported, and kept, at first use
        steps = Steps(shape(count))
        planning = count_calls(steps.planning())
        runs.append(count_calls(steps.reporting()) if reporting else planning)
        finish_dataclasses()
    *_, one, two, three = runs
    return {name: (two[name] - one[name], three[name] - two[name]) for name in one}


def finish_dataclasses() -> None:
    """Give every dataclass of ours the `__init__` that it gets when it has been called often, at some cost."""
    for module in [module for name, module in sys.modules.items() if name.startswith("reconciler.")]:
        kinds: list[Any] = [kind for kind in vars(module).values() if isinstance(kind, type)]
        for kind in kinds:
            if kind.__init__.__qualname__.startswith("_first_init"):
                kind.__init__ = dataclass._init(kind)


def too_many(grown_by: Mapping[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """The steps of which the third so many objects cost more than the second."""
    return {name: (second, third) for name, (second, third) in grown_by.items() if third > 1.005 * second + 4}


@pytest.mark.parametrize("name", SHAPES)
def test_planning_costs_each_object_the_same(name: str) -> None:
    assert not too_many(grown(SHAPES[name], 4))


@pytest.mark.parametrize("name", _SHOWN)
def test_reporting_costs_each_object_the_same(name: str) -> None:
    assert not too_many(grown(SHAPES[name], _SHOWN[name], reporting=True))


def test_a_step_that_compares_pairs_is_seen() -> None:
    def pairs(count: int) -> dict[str, int]:
        items = [str(number) for number in range(count)]
        return count_calls({"pairs": lambda: [one.isdigit() for one in items for _ in items]})

    one, two, three = (pairs(count)["pairs"] for count in (4, 8, 12))
    assert too_many({"pairs": (two - one, three - two)})
