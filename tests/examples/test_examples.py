"""Examples are tests: each project validates, applies, and then has nothing to plan."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from reconciler.simulator import Simulator
from tests.cli.shell import Shell

EXAMPLES = Path(__file__).parents[2] / "examples"
PROJECTS = sorted(path.parent for path in EXAMPLES.rglob("reconciler.yaml"))


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(receivers=True) as running:
        running.outcomes.set("smtp.example.org", 200)
        yield running


def environment(simulator: Simulator) -> dict[str, str]:
    """A value for every variable that an example names, as it could be in life."""
    sink = simulator.receiver.url
    assert simulator.mail is not None
    return {
        "OPENSEARCH_URL": simulator.url,
        "SLACK_ONCALL_URL": "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop",
        "TEAMS_INCIDENT_URL": "https://acme.webhook.office.com/webhookb2/1234",
        "CHIME_FACILITIES_URL": "https://hooks.chime.aws/incomingwebhooks/1234?token=abcd",
        "MATTERMOST_BUILDS_URL": f"{sink}/hooks/builds",
        "PAGER_URL": f"{sink}/pager",
        "PAGER_TOKEN": "a-token-for-the-pager",
        "CONFLUENT_CLOUD_API_KEY": "key",
        "CONFLUENT_CLOUD_API_SECRET": "secret",
        "RECONCILER_SECRET_OPENSEARCH_USERNAME": "reconciler",
        "RECONCILER_SECRET_OPENSEARCH_PASSWORD": "a-password",
        "RECONCILER_SECRET_ONCALL_SLACK": "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop",
        "RECONCILER_SECRET_ONCALL_PAGER": f"{sink}/pager",
        "RECONCILER_SECRET_ONCALL_TOKEN": "a-token-for-the-pager",
    }


def test_there_are_examples() -> None:
    assert {path.relative_to(EXAMPLES).as_posix() for path in PROJECTS} >= {"quickstart", "all-kinds", "demo/project"}


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.relative_to(EXAMPLES).as_posix())
def test_an_example_validates_applies_and_has_nothing_left_to_plan(
    project: Path, tmp_path: Path, simulator: Simulator
) -> None:
    copy = tmp_path / "project"
    shutil.copytree(project, copy)
    point_at(copy, simulator)
    shell = Shell(copy, environment(simulator))
    validated = shell.run("validate")
    assert validated.code == 0, validated.everything
    applied = shell.run("apply", "--yes")
    assert applied.code == 0, applied.everything
    planned = shell.run("plan", "--detailed-exitcode")
    assert planned.code == 0, planned.everything


def point_at(project: Path, simulator: Simulator) -> None:
    """The demo's mail port is filled in by the demo; an address that an example has is the simulator's in a test."""
    assert simulator.mail is not None
    for path in project.rglob("*.yaml"):
        text = path.read_text()
        text = text.replace("port: 2525", f"port: {simulator.mail.port}")
        text = text.replace("https://opensearch.example.org:9200", simulator.url)
        if path.name == "reconciler.yaml" and "provider: confluent" in text:
            text = with_confluent_url(text, simulator.url)
        path.write_text(text)


def with_confluent_url(text: str, url: str) -> str:
    document = yaml.safe_load(text)
    for target in document["spec"]["targets"].values():
        if target["provider"] == "confluent":
            target["url"] = url
    return yaml.safe_dump(document)
