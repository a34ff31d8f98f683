"""What earlier runs of the bench measured, a JSON line each, and what has become slower since. Kept outside of git.

Figures of two machines, or of two versions of Python, are not compared. Neither are single runs trusted: a figure is a
regression only if it grew by more than a tolerance and its quartiles lie wholly above those of the earlier run.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.measure import Measure

ROOT = Path(__file__).parents[1]
DEFAULT = ROOT / ".bench" / "history.jsonl"
TOLERANCE = 1.2
_PACKAGES = ("httpx", "httpcore", "anyio", "PyYAML", "click", "pydantic", "aiohttp")


@dataclass(frozen=True, slots=True)
class Record:
    """One run: when, of which commit, where, with which versions, and its measures by name."""

    date: str
    commit: str
    machine: str
    python: str
    versions: dict[str, str]
    measures: dict[str, Measure]

    def is_comparable(self, other: Record) -> bool:
        """Whether figures of both mean the same."""
        return (self.machine, self.python) == (other.machine, other.python)

    def to_line(self) -> str:
        """The record as a line of the file."""
        return json.dumps(asdict(self), sort_keys=True)


def record(measures: Iterable[Measure]) -> Record:
    """A record of this run, with what could be measured."""
    return Record(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=_commit(),
        machine=machine(),
        python=".".join(platform.python_version_tuple()[:2]),
        versions={name: found for name in _PACKAGES if (found := _version(name))},
        measures={item.name: item for item in measures if not item.not_run},
    )


def machine() -> str:
    """What this machine is, as far as speed goes: its processor, how many of them, and its system."""
    return f"{_processor()}, {os.cpu_count()} cores, {platform.system()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _commit() -> str:
    words = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def read_history(path: Path) -> list[Record]:
    """The earlier runs, oldest first. A line that cannot be read, as one that was cut, is left out."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [found for line in lines for found in _parsed(line)]


def _parsed(line: str) -> Iterator[Record]:
    known = {item.name for item in fields(Measure)}
    try:
        parts: dict[str, Any] = json.loads(line)
        measures = {
            name: Measure(**{key: value for key, value in item.items() if key in known})
            for name, item in parts.pop("measures").items()
        }
        yield Record(**parts, measures=measures)
    except (ValueError, TypeError, KeyError, AttributeError):
        return


def append(path: Path, run: Record) -> None:
    """Add a run to the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(run.to_line() + "\n")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run held against earlier ones: what became worse, what better, and what there was nothing to compare with."""

    worse: tuple[str, ...] = ()
    better: tuple[str, ...] = ()
    new: tuple[str, ...] = ()


def compare_with(run: Record, earlier: Sequence[Record], tolerance: float = TOLERANCE) -> Comparison:
    """Each measure against the last comparable run that has it."""
    worse, better, new = [], [], []
    for name, now in run.measures.items():
        before = next((old for old in reversed(earlier) if old.is_comparable(run) and name in old.measures), None)
        if before is None:
            new.append(name)
            continue
        old = before.measures[name]
        words = f"{name}: {old.value:.2f} -> {now.value:.2f} {now.unit} (since {before.commit} of {before.date[:10]})"
        if _is_more(now, old, tolerance):
            worse.append(words)
        elif _is_more(old, now, tolerance):
            better.append(words)
    return Comparison(tuple(worse), tuple(better), tuple(new))


def _is_more(one: Measure, other: Measure, tolerance: float) -> bool:
    """Whether a figure is clearly above another: by more than the tolerance, and beyond what the rounds differed."""
    return one.value > other.value * tolerance and one.low > other.high
