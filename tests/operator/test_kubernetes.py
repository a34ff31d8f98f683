"""Calls to the API server."""

from __future__ import annotations

import asyncio

import httpx

from reconciler.operator.kubernetes import CALLS_AT_ONCE, Cluster
from tests.operator.fake import Login


def test_calls_wait_for_their_turn_before_the_client_knows_of_them() -> None:
    under_way, most = 0, 0

    async def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return httpx.Response(200, json={})

    async def main() -> Cluster:
        cluster = Cluster(Login, transport=httpx.MockTransport(answer))
        await asyncio.gather(*(cluster.patch("/a", {}) for _ in range(20 * CALLS_AT_ONCE)))
        await cluster.close()
        return cluster

    assert asyncio.run(main()).calls == {"PATCH": 20 * CALLS_AT_ONCE}
    assert most == CALLS_AT_ONCE
