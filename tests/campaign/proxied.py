"""Slow, cut and half-open connections, by Toxiproxy, where its server is installed (`toxiproxy-server`, a Go program).

Each case puts one toxic between the command and the simulator for the first run, and takes it away for the second.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from reconciler.model.resource import Resource
from reconciler.simulator import Simulator
from tests.campaign.cases import MIXES, Case
from tests.campaign.play import play
from tests.campaign.world import Ended, Step, World, no_step

__all__ = ["CASES", "find_proxy", "play_proxied"]

CASES = 60
_API = "127.0.0.1:18474"
_PLACE = "/proxies/simulator/toxics"
_STEPS = 25
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
        world = _ProxiedWorld(simulator, api)
        for number in range(CASES):
            name = sorted(MIXES)[number % len(MIXES)]
            world.toxic = {**dice.choice(_TOXICS), "stream": dice.choice(("upstream", "downstream"))}
            world.at = dice.randrange(1, _STEPS)
            words = f"toxic {number}: {world.toxic['type']} {world.toxic['stream']} from step {world.at}"
            case = Case(words, MIXES[name], timeout=0.6, is_proxied=True)
            world.wanted(case.mix, case.second)
            world.url = url
            wrong += play(world, case, lambda _case: _fix(world, api)).wrong
    return wrong


class _ProxiedWorld(World):
    """A world whose connection turns bad at one step of a run, while it leads through the proxy."""

    toxic: Mapping[str, Any] = {}
    at = 0

    def __init__(self, simulator: Simulator, api: httpx.Client) -> None:
        super().__init__(simulator)
        self._api = api

    def apply(self, desired: Iterable[Resource], *, step: Step = no_step, **more: Any) -> Ended:
        steps = 0

        def count(verb: str, object_id: str) -> None:
            nonlocal steps
            steps += 1
            if steps == self.at and self.url != self.simulator.url:
                self._api.post(_PLACE, json={**self.toxic, "name": "toxic"}).raise_for_status()
            step(verb, object_id)

        return super().apply(desired, step=count, **more)


def _fix(world: World, api: httpx.Client) -> None:
    """Take the toxic away, and go straight to the simulator."""
    api.delete(f"{_PLACE}/toxic")  # not there, if the run was over before
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
