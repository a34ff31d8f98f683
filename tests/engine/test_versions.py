"""What an upgrade would refuse, asked before it is made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.simulator import Simulator
from tests.engine.projects import Project

ODD = "https://chat.example.org/hooks/1"


def refusals(project: Project, *arguments: str) -> list[tuple[str, str]]:
    document: dict[str, Any] = project.plan(*arguments)
    return [(item["name"], item["message"]) for item in document["targets"][0]["would_refuse"]]


@pytest.fixture
def old(project: Project) -> Iterator[Project]:
    """A project on a server of a version that takes any address for Slack."""
    with Simulator(opensearch_version="2.19.5") as running:
        project.simulators = {"search": running}
        project.write_project()
        project.environ["ODD_URL"] = ODD
        yield project


def test_a_slack_address_that_is_none_is_refused_from_three_on(old: Project) -> None:
    old.slack("odd", webhook_url={"env": "ODD_URL"})
    old.slack("fine")
    assert refusals(old, "--assume-version", "search=2.19") == []
    found = refusals(old, "--assume-version", "search=3.8")
    assert [name for name, _ in found] == ["odd"]
    assert "webhook_url" in found[0][1]
    assert "chat.example.org" not in found[0][1]


def test_mattermost_is_refused_before_it_came(project: Project) -> None:
    project.environ["ODD_URL"] = ODD
    project.manifest(
        "MattermostChannel",
        "builds",
        webhook_url={"env": "ODD_URL"},
        test={"when": "never"},
    )
    assert [name for name, _ in refusals(project, "--assume-version", "search=3.4")] == ["builds"]
    assert refusals(project, "--assume-version", "search=3.5") == []


def test_an_owned_object_that_no_manifest_names_is_listed_too(project: Project) -> None:
    project.slack("kept")
    project.create_live(
        "acme_old",
        name="old",
        description="[acme/old]",
        config_type="mattermost",
        is_enabled=True,
        mattermost={"url": "https://chat.example.org/hooks/1"},
    )
    found = refusals(project, "--assume-version", "search=3.4")
    assert [name for name, _ in found] == ["old"]
    assert "as it is live" in found[0][1]


def test_it_is_shown_in_words(project: Project) -> None:
    project.slack("oncall")
    done = project.run("plan", "--assume-version", "search=3.8")
    assert done.code == 0
    assert "with version 3.8: 0 refusals to expect" in done.out


@pytest.mark.parametrize("written", ["search", "search=", "search=new", "nowhere=3.8"])
def test_a_version_that_is_none_is_one_clear_error(project: Project, written: str) -> None:
    project.slack("oncall")
    done = project.run("plan", "--assume-version", written)
    assert done.code == 1
    assert len(done.err.strip().splitlines()) == 1


def test_plan_judges_by_the_version_that_the_server_tells(project: Project) -> None:
    project.environ["ODD_URL"] = ODD
    project.slack("odd", webhook_url={"env": "ODD_URL"})
    project.slack("fine")
    planned = project.run("plan")
    assert planned.code == 1
    assert '! SlackChannel "odd": webhook_url' in planned.out
    assert "chat.example.org" not in planned.everything
    applied = project.run("apply", "--yes")
    assert applied.code == 4
    assert sorted(project.configs()) == ["acme_fine"]


def test_what_is_live_as_desired_is_never_refused(project: Project) -> None:
    """An object from before an upgrade stays as it is, though the server would not take it again."""
    project.environ["ODD_URL"] = ODD
    config = {"name": "odd", "description": "[acme/odd]", "config_type": "slack", "is_enabled": True}
    project.simulators["search"].seed([{"config_id": "acme_odd", "config": config | {"slack": {"url": ODD}}}])
    project.slack("odd", webhook_url={"env": "ODD_URL"})
    assert "No changes." in project.run("plan").out
    project.slack("odd", webhook_url={"env": "ODD_URL"}, description="new")
    assert project.run("plan").code == 1
