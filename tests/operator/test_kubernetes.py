"""Calls to the API server."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from reconciler.operator.kubernetes import CALLS_AT_ONCE, Cluster, ClusterError
from tests.operator.fake import Login
from tests.providers.support import Counting


def test_calls_wait_for_their_turn_before_the_client_knows_of_them() -> None:
    server = Counting()

    async def main() -> Cluster:
        cluster = Cluster(Login, transport=httpx.MockTransport(server))
        await asyncio.gather(*(cluster.patch("/a", {}) for _ in range(20 * CALLS_AT_ONCE)))
        await cluster.close()
        return cluster

    assert asyncio.run(main()).calls == {"PATCH": 20 * CALLS_AT_ONCE}
    assert server.most == CALLS_AT_ONCE


def test_an_object_is_sent_again_only_if_it_is_another_one() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("if-none-match"))
        status = {None: 200, "1": 304, "2": 404}[asked[-1]]
        return httpx.Response(status, json={"a": 1}, headers={"etag": "1"})

    async def main() -> list[object]:
        cluster = Cluster(Login, transport=httpx.MockTransport(answer))
        found: list[object] = [await cluster.get_newer("/a", etag) for etag in ("", "1")]
        with pytest.raises(ClusterError, match="GET /a: 404"):
            await cluster.get_newer("/a", "2")
        await cluster.close()
        return found

    assert asyncio.run(main()) == [({"a": 1}, "1"), None]
    assert asked == [None, "1", "2"]


class Expiring(httpx.AsyncBaseTransport):
    """A network whose server takes only the login of the second time."""

    def __init__(self) -> None:
        self.logins = self.under_way = self.closed = 0

    def log_in(self) -> Login:
        self.logins += 1
        return Login()

    async def handle_async_request(self, _request: httpx.Request) -> httpx.Response:
        self.under_way += 1
        status = 401 if self.logins < 2 else 200
        for _ in range(self.under_way):  # they end one after the other
            await asyncio.sleep(0)
        self.under_way -= 1
        return httpx.Response(status, json={})

    async def aclose(self) -> None:
        self.closed += 1


def test_a_login_that_expired_is_renewed_once_for_all_calls_under_way_which_close_only_the_old_one() -> None:
    network = Expiring()

    async def main() -> None:
        cluster = Cluster(network.log_in, transport=network)
        await asyncio.gather(*(cluster.patch("/a", {}) for _ in range(CALLS_AT_ONCE)))
        await cluster.close()

    asyncio.run(main())
    assert network.logins == 2
    assert network.closed == 2


def test_a_login_that_is_never_taken_ends_with_its_status() -> None:
    async def main() -> None:
        cluster = Cluster(Login, transport=httpx.MockTransport(lambda _: httpx.Response(401, json={})))
        with pytest.raises(ClusterError) as caught:
            await cluster.get("/a")
        assert caught.value.status == 401
        await cluster.close()

    asyncio.run(main())


def test_a_login_that_fails_for_a_moment_is_an_error_of_its_call_and_tried_by_the_next() -> None:
    failures: list[Exception] = [OSError("t0ken"), ValueError("t0ken")]

    def log_in() -> Login:
        if failures:
            raise failures.pop()
        return Login()

    async def main() -> None:
        cluster = Cluster(log_in, transport=httpx.MockTransport(lambda _: httpx.Response(200, json={})))
        for kind in ("ValueError", "OSError"):
            with pytest.raises(ClusterError, match=rf"logging in to the API server failed \({kind}\)") as caught:
                await cluster.get("/a")
            assert "t0ken" not in str(caught.value)
        assert await cluster.get("/a") == {}
        await cluster.close()

    asyncio.run(main())
