"""A web application that listens on loopback, and leaves no connection open when it ends."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress

from aiohttp import web

__all__ = ["HOST", "Listener"]

HOST = "127.0.0.1"
_TURNS = 5
"""Turns of the loop after which a connection that was accepted has its transport and its protocol."""


class Listener:
    """Runs an application between `open` and `close`; `port` is where it listens."""

    def __init__(self, runner: web.AppRunner) -> None:
        self._runner = runner
        self._socket: socket.socket | None = None
        self.port = 0

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        server = self._runner.server
        return len(server.connections) if server else 0

    async def open(self, port: int, ssl_context: ssl.SSLContext | None = None) -> None:
        """Listen on the port, 0: on one that is free. OSError if it is taken."""
        await self._runner.setup()
        self._socket = socket.create_server((HOST, port))
        self.port = self._socket.getsockname()[1]
        await web.SockSite(self._runner, self._socket, ssl_context=ssl_context).start()

    async def close(self) -> None:
        """Accept nothing more, then close every connection. Closed while a connection is accepted but has no transport
        yet, asyncio's server (before Python 3.12) would leave that one open for ever."""
        if self._socket is not None:
            with suppress(NotImplementedError):  # on Windows the loop has no readers
                asyncio.get_running_loop().remove_reader(self._socket)
            for _ in range(_TURNS):
                await asyncio.sleep(0)
        await self._runner.cleanup()
