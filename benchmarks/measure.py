"""Measuring: the sides of a comparison take turns, so that a busy machine hurts them alike, and medians are compared.

A `Measure` is one line of the bench. What could not be measured is one too, with the reason: it says NOT RUN.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

CONSOLE = str(Path(sys.executable).parent / "reconciler")
"""The console script: `python -m reconciler` starts otherwise."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What one side took in one round: seconds by the clock, and of the processor."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure. `value` is what is kept and compared with an earlier run, smaller is better: a ratio, an exponent,
    megabytes (`unit`). `low` and `high` are the quartiles of the rounds, `detail` is what it was made of.

    `bound` is what is promised, 0 for nothing. `not_run` says why there is no figure.
    """

    name: str
    value: float = 0.0
    unit: str = "times"
    low: float = 0.0
    high: float = 0.0
    detail: str = ""
    bound: float = 0.0
    not_run: str = ""

    def __str__(self) -> str:
        if self.not_run:
            return f"{self.name:<58} NOT RUN: {self.not_run}"
        promised = f"  bound {self.bound:g}{', missed' if self.value > self.bound else ''}" if self.bound else ""
        return f"{self.name:<58} {self.value:>8.2f} {self.unit:<6} {self.detail}{promised}".rstrip()


def markdown_row(measure: Measure) -> str:
    """The measure as a row of the README's table: what, the figure, what it was made of."""
    figure = f"{measure.value:.2f} {measure.unit}" if not measure.not_run else "NOT RUN"
    return f"| {measure.name} | {figure} | {measure.detail or measure.not_run} |"


def not_run(name: str, reason: str) -> Measure:
    """A measure that could not be made."""
    return Measure(name, not_run=reason)


def compare(
    name: str,
    ours: Sequence[Spent],
    yardstick: Sequence[Spent],
    of: str,
    *,
    by_cpu: bool = False,
    bound: float = 0.0,
) -> Measure:
    """The median of the rounds' ratios of ours to the yardstick `of`; `by_cpu` compares processor time."""

    def seconds(spent: Spent) -> float:
        return spent.cpu if by_cpu else spent.wall

    ratios = [seconds(mine) / max(seconds(other), 1e-9) for mine, other in zip(ours, yardstick, strict=True)]
    low, high = quartiles(ratios)
    sides = (median(map(seconds, ours)), median(map(seconds, yardstick)))
    unit = " of CPU" if by_cpu else ""
    detail = f"{sides[0]:.3f} s{unit} against {sides[1]:.3f} s of {of}"
    return Measure(name, median(ratios), low=low, high=high, detail=detail, bound=bound)


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """The lower and the upper quartile; the value itself where there is but one."""
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = quantiles(values, n=4, method="inclusive")
    return low, high


def in_turns(sides: Mapping[str, Callable[[], Spent]], rounds: int) -> dict[str, list[Spent]]:
    """What each side took in so many rounds. In every round all sides run once; each round begins with another."""
    names = list(sides)
    spent: dict[str, list[Spent]] = {name: [] for name in names}
    for number in range(rounds):
        start = number % len(names)
        for name in (*names[start:], *names[:start]):
            spent[name].append(sides[name]())
    return spent


def run_process(words: Sequence[str], environ: Mapping[str, str], folder: str | Path = ".") -> Spent:
    """How long a process takes, start and end included; its output is thrown away, and a failure is raised."""
    before, begin = _children_seconds(), time.perf_counter()
    subprocess.run(words, check=True, capture_output=True, env=dict(environ), cwd=folder)
    return Spent(time.perf_counter() - begin, _children_seconds() - before)


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def python(*words: str) -> list[str]:
    """A process of this Python."""
    return [sys.executable, *words]


def reconciler(*words: str) -> list[str]:
    """A process of the command."""
    return [sys.executable, CONSOLE, *words]


def missed(measures: Iterable[Measure]) -> Iterator[str]:
    """What is promised and missed, a line each."""
    for item in measures:
        if not item.not_run and item.bound and item.value > item.bound:
            yield f"{item.name}: {item.value:.2f} {item.unit} is more than the {item.bound:g} that is promised"
