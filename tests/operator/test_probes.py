"""Probes and metrics over HTTP."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from reconciler.operator.kubernetes import Cluster
from reconciler.operator.probes import Rights, serve_probes
from reconciler.operator.schedule import Queue
from tests.operator.fake import Login, World


def test_probes_say_ready_once_the_watch_has_begun(tmp_path: Path) -> None:
    ready = threading.Event()
    refused = [""]

    async def refusal() -> str:
        return refused[0]

    async def ask(world: World) -> list[tuple[int, str]]:
        async with AsyncExitStack() as stack:
            port = await serve_probes(stack, "127.0.0.1", 0, world.rounds, Queue(), ready, refusal)
            client = await stack.enter_async_context(
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", verify=False, trust_env=False, timeout=300)
            )
            answers = [await client.get(path) for path in ("/healthz", "/readyz")]
            ready.set()
            refused[0] = "403\n"
            answers.append(await client.get("/readyz"))
            refused[0] = ""
            answers += [await client.get(path) for path in ("/readyz", "/metrics")]
            assert answers[-1].headers["content-type"].startswith("application/openmetrics-text")
            return [(answer.status_code, answer.text) for answer in answers]

    with World(tmp_path) as world:
        health, before, without, after, metrics = world.runner.run(ask(world))
    assert [health[0], before[0], after[0], metrics[0]] == [200, 503, 200, 200]
    assert without == (503, "403\n")
    assert "reconciler_queue_length 0.0" in metrics[1]
    assert metrics[1].endswith("# EOF\n")


@pytest.mark.parametrize("refused", ["projects", "secrets"])
def test_an_operator_without_its_rights_is_not_ready(refused: str) -> None:
    now, calls, status = [0.0], list[str](), [403]

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request.url.path)
        assert request.url.params["limit"] == "1"
        return httpx.Response(status[0] if request.url.path.endswith(refused) else 200, json={"message": "no"})

    async def main() -> None:
        cluster = Cluster(Login, transport=httpx.MockTransport(answer))
        rights = Rights(cluster, ("payments", "orders"), lambda: now[0])
        assert refused in await rights.refusal()
        asked = len(calls)
        status[0] = 500  # the API server is not well: that says nothing of rights
        assert refused in await rights.refusal()
        assert len(calls) == asked, "an answer counts for a while"
        now[0] += 30
        assert await rights.refusal() == ""
        await cluster.close()

    asyncio.run(main())
    assert all("/namespaces/payments/" in path or "/namespaces/orders/" in path for path in calls)
