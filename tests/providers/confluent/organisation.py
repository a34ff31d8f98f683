"""A simulated organisation behind a network that judges: every request and every answer is held to the document.

A client talks to it over httpx as it would to the real one, but without sockets; waiting moves the simulator's clock.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from reconciler.apply.journal import Journal
from reconciler.apply.results import ChangeResult, RunResult
from reconciler.apply.run import Stop, apply_targets
from reconciler.apply.session import Session, SessionOptions
from reconciler.model.resource import Resource
from reconciler.model.values import SecretReference, SecretText
from reconciler.plan.changes import TargetPlan
from reconciler.plan.make import MakeOptions
from reconciler.plan.marks import Matching, Ownership
from reconciler.providers.confluent import make_provider
from reconciler.providers.confluent.client import ConfluentProvider
from reconciler.providers.connection import Auth, Basic, Connection
from reconciler.providers.pacing import Retries, RetryBudget
from reconciler.simulator.calls import Call, Reply
from reconciler.simulator.clock import Clock
from reconciler.simulator.confluent import Behaviours, ConfluentApi
from reconciler.simulator.delivery import Courier, Timings
from reconciler.simulator.inbox import Inbox
from reconciler.simulator.outcomes import Outcomes
from tests.apply.runs import prepared
from tests.providers.confluent.contract import check_reply, check_request

T = TypeVar("T")
Trouble = Callable[[Call], Reply | Exception | None]
"""What goes wrong with a call before the organisation sees it; None lets it through."""

KEY = ("a-key", "a-secret-of-a-key")
PRUNE = MakeOptions(prune=True)


@dataclass
class Organisation(httpx.AsyncBaseTransport):
    """One organisation, the network in front of it, and what went over it."""

    behaviours: Behaviours = Behaviours()
    quota: int = 200
    largest_page: int = 250
    credentials: tuple[str, str] | None = KEY
    auth: Auth = field(default_factory=lambda: Basic(SecretText(KEY[0]), SecretText(KEY[1])))
    ownership: Ownership = Ownership("acme")
    options: SessionOptions = SessionOptions()
    secrets: Mapping[SecretReference, SecretText] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    outcomes: Outcomes = field(default_factory=Outcomes)
    calls: list[Call] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    trouble: Trouble = field(default=lambda call: None)
    after: Callable[[Call, Reply], Reply | Exception | None] = field(default=lambda call, reply: None)

    def __post_init__(self) -> None:
        self.inbox = Inbox(self.clock)
        courier = Courier(self.inbox, self.outcomes, Timings())
        self.api = ConfluentApi(
            self.clock,
            courier,
            self.behaviours,
            credentials=self.credentials,
            quota=self.quota,
            largest_page=self.largest_page,
        )

    # -- the network

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one call, judged on its way there and back."""
        raw = request.url.raw_path.decode()
        path, _, query = raw.partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Call(request.method, path, query, headers, await request.aread())
        self.calls.append(call)
        if not path.startswith("/sts/"):
            check_request(call)
        reply = self.trouble(call)
        if isinstance(reply, Exception):
            raise reply
        if reply is None:
            reply = await self.api.answer(call)
            if self.behaviours.follow_document and not path.startswith("/sts/"):
                check_reply(call, reply)
            spoilt = self.after(call, reply)
            if isinstance(spoilt, Exception):
                raise spoilt
            reply = spoilt or reply
        return httpx.Response(reply.status, headers=dict(reply.headers), content=reply.body)

    async def sleep(self, seconds: float) -> None:
        """Wait, in name only."""
        self.waits.append(seconds)
        self.clock.advance(seconds)
        await asyncio.sleep(0)

    def sent(self, method: str = "") -> list[str]:
        """Method and the end of the path of every call that was no read, or of the given method."""
        return [
            f"{call.method} {call.path.removeprefix('/notifications/v1/')}"
            for call in self.calls
            if (call.method == method if method else call.method != "GET")
        ]

    # -- what a process does

    def provider(self, retries: Retries | None = None) -> ConfluentProvider:
        """A client of its own, as a new process has it."""
        retries = retries or Retries(RetryBudget(clock=self.clock.now), sleep=self.sleep)
        connection = Connection("https://api.confluent.cloud", "kafka", self.auth, transport=self)
        return make_provider(connection, "", retries)

    def talk(self, conversation: Callable[[ConfluentProvider], Coroutine[Any, Any, T]]) -> T:
        """Have a conversation with the organisation over a client of its own."""

        async def run() -> T:
            provider = self.provider()
            try:
                return await conversation(provider)
            finally:
                await provider.close()

        return asyncio.run(run())

    def plan(self, resources: Iterable[Resource], options: MakeOptions = MakeOptions()) -> TargetPlan:
        """Plan, with the guards."""

        async def conversation(provider: ConfluentProvider) -> TargetPlan:
            return (await self._prepare(provider, list(resources), options))[0]

        return self.talk(conversation)

    def apply(self, resources: Iterable[Resource], options: MakeOptions = MakeOptions()) -> RunResult:
        """Plan and carry it out."""

        async def conversation(provider: ConfluentProvider) -> RunResult:
            plan, matching = await self._prepare(provider, list(resources), options)
            stop = Stop()
            session = Session(
                provider=provider,
                plan=plan,
                matching=matching,
                secrets=self.secrets,
                ownership=self.ownership,
                journal=Journal(),
                options=self.options,
                stop=stop.soft,
            )
            return await apply_targets([session], stop)

        return self.talk(conversation)

    def results(self, resources: Iterable[Resource], options: MakeOptions = MakeOptions()) -> dict[str, ChangeResult]:
        """What became of each change of an apply, by name."""
        return {result.change.name: result for result in self.apply(resources, options).targets[0].results}

    async def _prepare(
        self, provider: ConfluentProvider, resources: list[Resource], options: MakeOptions
    ) -> tuple[TargetPlan, Matching]:
        return await prepared("kafka", provider, resources, self.ownership, self.secrets, options)

    # -- what there really is

    def integrations(self) -> dict[str, dict[str, Any]]:
        """The integrations that users made, by display name."""
        documents = self.api.store.latest("integrations")
        return {
            one["display_name"]: one for one in documents if one["target"]["kind"] in ("Slack", "MsTeams", "Webhook")
        }

    def subscribers(self, type_id: str) -> set[str]:
        """The ids of the integrations that are subscribed to a type."""
        found = [one for one in self.api.store.latest("subscriptions") if one["notification_type"]["id"] == type_id]
        assert len(found) <= 1, f"{len(found)} subscriptions of {type_id}"
        return {reference["id"] for one in found for reference in one["integrations"]}

    def bodies(self, method: str, end: str) -> list[Any]:
        """The bodies of the calls of a method whose paths end so."""
        return [json.loads(call.body) for call in self.calls if call.method == method and call.path.endswith(end)]
