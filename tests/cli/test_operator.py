"""`reconciler operator manifests`, as it is called before an install."""

from __future__ import annotations

from click.testing import CliRunner
from yaml import safe_load_all

from reconciler.cli.verbs.operator import command
from reconciler.model.errors import ConfigurationError

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


def test_without_an_image_nothing_is_printed() -> None:
    done = CliRunner().invoke(command, ["manifests"])
    assert isinstance(done.exception, ConfigurationError)
    assert done.output == ""
