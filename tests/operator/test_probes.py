"""Probes and metrics over HTTP."""

from __future__ import annotations

import threading
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from reconciler.operator.probes import serve_probes
from reconciler.operator.schedule import Queue
from tests.operator.fake import World


def test_probes_say_ready_once_the_watch_has_begun(tmp_path: Path) -> None:
    ready = threading.Event()

    async def ask(world: World) -> list[tuple[int, str]]:
        async with AsyncExitStack() as stack:
            port = await serve_probes(stack, "127.0.0.1", 0, world.rounds, Queue(), ready)
            client = await stack.enter_async_context(
                httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", verify=False, trust_env=False)
            )
            answers = [await client.get(path) for path in ("/healthz", "/readyz")]
            ready.set()
            answers += [await client.get(path) for path in ("/readyz", "/metrics")]
            assert answers[-1].headers["content-type"].startswith("application/openmetrics-text")
            return [(answer.status_code, answer.text) for answer in answers]

    with World(tmp_path) as world:
        health, before, after, metrics = world.runner.run(ask(world))
    assert [health[0], before[0], after[0], metrics[0]] == [200, 503, 200, 200]
    assert "reconciler_queue_length 0.0" in metrics[1]
    assert metrics[1].endswith("# EOF\n")
