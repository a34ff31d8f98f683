"""What `reconciler operator manifests` prints: all that a cluster needs before an operator can run in it.

Pure values, as Kubernetes reads them. The Helm chart is made of the same (`tools.chart`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError
from reconciler.model.kinds import KINDS
from reconciler.operator.crds import GROUP, PROJECT, build_crds, plural_of

KubernetesObject = Mapping[str, Any]
"""One object as Kubernetes reads it: apiVersion, kind, metadata and the rest."""

OPERATOR = "channel-reconciler"
"""The name of the operator's own objects, and the value of their label `app.kubernetes.io/name`."""

POLICY_FILE = "/etc/channel-reconciler/policy.yaml"
PORT = 8080
"""Where `/healthz`, `/readyz` and `/metrics` are."""

_CONFIG = "policy"
_READ = ["get", "list", "watch"]
_EDIT = [*_READ, "create", "update", "patch", "delete", "deletecollection"]
"""`kubectl apply` reads what it is to change, also for who has this role alone."""

_USER = 65532
_ROLES = "rbac.authorization.k8s.io"
RESOURCES: Mapping[str, Any] = {"requests": {"cpu": "50m", "memory": "192Mi"}, "limits": {"memory": "768Mi"}}
"""What a Deployment asks of a node."""

_SCRAPED = {"prometheus.io/scrape": "true", "prometheus.io/port": str(PORT), "prometheus.io/path": "/metrics"}


@dataclass(frozen=True, slots=True)
class Install:
    """How the operator is to be installed. `shards`: how many Deployments share the projects; with `crds_only` nothing
    but the definitions is wanted. `image` is then not needed."""

    namespace: str = OPERATOR
    image: str = ""
    shards: int = 1
    crds_only: bool = False


def objects_of(install: Install) -> list[KubernetesObject]:
    """The objects, in the order in which `kubectl apply` must see them. ConfigurationError without an image."""
    if install.crds_only:
        return [*build_crds()]
    if not install.image:
        raise ConfigurationError(
            "there is no image to run: build one from the Dockerfile with EXTRAS=operator, and give its name as "
            "--image; --crds-only prints the definitions alone"
        )
    return [
        _namespace(install),
        *build_crds(),
        *roles(),
        *account_of(install.namespace),
        policy_of(install.namespace),
        *(deployment_of(install.namespace, install.image, shard) for shard in shard_names(install.shards)),
    ]


def to_yaml(objects: Sequence[KubernetesObject]) -> str:
    """The objects as one stream of YAML documents, each written out in full."""
    from yaml import SafeDumper, dump_all

    class _InFull(SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    return dump_all(
        objects, Dumper=_InFull, sort_keys=False, explicit_start=True, width=120, allow_unicode=True
    ).rstrip()


def shard_names(count: int) -> list[str]:
    """The values of the label of Projects, one for each Deployment; "" is the main one's, which takes what has none."""
    return ["", *(f"shard-{number}" for number in range(1, count))]


def _namespace(install: Install) -> KubernetesObject:
    labels = {**labels_of(), "pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": install.namespace, "labels": labels}}


def labels_of(shard: str = "") -> dict[str, str]:
    """The labels of what belongs to the operator itself, or to one of its shards."""
    return {"app.kubernetes.io/name": OPERATOR} | ({"app.kubernetes.io/component": shard} if shard else {})


def _object(api: str, kind: str, name: str, namespace: str = "", **rest: Any) -> dict[str, Any]:
    where = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, **where, "labels": labels_of()}, **rest}


def _rule(group: str, resources: list[str], verbs: list[str], **more: Any) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs, **more}


_PROJECTS = plural_of(PROJECT)
_CHANNELS = [plural_of(kind) for kind in KINDS]
_ALL = [_PROJECTS, *_CHANNELS]


def roles() -> list[KubernetesObject]:
    """What the operator may do in every namespace, and what people may: those who read, those who write channels, and
    those who write Projects, which say where messages and credentials go."""
    api = f"{_ROLES}/v1"
    statuses = [f"{name}/status" for name in _ALL]
    rights = [
        _rule(GROUP, _ALL, [*_READ, "patch"]),
        _rule(GROUP, statuses, ["patch"]),
        _rule("", ["secrets"], _READ),  # RBAC knows no labels: the operator itself looks at none without the label
        _rule("", ["namespaces"], ["get"]),
        _rule("", ["events"], ["create"]),
    ]
    view = _rule(GROUP, [*_ALL, *statuses], _READ)
    return [
        _object(api, "ClusterRole", OPERATOR, rules=rights),
        _aggregated(f"{OPERATOR}-view", ["view", "edit", "admin"], [view]),
        _aggregated(f"{OPERATOR}-edit-channels", ["edit", "admin"], [_rule(GROUP, _CHANNELS, _EDIT)]),
        _aggregated(f"{OPERATOR}-edit-projects", ["admin"], [_rule(GROUP, [_PROJECTS], _EDIT)]),
    ]


def _aggregated(name: str, into: list[str], rules: list[dict[str, Any]]) -> KubernetesObject:
    """A role whose rights the cluster's own roles of that name get too."""
    made = _object(f"{_ROLES}/v1", "ClusterRole", name, rules=rules)
    made["metadata"]["labels"] |= {f"{_ROLES}/aggregate-to-{role}": "true" for role in into}
    return made


def account_of(namespace: str) -> list[KubernetesObject]:
    """The operator's account in its own namespace, with its rights in all others and to the Leases of this one."""
    api = f"{_ROLES}/v1"
    subjects = [{"kind": "ServiceAccount", "name": OPERATOR, "namespace": namespace}]
    leases = _rule("coordination.k8s.io", ["leases"], ["get", "create", "update"])
    return [
        _object("v1", "ServiceAccount", OPERATOR, namespace),
        _object(api, "ClusterRoleBinding", OPERATOR, subjects=subjects, roleRef=_role("ClusterRole")),
        _object(api, "Role", OPERATOR, namespace, rules=[leases]),
        _object(api, "RoleBinding", OPERATOR, namespace, subjects=subjects, roleRef=_role("Role")),
    ]


def _role(kind: str) -> dict[str, str]:
    return {"apiGroup": _ROLES, "kind": kind, "name": OPERATOR}


NO_POLICY = "namespaces: {}\n"


def policy_of(namespace: str, policy: str = NO_POLICY) -> KubernetesObject:
    """What the administrator allows to namespaces; `policy` is the text of the file."""
    return _object("v1", "ConfigMap", f"{OPERATOR}-policy", namespace, data={POLICY_FILE.rpartition("/")[2]: policy})


def deployment_of(namespace: str, image: str, shard: str, resources: Any = RESOURCES) -> KubernetesObject:
    """The Deployment of one shard, without any privilege. One process runs it: a new one waits for the end of the old,
    and a Lease for each system makes sure."""
    labels = labels_of(shard or "main")
    probe = {"port": "http"}
    container = {
        "name": "operator",
        "image": image,
        "args": ["operator", "run", *([f"--shard={shard}"] if shard else []), f"--policy={POLICY_FILE}"],
        "ports": [{"name": "http", "containerPort": PORT}],
        "livenessProbe": {"httpGet": {"path": "/healthz", **probe}, "periodSeconds": 20, "failureThreshold": 6},
        "readinessProbe": {"httpGet": {"path": "/readyz", **probe}, "periodSeconds": 5},
        "resources": resources,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - of the container, where it is the only folder to write in
            {"name": _CONFIG, "mountPath": POLICY_FILE.rpartition("/")[0], "readOnly": True},
        ],
    }
    pod = {
        "serviceAccountName": OPERATOR,
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "volumes": [
            {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
            {"name": _CONFIG, "configMap": {"name": f"{OPERATOR}-policy"}},
        ],
    }
    return _object(
        "apps/v1",
        "Deployment",
        f"{OPERATOR}-{shard}" if shard else OPERATOR,
        namespace,
        spec={
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": _SCRAPED}, "spec": pod},
        },
    )
