"""`reconciler operator manifests`, as it is called before an install."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from yaml import safe_load_all

from reconciler.cli.verbs.operator import command
from reconciler.model.errors import ConfigurationError, UsageError
from reconciler.operator.install import Install, objects_of

IMAGE = "registry.example.org/reconciler:1"


def test_the_definitions_alone_need_no_image() -> None:
    done = CliRunner().invoke(command, ["manifests", "--crds-only"])
    assert {one["kind"] for one in safe_load_all(done.output)} == {"CustomResourceDefinition"}


def test_every_object_has_the_namespace_that_was_asked_for() -> None:
    done = CliRunner().invoke(command, ["manifests", "--namespace", "channels", "--image", IMAGE, "--shards", "2"])
    objects = [*safe_load_all(done.output)]
    namespaces = {one["metadata"]["namespace"] for one in objects if "namespace" in one["metadata"]}
    assert namespaces == {"channels"}
    assert sum(one["kind"] == "Deployment" for one in objects) == 2


@pytest.mark.parametrize("name", ["Channels", "a b", "a.b", "x" * 64])
def test_a_namespace_is_a_name(name: str) -> None:
    done = CliRunner().invoke(command, ["manifests", "--namespace", name, "--image", IMAGE])
    assert isinstance(done.exception, UsageError)
    assert done.output == ""


def test_without_an_image_nothing_is_printed() -> None:
    done = CliRunner().invoke(command, ["manifests"])
    assert isinstance(done.exception, ConfigurationError)
    assert done.output == ""


def test_what_a_deployment_calls_is_understood_by_the_command() -> None:
    deployments = [one for one in objects_of(Install(image=IMAGE, shards=2)) if one["kind"] == "Deployment"]
    for deployment in deployments:
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        group, verb, *flags = container["args"]
        assert (group, verb) == ("operator", "run")
        with command.commands[verb].make_context(verb, flags) as context:
            assert context.params["port"] == container["ports"][0]["containerPort"]
            assert context.params["policy"].as_posix().startswith(container["volumeMounts"][1]["mountPath"])
    assert context.params["shard"] == "shard-1"
