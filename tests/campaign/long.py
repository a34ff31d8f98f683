"""The long campaign: `python -m tests.campaign [CASES] [SEED]`, in one process for each core. Prints the counts.

A case that goes wrong is printed with its number; `python -m tests.campaign --case NUMBER [SEED]` plays it again.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Sequence

from reconciler.simulator import Simulator
from tests.campaign.cases import Case, chosen_case
from tests.campaign.play import play
from tests.campaign.proxied import CASES as PROXIED
from tests.campaign.proxied import find_proxy, play_proxied
from tests.campaign.world import World

CASES, SEED = 10_000, 7
VERSIONS = ("3.6.0", "2.19.5", "3.0.0")
_BATCH = 50
_LATEST = 0.7  # seconds after which a write that the simulator held back is carried out


def play_batch(numbers: range, seed: int) -> list[str]:
    """Play cases by number, each batch on a simulator of its own; what went wrong."""
    version = VERSIONS[numbers.start // _BATCH % len(VERSIONS)]
    with Simulator(opensearch_version=version) as simulator:
        world = World(simulator)
        return [f"{line} (on {version})" for number in numbers for line in play(world, chosen_case(number, seed), wait)]


def wait(case: Case) -> None:
    """Let late writes arrive before the second run."""
    if case.is_late:
        time.sleep(_LATEST)


def main(arguments: Sequence[str]) -> int:
    """0 if no case went wrong, 1 if any did."""
    if arguments[:1] == ["--case"]:
        number, seed = int(arguments[1]), int(arguments[2]) if arguments[2:] else SEED
        start = number // _BATCH * _BATCH
        wrong = play_batch(range(start, number + 1), seed)
        sys.stdout.write("\n".join([*wrong, f"cases up to {number}: {len(wrong)} wrong", ""]))
        return bool(wrong)
    cases = int(arguments[0]) if arguments else CASES
    seed = int(arguments[1]) if arguments[1:] else SEED
    batches = [(range(start, min(start + _BATCH, cases)), seed) for start in range(0, cases, _BATCH)]
    began, done, wrong = time.monotonic(), 0, []
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        for (numbers, _), lines in zip(batches, pool.imap(_play_batch, batches), strict=True):
            done, wrong = done + len(numbers), wrong + lines
            for line in lines:
                sys.stdout.write(f"WRONG {line}\n")
    minutes = (time.monotonic() - began) / 60
    sys.stdout.write(f"fault campaign: {done} cases, {len(wrong)} wrong, seed {seed}, {minutes:.1f} minutes\n")
    wrong += _proxied(seed)
    return bool(wrong)


def _proxied(seed: int) -> list[str]:
    server = find_proxy()
    if not server:
        sys.stdout.write("through toxiproxy: NOT RUN, there is no toxiproxy-server on the PATH\n")
        return []
    wrong = play_proxied(server, seed)
    sys.stdout.write("".join(f"WRONG {line}\n" for line in wrong))
    sys.stdout.write(f"through toxiproxy: {PROXIED} cases, {len(wrong)} wrong\n")
    return wrong


def _play_batch(batch: tuple[range, int]) -> list[str]:
    return play_batch(*batch)
