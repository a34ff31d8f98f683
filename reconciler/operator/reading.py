"""All of a namespace, read at one time: what a look at a project starts from.

Events of a watch only say that there is something to look at. What is there is listed again, so that nothing is planned
from a list that is not complete, or from an object that is long gone.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.model.kinds import KINDS
from reconciler.model.values import SecretText
from reconciler.operator.crds import PROJECT
from reconciler.operator.kubernetes import Cluster, ClusterError, Document, path_of
from reconciler.operator.resources import SECRET_LABEL, CustomResource, KubernetesSecret, Snapshot
from reconciler.tasks import side_by_side

_NOT_FOUND = 404
_FRESH_SECONDS = 5.0


async def read_snapshot(cluster: Cluster, namespace: str) -> Snapshot:
    """The namespace with its projects, resources and labelled Secrets. ClusterError if any list cannot be had."""
    secrets_path = f"/api/v1/namespaces/{namespace}/secrets"
    lists = [_list(cluster, path_of(kind, namespace)) for kind in (PROJECT, *KINDS)]
    found, *all_of_kinds = await side_by_side([*lists])
    by_kind = dict(zip(KINDS, all_of_kinds, strict=True))
    secrets = await cluster.list(secrets_path, selector=f"{SECRET_LABEL}=true")
    itself = await cluster.get(f"/api/v1/namespaces/{namespace}")
    resources = [CustomResource.read(kind, item) for kind, items in by_kind.items() for item in items or ()]
    return Snapshot(
        namespace=namespace,
        projects=tuple(CustomResource.read(PROJECT, item) for item in found or ()),
        resources=tuple(sorted(resources, key=lambda item: (item.name, item.kind))),
        secrets=dict(map(_read_secret, secrets)),
        terminating=itself is None or bool((itself.get("metadata") or {}).get("deletionTimestamp")),
        lacking=tuple(kind for kind, items in by_kind.items() if items is None),
    )


async def read_projects(cluster: Cluster, namespaces: tuple[str, ...]) -> list[CustomResource]:
    """The projects of these namespaces, or of all."""
    lists = await side_by_side(_list(cluster, path_of(PROJECT, namespace)) for namespace in namespaces or ("",))
    return [CustomResource.read(PROJECT, item) for items in lists for item in items or ()]


async def _list(cluster: Cluster, path: str) -> list[Document] | None:
    """A list of ours; None for a kind whose definition is not installed, as where the others are older."""
    try:
        return await cluster.list(path)
    except ClusterError as error:
        if error.status == _NOT_FOUND:
            return None
        raise


def _read_secret(document: Mapping[str, Any]) -> tuple[str, KubernetesSecret]:
    metadata = document.get("metadata") or {}
    values: dict[str, SecretText] = {}
    for key, encoded in (document.get("data") or {}).items():
        try:
            text = base64.b64decode(encoded).decode()
        except ValueError:  # binary data is no value of a channel
            continue
        values[key] = SecretText(text.removesuffix("\n").removesuffix("\r"))
    return metadata.get("name", ""), KubernetesSecret(metadata.get("resourceVersion", ""), values)


class Snapshots:
    """Snapshots by namespace, shared by the targets of a project that are looked at together; and all projects, shared
    by those that are."""

    def __init__(self, cluster: Cluster, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._clock = clock
        self._taken: dict[str, tuple[float, asyncio.Task[Snapshot]]] = {}
        self._projects: tuple[float, asyncio.Task[list[CustomResource]]] | None = None

    def invalidate(self, namespace: str) -> None:
        """Something happened there: what was read before does not count any more."""
        self._taken.pop(namespace, None)
        self._projects = None

    async def get(self, namespace: str, *, fresh: bool = False) -> Snapshot:
        """A snapshot of now, or of a moment ago since when nothing happened. `fresh`: of now."""
        taken = self._taken.get(namespace)
        if taken is None or fresh or not self._counts(*taken):
            taken = self._clock(), asyncio.create_task(read_snapshot(self._cluster, namespace))
            self._taken[namespace] = taken
        return await asyncio.shield(taken[1])

    async def projects(self, namespaces: tuple[str, ...]) -> list[CustomResource]:
        """The projects of these namespaces, or of all, of now or of a moment ago. Events of other shards are not heard,
        so one of theirs may be missing: who is to write reads them again."""
        taken = self._projects
        if taken is None or not self._counts(*taken):
            taken = self._clock(), asyncio.create_task(read_projects(self._cluster, namespaces))
            self._projects = taken
        return await asyncio.shield(taken[1])

    def _counts(self, when: float, task: asyncio.Task[Any]) -> bool:
        """Whether what was read then, or is still being read, is recent, and did not fail."""
        failed = task.done() and (task.cancelled() or task.exception() is not None)
        return not failed and self._clock() <= when + _FRESH_SECONDS
