"""An apply against a bare loop of the same calls, start-up apart: each side in a process of its own, against an empty
simulator of its own, since one must not warm up the other."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Measure, Spent, compare, in_turns, python
from benchmarks.projects import CONFIGS, SLACK_URL, environment, simulator, write_project

COUNT = 1_000
ROUNDS = 3


def measures() -> Iterator[Measure]:
    """Creates without tests: a write and a read-back each."""
    spent = in_turns({"ours": lambda: _fresh("applied"), "loop": lambda: _fresh("bare_writes")}, ROUNDS)
    name = f"apply of {COUNT:,} creates / a bare loop of the same calls"
    yield compare(name, spent["ours"], spent["loop"], "the loop", bound=1.1)


def _fresh(side: str) -> Spent:
    """What one side took, as its process says."""
    with tempfile.TemporaryDirectory() as folder, simulator() as url:
        write_project(Path(folder), COUNT)
        code = "import sys, benchmarks.applying as sides; print(*getattr(sides, sys.argv[1])(*sys.argv[2:]))"
        done = subprocess.run(python("-c", code, side, url, folder), check=True, capture_output=True, text=True)
    wall, cpu = map(float, done.stdout.split())
    return Spent(wall, cpu)


def applied(url: str, folder: str) -> tuple[float, float]:
    """The seconds of an apply, from the manifests on disk to the last read."""
    os.environ.update(environment(url))
    from reconciler import ApplyOptions, Surroundings, apply_plan, prepare

    here = Surroundings(os.environ, Path(folder))
    begin, cpu = time.perf_counter(), time.process_time()
    applied = asyncio.run(apply_plan(prepare(ApplyOptions(), here)))
    if applied.result.exit_code != 0:
        sys.exit("the benchmark's apply failed")
    return time.perf_counter() - begin, time.process_time() - cpu


def bare_writes(url: str, _folder: str) -> tuple[float, float]:
    """The seconds of the same writes and read-backs by httpx alone, as many at once."""
    import httpx

    async def run() -> None:
        places = asyncio.Semaphore(10)
        async with httpx.AsyncClient(base_url=url, limits=httpx.Limits(max_connections=10)) as client:

            async def one(number: int) -> None:
                config = {
                    "name": f"Channel {number}",
                    "description": f"Pages the payments on-call [bench/channel-{number:05d}]",
                    "config_type": "slack",
                    "is_enabled": True,
                    "slack": {"url": SLACK_URL},
                }
                async with places:
                    object_id = f"bench_channel-{number:05d}"
                    (await client.post(CONFIGS, json={"config_id": object_id, "config": config})).raise_for_status()
                    (await client.get(f"{CONFIGS}/{object_id}")).raise_for_status().json()

            await asyncio.gather(*(one(number) for number in range(COUNT)))

    begin, cpu = time.perf_counter(), time.process_time()
    asyncio.run(run())
    return time.perf_counter() - begin, time.process_time() - cpu
