"""A dead receiver is caught whatever is known of the server's version: with least rights, hidden, claimed, or read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.simulator import Simulator
from tests.cases.projects import KEY, SECRET, Project, manifest, project, slack

FULL_ACCESS = {"users": {KEY: {"password": SECRET, "roles": ["notifications_full_access"]}}}


def hook(simulator: Simulator, code: int) -> str:
    """A webhook whose receiver answers with this status."""
    return manifest("WebhookChannel", "pager", url={"plain": f"{simulator.receiver.url}/status/{code}"})


def set_target(made: Project, **members: object) -> None:
    """Give the project's one target these settings too."""
    document = json.loads((made.folder / "reconciler.yaml").read_text())
    document["spec"]["targets"]["search"] |= members
    made.write("reconciler.yaml", json.dumps(document))


@pytest.fixture
def least(opensearch: Project, simulator: Simulator) -> Project:
    """A project whose user may all that notifications need, and not read the server's root."""
    simulator.set_users(FULL_ACCESS)
    login = {"username": {"env": "CONFLUENT_CLOUD_API_KEY"}, "password": {"env": "CONFLUENT_CLOUD_API_SECRET"}}
    set_target(opensearch, auth={"basic": login})
    return opensearch


@pytest.mark.parametrize("code", [404, 410, 500])
def test_with_full_access_to_notifications_alone_a_dead_webhook_is_rolled_back(
    least: Project, simulator: Simulator, code: int
) -> None:
    least.keep(hook(simulator, code))
    done = least.run("apply", "--yes")
    assert done.code == 5, done.everything
    assert "0 added, 0 changed, 0 destroyed; 1 rolled back because its test failed." in done.out
    assert "opensearch 3.6.0, by its answers" in done.out
    assert list(simulator.store.all()) == []


@pytest.mark.parametrize("claimed", [None, "2.19"])
def test_a_server_that_hides_its_version_does_not_verify_a_dead_webhook(
    opensearch: Project, simulator: Simulator, claimed: str | None
) -> None:
    simulator.hide_version(compatibility=True, no_header=True)
    if claimed:
        set_target(opensearch, version=claimed)
    opensearch.keep(hook(simulator, 410))
    done = opensearch.run("apply", "--yes")
    assert done.code == 5, done.everything
    assert "410 Gone" in done.out
    if not claimed:
        assert "set targets.search.version" in done.out


def test_what_compatibility_mode_shows_is_no_version_to_write(opensearch: Project) -> None:
    for version, words in (
        ("7.10.2", "is not a version of OpenSearch"),
        ("1.3", "too old"),
        ("0.1", "is not a version of OpenSearch"),
    ):
        set_target(opensearch, version=version)
        done = opensearch.run("validate")
        assert done.code == 1
        assert words in done.everything


def test_an_old_server_that_says_nothing_is_counted_and_not_called_verified(tmp_path: Path) -> None:
    with Simulator(opensearch_version="2.19.5", receivers=True) as old:
        made = project(tmp_path, old, search="opensearch")
        made.keep(hook(old, 400))
        done = made.run("apply", "--yes")
        assert done.code == 0, done.everything
        assert "; 1 could not be verified: this server does not say." in done.out
        assert "verified by" not in done.out
        assert made.run("plan", "--detailed-exitcode").code == 0
        tested = made.run("test", "pager")
        assert tested.code == 7, tested.everything
        assert "0 passed, 0 failed, 1 unknown" in tested.out
        listed = json.loads(made.run("list", "--json").out)
        assert "verified" not in json.dumps(listed).replace("unverified", "")


def test_a_claim_that_the_server_contradicts_is_reported(opensearch: Project) -> None:
    set_target(opensearch, version="2.19")
    opensearch.keep(slack("oncall"))
    assert "the project file says version 2.19, and its answers 3.6.0, which counts" in opensearch.run("plan").out


def test_a_wrong_password_is_sent_once(least: Project, simulator: Simulator) -> None:
    simulator.clear_requests()
    done = least.run("plan", environ={"CONFLUENT_CLOUD_API_SECRET": "wrong"})
    assert done.code == 1
    assert len(simulator.requests) == 1
