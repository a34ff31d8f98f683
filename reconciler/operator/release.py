"""`reconciler operator release`: take our finalizers off, so that no deletion waits for an operator that is gone."""

from __future__ import annotations

from reconciler.model.errors import ConfigurationError
from reconciler.model.kinds import KINDS
from reconciler.operator.crds import PROJECT
from reconciler.operator.kubernetes import Cluster, ClusterError, path_of
from reconciler.operator.resources import FINALIZER, CustomResource

_GONE = (404, 409)
_FORBIDDEN = 403


async def release_finalizers(cluster: Cluster, namespaces: tuple[str, ...]) -> list[str]:
    """Every object that was let go, in a line each; of these namespaces, or of all. What is live stays.
    ConfigurationError if there is no such namespace.

    An operator that still runs would put the finalizers back: it is to be stopped first.
    """
    for name in namespaces:
        await _check_namespace(cluster, name)
    lines: list[str] = []
    for kind in (*KINDS, PROJECT):
        for namespace in namespaces or ("",):
            try:
                found = await cluster.list(path_of(kind, namespace))
            except ClusterError as error:
                if error.status == _GONE[0]:  # its definition is not installed
                    continue
                raise
            for item in found:
                resource = CustomResource.read(kind, item)
                if resource.has_finalizer and await _let_go(cluster, resource):
                    lines.append(f"{resource.namespace}/{resource.name} ({kind})")
    return lines


async def _check_namespace(cluster: Cluster, name: str) -> None:
    """ConfigurationError if there is no such namespace: its lists would be empty, as if nothing waited."""
    try:
        found = await cluster.get(f"/api/v1/namespaces/{name}")
    except ClusterError as error:
        if error.status == _FORBIDDEN:  # the lists say whether they can be read
            return
        raise
    if found is None:
        raise ConfigurationError(f"--namespace {name}: the cluster has no such namespace")


async def _let_go(cluster: Cluster, resource: CustomResource) -> bool:
    """Take the finalizer off; once more from what is there now if the object changed meanwhile."""
    path = path_of(resource.kind, resource.namespace, resource.name)
    for _ in range(3):
        finalizers = [name for name in resource.finalizers if name != FINALIZER]
        body = {"metadata": {"resourceVersion": resource.version, "finalizers": finalizers}}
        try:
            await cluster.patch(path, body)
        except ClusterError as error:
            if error.status not in _GONE:
                raise
            now = await cluster.get(path)
            if now is None:
                return False
            resource = CustomResource.read(resource.kind, now)
            continue
        return True
    raise ClusterError(f"{path} changes again and again: is the operator stopped?")
