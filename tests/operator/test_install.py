"""What `operator manifests` prints, without a cluster: complete, without privileges, the same each time."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from reconciler.model.errors import ConfigurationError
from reconciler.operator.install import Install, deployment_of, objects_of, roles, to_yaml

OBJECTS = objects_of(Install(image="registry.example.org/reconciler:1", shards=3))


def named(kind: str, name: str) -> Any:
    (found,) = (one for one in OBJECTS if one["kind"] == kind and one["metadata"]["name"] == name)
    return found


def container(deployment: Any) -> Any:
    (only,) = deployment["spec"]["template"]["spec"]["containers"]
    return only


def test_what_is_needed_first_comes_first() -> None:
    kinds = [one["kind"] for one in OBJECTS]
    assert kinds[0] == "Namespace"
    assert kinds.index("CustomResourceDefinition") < kinds.index("ClusterRole") < kinds.index("Deployment")


def test_a_shard_is_a_deployment_with_its_own_key() -> None:
    deployments = [one for one in OBJECTS if one["kind"] == "Deployment"]
    assert [one["metadata"]["name"] for one in deployments] == [
        "channel-reconciler",
        "channel-reconciler-shard-1",
        "channel-reconciler-shard-2",
    ]
    flags = [[flag for flag in container(one)["args"] if flag.startswith("--shard")] for one in deployments]
    assert flags == [[], ["--shard=shard-1"], ["--shard=shard-2"]]
    selectors = [yaml.safe_dump(one["spec"]["selector"]) for one in deployments]
    assert len(set(selectors)) == len(selectors)


def test_the_operator_runs_without_privileges_and_alone() -> None:
    deployment: Any = deployment_of("here", "image", "")
    pod, only = deployment["spec"]["template"]["spec"], container(deployment)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    assert deployment["spec"]["replicas"] == 1
    assert only["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert only["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_the_operator_may_change_nothing_but_its_own_kinds_and_events() -> None:
    writes = {"create", "update", "patch", "delete", "deletecollection", "*"}
    rules = named("ClusterRole", "channel-reconciler")["rules"]
    written = {
        (rule["apiGroups"][0], name) for rule in rules for name in rule["resources"] if writes & {*rule["verbs"]}
    }
    assert {group for group, _ in written} == {"channels.gitops", ""}
    assert {name for group, name in written if group != "channels.gitops"} == {"events"}
    assert not any("*" in rule["verbs"] + rule["resources"] + rule["apiGroups"] for rule in rules)


def test_only_administrators_of_a_namespace_get_to_write_projects() -> None:
    for role in roles()[1:]:
        labels = role["metadata"]["labels"]
        into = {name.rpartition("-")[2] for name in labels if "aggregate-to-" in name}
        writes = {name for rule in role["rules"] if "create" in rule["verbs"] for name in rule["resources"]}
        assert into == (
            {"view", "edit", "admin"} if not writes else {"admin"} if "projects" in writes else {"edit", "admin"}
        )
        assert "projects" not in writes or writes == {"projects"}


def test_the_documents_can_be_read_again_and_are_the_same_each_time() -> None:
    text = to_yaml(OBJECTS)
    assert [*yaml.safe_load_all(text)] == OBJECTS
    assert "&id" not in text
    assert text == to_yaml(objects_of(Install(image="registry.example.org/reconciler:1", shards=3)))


def test_without_an_image_the_fix_is_said() -> None:
    with pytest.raises(ConfigurationError, match=r"--image.*--crds-only"):
        objects_of(Install())
