"""What the campaign runs on: a live state, what is wanted of it, and an apply that can be killed or interfered with.

All is real but the far side: manifests as resources, the provider over HTTP, the simulator. A kill is played inside the
process: from the chosen journal line on, no call leaves any more, as after SIGKILL, whatever would clean up.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import httpx

from reconciler.apply.journal import Journal
from reconciler.apply.results import ChangeResult, RunResult
from reconciler.apply.run import Stop, apply_targets
from reconciler.apply.session import Session, SessionOptions
from reconciler.engine.read import read_and_plan
from reconciler.model.errors import TargetError
from reconciler.model.evidence import Delivery as Judged
from reconciler.model.provider import Abilities, Listing, Provider, UserListing
from reconciler.model.resource import LiveObject, Payload, Resource, Server
from reconciler.model.values import SecretText
from reconciler.plan.changes import Plan, TargetPlan
from reconciler.plan.guards import hold_back
from reconciler.plan.make import MakeOptions, make_target_plan
from reconciler.plan.marks import Matching
from reconciler.providers.connection import Basic, Connection
from reconciler.providers.opensearch import make_provider
from reconciler.providers.pacing import Retries
from reconciler.report.document import result_document
from reconciler.report.plan_text import render_plan
from reconciler.report.result_text import render_change, render_result, summarise_result
from reconciler.simulator import Simulator
from reconciler.simulator.calls import Call
from reconciler.simulator.inbox import Delivery
from tests.apply.runs import ALLOW, PRUNE
from tests.campaign.crosses import ALL_RIGHTS, LEAST_RIGHTS, PASSWORD, Cross
from tests.campaign.states import BEFORE, DEAD, OTHERS, WORDLESS
from tests.plan.builders import MASKER, OWNERSHIP

__all__ = ["PLANNED", "Direct", "Ended", "Kill", "Step", "World", "enabled_by", "no_step"]

T = TypeVar("T")

Step = Callable[[str, str], None]
"""Hears of each call of the provider before it is made: its method, and the object's id."""


PLANNED = "planned"
"""The step at which all that a plan is made of has been read."""


def no_step(_verb: str, _object_id: str) -> None:
    """Nobody meddles."""


class Killed(BaseException):
    """The process is dead."""


@dataclass
class Kill:
    """A journal that ends the run at its `at`-th line (0: never). `text` is what was written until then."""

    at: int = 0
    text: str = ""
    is_dead: bool = False
    lines: int = 0

    def write(self, line: str) -> int:
        self.check()
        self.text += line
        self.lines += 1
        if self.lines == self.at:
            self.is_dead = True
        self.check()
        return len(line)

    def check(self) -> None:
        if self.is_dead:
            raise Killed

    def flush(self) -> None:
        """Nothing is kept back."""

    def fileno(self) -> int:
        return _SYNCABLE

    def close(self) -> None:
        """Nothing is held."""


_SYNCABLE = os.memfd_create("journal") if hasattr(os, "memfd_create") else os.open(Path(__file__).parent, os.O_RDONLY)
"""A descriptor that fsync takes, and where the system has one in memory, at no cost."""


@dataclass
class Mortal:
    """A provider of a process that may be killed. `step` hears of every call before it is made."""

    inner: Provider
    kill: Kill
    step: Step = no_step

    @property
    def abilities(self) -> Abilities:
        return self.inner.abilities

    async def _call(self, verb: str, object_id: str, call: Callable[[], Awaitable[T]]) -> T:
        self.kill.check()
        self.step(verb, object_id)
        return await call()

    async def read_server(self) -> Server:
        return await self._call("read_server", "", self.inner.read_server)

    async def read_all(self) -> Listing:
        return await self._call("read_all", "", self.inner.read_all)

    async def read(self, object_id: str) -> LiveObject | None:
        return await self._call("read", object_id, lambda: self.inner.read(object_id))

    async def read_users(self, channels: Collection[str]) -> UserListing:
        return await self._call("read_users", "", lambda: self.inner.read_users(channels))

    async def create(self, payload: Payload) -> str:
        return await self._call("create", payload.id or "", lambda: self.inner.create(payload))

    async def update(self, object_id: str, payload: Payload, before: LiveObject) -> None:
        return await self._call("update", object_id, lambda: self.inner.update(object_id, payload, before))

    async def delete(self, object_id: str) -> bool:
        return await self._call("delete", object_id, lambda: self.inner.delete(object_id))

    async def send_test(self, object_id: str, payload: Payload | None = None) -> Judged:
        return await self._call("send_test", object_id, lambda: self.inner.send_test(object_id, payload))

    async def probe(self, payload: Payload) -> Judged:
        return await self._call("probe", "", lambda: self.inner.probe(payload))

    async def close(self) -> None:
        await self.inner.close()


class Direct(httpx.AsyncBaseTransport):
    """The way to a simulator without sockets: most of a campaign's time is spent on them. What depends on them, as a
    write that is carried out after it was given up, goes another way."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path, _, query = request.url.raw_path.decode().partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = await self._simulator.answer(Call(request.method, path, query, headers, await request.aread()))
        if reply is None:
            raise httpx.RemoteProtocolError("server disconnected")
        headers = {**reply.headers, "content-type": reply.content_type}
        return httpx.Response(reply.status, headers=headers, content=reply.body)


@dataclass
class Ended:
    """How one apply of the campaign ended. `result` None: it could not even read, or was killed. `sent` are the ids
    that were tested, `arrived` those whose message a receiver took."""

    plan: TargetPlan | None = None
    result: RunResult | None = None
    printed: str = ""
    summary: str = ""
    sent: list[str] = field(default_factory=list)
    arrived: frozenset[str] = frozenset()
    journal_lines: int = 0
    calls: int = 0

    @property
    def every(self) -> tuple[ChangeResult, ...]:
        """What became of each change: of two with one name too."""
        return () if self.result is None else self.result.targets[0].results

    @property
    def results(self) -> dict[str, ChangeResult]:
        """By name, what became of what manifests name, and of the rest."""
        return {item.change.name: item for item in self.every}


def _reached(delivery: Delivery) -> bool:
    """Whether a receiver took a message, or read it and did not like its form."""
    return delivery.ok or delivery.outcome[:4] in ("400 ", "415 ", "422 ")


def _muted(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "config": {**entry["config"], "is_enabled": False}}


def enabled_by(crosses: Sequence[Cross]) -> frozenset[str]:
    """What the second run enables."""
    return frozenset(name for cross in crosses for name in cross.enable)


async def _no_wait(_seconds: float) -> None:
    """Waits between retries are tried elsewhere."""


class World:
    """One simulator, put back to the start for each case."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.url = simulator.url
        self.simulator.outcomes.set(DEAD, 404, "not found")
        self.simulator.outcomes.set(WORDLESS, 418, "no words", reason="Whatever")
        self._wanted: dict[tuple[frozenset[str], frozenset[str]], dict[str, Any]] = {}
        self._start: list[dict[str, Any]] = []
        self._rights = ALL_RIGHTS
        simulator.set_users(ALL_RIGHTS)

    def tells_its_version(self, crosses: Sequence[Cross]) -> bool:
        """Whether a run can know which version it talks to: 2.x says it in `GET /` alone."""
        is_open = self.simulator.version.major >= 3 or not any(cross.has_least_rights for cross in crosses)
        return is_open and not any(cross.hides_version for cross in crosses)

    def is_known_to_be_old(self, crosses: Sequence[Cross]) -> bool:
        """Whether a run knows that the server does not pass on what a receiver says."""
        return self.simulator.version.major < 3 and self.tells_its_version(crosses)

    def configs(self) -> dict[str, dict[str, Any]]:
        """Everything that is live, whole, by id."""
        return {document.config_id: json.loads(document.text) for document in self.simulator.store.all()}

    def start_over(self, crosses: Sequence[Cross] = ()) -> None:
        """Put the live state back to the start, as the crosses have it."""
        self.simulator.faults.clear()
        self._be_as(crosses)
        if not self._start:
            self.simulator.store.clear()
            self.apply(BEFORE)
            self._start = [*self.configs().values(), *OTHERS]
        self.simulator.store.clear()
        muted = {object_id for cross in crosses for object_id in cross.muted}
        start = [_muted(entry) if entry["config_id"] in muted else entry for entry in self._start]
        self.simulator.store.seed([*start, *(entry for cross in crosses for entry in cross.live)])

    def _be_as(self, crosses: Sequence[Cross]) -> None:
        """Show as much of the version, and give such rights, as the crosses say."""
        is_hidden = any(cross.hides_version for cross in crosses)
        self.simulator.hide_version(compatibility=is_hidden, no_header=is_hidden)
        rights = LEAST_RIGHTS if any(cross.has_least_rights for cross in crosses) else ALL_RIGHTS
        if rights is not self._rights:
            self.simulator.set_users(rights)
            self._rights = rights

    def let_go(self, crosses: Sequence[Cross]) -> None:
        """Somebody removes what the roles do not show."""
        for cross in crosses:
            for object_id in cross.hidden:
                self.simulator.store.delete(object_id)

    def wanted(
        self, mix: frozenset[str], desired: Iterable[Resource], crosses: Sequence[Cross] = ()
    ) -> dict[str, dict[str, Any]]:
        """What is live after an apply of a mix that met no fault, without times."""
        key = mix, frozenset(cross.name for cross in crosses)
        if key not in self._wanted:
            self.start_over(crosses)
            self.let_go(crosses)
            assert self.apply(desired, enable=enabled_by(crosses), over=Direct(self.simulator)).results
            self._wanted[key] = {name: item["config"] for name, item in self.configs().items()}
        return self._wanted[key]

    def apply(
        self,
        desired: Iterable[Resource],
        *,
        kill: Kill | None = None,
        parallelism: int = 1,
        step: Step = no_step,
        timeout: float = 20.0,
        enable: frozenset[str] = frozenset(),
        over: httpx.AsyncBaseTransport | None = None,
    ) -> Ended:
        """Plan and apply over fresh connections, as a process of its own would; deletes and replaces are allowed."""
        self.simulator.clear_requests()
        self.simulator.inbox.clear()
        ended, mortal = Ended(), kill or Kill()
        try:
            asyncio.run(
                self._apply(list(desired), mortal, parallelism, step, self._connection(timeout, over), enable, ended)
            )
        except TargetError as error:
            ended.printed += str(error)
        ended.printed += mortal.text
        ended.journal_lines = mortal.lines
        calls = self.simulator.requests
        ended.calls = len(calls)
        ended.arrived = frozenset(item.config_id for item in self.simulator.inbox if _reached(item))
        ended.sent = [call.path.rpartition("/")[2] for call in calls if "/feature/test/" in call.path]
        return ended

    def _connection(self, timeout: float, over: httpx.AsyncBaseTransport | None) -> Connection:
        auth = Basic(SecretText("ci"), SecretText(PASSWORD))
        return Connection(
            self.url, "search", auth=auth, transport=over, timeout_seconds=timeout, test_timeout_seconds=timeout
        )

    async def _apply(
        self,
        desired: list[Resource],
        kill: Kill,
        parallelism: int,
        step: Step,
        connection: Connection,
        enable: frozenset[str],
        ended: Ended,
    ) -> None:
        ownership = replace(OWNERSHIP, enable=enable)
        provider = Mortal(make_provider(connection, "", Retries(sleep=_no_wait)), kill, step)
        try:
            ended.plan, matching = await read_and_plan(provider, desired, ownership, _make_plan)
            ended.plan = hold_back(ended.plan, matching, ALLOW)
            step(PLANNED, "")
            ended.printed += render_plan(Plan("acme", "acme", (ended.plan,)))
            stop = Stop()
            journal = Journal(kill)  # type: ignore[arg-type]  # as much of a stream as a journal uses
            session = Session(
                provider,
                ended.plan,
                matching,
                {},
                ownership,
                journal,
                SessionOptions(parallelism=parallelism),
                stop.soft,
            )

            def observe(target: str, result: ChangeResult) -> None:
                ended.printed += render_change(target, result)

            result = await apply_targets([session], stop, observe)
            ended.result = None if kill.is_dead else result
            ended.summary = summarise_result(result)
            ended.printed += render_result(result) + json.dumps(result_document(result))
        except Killed:
            return
        finally:
            await provider.close()


def _make_plan(server: Server, matching: Matching) -> TargetPlan:
    options: MakeOptions = PRUNE
    secrets: Mapping[Any, SecretText] = {}
    return make_target_plan("search", "opensearch", server, matching, secrets, MASKER, options)
