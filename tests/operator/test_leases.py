"""One writer a system: leases that are taken, kept, given back, lost and taken over."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from reconciler.operator.kubernetes import Cluster, ClusterError
from reconciler.operator.leases import (
    DURATION,
    Held,
    HeldElsewhereError,
    LeaseLostError,
    Leases,
    by_our_clock,
    lease_name,
)
from reconciler.operator.loop_thread import LoopThread
from tests.operator.fake import FakeCluster, Login

NAME = lease_name("opensearch", "0f3a")
PATH = f"/apis/coordination.k8s.io/v1/namespaces/operator/leases/{NAME}"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def leases(fake: FakeCluster, holder: str, clock: Clock) -> AsyncIterator[Leases]:
    cluster = Cluster(Login, transport=httpx.MockTransport(fake.answer))
    try:
        yield Leases(cluster, "operator", holder, clock=clock)
    finally:
        await cluster.close()


def test_a_lease_name_is_a_dns_label_whatever_the_identity() -> None:
    name = lease_name("opensearch", "https://Ümlaut/" * 50)
    assert len(name) < 63
    assert name.replace("-", "").isalnum()
    assert name == name.lower() != lease_name("confluent", "https://Ümlaut/" * 50)


def test_two_hold_it_one_after_the_other_and_never_together() -> None:
    async def both() -> None:
        fake, clock = FakeCluster(), Clock()
        async with leases(fake, "a", clock) as a, leases(fake, "b", clock) as b:
            async with a.hold(NAME) as held:
                await held.permit()
                with pytest.raises(HeldElsewhereError):
                    async with b.hold(NAME):
                        raise AssertionError
                with pytest.raises(HeldElsewhereError):  # another run of the same process neither
                    async with a.hold(NAME):
                        raise AssertionError
            assert not fake.objects[PATH]["spec"]["holderIdentity"]
            async with b.hold(NAME) as held:
                await held.permit()
                assert fake.objects[PATH]["spec"]["holderIdentity"].startswith("b-")
                assert fake.objects[PATH]["spec"]["leaseTransitions"] == 2

    asyncio.run(both())


def test_a_lease_of_a_process_that_died_is_taken_over_after_its_duration_by_our_clock() -> None:
    async def take_over() -> None:
        fake, clock = FakeCluster(), Clock()
        async with leases(fake, "a", clock) as a, leases(fake, "b", clock) as b:
            await a._take(NAME, "a-1")
            for seconds in (0.0, DURATION - 1.0):
                clock.now += seconds
                with pytest.raises(HeldElsewhereError):
                    async with b.hold(NAME):
                        raise AssertionError
            clock.now += 1.0
            async with b.hold(NAME) as held:
                await held.permit()

    asyncio.run(take_over())


def test_who_was_stopped_and_goes_on_may_not_write_even_if_nobody_took_the_lease() -> None:
    async def stopped() -> None:
        fake, clock = FakeCluster(), Clock()
        async with leases(fake, "a", clock) as a, a.hold(NAME) as held:
            await held.permit()
            clock.now += DURATION
            with pytest.raises(LeaseLostError):
                await held.permit()
            clock.now -= DURATION
            with pytest.raises(LeaseLostError):
                await held.permit()
        assert fake.objects[PATH]["spec"]["holderIdentity"], "what was lost is not ours to free"

    asyncio.run(stopped())


def test_a_lease_ends_while_the_machine_is_suspended_for_which_the_monotonic_clock_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asleep = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    monkeypatch.setattr(time, "clock_gettime", lambda which: 1000.0 + asleep * (which == "boot"))
    monkeypatch.setattr("reconciler.operator.leases._NEVER_STANDS", "boot")
    held = Held(until=1000.0 + DURATION, document={})
    asyncio.run(held.permit())
    asleep = 2 * DURATION
    with pytest.raises(LeaseLostError):
        asyncio.run(held.permit())


def test_without_such_a_clock_the_monotonic_one_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.operator.leases._NEVER_STANDS", None)
    assert by_our_clock() <= time.monotonic()


def test_an_api_server_that_fails_is_an_error_and_no_lease() -> None:
    async def fails() -> None:
        fake, clock = FakeCluster(refuse={("GET", ".*leases.*"): 500}), Clock()
        async with leases(fake, "a", clock) as a:
            with pytest.raises(ClusterError):
                async with a.hold(NAME):
                    raise AssertionError
        lost = FakeCluster(refuse={("POST", ".*leases"): 409})
        async with leases(lost, "a", clock) as a:
            with pytest.raises(HeldElsewhereError):
                async with a.hold(NAME):
                    raise AssertionError

    asyncio.run(fails())


def test_a_lease_ends_in_time_for_a_write_to_arrive() -> None:
    clock = Clock()
    held = Held(until=clock.now + DURATION, document={}, clock=clock)
    clock.now += DURATION * 0.6
    asyncio.run(held.permit())
    clock.now += DURATION * 0.1
    with pytest.raises(LeaseLostError):
        asyncio.run(held.permit())


def test_a_lease_is_renewed_while_all_else_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.operator.leases._RENEW", 0.0)
    fake, renewed = FakeCluster(), threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        if sum(method == "PUT" for method, _ in fake.calls) > 3:
            renewed.set()
        return fake.answer(request)

    async def main() -> None:
        lease_loop = LoopThread("leases")
        cluster = Cluster(Login, transport=httpx.MockTransport(answer))
        async with Leases(cluster, "operator", "one", start=lease_loop.start).hold("a") as held:
            assert renewed.wait(60)  # no other coroutine of this loop has a turn meanwhile
            await held.permit()
        await lease_loop.start(cluster.close())
        lease_loop.stop()

    asyncio.run(main())
