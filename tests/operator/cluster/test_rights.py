"""What the roles of `operator manifests` let the operator and people do, asked of a real API server.

It has no controllers, so nothing joins our roles to `view`, `edit` and `admin`: they are bound by themselves.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.kinds import API_VERSION, KINDS
from reconciler.operator.crds import GROUP, PROJECT, plural_of
from reconciler.operator.install import OPERATOR
from tests.operator.apiserver import ApiServer
from tests.operator.manifests import REFERENCE

OURS = [plural_of(kind) for kind in (PROJECT, *KINDS)]
SLACK = {
    "apiVersion": API_VERSION,
    "kind": "SlackChannel",
    "metadata": {"name": "oncall"},
    "spec": {"webhook_url": REFERENCE},
}


def may(cluster: ApiServer, user: str, verb: str, resource: str, group: str = "", namespace: str = "") -> bool:
    """What the server says that this user may do."""
    name, _, part = resource.partition("/")
    attributes = {"verb": verb, "group": group, "resource": name, "subresource": part, "namespace": namespace}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = cluster.client(user).post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", json=body)
    return bool(answer.raise_for_status().json()["status"]["allowed"])


@pytest.mark.parametrize("resource", OURS)
def test_the_operator_reads_its_kinds_everywhere_and_writes_their_status(cluster: ApiServer, resource: str) -> None:
    allowed = {verb: may(cluster, "operator", verb, resource, GROUP) for verb in ("list", "watch", "patch")}
    assert all(allowed.values()), allowed
    assert may(cluster, "operator", "patch", f"{resource}/status", GROUP)
    refused = {
        verb: may(cluster, "operator", verb, resource, GROUP) for verb in ("create", "delete", "deletecollection")
    }
    assert not any(refused.values()), refused


def test_the_operator_reads_secrets_and_writes_none(cluster: ApiServer) -> None:
    assert all(may(cluster, "operator", verb, "secrets") for verb in ("get", "list", "watch"))
    assert not any(may(cluster, "operator", verb, "secrets") for verb in ("create", "update", "patch", "delete"))


def test_the_operator_holds_leases_in_its_own_namespace_only(cluster: ApiServer) -> None:
    group = "coordination.k8s.io"
    assert all(may(cluster, "operator", verb, "leases", group, OPERATOR) for verb in ("get", "create", "update"))
    assert not may(cluster, "operator", "create", "leases", group, "default")
    assert not may(cluster, "operator", "delete", "leases", group, OPERATOR)


@pytest.mark.parametrize(
    ("resource", "group"),
    [
        ("pods", ""),
        ("configmaps", ""),
        ("serviceaccounts/token", ""),
        ("namespaces", ""),
        ("clusterroles", "rbac.authorization.k8s.io"),
        ("customresourcedefinitions", "apiextensions.k8s.io"),
        ("events", "events.k8s.io"),
    ],
)
def test_the_operator_changes_nothing_else(cluster: ApiServer, resource: str, group: str) -> None:
    assert not any(may(cluster, "operator", verb, resource, group) for verb in ("create", "update", "patch", "delete"))


def test_the_operator_really_writes_a_status_an_event_and_a_finalizer(cluster: ApiServer) -> None:
    namespace, api = cluster.namespace(), cluster.client("operator")
    cluster.apply(SLACK, namespace=namespace)
    path = f"/apis/{API_VERSION}/namespaces/{namespace}/slackchannels/oncall"
    headers = {"Content-Type": "application/merge-patch+json"}
    assert api.patch(f"{path}/status", headers=headers, json={"status": {"target": "search"}}).is_success
    assert api.patch(path, headers=headers, json={"metadata": {"finalizers": [f"{GROUP}/finalizer"]}}).is_success
    about = {"apiVersion": API_VERSION, "kind": "SlackChannel", "name": "oncall", "namespace": namespace}
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "oncall.1", "namespace": namespace},
        "involvedObject": about,
        "type": "Normal",
        "reason": "Applied",
        "message": "applied",
    }
    assert api.post(f"/api/v1/namespaces/{namespace}/events", json=event).is_success


def bind(cluster: ApiServer, user: str, role: str, namespace: str) -> None:
    """Give a user a role in a namespace."""
    binding: Mapping[str, Any] = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": user, "namespace": namespace},
        "subjects": [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}],
        "roleRef": {"kind": "ClusterRole", "name": role, "apiGroup": "rbac.authorization.k8s.io"},
    }
    cluster.apply(binding)


def test_who_writes_channels_writes_no_projects_statuses_or_secrets(cluster: ApiServer) -> None:
    namespace = cluster.namespace()
    bind(cluster, "alice", f"{OPERATOR}-edit-channels", namespace)
    cluster.apply(SLACK, user="alice", namespace=namespace)
    assert may(cluster, "alice", "delete", "smtpaccounts", GROUP, namespace)
    for resource, group in [("projects", GROUP), ("slackchannels/status", GROUP), ("secrets", ""), ("leases", "")]:
        assert not may(cluster, "alice", "create", resource, group, namespace)
        assert not may(cluster, "alice", "patch", resource, group, namespace)
    assert not may(cluster, "alice", "create", "slackchannels", GROUP, "default")


@pytest.mark.parametrize(
    ("role", "kind", "other"),
    [("edit-channels", "SlackChannel", "Project"), ("edit-projects", "Project", "SlackChannel")],
)
def test_kubectl_apply_needs_one_role_alone(
    cluster: ApiServer, tmp_path: Path, role: str, kind: str, other: str
) -> None:
    namespace, user = cluster.namespace(), {"edit-channels": "alice", "edit-projects": "bob"}[role]
    bind(cluster, user, f"{OPERATOR}-{role}", namespace)
    target = {"provider": "opensearch", "url": "https://search.example.org", "auth": {"bearer": {"token": REFERENCE}}}
    specs: dict[str, Any] = {"SlackChannel": SLACK["spec"], "Project": {"targets": {"search": target}}}

    def applied(kind: str, labels: dict[str, str], *flags: str) -> bool:
        metadata = {"name": "oncall", "namespace": namespace, "labels": labels}
        file = tmp_path / "one.json"
        file.write_text(
            json.dumps({"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": specs[kind]}), "utf-8"
        )
        command = ["kubectl", "--kubeconfig", str(cluster.kubeconfig(user)), "apply", "-f", str(file), *flags]
        environ = {**os.environ, "HOME": str(tmp_path)}
        return not subprocess.run(command, capture_output=True, env=environ, timeout=60, check=False).returncode

    assert applied(kind, {})
    assert applied(kind, {"team": "one"})
    assert applied(kind, {"team": "two"}, "--server-side", "--force-conflicts")
    assert not applied(other, {})


def test_who_reads_sees_statuses_and_no_secret(cluster: ApiServer) -> None:
    namespace = cluster.namespace()
    bind(cluster, "bob", f"{OPERATOR}-view", namespace)
    assert all(may(cluster, "bob", "list", resource, GROUP, namespace) for resource in OURS)
    assert not any(may(cluster, "bob", verb, "slackchannels", GROUP, namespace) for verb in ("create", "patch"))
    assert not may(cluster, "bob", "get", "secrets", "", namespace)
