"""Measuring: the best of several runs, alternating between the two sides so that a busy machine hurts both alike."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Ratio", "alternate", "process_seconds"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """One comparison: seconds of ours and of the yardstick, and the bound that is promised."""

    name: str
    ours: float
    yardstick: float
    bound: str
    note: str = ""

    def __str__(self) -> str:
        ratio = f"{self.ours / self.yardstick:.2f} times"
        more = f"{self.ours - self.yardstick:+.3f} s"
        times = f"{self.ours:.3f} s against {self.yardstick:.3f} s"
        return f"{self.name:<46} {times:<26} {ratio:>11} {more:>10}  bound: {self.bound}{self.note}"


def alternate(ours: Callable[[], float], yardstick: Callable[[], float], rounds: int) -> tuple[float, float]:
    """The least seconds of each side over so many rounds, taken in turns."""
    pairs = [(yardstick(), ours()) for _ in range(rounds)]
    return min(pair[1] for pair in pairs), min(pair[0] for pair in pairs)


def process_seconds(arguments: Sequence[str], environ: Mapping[str, str], cwd: str) -> float:
    """How long a whole Python process takes, start and end included; its output is thrown away."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=dict(environ), cwd=cwd)
    return time.perf_counter() - begin
