"""What an upgrade would refuse, asked before it is made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plans.projects import Project


def refusals(project: Project, *arguments: str) -> list[tuple[str, str]]:
    document: dict[str, Any] = project.plan(*arguments)
    return [(item["name"], item["message"]) for item in document["targets"][0]["would_refuse"]]


@pytest.fixture
def old(project: Project) -> Project:
    """A channel whose address is no Slack address: fine before 3.0."""
    project.environ["ODD_URL"] = "https://chat.example.org/hooks/1"
    project.write_project(targets={"search": project.config["spec"]["targets"]["search"]})
    return project


def test_a_slack_address_that_is_none_is_refused_from_three_on(old: Project) -> None:
    old.slack("odd", webhook_url={"env": "ODD_URL"})
    old.slack("fine")
    assert refusals(old, "--assume-version", "search=2.19") == []
    found = refusals(old, "--assume-version", "search=3.8")
    assert [name for name, _ in found] == ["odd"]
    assert "webhook_url" in found[0][1]
    assert "chat.example.org" not in found[0][1]


def test_mattermost_is_refused_before_it_came(old: Project) -> None:
    old.manifest(
        "MattermostChannel",
        "builds",
        webhook_url={"env": "ODD_URL"},
        test={"when": "never"},
    )
    assert [name for name, _ in refusals(old, "--assume-version", "search=3.4")] == ["builds"]
    assert refusals(old, "--assume-version", "search=3.5") == []


def test_an_owned_object_that_no_manifest_names_is_told_too(project: Project) -> None:
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
