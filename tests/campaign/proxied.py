"""Slow, cut and half-open connections, by Toxiproxy, where its server is installed (`toxiproxy-server`, a Go program).

Each case puts one toxic between the command and the simulator for the first run, and takes it away for the second.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from reconciler.simulator import Simulator
from tests.campaign.cases import MIXES, Case
from tests.campaign.play import play
from tests.campaign.world import World

__all__ = ["CASES", "find_proxy", "play_proxied"]

CASES = 60
_API = "127.0.0.1:18474"
_ON_THE_WAY = 0.3  # seconds that a slowed request of the first run may still need to arrive
_TOXICS: tuple[dict[str, Any], ...] = (
    {"type": "latency", "attributes": {"latency": 40, "jitter": 40}},
    {"type": "bandwidth", "attributes": {"rate": 40}},
    {"type": "slicer", "attributes": {"average_size": 60, "size_variation": 40, "delay": 10}},
    {"type": "reset_peer", "attributes": {"timeout": 30}},
    {"type": "timeout", "attributes": {"timeout": 0}},  # half-open: nothing comes any more
    {"type": "limit_data", "attributes": {"bytes": 3000}},  # cut off in the middle
)


def find_proxy() -> str:
    """The server's path; "" where it is not installed."""
    return shutil.which("toxiproxy-server") or ""


def play_proxied(server: str, seed: int) -> list[str]:
    """Play the cases; what went wrong."""
    dice = random.Random(seed)
    wrong: list[str] = []
    with Simulator() as simulator, _running(server, simulator.url) as (api, url):
        world = World(simulator)
        for number in range(CASES):
            name = sorted(MIXES)[number % len(MIXES)]
            stream, toxic = dice.choice(("upstream", "downstream")), dice.choice(_TOXICS)
            toxicity = dice.choice((0.3, 1.0))
            case = Case(f"toxic {number}: {toxic['type']} {stream}", MIXES[name], timeout=0.6, is_proxied=True)
            world.wanted(case.mix, case.second)
            body = {**toxic, "name": "toxic", "stream": stream, "toxicity": toxicity}
            api.post("/proxies/simulator/toxics", json=body).raise_for_status()
            world.url = url
            wrong += play(world, case, lambda _case: _mend(world, api))
    return wrong


def _mend(world: World, api: httpx.Client) -> None:
    """Take the toxic away, and go straight to the simulator."""
    api.delete("/proxies/simulator/toxics/toxic").raise_for_status()
    world.url = world.simulator.url
    time.sleep(_ON_THE_WAY)


@contextmanager
def _running(server: str, upstream: str) -> Iterator[tuple[httpx.Client, str]]:
    """A proxy in front of an address: its API, and the address that leads through it."""
    host, _, port = _API.partition(":")
    with subprocess.Popen(
        [server, "-host", host, "-port", port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            transport = httpx.HTTPTransport(retries=6)  # until it listens
            with httpx.Client(base_url=f"http://{_API}", transport=transport, trust_env=False) as api:
                body = {"name": "simulator", "listen": f"{host}:0", "upstream": urlsplit(upstream).netloc}
                made = api.post("/proxies", json=body).raise_for_status().json()
                yield api, f"http://{made['listen']}"
        finally:
            process.terminate()
