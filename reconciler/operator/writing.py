"""What is written to the cluster: changed statuses, Events of transitions, finalizers; when all is steady, nothing."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.operator.crds import GROUP, VERSION
from reconciler.operator.events import Event, events_of
from reconciler.operator.kubernetes import Cluster, ClusterError, path_of
from reconciler.operator.resources import FINALIZER, CustomResource
from reconciler.operator.status import Status, is_same
from reconciler.tasks import side_by_side

_LOG = logging.getLogger("reconciler.operator")
_CONFLICT, _NOT_FOUND, _UNPROCESSABLE = 409, 404, 422
COMPONENT = "channel-reconciler"
_AT_ONCE = 8  # statuses written side by side


def now_text() -> str:
    """The time in the API's form."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Writer:
    """Writes statuses and finalizers, and remembers what it wrote last: a snapshot may be older.

    `moved` hears of a namespace that is to be looked at again, as where an object changed under a write.
    """

    def __init__(self, cluster: Cluster, moved: Callable[[str], None]) -> None:
        self._cluster = cluster
        self.moved = moved
        self._latest: dict[str, CustomResource] = {}

    def latest(self, resource: CustomResource) -> CustomResource:
        """The resource with the status that was written last, if that is newer than the one that was read."""
        known = self._latest.get(resource.uid)
        if known is not None and _number(known.version) > _number(resource.version):
            return known
        return resource

    def forget(self, uids: Iterable[str]) -> None:
        """These are gone."""
        for uid in uids:
            self._latest.pop(uid, None)

    async def write_status(self, resource: CustomResource, status: Status) -> bool:
        """Write a status if it says something new, with the Events that it is worth; False where the object changed
        meanwhile: then a newer look says better. What is gone needs no status."""
        if is_same(resource.status, status):
            return True
        gone = {name: None for name in resource.status if name not in status}
        body = {"metadata": {"resourceVersion": resource.version}, "status": {**gone, **status}}
        path = path_of(resource.kind, resource.namespace, resource.name, "status")
        try:
            document = await self._cluster.patch(path, body)
        except ClusterError as error:
            if error.status == _CONFLICT:
                self._latest.pop(resource.uid, None)
                self.moved(resource.namespace)
            if error.status in (_CONFLICT, _NOT_FOUND):
                return error.status == _NOT_FOUND
            raise
        self._latest[resource.uid] = CustomResource.read(resource.kind, document)
        for event in events_of(resource.status, status):
            await self.post(resource, event)
        return True

    async def read(self, resource: CustomResource) -> CustomResource | None:
        """The resource as it is now; None if it is gone, or another one has its name."""
        document = await self._cluster.get(path_of(resource.kind, resource.namespace, resource.name))
        now = CustomResource.read(resource.kind, document) if document is not None else None
        return now if now is not None and now.uid == resource.uid else None

    async def set_finalizer(self, resource: CustomResource, *, wanted: bool) -> bool:
        """Add or remove our finalizer; whether that was done. What changed meanwhile is looked at again; what is gone
        needs none."""
        others = [name for name in resource.finalizers if name != FINALIZER]
        finalizers = [*others, FINALIZER] if wanted else others
        body = {"metadata": {"resourceVersion": resource.version, "finalizers": finalizers}}
        try:
            document = await self._cluster.patch(path_of(resource.kind, resource.namespace, resource.name), body)
        except ClusterError as error:
            self.moved(resource.namespace)
            if error.status not in (_CONFLICT, _NOT_FOUND, _UNPROCESSABLE):
                raise
            return False
        self._latest[resource.uid] = CustomResource.read(resource.kind, document)
        self.moved(resource.namespace)
        return True

    async def post(self, resource: CustomResource, event: Event) -> None:
        """Post an Event, and log it. It is for people to read: one that cannot be posted changes nothing."""
        level = logging.WARNING if event.warning else logging.INFO
        _LOG.log(level, "%s: %s: %s: %s", resource.namespace, resource, event.reason, event.message)
        try:
            await self._cluster.create(f"/api/v1/namespaces/{resource.namespace}/events", _event_body(resource, event))
        except ClusterError as error:
            _LOG.info("an Event of %s was not posted: %s", resource, error)


async def write_each(writes: Iterable[Coroutine[Any, Any, object]]) -> ClusterError | None:
    """Carry out all of them though the API server refuses one: an object whose status it does not take must hide no
    other. The first refusal; where the server as a whole does not answer, that is raised at once."""

    async def tried(write: Coroutine[Any, Any, object]) -> ClusterError | None:
        try:
            await write
        except ClusterError as error:
            if not error.is_refusal:
                raise
            return error
        return None

    refused = await side_by_side([tried(write) for write in writes], _AT_ONCE)
    return next((error for error in refused if error is not None), None)


def _event_body(resource: CustomResource, event: Event) -> Mapping[str, Any]:
    now = now_text()
    return {
        "metadata": {"name": f"{resource.name[:200]}.{uuid.uuid4().hex[:16]}", "namespace": resource.namespace},
        "involvedObject": {
            "apiVersion": f"{GROUP}/{VERSION}",
            "kind": resource.kind,
            "namespace": resource.namespace,
            "name": resource.name,
            "uid": resource.uid,
        },
        "type": "Warning" if event.warning else "Normal",
        "reason": event.reason,
        "message": event.message[:1024],
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }


def _number(version: str) -> int:
    """A resourceVersion as a number: since Kubernetes 1.35 the API promises that they can be compared so."""
    return int(version) if version.isdigit() else 0
