"""An apply against a bare loop of the same calls, start-up apart: each side in a process of its own, against an empty
simulator of its own, since one must not warm up the other."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

import httpx

from benchmarks.measure import Measure, Spent, compare, in_turns, python
from benchmarks.projects import CONFIGS, SLACK_URL, environment, simulator, write_project

COUNT = 1_000
ROUNDS = 3
AT_ONCE = 10
"""Calls: what `parallelism` is by default."""


def measures() -> Iterator[Measure]:
    """Without tests: a create is a write and a read-back, an update a read more before it."""
    for what, ours, loop in (("creates", "applied", "bare_writes"), ("updates", "applied_again", "bare_updates")):
        spent = in_turns({"ours": partial(_fresh, ours), "loop": partial(_fresh, loop)}, ROUNDS)
        name = f"apply of {COUNT:,} {what} / a bare loop of the same calls"
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


def applied_again(url: str, folder: str) -> tuple[float, float]:
    """The seconds of an apply that gives each channel another display name."""
    applied(url, folder)
    manifests = Path(folder) / "channels" / "channels.yaml"
    manifests.write_text(manifests.read_text().replace("display_name: Channel", "display_name: Another"))
    return applied(url, folder)


def bare_writes(url: str, _folder: str) -> tuple[float, float]:
    """The seconds of the same creates and read-backs by httpx alone, as many at once."""

    async def create(client: httpx.AsyncClient, number: int) -> None:
        body = {"config_id": _id(number), "config": _config(number, "Channel")}
        (await client.post(CONFIGS, json=body)).raise_for_status()
        (await client.get(f"{CONFIGS}/{_id(number)}")).raise_for_status().json()

    return _loop(url, create)


def bare_updates(url: str, _folder: str) -> tuple[float, float]:
    """The seconds of the same reads, updates and read-backs by httpx alone, as many at once."""

    async def update(client: httpx.AsyncClient, number: int) -> None:
        path = f"{CONFIGS}/{_id(number)}"
        (await client.get(path)).raise_for_status().json()
        (await client.put(path, json={"config": _config(number, "Another")})).raise_for_status()
        (await client.get(path)).raise_for_status().json()

    bare_writes(url, _folder)
    return _loop(url, update)


def _loop(url: str, each: Callable[[httpx.AsyncClient, int], Awaitable[None]]) -> tuple[float, float]:
    async def run() -> None:
        places = asyncio.Semaphore(AT_ONCE)
        async with httpx.AsyncClient(base_url=url, limits=httpx.Limits(max_connections=AT_ONCE)) as client:

            async def one(number: int) -> None:
                async with places:
                    await each(client, number)

            await asyncio.gather(*(one(number) for number in range(COUNT)))

    begin, cpu = time.perf_counter(), time.process_time()
    asyncio.run(run())
    return time.perf_counter() - begin, time.process_time() - cpu


def _id(number: int) -> str:
    return f"bench_channel-{number:05d}"


def _config(number: int, name: str) -> dict[str, object]:
    return {
        "name": f"{name} {number}",
        "description": f"Pages the payments on-call [bench/channel-{number:05d}]",
        "config_type": "slack",
        "is_enabled": True,
        "slack": {"url": SLACK_URL},
    }
