"""One writer a system: a `coordination.k8s.io` Lease, held while something is written there, and not longer.

The library for it, `kubernetes_asyncio.leaderelection`, elects one leader a process, renews as long as that lives and
ends the process when the lease is lost. Here there is a lease for each system, taken for each run that writes, so that
a steady state writes nothing; and what must be known before each write is whether the lease still holds: a process that
was stopped and goes on must not finish what it had begun. As in client-go, another's lease ends when it was not renewed
for its duration by *our* clock: clocks need not agree.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import field
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ReconcilerError, TargetError
from reconciler.operator.kubernetes import Cluster, ClusterError, Document

DURATION = 15.0
"""Seconds after which a lease that nobody renews is anybody's."""

LONGEST_CALL = DURATION / 3
"""Seconds that a call for a lease may take: one that hangs must leave time for another."""

_RENEW = DURATION / 5
_AGAIN = 1.0  # seconds until a renewal that failed is tried again
_MARGIN = DURATION / 3
"""Seconds before its end from which on a lease no longer permits a write, which needs time to arrive."""

_NEVER_STANDS = getattr(time, "CLOCK_BOOTTIME", None)

T = TypeVar("T")
_LOG = logging.getLogger("reconciler.operator")
_CONFLICT = 409


class HeldElsewhereError(ReconcilerError):
    """Another process, or another run of this one, writes there now. `seconds`: when to look again."""

    def __init__(self, seconds: float) -> None:
        super().__init__("another run writes there now")
        self.seconds = seconds


class LeaseLostError(TargetError):
    """The lease ended during the run: nothing more may be written."""


def by_our_clock() -> float:
    """Seconds of a clock that only goes forward, and, on Linux, goes on while the machine is suspended or hibernates:
    by one that stands meanwhile, as `time.monotonic` does, a lease that others took long since would seem to hold."""
    return time.monotonic() if _NEVER_STANDS is None else time.clock_gettime(_NEVER_STANDS)


def lease_name(provider: str, identity: str) -> str:
    """The name of a system's Lease. An identity may have any characters: it is hashed."""
    return f"reconciler-{hashlib.sha256(f'{provider} {identity}'.encode()).hexdigest()[:40]}"


@dataclass(slots=True)
class Held:
    """A lease that is held. `until` is the time of our clock at which it ends unless it is renewed."""

    until: float
    document: Document = field(repr=False)
    clock: Callable[[], float] = by_our_clock
    lost: bool = False

    async def permit(self) -> None:
        """Returns if a write may still be sent; LeaseLostError if not, and from then on always."""
        if self.lost or self.clock() > self.until - _MARGIN:
            self.lost = True
            raise LeaseLostError("another operator may write there by now (the lease ended): nothing was sent")


class Start(Protocol):
    """How work is begun whose caller does not wait for it yet."""

    def __call__(self, work: Coroutine[Any, Any, T], /) -> asyncio.Future[T]: ...


class Leases:
    """The Leases of one operator's process. `holder` names it; each run adds a mark of its own. `cluster` is used for
    nothing else, and `start` runs its calls: a renewal that waits until hundreds of other calls had their turn, in the
    client's pool or in the event loop, comes too late."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        holder: str,
        *,
        clock: Callable[[], float] = by_our_clock,
        start: Start = asyncio.create_task,
    ) -> None:
        self._start = start
        self._cluster = cluster
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._namespace = namespace
        self._holder = holder
        self._clock = clock
        self._runs = 0
        self._seen: dict[str, tuple[str, float]] = {}

    @property
    def calls(self) -> Mapping[str, int]:
        """The calls to the API server so far by method."""
        return self._cluster.calls

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[Held]:
        """The lease of that name, renewed within; given back at the end. HeldElsewhereError if it cannot be had now."""
        self._runs += 1
        holder = f"{self._holder}-{self._runs}"
        held = await self._start(self._take(name, holder))
        renewing = self._start(self._renew(name, held, holder))
        try:
            yield held
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            await self._start(self._give_back(name, held))

    async def _take(self, name: str, holder: str) -> Held:
        began = self._clock()
        found = await self._cluster.get(f"{self._path}/{name}")
        try:
            if found is None:
                metadata = {"name": name, "namespace": self._namespace}
                document = await self._cluster.create(self._path, self._lease({"metadata": metadata}, holder))
            else:
                self._must_be_free(name, found)
                document = await self._cluster.replace(f"{self._path}/{name}", self._lease(found, holder))
        except ClusterError as error:
            if error.status == _CONFLICT:
                raise HeldElsewhereError(_RENEW) from error
            raise
        return Held(began + DURATION, document, self._clock)

    def _must_be_free(self, name: str, found: Document) -> None:
        """HeldElsewhereError while the lease is another's and was renewed within its duration, by our clock."""
        spec = found.get("spec") or {}
        if not spec.get("holderIdentity"):
            return
        version = (found.get("metadata") or {}).get("resourceVersion", "")
        seen, since = self._seen.get(name, ("", 0.0))
        if seen != version:
            since = self._clock()
            self._seen[name] = (version, since)
        left = since + float(spec.get("leaseDurationSeconds") or DURATION) - self._clock()
        if left > 0:
            raise HeldElsewhereError(min(left, _RENEW))

    def _lease(self, found: Document, holder: str) -> Document:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        before = found.get("spec") or {}
        is_same = before.get("holderIdentity") == holder
        spec = {
            "holderIdentity": holder,
            "leaseDurationSeconds": int(DURATION),
            "acquireTime": before.get("acquireTime") if is_same else now,
            "renewTime": now,
            "leaseTransitions": int(before.get("leaseTransitions") or 0) + (not is_same),
        }
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": found["metadata"], "spec": spec}

    async def _renew(self, name: str, held: Held, holder: str) -> None:
        wait = _RENEW
        while not held.lost:
            await asyncio.sleep(wait)
            began = self._clock()
            if began > held.until:  # this process was stopped: what it had begun must not go on
                held.lost = True
                return
            try:
                document = await self._cluster.replace(f"{self._path}/{name}", self._lease(held.document, holder))
            except ClusterError as error:
                _LOG.warning("the lease %s was not renewed: %s", name, error)
                held.lost = held.lost or error.status == _CONFLICT
                wait = _AGAIN
            else:
                wait = _RENEW
                held.document, held.until = document, began + DURATION

    async def _give_back(self, name: str, held: Held) -> None:
        """Free it, if it is still ours; else it ends by itself."""
        if held.lost:
            return
        spec = {**held.document["spec"], "holderIdentity": None}
        try:
            await self._cluster.replace(f"{self._path}/{name}", {**held.document, "spec": spec})
        except ClusterError as error:
            _LOG.warning("the lease %s was not released: %s", name, error)
