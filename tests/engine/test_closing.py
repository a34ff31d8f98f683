"""Connections are given back whatever happens within a run: an error in reading, in planning, in what a caller does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import reconciler
from reconciler.apply.run import Stop
from reconciler.engine import connect as connecting
from reconciler.model.evidence import Delivery, Health
from reconciler.model.provider import Listing, Provider
from reconciler.model.resource import Payload, Server
from reconciler.providers import BUILT_IN
from reconciler.providers.connection import Connection
from reconciler.providers.pacing import Retries
from tests.cli.shell import PROJECT, SLACK
from tests.providers.memory import MemoryProvider

TWO = PROJECT.replace(
    "search: {provider: opensearch}",
    "search: {provider: opensearch, url: 'http://127.0.0.1:1'}\n    other: {provider: opensearch, url: 'http://127.0.0.1:2'}",
)


@dataclass
class Watched(MemoryProvider):
    """A provider that counts how often it is given back, and fails where it is asked to, in no expected way."""

    closed: int = 0
    broken: str = ""
    testing: asyncio.Event = field(default_factory=asyncio.Event)
    deleted_meanwhile: bool | None = None

    async def close(self) -> None:
        self.closed += 1
        if self.broken == "close":
            raise RuntimeError("the connection does not close well")

    async def send_test(self, object_id: str, payload: Payload | None = None) -> Delivery:
        if self.broken != "hang":
            return await super().send_test(object_id, payload)
        self.testing.set()
        try:
            return await asyncio.Future[Delivery]()
        finally:
            for _ in range(5):  # a client gives a connection back in steps
                await asyncio.sleep(0)
            self.deleted_meanwhile = any(call.verb == "delete" for call in self.calls)

    async def read_all(self) -> Listing:
        if self.broken == "read":
            raise RuntimeError("nobody expected this of a listing")
        await asyncio.sleep(0)
        return await super().read_all()

    async def read(self, object_id: str) -> reconciler.LiveObject | None:
        if self.broken == "apply":
            raise RuntimeError("nobody expected this within a change")
        return await super().read(object_id)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> dict[str, Watched]:
    """The two targets' providers; each is another system."""
    found = {name: Watched(server=Server("Memory", name, "3.6.0")) for name in ("other", "search")}

    def make(connection: Connection, _version: str, _retries: Retries | None) -> Provider:
        return found[connection.name]

    memory = replace(BUILT_IN["opensearch"], make=make)
    monkeypatch.setattr(connecting, "provided", lambda _name: memory)
    return found


@pytest.fixture
def run(tmp_path: Path) -> Callable[[reconciler.ProjectOptions], reconciler.Run]:
    (tmp_path / "channels").mkdir()
    (tmp_path / "channels/oncall.yaml").write_text(SLACK + "\n  targets: [search, other]\n", "utf-8")
    (tmp_path / "reconciler.yaml").write_text(TWO, "utf-8")
    slack = {"SLACK_URL": "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop"}
    return lambda options: reconciler.prepare(options, reconciler.Surroundings(slack, tmp_path))


Prepare = Callable[[reconciler.ProjectOptions], reconciler.Run]


@pytest.mark.parametrize("broken", ["", "read", "close"])
@pytest.mark.parametrize("name", ["search", "other"])
def test_a_plan_gives_every_connection_back(opened: dict[str, Watched], run: Prepare, broken: str, name: str) -> None:
    opened[name].broken = broken
    planning = reconciler.make_plan(run(reconciler.PlanOptions()))
    if broken == "read":
        with pytest.raises(RuntimeError, match="nobody expected"):
            asyncio.run(planning)
    else:
        assert asyncio.run(planning).counts.add == 2
    assert {name: provider.closed for name, provider in opened.items()} == {"search": 1, "other": 1}


def test_so_does_a_caller_that_fails_within(opened: dict[str, Watched], run: Prepare) -> None:
    async def fail() -> None:
        async with reconciler.planned(run(reconciler.ApplyOptions())):
            raise RuntimeError("the caller's own")

    with pytest.raises(RuntimeError, match="the caller's own"):
        asyncio.run(fail())
    assert [provider.closed for provider in opened.values()] == [1, 1]


@pytest.mark.parametrize("broken", ["", "apply"])
def test_so_does_an_apply_in_which_a_provider_fails(opened: dict[str, Watched], run: Prepare, broken: str) -> None:
    opened["search"].broken = broken
    done = asyncio.run(reconciler.apply_plan(run(reconciler.ApplyOptions())))
    statuses = {target.target: [item.status.value for item in target.results] for target in done.result.targets}
    assert statuses == {"other": ["applied"], "search": ["unknown" if broken else "applied"]}
    assert [provider.closed for provider in opened.values()] == [1, 1]


def test_so_does_an_apply_that_is_cancelled_and_no_task_of_it_is_left(opened: dict[str, Watched], run: Prepare) -> None:
    async def cancel() -> int:
        applying = asyncio.create_task(reconciler.apply_plan(run(reconciler.ApplyOptions()), Stop(), lambda *_: None))
        while not any(call.verb == "create" for provider in opened.values() for call in provider.calls):
            await asyncio.sleep(0)
        applying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await applying
        return len(asyncio.all_tasks())

    assert asyncio.run(cancel()) == 1
    assert [provider.closed for provider in opened.values()] == [1, 1]


def test_so_do_tests_and_lists(opened: dict[str, Watched], run: Prepare) -> None:
    asyncio.run(reconciler.send_tests(run(reconciler.TestOptions(names=("oncall",)))))
    asyncio.run(reconciler.list_objects(run(reconciler.ListOptions())))
    assert [provider.closed for provider in opened.values()] == [2, 2]


def test_so_does_a_doctor_and_a_close_that_fails_is_no_problem_of_it(opened: dict[str, Watched], run: Prepare) -> None:
    opened["search"].broken = "close"
    here = run(reconciler.PlanOptions()).workspace.here
    checks = asyncio.run(reconciler.examine(reconciler.DoctorOptions(), here))
    assert {check.subject for check in checks if check.health is Health.FAILURE} == {
        "search",
        "other",
    }  # nobody listens
    assert [provider.closed for provider in opened.values()] == [1, 1]


def test_a_test_that_a_stop_gives_up_has_ended_before_its_channel_is_rolled_back(
    opened: dict[str, Watched], run: Prepare
) -> None:
    async def stopped() -> None:
        stop, watched = Stop(), opened["search"]
        applying = asyncio.create_task(reconciler.apply_plan(run(reconciler.ApplyOptions()), stop))
        await watched.testing.wait()
        stop.soft.set()
        await applying

    opened["search"].broken = "hang"
    asyncio.run(stopped())
    assert opened["search"].deleted_meanwhile is False
    assert any(call.verb == "delete" for call in opened["search"].calls)
