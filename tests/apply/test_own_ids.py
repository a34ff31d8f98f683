"""Applies on a target that chooses the ids itself and verifies by canaries: neither system does, the next one may."""

from __future__ import annotations

import asyncio

from reconciler.apply.journal import Journal
from reconciler.apply.results import RunResult, Status
from reconciler.apply.run import Stop, apply_targets
from reconciler.apply.session import Session
from reconciler.engine.read import read_and_plan
from reconciler.model.evidence import Delivery, Outcome
from reconciler.model.resource import Resource, Server
from reconciler.model.values import SecretText
from reconciler.plan.changes import TargetPlan
from reconciler.plan.make import make_target_plan
from reconciler.plan.marks import Matching, Ownership
from tests.plan.builders import MASKER, resource
from tests.providers.memory import MemoryAbilities, MemoryProvider

OWNERSHIP = Ownership("acme")


def hook(url: str) -> Resource:
    return resource("WebhookChannel", "hook", url=SecretText(url))


def apply(provider: MemoryProvider, wanted: Resource) -> RunResult:
    def make_plan(server: Server, matching: Matching) -> TargetPlan:
        return make_target_plan("memory", "memory", server, matching, {}, MASKER)

    async def run() -> RunResult:
        plan, matching = await read_and_plan(provider, [wanted], OWNERSHIP, make_plan)
        stop = Stop()
        session = Session(provider, plan, matching, {}, OWNERSHIP, Journal(), stop=stop.soft)
        return await apply_targets([session], stop)

    return asyncio.run(run())


def test_a_canary_is_known_by_the_id_that_it_was_given() -> None:
    provider = MemoryProvider(MemoryAbilities(chooses_ids=False))
    assert apply(provider, hook("https://hooks.example/one")).exit_code == 0
    (made,) = provider.objects
    (result,) = apply(provider, hook("https://hooks.example/two")).targets[0].results
    assert result.status is Status.APPLIED, result.text
    assert list(provider.objects) == [made]
    assert provider.objects[made].fields["url"] == SecretText("https://hooks.example/two")


def test_a_refused_canary_leaves_the_object_and_nothing_else() -> None:
    provider = MemoryProvider(MemoryAbilities(chooses_ids=False))
    apply(provider, hook("https://hooks.example/one"))
    provider.deliver = lambda _: Delivery(Outcome.REFUSED, "gone", 410)
    assert apply(provider, hook("https://hooks.example/two")).exit_code == 5
    assert [live.fields["url"] for live in provider.objects.values()] == [SecretText("https://hooks.example/one")]
