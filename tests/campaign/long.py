"""The long campaign: `python -m tests.campaign [CASES] [SEED]`, in one process for each core. Prints the counts.

A case that goes wrong is printed with its number; `--case NUMBER` plays it again. `--start NUMBER` goes on where an
earlier campaign was ended: each fifty cases are counted as they come.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from reconciler.simulator import Simulator
from tests.campaign.cases import Case, chosen_case
from tests.campaign.play import Played, play
from tests.campaign.proxied import CASES as PROXIED
from tests.campaign.proxied import find_proxy, play_proxied
from tests.campaign.world import World

CASES, SEED = 10_000, 7
VERSIONS = ("3.6.0", "2.19.5", "3.0.0")
_BATCH = 50
_LATEST = 0.7  # seconds after which a write that the simulator held back is carried out

Counts = Counter[tuple[str, str]]


def play_batch(numbers: range, seed: int) -> tuple[list[str], Counts]:
    """Play cases by number, each batch on a simulator of its own: what went wrong, and how many there were of what."""
    version = VERSIONS[numbers.start // _BATCH % len(VERSIONS)]
    wrong: list[str] = []
    counts: Counts = Counter()
    with Simulator(opensearch_version=version) as simulator:
        world = World(simulator)
        for number in numbers:
            case = chosen_case(number, seed)
            played = play(world, case, wait)
            wrong += [f"{line} (on {version})" for line in played.wrong]
            counts.update(_counted(case, played, version))
    return wrong, counts


def _counted(case: Case, played: Played, version: str) -> Iterator[tuple[str, str]]:
    """All that a case was about, and how its first run ended."""
    yield "server", version
    yield "first run", played.ended
    for part, names in (("fault", case.disturbances), ("cross", case.crosses or ("none",))):
        for name in sorted(set(names)):
            yield part, name
            yield f"{part}: {name}", played.ended


def wait(case: Case) -> None:
    """Let late writes arrive before the second run."""
    if case.is_late:
        time.sleep(_LATEST)


def main(arguments: Sequence[str]) -> int:
    """0 if no case went wrong, 1 if any did."""
    asked = _parse(arguments)
    if asked.case is not None:
        start = asked.case // _BATCH * _BATCH
        wrong, _ = play_batch(range(start, asked.case + 1), asked.seed)
        sys.stdout.write("\n".join([*wrong, f"cases up to {asked.case}: {len(wrong)} wrong", ""]))
        return bool(wrong)
    batches = [
        (range(start, min(start + _BATCH, asked.cases)), asked.seed)
        for start in range(asked.start // _BATCH * _BATCH, asked.cases, _BATCH)
    ]
    began, done, wrong, counts = time.monotonic(), 0, list[str](), Counts()
    with multiprocessing.get_context("spawn").Pool(asked.processes) as pool:
        for (numbers, _), (lines, more) in zip(batches, pool.imap(_play_batch, batches), strict=True):
            done, wrong = done + len(numbers), wrong + lines
            counts.update(more)
            for line in lines:
                sys.stdout.write(f"WRONG {line}\n")
            sys.stdout.write(f"up to {numbers.stop}: {done} cases, {len(wrong)} wrong\n")
            sys.stdout.flush()
    minutes = (time.monotonic() - began) / 60
    sys.stdout.write("".join(f"{line}\n" for line in _table(counts)))
    sys.stdout.write(f"fault campaign: {done} cases, {len(wrong)} wrong, seed {asked.seed}, {minutes:.1f} minutes\n")
    wrong += _proxied(asked.seed)
    return bool(wrong)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description="The long fault campaign.")
    parser.add_argument("cases", nargs="?", type=int, default=CASES, help="number of the case to end before")
    parser.add_argument("seed", nargs="?", type=int, default=SEED)
    parser.add_argument("--start", type=int, default=0, help="number of the case to begin with")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--case", type=int, help="play one case again, and those of its fifty before it")
    return parser.parse_args(arguments)


def _table(counts: Counts) -> Iterator[str]:
    """How many cases there were of each sort, and how their first runs ended."""
    for part in ("server", "first run", "fault", "cross"):
        for name, count in sorted((name, count) for (sort, name), count in counts.items() if sort == part):
            ends = sorted((ended, many) for (sort, ended), many in counts.items() if sort == f"{part}: {name}")
            how = f"  ({', '.join(f'{many} {ended}' for ended, many in ends)})" if ends else ""
            yield f"{part}: {name}: {count}{how}"


def _proxied(seed: int) -> list[str]:
    server = find_proxy()
    if not server:
        sys.stdout.write("through toxiproxy: NOT RUN, there is no toxiproxy-server on the PATH\n")
        return []
    wrong = play_proxied(server, seed)
    sys.stdout.write("".join(f"WRONG {line}\n" for line in wrong))
    sys.stdout.write(f"through toxiproxy: {PROXIED} cases, {len(wrong)} wrong\n")
    return wrong


def _play_batch(batch: tuple[range, int]) -> tuple[list[str], Counts]:
    return play_batch(*batch)
