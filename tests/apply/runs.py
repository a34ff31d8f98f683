"""A whole apply in a test: resources in, results out, over the real provider and the simulator."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.apply.journal import Journal
from reconciler.apply.results import ChangeResult, RunResult
from reconciler.apply.run import Stop, apply_targets
from reconciler.apply.session import Session, SessionOptions
from reconciler.engine.read import read_and_plan
from reconciler.model.provider import Provider
from reconciler.model.resource import Resource, Server
from reconciler.model.values import SecretReference, SecretText
from reconciler.plan.changes import TargetPlan
from reconciler.plan.guards import GuardOptions, hold_back
from reconciler.plan.make import MakeOptions, make_target_plan
from reconciler.plan.marks import Matching, Ownership
from reconciler.providers.connection import Connection
from reconciler.providers.opensearch import make_provider
from reconciler.simulator import Simulator
from tests.plan.builders import MASKER, OWNERSHIP, SECRETS

ALLOW = GuardOptions(allow_replace=True, max_deletes_flag=10_000)


async def prepared(
    target: str,
    provider: Provider,
    resources: list[Resource],
    ownership: Ownership,
    secrets: Mapping[SecretReference, SecretText],
    options: MakeOptions,
) -> tuple[TargetPlan, Matching]:
    """Read a target, match it, plan, and hold back, with almost nothing held."""

    def make_plan(server: Server, matching: Matching) -> TargetPlan:
        name = provider.abilities.provider
        return make_target_plan(target, name, server, matching, secrets, MASKER, options)

    plan, matching = await read_and_plan(provider, resources, ownership, make_plan)
    return hold_back(plan, matching, ALLOW), matching


PRUNE = MakeOptions(prune=True)


class PlansAndApplies(ABC):
    """Plans and applies against one target, each over fresh connections as a process would."""

    ownership: Ownership
    secrets: Mapping[SecretReference, SecretText]
    options: SessionOptions

    @abstractmethod
    def provider(self) -> Provider:
        """The provider to go through; called within the event loop that will use it."""

    def plan(self, resources: Iterable[Resource], options: MakeOptions = MakeOptions()) -> TargetPlan:
        return asyncio.run(self._plan(list(resources), options))

    def apply(
        self,
        resources: Iterable[Resource],
        options: MakeOptions = MakeOptions(),
        stop: Stop | None = None,
        **extra: Any,
    ) -> RunResult:
        return asyncio.run(self._apply(list(resources), options, stop or Stop(), extra))

    def results(self, resources: Iterable[Resource], options: MakeOptions = MakeOptions()) -> dict[str, ChangeResult]:
        run = self.apply(resources, options)
        return {result.change.name: result for result in run.targets[0].results}

    async def _plan(self, resources: list[Resource], options: MakeOptions) -> TargetPlan:
        provider = self.provider()
        try:
            return (await self.prepare(provider, resources, options))[0]
        finally:
            await provider.close()

    async def prepare(
        self, provider: Provider, resources: list[Resource], options: MakeOptions
    ) -> tuple[TargetPlan, Matching]:
        """Read, match, plan and hold back."""
        return await prepared("search", provider, resources, self.ownership, self.secrets, options)

    async def _apply(
        self, resources: list[Resource], options: MakeOptions, stop: Stop, extra: dict[str, Any]
    ) -> RunResult:
        provider = self.provider()
        try:
            plan, matching = await self.prepare(provider, resources, options)
            session = Session(
                provider=provider,
                plan=plan,
                matching=matching,
                secrets=self.secrets,
                ownership=self.ownership,
                journal=extra.pop("journal", Journal()),
                options=self.options,
                stop=stop.soft,
                **extra,
            )
            return await apply_targets([session], stop)
        finally:
            await provider.close()


@dataclass
class Runs(PlansAndApplies):
    """Plans and applies against one simulator."""

    simulator: Simulator
    ownership: Ownership = OWNERSHIP
    secrets: Mapping[SecretReference, SecretText] = field(default_factory=lambda: SECRETS)
    options: SessionOptions = SessionOptions()

    def configs(self) -> dict[str, dict[str, Any]]:
        """What the simulator holds, by id."""
        documents = [json.loads(document.text) for document in self.simulator.store.all()]
        return {document["config_id"]: document["config"] for document in documents}

    def sent(self) -> list[tuple[str, str]]:
        """The test calls so far: (method, id)."""
        return [
            (call.method, call.path.rsplit("/", 1)[1])
            for call in self.simulator.requests
            if "/feature/test/" in call.path
        ]

    def calls(self) -> list[str]:
        """All calls since the last `clear_requests`, as `METHOD last-part-of-path`."""
        return [f"{call.method} {call.path.rsplit('/', 1)[1]}" for call in self.simulator.requests]

    def provider(self) -> Provider:
        return make_provider(Connection(self.simulator.url, "search"))
