"""Whole processes over many channels: a plan of what is settled against a bare list, `validate` against `yaml`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.fleet import fleet, write_fleet
from benchmarks.measure import Measure, compare, in_turns, python, reconciler, run_process
from benchmarks.projects import CONFIGS, environment, write_project

LIST = "import httpx, sys; httpx.get(sys.argv[1], timeout=60).json()"
LOAD_ALL = "import sys, yaml; list(yaml.load_all(open(sys.argv[1], 'rb').read(), Loader=yaml.CSafeLoader))"


def measures() -> Iterator[Measure]:
    """Plans of 1,000 and 10,000 channels that are as they should be, and `validate` of 10,000."""
    yield plan(1_000, rounds=7)
    yield plan(10_000, rounds=5)
    yield validate(10_000, rounds=5)


def plan(count: int, rounds: int) -> Measure:
    """A plan of so many channels on one cluster, each process against one that only lists them."""
    with tempfile.TemporaryDirectory() as name, fleet(1, count) as urls:
        folder, environ = Path(name), environment()
        write_fleet(folder, urls, count)
        ((_, url),) = urls.items()
        words = python("-c", LIST, f"{url}{CONFIGS}?max_items=10000&sort_field=created_time_ms")
        ours = reconciler("plan", "--detailed-exitcode")  # 2, a failure, if it were not settled
        spent = in_turns(
            {
                "ours": lambda: run_process(ours, environ, folder),
                "list": lambda: run_process(words, environ, folder),
            },
            rounds,
        )
    return compare(
        f"plan of {count:,} settled channels / a bare list of them", spent["ours"], spent["list"], "the list"
    )


def validate(count: int, rounds: int) -> Measure:
    """`validate` of so many manifests against `yaml.load_all` with the C loader on the same bytes."""
    with tempfile.TemporaryDirectory() as name:
        folder, environ = Path(name), environment()
        load = python("-c", LOAD_ALL, str(write_project(folder, count)))
        spent = in_turns(
            {
                "ours": lambda: run_process(reconciler("validate"), environ, folder),
                "load": lambda: run_process(load, environ, folder),
            },
            rounds,
        )
    return compare(
        f"validate of {count:,} manifests / yaml.load_all",
        spent["ours"],
        spent["load"],
        "the load",
        by_cpu=True,
        bound=2,
    )
