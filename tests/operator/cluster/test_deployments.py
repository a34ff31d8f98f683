"""The Deployments against Kubernetes' own description of its API, since the server of the tests has no pods.

The description comes with the source that the server is built from; a field that it does not name is refused.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.operator.install import Install, objects_of
from tests.operator.build import find_go

MODULE = Path(__file__).parents[1] / "apiserver" / "apiserver"
DEPLOYMENTS = [
    one
    for one in objects_of(Install(image="registry.example.org/reconciler:1", shards=2))
    if one["kind"] == "Deployment"
]


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    """The schema of a Deployment, with all that it refers to."""
    command = [find_go(), "mod", "download", "-json", "k8s.io/kubernetes"]
    done = subprocess.run(command, cwd=MODULE, capture_output=True, text=True, timeout=600, check=True)
    path = Path(json.loads(done.stdout)["Dir"]) / "api/openapi-spec/v3/apis__apps__v1_openapi.json"
    components = json.loads(path.read_text("utf-8"))["components"]
    for schema in components["schemas"].values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    return {"$ref": "#/components/schemas/io.k8s.api.apps.v1.Deployment", "components": components}


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda one: one["metadata"]["name"])
def test_a_deployment_is_one_to_kubernetes(description: dict[str, Any], deployment: Any) -> None:
    assert [error.message for error in Draft202012Validator(description).iter_errors(deployment)] == []


def test_a_field_that_is_none_would_be_seen(description: dict[str, Any]) -> None:
    wrong = json.loads(json.dumps(DEPLOYMENTS[0]))
    wrong["spec"]["template"]["spec"]["containers"][0]["readOnlyRootFilesystem"] = True
    assert [*Draft202012Validator(description).iter_errors(wrong)]
