"""What the campaign runs on: a live state, what is wanted of it, and an apply that can be killed or interfered with.

All is real but the far side: manifests as resources, the provider over HTTP, the simulator. A kill is played inside the
process: from the chosen journal line on, no call leaves any more, as after SIGKILL, whatever would clean up.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from reconciler.apply.journal import Journal
from reconciler.apply.results import ChangeResult, RunResult
from reconciler.apply.run import Stop, apply_targets
from reconciler.apply.session import Session, SessionOptions
from reconciler.engine.read import read_and_plan
from reconciler.model.errors import TargetError
from reconciler.model.evidence import Delivery
from reconciler.model.provider import Abilities, Listing, Provider
from reconciler.model.resource import LiveObject, Payload, Resource, Server, Settings, TestPolicy, When
from reconciler.model.users import UserListing
from reconciler.model.values import SecretText
from reconciler.plan.changes import Plan, TargetPlan
from reconciler.plan.guards import hold_back
from reconciler.plan.make import MakeOptions, make_target_plan
from reconciler.plan.marks import Matching
from reconciler.providers.connection import Connection
from reconciler.providers.opensearch import make_provider
from reconciler.providers.retries import Retries
from reconciler.report.document import result_document
from reconciler.report.plan_text import render_plan
from reconciler.report.result_text import render_change, render_result
from reconciler.simulator import Simulator
from tests.apply.runs import ALLOW, PRUNE
from tests.plan.builders import MASKER, OWNERSHIP, resource

__all__ = ["AFTER", "BEFORE", "FOREIGN", "GOES_WRONG", "SECRET", "Ended", "Kill", "Step", "World", "no_step"]

T = TypeVar("T")

SECRET = "s3cr3tT0ken"
"""Part of every secret value: it may be printed nowhere."""

GOES_WRONG = "down.example.org"
"""A host whose receiver answers 404."""


def slack(name: str, version: int = 1, **fields: Any) -> Resource:
    url = SecretText(f"https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/{SECRET}{version}")
    return resource("SlackChannel", name, **{"webhook_url": url, **fields})


def hook(name: str, version: int = 1, host: str = "up.example.org", **fields: Any) -> Resource:
    url = SecretText(f"https://{host}/{SECRET}{version}")
    return resource("WebhookChannel", name, **{"url": url, **fields})


def smtp(sender: str) -> Resource:
    fields: dict[str, Any] = {"host": "mail.example.org", "port": 25, "encryption": "none", "from_address": sender}
    return resource("SmtpAccount", "smtp", **fields)


def team(*people: str) -> Resource:
    return resource("EmailGroup", "team", recipients=frozenset(people))


_ALWAYS = Settings(test=TestPolicy(when=When.ALWAYS))
_MAIL = resource(
    "EmailChannel", "mail", sender="smtp", recipients=frozenset({"a@example.org"}), groups=frozenset({"team"})
)
_SAME = (
    slack("keep"),
    slack("canary-birds"),  # only a name: it is no canary
    _MAIL,
    replace(slack("ticks"), settings=_ALWAYS),
)

BEFORE = (
    *_SAME,
    hook("address"),
    hook("words"),
    slack("kind"),
    slack("gone"),
    hook("gone-too"),
    smtp("one@example.org"),
    team("b@example.org"),
)
"""What is live at the start, each under its name."""

AFTER = (
    *_SAME,
    hook("address", 2),
    hook("words", display_name="Words"),
    hook("kind", 3),
    smtp("two@example.org"),
    team("b@example.org", "c@example.org"),
    hook("new", 3),
    slack("new-too", 3),
)
"""What is wanted: an address, words, a kind, an account and a group changed, two new, two pruned, the rest the same."""


def _foreign(config_id: str, description: str) -> dict[str, Any]:
    block = {"url": f"https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/{SECRET}x"}
    config = {"name": "theirs", "description": description, "config_type": "slack", "is_enabled": True, "slack": block}
    times = {"created_time_ms": 1_600_000_000_000, "last_updated_time_ms": 1_600_000_000_000}
    return {"config_id": config_id, "config": config, **times}


FOREIGN = (
    _foreign("theirs", ""),
    _foreign("acme_address_canary_0badcafe", "not marked, whatever its id says"),
    _foreign("other_address", "[other/address]"),
)
"""What belongs to others, one with an id that looks like a canary of ours."""


Step = Callable[[str, str], None]
"""Told of each call of the provider before it is made: its method, and the object's id."""


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


_SYNCABLE = os.open(Path(__file__).parent, os.O_RDONLY)
"""A descriptor that fsync takes."""


@dataclass
class Mortal:
    """A provider of a process that may be killed. `step` is told of every call before it is made."""

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

    async def send_test(self, object_id: str, payload: Payload | None = None) -> Delivery:
        return await self._call("send_test", object_id, lambda: self.inner.send_test(object_id, payload))

    async def probe(self, payload: Payload) -> Delivery:
        return await self._call("probe", "", lambda: self.inner.probe(payload))

    async def close(self) -> None:
        await self.inner.close()


@dataclass
class Ended:
    """How one apply of the campaign ended. `result` None: it could not even read, or was killed."""

    plan: TargetPlan | None = None
    result: RunResult | None = None
    printed: str = ""
    sent: list[str] = field(default_factory=list)
    journal_lines: int = 0
    calls: int = 0

    @property
    def results(self) -> dict[str, ChangeResult]:
        return {} if self.result is None else {item.change.name: item for item in self.result.targets[0].results}


async def _no_wait(_seconds: float) -> None:
    """Waits between retries are tried elsewhere."""


class World:
    """One simulator, put back to the start for each case."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.url = simulator.url
        self.simulator.outcomes.set(GOES_WRONG, 404, "not found")
        self._wanted: dict[frozenset[str], dict[str, Any]] = {}
        self._start: list[dict[str, Any]] = []

    def configs(self) -> dict[str, dict[str, Any]]:
        """Everything that is live, whole, by id."""
        return {document.config_id: json.loads(document.text) for document in self.simulator.store.all()}

    def start_over(self) -> None:
        """Put the live state back to the start."""
        if not self._start:
            self.simulator.store.clear()
            self.apply(BEFORE)
            self._start = [*self.configs().values(), *FOREIGN]
        self.simulator.faults.clear()
        self.simulator.store.clear()
        self.simulator.store.seed(self._start)

    def wanted(self, mix: frozenset[str], desired: Iterable[Resource]) -> dict[str, dict[str, Any]]:
        """What is live after an apply of a mix that met no fault, without times."""
        if mix not in self._wanted:
            self.start_over()
            assert self.apply(desired).results
            self._wanted[mix] = {name: item["config"] for name, item in self.configs().items()}
        return self._wanted[mix]

    def apply(
        self,
        desired: Iterable[Resource],
        *,
        kill: Kill | None = None,
        parallelism: int = 1,
        step: Step = no_step,
        timeout: float = 20.0,
    ) -> Ended:
        """Plan and apply over fresh connections, as a process of its own would; deletes and replaces are allowed."""
        self.simulator.clear_requests()
        ended, mortal = Ended(), kill or Kill()
        try:
            asyncio.run(self._apply(list(desired), mortal, parallelism, step, timeout, ended))
        except TargetError as error:
            ended.printed += str(error)
        ended.printed += mortal.text
        ended.journal_lines = mortal.lines
        calls = self.simulator.requests
        ended.calls = len(calls)
        ended.sent = [call.path.rpartition("/")[2] for call in calls if "/feature/test/" in call.path]
        return ended

    async def _apply(
        self,
        desired: list[Resource],
        kill: Kill,
        parallelism: int,
        step: Step,
        timeout: float,
        ended: Ended,
    ) -> None:
        connection = Connection(self.url, "search", timeout_seconds=timeout, test_timeout_seconds=timeout)
        provider = Mortal(make_provider(connection, "", Retries(sleep=_no_wait)), kill, step)
        try:
            ended.plan, matching = await read_and_plan(provider, desired, OWNERSHIP, _make_plan)
            ended.plan = hold_back(ended.plan, matching, ALLOW)
            ended.printed += render_plan(Plan("acme", "acme", (ended.plan,)))
            stop = Stop()
            journal = Journal(kill)  # type: ignore[arg-type]  # as much of a stream as a journal uses
            session = Session(
                provider,
                ended.plan,
                matching,
                {},
                OWNERSHIP,
                journal,
                SessionOptions(parallelism=parallelism),
                stop.soft,
            )

            def observe(target: str, result: ChangeResult) -> None:
                ended.printed += render_change(target, result)

            result = await apply_targets([session], stop, observe)
            ended.result = None if kill.is_dead else result
            ended.printed += render_result(result) + json.dumps(result_document(result))
        except Killed:
            return
        finally:
            await provider.close()


def _make_plan(server: Server, matching: Matching) -> TargetPlan:
    options: MakeOptions = PRUNE
    secrets: Mapping[Any, SecretText] = {}
    return make_target_plan("search", "opensearch", server, matching, secrets, MASKER, options)
