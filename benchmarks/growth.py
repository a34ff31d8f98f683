"""How planning grows, for every shape of project: the slope of its processor time from 500 to 5,000 objects.

A slope of 1 is linear, of 2 quadratic: the logarithm of how much longer ten times as many objects take. The tests of
`tests/growth` count calls; here what C does inside one call is seen too.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Iterator

from benchmarks.measure import Measure
from tests.growth.shapes import SHAPES, Shape
from tests.growth.steps import Steps

FEW, MANY = 500, 5_000
BOUND = 1.1
_PARTS = {"mixed": 9, "accounts and groups changed": 3, "references pruned": 3, "references all new": 3}
"""Shapes that have several objects where others have one."""


def seconds(shape: Shape, count: int) -> float:
    """The processor time of planning once, without that of making the project up."""
    steps = Steps(shape(count)).planning()
    gc.collect()
    began = time.process_time()
    for step in steps.values():
        step()
    return time.process_time() - began


def measures() -> Iterator[Measure]:
    """The slope of each shape; the least of three runs of the smaller project, whose noise counts more."""
    for name, shape in SHAPES.items():
        parts = _PARTS.get(name, 1)
        few = min(seconds(shape, FEW // parts) for _ in range(3))
        many = seconds(shape, MANY // parts)
        slope = math.log(many / few) / math.log(MANY / FEW)
        detail = f"{few:.2f} s for {FEW:,}, {many:.2f} s for {MANY:,} objects"
        yield Measure(f"growth: {name}", slope, "slope", slope, slope, detail, BOUND)
