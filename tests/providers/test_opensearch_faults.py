"""Writes and tests over a wire that fails: whatever becomes of an answer, an object is written once and as wanted."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from reconciler.model.errors import TargetError
from reconciler.model.evidence import Outcome
from reconciler.model.resource import Payload
from reconciler.model.values import SecretText, Value
from reconciler.providers.connection import Connection
from reconciler.providers.opensearch import make_provider
from reconciler.providers.opensearch.client import OpenSearchProvider
from reconciler.simulator import Fault, FaultKind, Simulator
from tests.providers.contract import LiveTarget
from tests.providers.support import Waits

T = TypeVar("T")

FAULTS = {
    "429": Fault(FaultKind.ANSWER, status=429, retry_after=1),
    "500": Fault(FaultKind.ANSWER, status=500),
    "503": Fault(FaultKind.ANSWER, status=503),
    "done, but 500": Fault(FaultKind.ANSWER_AFTER, status=500),
    "done, but 503": Fault(FaultKind.ANSWER_AFTER, status=503),
    "a page with 200": Fault(FaultKind.HTML, status=200),
    "a page with 502": Fault(FaultKind.HTML, status=502),
    "done, but cut": Fault(FaultKind.CUT_JSON),
    "dropped before": Fault(FaultKind.DROP_BEFORE),
    "dropped after": Fault(FaultKind.DROP_AFTER),
}
DONE = {"done, but 500", "done, but 503", "done, but cut", "dropped after"}


@pytest.fixture(scope="module")
def shared() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(shared: Simulator) -> Simulator:
    shared.faults.clear()
    shared.store.clear()
    return shared


def visit(simulator: Simulator, tour: Callable[[OpenSearchProvider], Coroutine[Any, Any, T]]) -> T:
    """Have a provider do something with the simulator, without waiting between repetitions."""
    waits = Waits()
    place = LiveTarget(
        "faulty", lambda: make_provider(Connection(simulator.url), "3.6.0", waits.retries()), frozenset()
    )

    async def typed(provider: Any) -> T:
        await provider.read_server()
        simulator.clear_requests()
        return await tour(provider)

    return place.visit(typed)


def payload(simulator: Simulator, name: str = "n") -> Payload:
    """A webhook to the simulator's own sink."""
    url = SecretText(f"{simulator.receiver.url}/hooks/x")
    fields: dict[str, Value] = {"display_name": name, "description": "", "enabled": True}
    return Payload("WebhookChannel", fields | {"url": url, "method": "POST", "headers": {}}, "one")


def count(simulator: Simulator, method: str) -> int:
    """How many calls of this method arrived."""
    return sum(request.method == method for request in simulator.requests)


def arm(simulator: Simulator, fault: Fault, method: str, times: int = 1) -> None:
    """Let the next calls of this method go wrong."""
    simulator.faults.add(fault.kind, method=method, times=times, status=fault.status, retry_after=fault.retry_after)


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_create_ends_with_one_object_and_is_repeated_only_if_it_did_not_happen(
    simulator: Simulator, fault: str
) -> None:
    async def tour(provider: OpenSearchProvider) -> None:
        arm(simulator, FAULTS[fault], "POST")
        assert await provider.create(payload(simulator)) == "one"
        live = await provider.read("one")
        assert live is not None
        assert live.fields == payload(simulator).fields

    visit(simulator, tour)
    assert count(simulator, "POST") == (1 if fault in DONE else 2)
    assert len(simulator.store.all()) == 1


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_an_update_ends_as_wanted(simulator: Simulator, fault: str) -> None:
    async def tour(provider: OpenSearchProvider) -> None:
        await provider.create(payload(simulator))
        before = await provider.read("one")
        assert before is not None
        arm(simulator, FAULTS[fault], "PUT")
        await provider.update("one", payload(simulator, "new"), before)
        live = await provider.read("one")
        assert live is not None
        assert live.fields["display_name"] == "new"

    visit(simulator, tour)
    assert count(simulator, "PUT") == (1 if fault in DONE else 2)


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_delete_ends_with_nothing_and_says_that_it_was_ours(simulator: Simulator, fault: str) -> None:
    async def tour(provider: OpenSearchProvider) -> None:
        await provider.create(payload(simulator))
        arm(simulator, FAULTS[fault], "DELETE")
        assert await provider.delete("one") is True
        assert await provider.read("one") is None

    visit(simulator, tour)
    assert count(simulator, "DELETE") == (1 if fault in DONE else 2)


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - {"a page with 200"}))
def test_a_read_and_a_list_get_over_a_fault(simulator: Simulator, fault: str) -> None:
    async def tour(provider: OpenSearchProvider) -> None:
        await provider.create(payload(simulator))
        arm(simulator, FAULTS[fault], "GET")
        assert await provider.read("one") is not None
        arm(simulator, FAULTS[fault], "GET")
        assert len((await provider.read_all()).objects) == 1

    visit(simulator, tour)


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_test_is_sent_at_most_once_and_never_counts_when_it_is_unclear(simulator: Simulator, fault: str) -> None:
    before = len(simulator.receiver.received)

    async def tour(provider: OpenSearchProvider) -> None:
        await provider.create(payload(simulator))
        arm(simulator, FAULTS[fault], "POST")
        try:
            delivery = await provider.send_test("one")
        except TargetError:
            return
        assert delivery.outcome in (Outcome.UNKNOWN, Outcome.FAILED)

    visit(simulator, tour)
    assert sum("/feature/test/" in request.path for request in simulator.requests) == 1
    assert len(simulator.receiver.received) - before <= 1


def test_a_create_that_fails_for_good_leaves_nothing_and_says_why(simulator: Simulator) -> None:
    async def tour(provider: OpenSearchProvider) -> None:
        arm(simulator, FAULTS["503"], "POST", times=99)
        with pytest.raises(TargetError, match="503"):
            await provider.create(payload(simulator))

    visit(simulator, tour)
    assert count(simulator, "POST") == 5
    assert simulator.store.all() == []
