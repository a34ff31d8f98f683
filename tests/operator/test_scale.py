"""How much is done for many resources, counted: looks, calls to the API server, requests to targets, test messages.

How long it takes is a machine's; `make test-operator SCALE=1` says it of yours.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from reconciler.operator.crds import PROJECT, plural_of
from reconciler.operator.kubernetes import path_of
from reconciler.operator.leases import Leases
from reconciler.operator.loop import Loop
from reconciler.operator.reading import Snapshots
from reconciler.operator.rounds import After
from reconciler.operator.schedule import Key, Queue
from reconciler.operator.watch import Filter
from reconciler.simulator import Simulator
from tests.operator.fake import ADDRESS, FakeCluster, Object, World

TEAMS = ["north", "south", "east", "west"]
MOST_LOOKS = 3
REQUESTS = 6
"""To a target for a new channel: create, read back, test, read, mark it verified, read back."""

PROJECTS = 2


class WatchedCluster(FakeCluster):
    """A stand-in whose every write is heard by a watch, those of the operator as well."""

    heard: Callable[[Mapping[str, Any]], None] = staticmethod(lambda _event: None)

    def put(self, path: str, body: Mapping[str, Any]) -> Object:
        made = super().put(path, body)
        self.heard({"type": "ADDED", "object": made})
        return made

    def store(self, at: str, changed: Object) -> Object:
        stored = super().store(at, changed)
        self.heard({"type": "MODIFIED", "object": stored})
        return stored


class Work(NamedTuple):
    """What was done until all were Ready. Of calls for Leases, whether there were any: a run that
    takes longer has more."""

    looks: Counter[Key]
    reads: int
    writes: int
    requests: int
    messages: list[int]
    leases: bool


class Crowd(World):
    """Projects in namespaces of their own, each with a target of its own, and the operator's loop."""

    def __init__(self, folder: Path, each: int) -> None:
        super().__init__(folder, cluster=WatchedCluster())
        self.each = each
        self.teams = [f"team-{number}" for number in range(PROJECTS)]
        self.systems = {team: Simulator(cluster_id=team) for team in self.teams}

    def restart(self, holder: str = "one") -> None:
        """As any; but its clock stands still, so that what is counted hangs on no machine."""
        super().restart(holder)
        self.snapshots = self.around.snapshots = Snapshots(self.api, clock=float)
        self.around.leases = Leases(self.api, "operator", holder, clock=float)

    def apply(self) -> None:
        """Apply all, a channel of each namespace after the other, as several people at once would."""
        for team in self.teams:
            self.cluster.put(f"/api/v1/namespaces/{team}", {"metadata": {"name": team}})
            self.secret("slack", team, url=ADDRESS)
            basic = {"username": {"plain": "admin"}, "password": {"secret": "login", "key": "password"}}
            target = {"provider": "opensearch", "url": self.systems[team].url, "auth": {"basic": basic}}
            self.project(team, team, targets={"search": target}, default_targets=["search"])
        for number in range(self.each):
            for team in self.teams:
                self.slack(f"channel-{number}", team)

    def work(self) -> Work:
        """Let the operator look until all are Ready and nothing is left to look at."""
        for system in self.systems.values():
            system.clear_requests()
        self.cluster.calls.clear()
        looks = self.runner.run(self._work())
        methods = Counter(method for method, path in self.cluster.calls if "/leases" not in path)
        leases = any("/leases" in path for _, path in self.cluster.calls)
        requests = sum(len(system.requests) for system in self.systems.values())
        messages = [self.messages(team) for team in self.teams]
        return Work(looks, methods["GET"], methods.total() - methods["GET"], requests, messages, leases)

    async def _work(self) -> Counter[Key]:
        looks: Counter[Key] = Counter()

        async def look(key: Key) -> After:
            looks[key] += 1
            after = await self.rounds.run(key)
            if len(looks) == 2 * PROJECTS and all(map(self._is_ready, self.teams)):
                loop.end()
            return after

        def mark(namespace: str) -> None:
            self.snapshots.invalidate(namespace)
            loop.mark(namespace)

        loop, seen = Loop(look, queue=Queue(quiet=0.0, longest=0.0)), Filter()

        def heard(event: Mapping[str, Any]) -> None:
            kind = event["object"].get("kind")
            if kind and kind not in ("Event", "Lease") and (team := seen.namespace_of(plural_of(kind), event)):
                mark(team)

        for item in self.cluster.objects.values():
            heard({"type": "ADDED", "object": item})
        assert isinstance(self.cluster, WatchedCluster)
        self.cluster.heard = heard
        self.around.wake, self.around.writer.moved = loop.wake, mark
        async with asyncio.timeout(60):
            await loop.run()
        assert loop.queue.length == 0
        return looks

    def _is_ready(self, team: str) -> bool:
        project = next(item for path, item in self.cluster.objects.items() if path.endswith(f"/{team}/projects/{team}"))
        counts = project.get("status", {}).get("resources", {})
        return bool(counts.get("ready") == self.each)


def work_of(folder: Path, each: int) -> tuple[Work, Work]:
    """What is done for so many channels in each project, and by a process that is started when all are Ready."""
    with Crowd(folder, each) as crowd:
        crowd.apply()
        first = crowd.work()
        crowd.restart("two")
        return first, crowd.work()


def test_work_grows_with_the_resources_by_two_writes_and_six_requests_and_no_look(tmp_path: Path) -> None:
    (few, steady_few), (many, steady_many) = work_of(tmp_path, 1), work_of(tmp_path, 5)
    more = 4 * PROJECTS
    assert max(*few.looks.values(), *many.looks.values()) <= MOST_LOOKS
    assert many.writes - few.writes == 2 * more  # a status, and the Event that it is verified
    assert many.reads == few.reads
    assert many.requests - few.requests == REQUESTS * more
    assert (few.messages, many.messages) == ([1] * PROJECTS, [5] * PROJECTS)
    for steady, before in ((steady_few, few), (steady_many, many)):
        assert set(steady.looks) == set(before.looks)
        assert max(steady.looks.values()) <= MOST_LOOKS
        assert steady.writes == 0
        assert not steady.leases
        assert steady.messages == before.messages
    assert steady_many.requests == steady_few.requests


def test_projects_that_are_looked_at_together_share_one_list_of_all_of_them(world: World) -> None:
    for team in TEAMS:
        world.cluster.put(f"/api/v1/namespaces/{team}", {"metadata": {"name": team}})
        world.project(namespace=team, owner=team)
    now = 0.0
    world.around.snapshots = Snapshots(world.api, clock=lambda: now)

    def lists() -> int:
        before = Counter(world.cluster.calls)
        for team in TEAMS:
            world.runner.run(world.rounds.run(Key(team)))
        return (Counter(world.cluster.calls) - before)["GET", path_of(PROJECT)]

    assert lists() == 1
    now += 60.0
    assert lists() == 1
    world.around.snapshots.invalidate(TEAMS[0])  # something happened there
    assert lists() == 1
    assert lists() == 0


def test_what_is_to_be_written_waits_for_a_new_list_of_all_projects(world: World) -> None:
    world.cluster.put("/api/v1/namespaces/other", {"metadata": {"name": "other"}})
    oncall = world.slack("oncall")
    project = world.project(owner="acme")
    world.around.snapshots = Snapshots(world.api, clock=lambda: 0.0)
    world.runner.run(world.rounds.run(Key("team")))
    older = world.project("older", namespace="other", owner="acme")  # of another shard: nobody hears of it
    world.cluster.objects[older]["metadata"]["creationTimestamp"] = "2020-01-01T00:00:00Z"
    world.runner.run(world.rounds.run(Key("team", "search")))
    assert world.conditions(project)["Ready"] == "False SecondProject"
    assert world.live() == {}
    assert "Ready" not in world.conditions(oncall)
