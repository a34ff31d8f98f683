"""`reconciler operator run`: watch, look, write, until the process is to end.

SIGTERM lets what is under way come to a safe point: nothing new starts, an unverified change is rolled back, statuses
are written, leases are given back; then the watch ends.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import tempfile
import uuid
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import yaml

from reconciler.apply.run import Stop
from reconciler.model import __version__
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError
from reconciler.operator.definitions import follow_definitions
from reconciler.operator.kubernetes import Cluster, LoginInfo
from reconciler.operator.leases import LONGEST_CALL, Leases
from reconciler.operator.loop import Loop
from reconciler.operator.loop_thread import LoopThread
from reconciler.operator.permissions import Policy
from reconciler.operator.probes import Rights, serve_probes
from reconciler.operator.published import Published
from reconciler.operator.reading import Snapshots
from reconciler.operator.release import release_finalizers
from reconciler.operator.resources import SHARD_LABEL
from reconciler.operator.rounds import Rounds
from reconciler.operator.schedule import Key
from reconciler.operator.surroundings import Surroundings
from reconciler.operator.watch import Watch, log_in
from reconciler.operator.writing import Writer

_LOG = logging.getLogger("reconciler.operator")
_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_PATIENCE = 20.0
"""Seconds that what is under way has after SIGTERM; a pod's own patience is 30."""


@dataclass(frozen=True, slots=True)
class OperatorSettings:
    """How the operator runs. `namespaces` empty: all; `shard` "": the Projects without the label; `lease_namespace` "":
    the pod's own; `policy` is the administrator's file. Probes and metrics are served at `host` and `port`."""

    namespaces: tuple[str, ...]
    shard: str
    lease_namespace: str
    policy: Path | None
    host: str
    port: int


def read_policy(path: Path | None) -> Policy:
    """The policy of a file; without one nothing beyond the defaults is allowed."""
    if path is None:
        return Policy()
    try:
        return Policy.read(yaml.safe_load(path.read_text("utf-8")) or {})
    except OSError as error:
        raise ConfigurationError(f"the policy file {path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigurationError(f"the policy file {path} is not YAML") from None


def describe(settings: OperatorSettings, policy: Policy) -> str:
    """The first line of the log: which version this is, what it reconciles, and what the policy is about."""
    where = f"namespaces {', '.join(settings.namespaces)}" if settings.namespaces else "all namespaces"
    label = f"with {SHARD_LABEL}={settings.shard}" if settings.shard else f"without the label {SHARD_LABEL}"
    rules = ", ".join(pattern for pattern, _ in policy.namespaces) or "no namespace"
    return f"reconciler {__version__}: {where}, Projects {label}; the policy has rules for {rules}"


async def run_operator(settings: OperatorSettings, environ: Mapping[str, str]) -> None:
    """Run until SIGTERM or SIGINT. ConfigurationError if there is no API server, or the policy cannot be used."""
    policy, ending = read_policy(settings.policy), asyncio.Event()
    log_in()  # for its error, before anything begins
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reconciler-")))
        operator = Operator(settings, log_in, policy, environ, folder)
        stack.push_async_callback(operator.close)
        watch = operator.watch(loop)
        _LOG.info("%s", describe(settings, policy))
        rights = Rights(operator.cluster, settings.namespaces)
        await serve_probes(
            stack,
            settings.host,
            settings.port,
            operator.rounds,
            operator.loop.queue,
            watch.ready,
            rights.refusal,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, ending.set)
            stack.callback(loop.remove_signal_handler, number)
        stack.push_async_callback(asyncio.to_thread, watch.stop)
        following = asyncio.create_task(
            follow_definitions(operator.cluster, watch.begin, operator.learn, lambda: watch.failures)
        )
        stack.callback(following.cancel)
        await operator.run(ending)


async def release_all(namespaces: tuple[str, ...]) -> list[str]:
    """Take our finalizers off, in these namespaces or in all; a line for each object. ConfigurationError if there is no
    API server, or no such namespace."""
    log_in()  # for its error, before anything begins
    cluster = Cluster(log_in)
    try:
        return await release_finalizers(cluster, namespaces)
    finally:
        await cluster.close()


class Operator:
    """The parts of one process, put together."""

    def __init__(
        self,
        settings: OperatorSettings,
        login: Callable[[], LoginInfo],
        policy: Policy,
        environ: Mapping[str, str],
        folder: Path,
    ) -> None:
        self.stop = Stop()
        self._settings = settings
        self.cluster = Cluster(login)
        self._for_leases = Cluster(login, seconds=LONGEST_CALL)
        self._lease_loop = LoopThread("leases")
        self.snapshots = Snapshots(self.cluster)
        holder = f"{socket.gethostname()}-{uuid.uuid4().hex[:8]}"
        self.leases = Leases(
            self._for_leases, settings.lease_namespace or own_namespace(), holder, start=self._lease_loop.start
        )
        self._around = Surroundings(
            cluster=self.cluster,
            leases=self.leases,
            snapshots=self.snapshots,
            writer=Writer(self.cluster, self.mark),
            wake=self.wake,
            policy=policy,
            shard=settings.shard,
            namespaces=settings.namespaces,
            environ=environ,
            folder=folder,
            stop=self.stop,
        )
        self.rounds = Rounds(self._around)
        self.loop = Loop(self.rounds.run)

    async def close(self) -> None:
        """Give the connections back."""
        await self.cluster.close()
        await self._lease_loop.start(self._for_leases.close())
        self._lease_loop.stop()

    def mark(self, namespace: str) -> None:
        """Something happened there."""
        self.snapshots.invalidate(namespace)
        self.loop.mark(namespace)

    def wake(self, key: Key) -> None:
        """A target that was not known is to be looked at."""
        self.loop.wake(key)

    def learn(self, published: Published) -> None:
        """Something else is known of the cluster's definitions, which all projects are to say."""
        self._around.published = published
        for namespace in tuple(self.rounds.known):
            self.mark(namespace)

    def watch(self, loop: asyncio.AbstractEventLoop) -> Watch:
        """The watch that reports what happens, to this event loop."""

        def tell(namespace: str) -> None:
            with suppress(RuntimeError):  # the loop has ended, and nobody listens any more
                loop.call_soon_threadsafe(self.mark, namespace)

        return Watch(self._settings.namespaces, self._settings.shard, tell)

    async def run(self, ending: asyncio.Event) -> None:
        """Until `ending` is set, and what was under way has come to a safe point."""
        running = asyncio.create_task(self.loop.run())
        waiting = asyncio.create_task(ending.wait())
        await asyncio.wait([running, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        self.stop.soft.set()
        self.loop.end()
        _, late = await asyncio.wait([running], timeout=_PATIENCE)
        if late:
            self.stop.hard.set()
        await running


def own_namespace() -> str:
    """The namespace of this pod; `default` outside of one."""
    try:
        return _NAMESPACE_FILE.read_text("utf-8").strip() or "default"
    except OSError:
        return "default"
