"""The Helm chart, by Helm itself: it is sound, and it brings what `operator manifests` prints."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from reconciler.operator.install import OPERATOR, Install, objects_of
from tests.operator.apiserver import ApiServer
from tests.operator.build import binary

CHART = Path(__file__).parents[3] / "charts" / "channel-reconciler"
IMAGE = "registry.example.org/reconciler:1"


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(binary("helm")), *arguments], capture_output=True, text=True, timeout=300, check=False)


def template(*settings: str, namespace: str = "channels") -> list[dict[str, Any]]:
    flags = [word for setting in settings for word in ("--set-json", setting)]
    done = helm("template", "channels", str(CHART), "--namespace", namespace, *flags)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def by_name(objects: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Any]:
    return {(one["kind"], one["metadata"]["name"]): one for one in objects}


def test_the_chart_is_sound() -> None:
    done = helm("lint", "--strict", str(CHART), "--set", f"image={IMAGE}")
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_brings_what_the_command_prints() -> None:
    made = by_name(template(f'image="{IMAGE}"', "shards=3"))
    wanted = by_name(objects_of(Install(namespace="channels", image=IMAGE, shards=3)))
    del wanted["Namespace", "channels"]  # Helm has a flag of its own for that
    for name, one in made.items():
        one["metadata"].pop("annotations", None)
        if name[0] == "Deployment":
            del one["spec"]["template"]["metadata"]["annotations"]["checksum/policy"]
    assert made == wanted


def test_a_policy_and_resources_reach_their_places_and_the_definitions_can_be_left_out() -> None:
    policy = '{"namespaces": {"payments": {"vault": ["secret/payments/*"]}}}'
    resources = '{"limits": {"memory": "2Gi"}, "requests": null}'
    flags = (f'image="{IMAGE}"', f"policy={policy}", f"resources={resources}", 'crds={"install": false}')
    made = by_name(template(*flags))
    assert not any(kind == "CustomResourceDefinition" for kind, _ in made)
    text = made["ConfigMap", "channel-reconciler-policy"]["data"]["policy.yaml"]
    assert yaml.safe_load(text) == yaml.safe_load(policy)
    pod = made["Deployment", "channel-reconciler"]["spec"]["template"]
    assert pod["spec"]["containers"][0]["resources"] == {"limits": {"memory": "2Gi"}}
    other = by_name(template(f'image="{IMAGE}"'))["Deployment", "channel-reconciler"]["spec"]["template"]
    assert pod["metadata"]["annotations"]["checksum/policy"] != other["metadata"]["annotations"]["checksum/policy"]


def test_without_an_image_it_says_what_to_set() -> None:
    done = helm("template", "channels", str(CHART))
    assert done.returncode != 0
    assert "set image" in done.stderr


def test_a_server_takes_what_the_chart_brings(cluster: ApiServer) -> None:
    objects = template(f'image="{IMAGE}"', namespace=OPERATOR)
    cluster.apply(*(one for one in objects if one["apiVersion"] != "apps/v1"))
