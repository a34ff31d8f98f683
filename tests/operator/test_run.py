"""The parts of one process, put together."""

from __future__ import annotations

import asyncio
from pathlib import Path

from reconciler.model import __version__
from reconciler.operator.kubernetes import path_of
from reconciler.operator.permissions import Policy
from reconciler.operator.run import Operator, OperatorSettings, describe
from tests.operator.fake import Login

CALLS = 60
"""More calls at once than there are connections."""


class _Server:
    """An API server on loopback that answers for Leases at once, and for nothing else until it is let go."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.released = asyncio.Event()
        self.connections: list[asyncio.Task[None]] = []

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(asyncio.create_task(self.answer(reader, writer)))

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readline():
            length = 0
            while (line := await reader.readline()).strip():
                name, _, value = line.decode().partition(":")
                length = int(value) if name.lower() == "content-length" else length
            await reader.readexactly(length)
            method, path, _ = head.decode().split()
            if "/leases" not in path:
                self.asked.set()
                await self.released.wait()
            status = "404 Not Found" if method == "GET" else "200 OK"
            body = '{"metadata": {"resourceVersion": "1"}, "spec": {}}'
            writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())
            await writer.drain()
        writer.close()
        await writer.wait_closed()


def test_a_lease_waits_for_no_other_call(tmp_path: Path) -> None:
    async def main() -> None:
        held_up = _Server()
        server = await asyncio.start_server(held_up.accept, "127.0.0.1", 0)
        login = Login()
        login.server = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        settings = OperatorSettings((), "", "operator", None, "127.0.0.1", 0)
        operator = Operator(settings, lambda: login, Policy(), {}, tmp_path)
        path = path_of("SlackChannel", "team", "oncall", "status")
        async with asyncio.timeout(60):
            others = [asyncio.create_task(operator.cluster.patch(path, {})) for _ in range(CALLS)]
            await held_up.asked.wait()
            async with operator.leases.hold("reconciler-a") as held:
                await held.permit()
                assert not any(call.done() for call in others)
            held_up.released.set()
            await asyncio.gather(*others)
        await operator.close()
        await asyncio.gather(*held_up.connections)
        server.close()
        await server.wait_closed()

    asyncio.run(main())


def test_the_first_line_of_the_log_says_what_is_reconciled() -> None:
    everything = OperatorSettings((), "", "operator", None, "127.0.0.1", 0)
    assert describe(everything, Policy()) == (
        f"reconciler {__version__}: all namespaces, Projects without the label sharding.channels.gitops/key; "
        "the policy has rules for no namespace"
    )
    part = OperatorSettings(("payments", "orders"), "shard-1", "operator", None, "127.0.0.1", 0)
    policy = Policy.read({"namespaces": {"team-*": {"local": True}, "payments": {}}})
    assert describe(part, policy).partition(": ")[2] == (
        "namespaces payments, orders, Projects with sharding.channels.gitops/key=shard-1; "
        "the policy has rules for team-*, payments"
    )
