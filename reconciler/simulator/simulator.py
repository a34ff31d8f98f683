"""The simulator as one object: a context manager for tests, and `serve` for the command line.

It puts clock, stores, APIs, server, receivers and state file together. Nothing is printed here.
"""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from types import TracebackType
from typing import Any, Self

from reconciler.simulator.background import LoopThread
from reconciler.simulator.calls import Call, Reply
from reconciler.simulator.clock import Clock
from reconciler.simulator.confluent import Behaviours, ConfluentApi
from reconciler.simulator.confluent.behaviours import LIKELY
from reconciler.simulator.delivery import Courier, Timings
from reconciler.simulator.faults import Faults
from reconciler.simulator.inbox import Inbox, Received
from reconciler.simulator.opensearch.cluster import Disguise
from reconciler.simulator.opensearch.node import Node
from reconciler.simulator.opensearch.sending import TestSender
from reconciler.simulator.opensearch.store import Store
from reconciler.simulator.opensearch.switches import node_pages
from reconciler.simulator.opensearch.versions import Version
from reconciler.simulator.outcomes import Outcomes
from reconciler.simulator.receivers import MailReceiver
from reconciler.simulator.server import LoggedRequest, Server
from reconciler.simulator.state import StateFile

__all__ = ["Simulator", "Sink", "serve"]


@dataclass(frozen=True, slots=True)
class Sink:
    """The HTTP receiver on the simulator's own port; append a path to `url` to say what it does (see `sink`)."""

    url: str
    inbox: Inbox

    @property
    def received(self) -> list[Received]:
        """Requests so far, oldest first."""
        return [one for one in list(self.inbox.received) if one.method != "SMTP"]


class Simulator:
    """A simulated OpenSearch with the Notifications plugin and a Confluent Cloud organisation, on 127.0.0.1.

    `port` 0 takes a free one. `cluster_id` tells two simulated clusters apart. `state_file` keeps what both systems
    hold. With `credentials` (user, password) OpenSearch answers 401 without them; `users` is the whole document of
    users and roles (see docs/simulator.md), for a node with the security plugin; `alerting`: the Alerting plugin is
    installed. `deny_hosts` is the plugin's host deny list. `refresh_interval` (seconds of its clock) matters before
    3.1; without `auto_refresh`, lists change only by `refresh()`. `receivers` also starts a mail server on `mail_port`;
    the HTTP sink is always there. The sink's `/slow` answers after `slow_seconds`. `confluent_credentials` (key,
    secret) are the organisation's; `behaviours` chooses what the vendor's documentation leaves open.
    """

    def __init__(
        self,
        *,
        opensearch_version: str = "3.6.0",
        cluster_id: str = "",
        port: int = 0,
        state_file: str | PathLike[str] | None = None,
        credentials: tuple[str, str] | None = None,
        users: Mapping[str, Any] | None = None,
        alerting: bool = True,
        ssl_context: ssl.SSLContext | None = None,
        outcomes: Outcomes | None = None,
        deny_hosts: Sequence[str] = (),
        timings: Timings | None = None,
        refresh_interval: float = 1.0,
        auto_refresh: bool = True,
        receivers: bool = False,
        mail_port: int = 0,
        slow_seconds: float = 12.0,
        confluent_credentials: tuple[str, str] | None = None,
        behaviours: Behaviours = LIKELY,
    ) -> None:
        version = Version.parse(opensearch_version)
        self._port = port
        self._ssl_context = ssl_context
        self._state = StateFile(state_file) if state_file else None
        self._saved = 0
        self._thread = LoopThread("simulator")
        self.version = version
        self.clock = Clock()
        self.inbox = Inbox(self.clock)
        self.outcomes = outcomes or Outcomes()
        self.store = Store(
            self.clock,
            refreshes_at_once=version.refreshes_at_once,
            refresh_interval=refresh_interval,
            auto_refresh=auto_refresh,
        )
        courier = Courier(self.inbox, self.outcomes, timings or Timings())
        self.node = Node(
            version,
            self.clock,
            self.store,
            courier,
            cluster_id=cluster_id,
            deny_hosts=deny_hosts,
            credentials=credentials,
            users=users,
            alerting=alerting,
        )
        self.confluent = ConfluentApi(self.clock, courier, behaviours, credentials=confluent_credentials)
        self._server = Server(
            [self.confluent, self.node.api],
            courier=courier,
            clock=self.clock,
            refresh=self.store.refresh,
            pages=node_pages(self.node),
            after_call=self._save,
            slow_seconds=slow_seconds,
        )
        self.mail = MailReceiver(mail_port, inbox=self.inbox) if receivers else None

    # -- what tests look at

    @property
    def url(self) -> str:
        return f"{'https' if self._ssl_context else 'http'}://127.0.0.1:{self._server.port}"

    @property
    def inbox_url(self) -> str:
        return f"{self.url}/_simulator/inbox"

    @property
    def receiver(self) -> Sink:
        return Sink(f"{self.url}/_simulator/sink", self.inbox)

    @property
    def sender(self) -> TestSender:
        return self.node.sender

    @property
    def faults(self) -> Faults:
        return self._server.faults

    @property
    def requests(self) -> list[LoggedRequest]:
        """Calls to the API so far, oldest first."""
        return list(self._server.requests)

    @property
    def connections(self) -> int:
        """How many connections to it are open now."""
        return self._server.connections

    def clear_requests(self) -> None:
        self._server.requests.clear()

    def refresh(self) -> None:
        """Make all writes so far visible to lists."""
        self.store.refresh()

    def seed(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Put configs in directly, unchecked: `[{"config_id": ..., "config": {...}}]`."""
        self.store.seed(entries)
        self._save()

    def seed_monitors(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Put in monitors and workflows: bodies of create calls, each with an `_id` if wanted."""
        if self.node.alerting is None:
            raise ValueError("there is no Alerting on this node")
        self.node.alerting.monitors.seed(entries)
        self._save()

    def set_users(self, document: Mapping[str, Any] | None) -> None:
        """Replace users and roles, given like `users` at the start; None removes the security plugin."""
        self.node.set_users(document)

    async def answer(self, call: Call) -> Reply | None:
        """Answer a call without a network, in the caller's event loop; None: the connection is dropped."""
        return await self._server.answer(call)

    def hide_version(self, *, compatibility: bool = False, no_header: bool = False, no_root: bool = False) -> None:
        """Hide the version: show 7.10.2 in `GET /`, leave out the header of 3.x, or answer `GET /` with 403. With
        nothing set, the version is shown again."""
        self.node.hide(Disguise(compatibility, no_header, no_root))

    # -- starting and stopping

    async def open(self) -> None:
        """Load the state and listen, in the caller's event loop, which many can share. OSError if a port is taken."""
        self._load()
        if self.mail:
            self.mail.__enter__()
        await self._server.open(self._port, self._ssl_context)

    async def close(self) -> None:
        """Stop listening; call it in the event loop of `open`."""
        if self.mail:
            self.mail.__exit__(None, None, None)
        await self._server.close()

    def start(self) -> None:
        """Load the state and listen, in a thread of its own. OSError if a port is taken."""
        self._thread.start()
        try:
            self._thread.run(self.open())
        except OSError:
            self.stop()
            raise

    def stop(self) -> None:
        self._thread.run(self.close())
        self._thread.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- state

    def _load(self) -> None:
        if self._state:
            parts = self._state.load()
            self.store.seed(parts.get("opensearch", []))
            if "confluent" in parts:
                self.confluent.store.load(parts["confluent"])
            if self.node.alerting:
                self.node.alerting.monitors.seed(parts.get("alerting", []))
            self._saved = self._writes

    @property
    def _writes(self) -> int:
        monitors = self.node.alerting.monitors.write_count if self.node.alerting else 0
        return self.store.write_count + self.confluent.store.write_count + monitors

    def _save(self) -> None:
        """Write the state if there were writes since the last time."""
        if self._state and self._writes != self._saved:
            self._saved = self._writes
            entries = ",\n".join(document.stored for document in self.store.all())
            monitors = self.node.alerting.monitors.as_json() if self.node.alerting else []
            self._state.save(
                opensearch=f"[\n{entries}\n]",
                alerting=json.dumps(monitors),
                confluent=json.dumps(self.confluent.store.as_json()),
            )


def serve(simulator: Simulator, ready: Callable[[Simulator], None]) -> None:
    """Run until SIGINT or SIGTERM; `ready` is called once it listens. Call this from the main thread."""
    with simulator:
        asyncio.run(_until_a_signal(lambda: ready(simulator)))


async def _until_a_signal(ready: Callable[[], None]) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    ready()
    await stopped.wait()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.remove_signal_handler(number)
