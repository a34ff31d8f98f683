"""Receivers on loopback for demos and tests: a web server and a mail server that record what they get.

Both are context managers that listen on 127.0.0.1, by default on a free port. `sink` has the web server's answers; the
mail server is aiosmtpd's, and can refuse recipients.
"""

from __future__ import annotations

from collections.abc import Iterable
from socket import socket
from types import TracebackType
from typing import Self

from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from reconciler.simulator.background import LoopThread
from reconciler.simulator.clock import Clock
from reconciler.simulator.inbox import Inbox, Received
from reconciler.simulator.listening import HOST, Listener
from reconciler.simulator.sink import answer_delivery

__all__ = ["MailReceiver", "Receiver"]


class Receiver:
    """An HTTP receiver; see `sink` for what its paths do. `/slow` answers after `slow_seconds`."""

    def __init__(self, port: int = 0, *, slow_seconds: float = 12.0, inbox: Inbox | None = None) -> None:
        self._port = port
        self._slow_seconds = slow_seconds
        self._inbox = Inbox(Clock()) if inbox is None else inbox
        self._thread = LoopThread("receiver")
        self._listener: Listener | None = None
        self.port = port

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def received(self) -> list[Received]:
        """Requests so far, oldest first."""
        return [one for one in list(self._inbox.received) if one.method != "SMTP"]

    def clear(self) -> None:
        self._inbox.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        self._thread.run(self._open())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener:
            self._thread.run(self._listener.close())
        self._thread.stop()

    async def _open(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._listener = Listener(web.AppRunner(app, access_log=None, shutdown_timeout=0.05))
        await self._listener.open(self._port)
        self.port = self._listener.port

    async def _answer(self, request: web.Request) -> web.Response:
        return await answer_delivery(request, request.raw_path, self._inbox, self._slow_seconds)


class _MailHandler:
    """aiosmtpd's hooks: a recipient in `refused` gets a 550; accepted mail is recorded."""

    def __init__(self, inbox: Inbox, refused: set[str]) -> None:
        self._inbox = inbox
        self._refused = refused

    async def handle_RCPT(  # noqa: N802  (the name is aiosmtpd's)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self._refused:
            return "550 5.1.1 no such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  (the name is aiosmtpd's)
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content or b""
        text = content if isinstance(content, str) else content.decode(errors="replace")
        self._inbox.receive(
            method="SMTP",
            path=", ".join(envelope.rcpt_tos),
            content_type="message/rfc822",
            body=text,
            sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
        )
        return "250 OK"


class MailReceiver:
    """An SMTP receiver; mail to an address in `refused` is rejected. That set may be changed while it runs."""

    def __init__(self, port: int = 0, *, refused: Iterable[str] = (), inbox: Inbox | None = None) -> None:
        self._inbox = Inbox(Clock()) if inbox is None else inbox
        self.refused = set(refused)
        self._controller = _Controller(
            _MailHandler(self._inbox, self.refused), hostname=HOST, port=port, server_hostname="localhost"
        )
        self.port = port

    @property
    def received(self) -> list[Received]:
        """Mails so far, oldest first."""
        return [one for one in list(self._inbox.received) if one.method == "SMTP"]

    def clear(self) -> None:
        self._inbox.clear()

    def __enter__(self) -> Self:
        self._controller.start()
        self.port = self._controller.port
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()


class _Controller(Controller):
    """aiosmtpd's controller, which connects to itself once to check that it listens; with port 0 it must first learn
    its port."""

    def _trigger_server(self) -> None:
        sockets: list[socket] = getattr(self.server, "sockets", [])
        if self.port == 0 and sockets:
            self.port = sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd is typed in parts only
