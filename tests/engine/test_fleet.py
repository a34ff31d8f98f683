"""Many targets in one project: few connections, and what one of them does costs no other anything."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any, cast

import pytest

from reconciler.apply.testing import run_test
from reconciler.engine.read import read_and_plan
from reconciler.model.provider import Listing, Provider
from reconciler.model.resource import Server
from reconciler.plan.changes import TargetPlan
from reconciler.plan.marks import Matching, Ownership
from reconciler.providers import pacing
from reconciler.providers.http import HttpTarget
from reconciler.simulator import Simulator
from reconciler.simulator.background import LoopThread
from tests.engine.projects import Project

NAMES = [f"prod-{number:02d}" for number in range(24)]


@contextmanager
def served(simulators: Sequence[Simulator]) -> Iterator[None]:
    """All of them in one event loop of a thread."""
    thread = LoopThread("fleet")
    thread.start()
    for simulator in simulators:
        thread.run(simulator.open())
    try:
        yield
    finally:
        for simulator in simulators:
            thread.run(simulator.close())
        thread.stop()


@pytest.fixture(scope="module")
def clusters() -> Iterator[dict[str, Simulator]]:
    made = {name: Simulator(cluster_id=f"cluster-{name}") for name in NAMES}
    with served(list(made.values())):
        yield made


@pytest.fixture
def fleet(
    clusters: dict[str, Simulator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Project:
    """A project of 24 targets, all empty."""
    for cluster in clusters.values():
        cluster.store.clear()
    made = Project(tmp_path, monkeypatch, capfd, clusters)
    made.write_project(default_targets=NAMES)
    return made


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a system that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def peak(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many connections were open at once, each time one was added."""
    transports: list[asyncio.BaseTransport] = []
    counts: list[int] = []
    connect = asyncio.BaseEventLoop.create_connection

    async def counting(loop: asyncio.BaseEventLoop, *arguments: Any, **more: Any) -> Any:
        made = await connect(loop, *arguments, **more)
        transports.append(made[0])
        counts.append(sum(not transport.is_closing() for transport in transports))
        return made

    monkeypatch.setattr(asyncio.BaseEventLoop, "create_connection", counting)
    return counts


@pytest.fixture
def under_way(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many calls were under way at once, each time one began."""
    now, counts = [0], list[int]()
    exchange = HttpTarget._exchange

    async def counting(*arguments: Any) -> Any:
        now[0] += 1
        counts.append(now[0])
        try:
            return await exchange(*arguments)
        finally:
            now[0] -= 1

    monkeypatch.setattr(HttpTarget, "_exchange", counting)
    return counts


def test_a_fleet_makes_few_calls_at_once_and_opens_few_connections(
    fleet: Project, peak: list[int], under_way: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of six targets each might write five channels side by side, so that without a limit 30 calls were under way."""
    monkeypatch.setattr(pacing, "MORE_CALLS", 6)
    some = "prod-0[0-5]"
    for number in range(5):
        fleet.slack(f"channel-{number}")
    fleet.apply("--target", some)
    assert all(len(fleet.configs(name)) == 5 for name in NAMES[:6])
    assert max(under_way) <= 12
    assert max(peak) <= 24, "one idle for each, and some that are being closed"
    peak.clear()
    assert fleet.run("plan", "--target", some, "--detailed-exitcode").code == 0
    assert max(peak) <= 6, "reading a target takes one connection"


def test_targets_that_hang_cost_the_others_nothing(
    fleet: Project, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = NAMES[:12]
    targets = fleet.config["spec"]["targets"]
    for number, name in enumerate(hanging):
        targets[name] = {"provider": "opensearch", "url": f"{silent}/{number}", "read_timeout_seconds": 1}
    monkeypatch.setattr(pacing, "MORE_CALLS", 1)
    fleet.write_project(targets=targets, default_targets=NAMES)
    fleet.slack("oncall")
    done = fleet.run("plan")
    assert done.code == 1
    assert "Plan: 12 to add, 0 to change, 0 to destroy. 12 targets could not be read." in done.out
    assert done.out.count("reading it took more than 1 s in all and was given up") == 12


def test_names_that_cannot_be_looked_up_in_time_cost_the_others_nothing(
    fleet: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More of them than an event loop has threads by itself; they hang until the others were looked up."""
    targets = fleet.config["spec"]["targets"]
    hanging, others = NAMES[:20], set(NAMES[20:])
    for name in hanging:
        targets[name]["url"] = f"http://{name}.example.org"
    for name in others:
        targets[name]["url"] = targets[name]["url"].replace("127.0.0.1", f"{name}.localhost")
    fleet.write_project(targets=targets, default_targets=NAMES)
    fleet.slack("oncall")
    found, looked_up = set[str](), Event()

    def look_up(host: str | bytes, port: int, *_more: Any, **_named: Any) -> list[Any]:
        name = (host if isinstance(host, str) else host.decode()).partition(".")[0]
        if name in others:
            found.add(name)
            if found == others:
                looked_up.set()
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        assert looked_up.wait(30), "the others were not looked up meanwhile"
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    done = fleet.run("plan")
    assert "Plan: 4 to add, 0 to change, 0 to destroy. 20 targets could not be read." in done.out, done.everything


def test_tests_of_one_target_do_not_wait_for_those_of_another(fleet: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet.slack("oncall", targets=NAMES[:2])
    fleet.apply("--target", "prod-0[01]")
    begun: list[object] = []

    async def when_both_have_begun(*arguments: Any) -> Any:
        begun.append(arguments)
        async with asyncio.timeout(20):
            while len(begun) < 2:
                await asyncio.sleep(0)
        return await run_test(*arguments)

    monkeypatch.setattr("reconciler.engine.testing.run_test", when_both_have_begun)
    done = fleet.run("test", "oncall", "--target", "prod-0[01]", "--parallelism", "1", "--json")
    assert len(done.json()["tests"]) == 2
    assert len(begun) == 2


class Settled:
    """A provider that answers at once: an empty list."""

    async def read_server(self) -> Server:
        return Server("OpenSearch", "one", "3.6.0")

    async def read_all(self) -> Listing:
        return Listing(())


def test_answers_of_other_targets_are_taken_between_two_plans() -> None:
    """Else the calls of a fleet would run out of time while their answers wait to be read."""
    turn, planned = [0], list[int]()

    def make_plan(_server: Server, matching: Matching) -> TargetPlan:
        planned.append(turn[0])
        return TargetPlan("search", "opensearch")

    async def run() -> None:
        loop, turns = asyncio.get_running_loop(), asyncio.Lock()

        def count() -> None:
            turn[0] += 1
            if len(planned) < 5:
                loop.call_soon(count)

        count()
        provider = cast("Provider", Settled())
        await asyncio.gather(*(read_and_plan(provider, [], Ownership("acme"), make_plan, turns) for _ in range(5)))

    asyncio.run(run())
    assert len(set(planned)) == 5


def test_a_target_takes_further_places_only_where_some_are_free() -> None:
    shared = pacing.RunLimits(2, asyncio.Semaphore(1))
    first, second = pacing.CallPlaces(shared), pacing.CallPlaces(shared)

    async def places() -> list[bool]:
        own = first.next()
        await own.acquire()
        more = first.next()
        await more.acquire()
        return [more is own, first.next() is own, second.next().locked()]

    assert asyncio.run(places()) == [False, True, False]


@pytest.mark.parametrize(("targets", "idle"), [(1, 100), (10, 10), (100, 1), (101, 0)])
def test_the_more_targets_the_fewer_idle_connections(targets: int, idle: int) -> None:
    assert pacing.RunLimits(targets).idle == idle
