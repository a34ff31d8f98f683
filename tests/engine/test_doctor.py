"""The doctor asks for rights to write as the provider says, and not by what it believes of any system."""

from __future__ import annotations

import asyncio

import pytest

from reconciler.engine.doctor import check_target
from reconciler.model.errors import ForbiddenError, RejectedError, TargetError
from reconciler.model.evidence import Check, Health
from reconciler.model.provider import HarmlessWrites
from reconciler.model.resource import Payload
from tests.providers.memory import MemoryAbilities, MemoryProvider


def harmless(missing: str) -> HarmlessWrites:
    """Writes of a kind that no provider of ours takes for this."""
    return HarmlessWrites(Payload("SnsChannel", {}, missing), Payload("ChimeChannel", {}, missing))


def rights(provider: MemoryProvider) -> dict[str, Check]:
    """What is found of each right."""
    found = asyncio.run(check_target("search", provider, "acme", ()))
    return {check.name.removeprefix("right to "): check for check in found if check.name.startswith("right to ")}


@pytest.mark.parametrize("chooses_ids", [True, False])
def test_without_harmless_writes_no_right_to_write_is_tried(chooses_ids: bool) -> None:
    provider = MemoryProvider(MemoryAbilities(chooses_ids=chooses_ids))
    found = rights(provider)
    assert {name for name, check in found.items() if check.health is Health.NOT_TRIED} == {
        "create",
        "update",
        "delete",
        "test",
    }
    assert not {call.verb for call in provider.calls} & {"create", "update", "delete", "send_test"}


@pytest.mark.parametrize(
    ("error", "health"),
    [
        (RejectedError("there is no such account", status=404), Health.OK),
        (ForbiddenError("no right", status=403), Health.FAILURE),
        (RejectedError("no such field", status=400), Health.WARNING),
    ],
)
def test_the_answer_to_the_harmless_create_tells_of_the_right(error: TargetError, health: Health) -> None:
    provider = MemoryProvider(MemoryAbilities(harmless=harmless, chooses_ids=False))
    provider.fail("create", error)
    found = rights(provider)
    assert found["create"].health is health
    assert found["update"].health is Health.OK


def test_what_a_server_takes_all_the_same_is_removed() -> None:
    provider = MemoryProvider(MemoryAbilities(harmless=harmless))
    assert rights(provider)["create"].health is Health.OK
    assert provider.objects == {}
