"""What `reconciler operator manifests` prints: all that a cluster needs before an operator can run in it.

Pure values, as Kubernetes reads them. The Helm chart is made of the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model.dataclass import dataclass

KubernetesObject = Mapping[str, Any]
"""One object as Kubernetes reads it: apiVersion, kind, metadata and the rest."""

OPERATOR = "channel-reconciler"
"""The name of the operator's own objects, and the value of their label `app.kubernetes.io/name`."""


@dataclass(frozen=True, slots=True)
class Install:
    """How the operator is to be installed."""

    namespace: str = OPERATOR


def objects_of(install: Install) -> list[KubernetesObject]:
    """The objects, in the order in which `kubectl apply` must see them."""
    return [_namespace(install), _service_account(install)]


def _namespace(install: Install) -> KubernetesObject:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": install.namespace, "labels": labels()}}


def _service_account(install: Install) -> KubernetesObject:
    metadata = {"name": OPERATOR, "namespace": install.namespace, "labels": labels()}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def labels() -> dict[str, str]:
    """The labels of everything that belongs to the operator itself."""
    return {"app.kubernetes.io/name": OPERATOR}
