"""How many calls a server is given at once: learned from how they end, tried with plain values, then over HTTP."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.providers.connection import Connection
from reconciler.providers.http import HttpTarget
from reconciler.providers.opensearch.client import OpenSearchDialect
from reconciler.providers.pacing import AdaptiveLimit, CallSlots
from tests.providers.support import Waits


def after(most: int, ends: str) -> int:
    """The limit after calls that ended one by one: `.` well, `b` busy, `s` a write of 10 s, `q` one of 1 ms."""
    limit = AdaptiveLimit(most)
    for end in ends:
        limit.learn(limit.epoch, is_busy=end == "b", write_seconds={"s": 10.0, "q": 0.001}.get(end))
    return limit.now


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ("", 8),
        ("." * 100, 8),
        ("b", 4),
        ("bb", 2),
        ("bbbbb", 1),
        ("bbb" + "." * 2, 2),
        ("b" + "." * 5, 5),
        ("b" + "." * 40, 8),
        ("qs", 4),
        ("s", 8),  # the first write is as slow as they are, as far as anybody knows
        ("q" + "s" * 400, 8),  # and one day they all are
    ],
)
def test_the_limit_is_halved_where_it_is_too_much_and_grows_by_one_a_round(ends: str, expected: int) -> None:
    assert after(8, ends) == expected


@given(st.integers(1, 30), st.text("b.sq", max_size=60))
def test_it_never_leaves_its_bounds(most: int, ends: str) -> None:
    assert 1 <= after(most, ends) <= most


def test_calls_that_were_under_way_together_halve_it_once() -> None:
    limit = AdaptiveLimit(8)
    assert [limit.learn(0, is_busy=True) for _ in range(8)] == [True, *[False] * 7]
    assert limit.now == 4


def test_what_the_limit_loses_is_kept_back_and_what_it_gains_is_given() -> None:
    async def most_at_once(limit: AdaptiveLimit, slots: CallSlots) -> int:
        under_way = most = 0

        async def one() -> None:
            nonlocal under_way, most
            async with slots:
                under_way += 1
                most = max(most, under_way)
                await asyncio.sleep(0)
                under_way -= 1

        await asyncio.gather(*(one() for _ in range(20)))
        return most

    async def scenario() -> list[int]:
        limit = AdaptiveLimit(8)
        slots = CallSlots(limit)
        seen = [await most_at_once(limit, slots)]
        limit.learn(limit.epoch, is_busy=True)
        async with slots:
            pass  # as many as the limit lost are kept back as calls end
        await most_at_once(limit, slots)
        seen.append(await most_at_once(limit, slots))
        for _ in range(40):
            limit.learn(limit.epoch, is_busy=False)
        await most_at_once(limit, slots)
        return [*seen, await most_at_once(limit, slots)]

    assert asyncio.run(scenario()) == [8, 4, 8]


def test_a_busy_server_gets_fewer_calls_at_once_and_a_verbose_run_says_so(caplog: pytest.LogCaptureFixture) -> None:
    under_way, seen, answers = 0, [], iter([429] * 10)

    async def handle(_request: httpx.Request) -> httpx.Response:
        nonlocal under_way
        under_way += 1
        seen.append(under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return httpx.Response(next(answers, 200), json={})

    async def scenario() -> None:
        place = Connection("http://search.test", "search", parallelism=10, transport=httpx.MockTransport(handle))
        async with HttpTarget(place, OpenSearchDialect(), Waits().retries()) as target:
            await asyncio.gather(*(target.read(f"/{number}") for number in range(10)))
            seen.append(0)
            await asyncio.gather(*(target.read(f"/{number}") for number in range(10)))

    with caplog.at_level(logging.INFO, "reconciler.http"):
        asyncio.run(scenario())
    assert max(seen[: seen.index(0)]) == 10
    assert max(seen[seen.index(0) :]) < 10
    assert [item.getMessage() for item in caplog.records] == [
        "search: the server is busy, so it gets fewer calls at once: 5"
    ]
