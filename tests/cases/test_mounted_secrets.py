"""A project whose secrets are mounted, through the whole command."""

from __future__ import annotations

import json

import pytest

from tests.cases.projects import Project, slack
from tests.secrets.test_mounted import mount


def test_a_project_names_the_folder(opensearch: Project) -> None:
    project = opensearch.folder / "reconciler.yaml"
    mount(opensearch.folder / "mounted", opensearch.environ.pop("SLACK_URL"))
    content = json.loads(project.read_text())
    content["spec"]["secrets"] = {"dir": "mounted"}
    project.write_text(json.dumps(content))
    opensearch.keep(slack("oncall", webhook_url={"secret": "on-call", "key": "slack.url"}))
    done = opensearch.run("apply", "--yes")
    assert done.code == 0, done.everything
    assert opensearch.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize(
    "reference",
    [{"secret": "on-call"}, {"secret": "../x", "key": "a"}, {"secret": "a", "key": "../b"}, {"secret": "a", "key": ""}],
)
def test_validate_refuses_what_no_secret_is_called(opensearch: Project, reference: dict[str, str]) -> None:
    opensearch.keep(slack("oncall", webhook_url=reference))
    assert opensearch.run("validate").code == 1
