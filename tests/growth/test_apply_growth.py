"""An apply works in proportion to its changes, and makes as many calls to the server for each: counted, not timed."""

from __future__ import annotations

import asyncio

import pytest

from reconciler.apply.journal import Journal
from reconciler.apply.run import Stop, apply_targets
from reconciler.apply.session import Session, SessionOptions
from reconciler.model.kinds import KINDS
from reconciler.model.provider import VerificationMethod
from reconciler.plan.guards import hold_back
from reconciler.plan.make import make_target_plan
from reconciler.plan.match import match_live
from tests.growth.shapes import SHAPES, Project
from tests.growth.steps import count_calls
from tests.growth.test_growth import finish_dataclasses, too_many
from tests.plan.builders import MASKER
from tests.providers.memory import MemoryAbilities, MemoryProvider

_CANARY = MemoryAbilities(kinds=frozenset(KINDS))
_PROBE = MemoryAbilities(kinds=frozenset(KINDS), verification=VerificationMethod.PROBE, chooses_ids=False)


def applied(project: Project, provider: MemoryProvider) -> tuple[int, int]:
    """The functions that an apply calls, and the calls that it makes to the server."""
    provider.objects = {item.id: item for item in project.objects}
    matching = match_live(project.resources, project.objects, project.ownership, project.words)
    plan = make_target_plan("search", "memory", project.server, matching, project.secrets, MASKER, project.options)
    plan = hold_back(plan, matching, project.guards)

    async def apply() -> None:
        stop = Stop()
        session = Session(
            provider,
            plan,
            matching,
            project.secrets,
            project.ownership,
            Journal(),
            SessionOptions(parallelism=1),
            stop.soft,
        )
        result = await apply_targets([session], stop)
        assert not result.targets[0].overwritten
        assert {item.status.value for item in result.targets[0].results} <= {"applied", "held"}

    loop = asyncio.new_event_loop()
    try:
        functions = count_calls({"apply": lambda: loop.run_until_complete(apply())})["apply"]
    finally:
        loop.close()
    return functions, len(provider.calls)


@pytest.mark.parametrize(
    "name",
    [
        "all new",
        "readdressed",
        "renamed",
        "pruned",
        "new and pruned",
        "replaced",
        "accounts and groups changed",
        "references pruned",
        "confluent: all new",
        "confluent: changed",
        "confluent: pruned",
        "confluent duplicates of each mark",
        "confluent subscriptions",
        "confluent channels pruned in subscriptions",
    ],
)
def test_each_change_costs_the_same(name: str) -> None:
    able = _PROBE if name.startswith("confluent") else _CANARY
    runs = []
    for count in (2, 1, 4, 8, 12):
        runs.append(applied(SHAPES[name](count), MemoryProvider(able)))
        finish_dataclasses()
    functions, calls = zip(*runs[2:], strict=True)
    assert not too_many({"functions": (functions[1] - functions[0], functions[2] - functions[1])})
    assert calls[2] - calls[1] == calls[1] - calls[0] > 0
