"""The operator on a real API server: kubectl's side of it, and the target's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.simulator import Simulator
from tests.operator.apiserver import ApiServer, wait_until
from tests.operator.cluster.running import ADDRESS, Operator, Team


@pytest.fixture(scope="module")
def operator(cluster: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with Operator(cluster, tmp_path_factory.mktemp("operator")) as running:
        yield running


@pytest.fixture
def team(cluster: ApiServer, operator: Operator) -> Iterator[Team]:
    with Simulator() as search:
        yield Team(cluster, {"search": search})


def test_a_channel_is_created_tested_and_ready(team: Team) -> None:
    team.secret("slack", url=ADDRESS)
    team.project()
    team.slack("oncall")
    team.wait_for("SlackChannel", "oncall", Ready="True Applied", Verified="True TestPassed", Drifted="False InSync")
    team.wait_for("Project", "acme", Ready="True TargetsRead")
    assert team.live() == ["oncall"]
    wait_until(lambda: "Normal Verified oncall" in team.events(), "no Event")
    assert team.sent() == 1


def test_a_rotation_is_a_change_and_drift_is_corrected(team: Team) -> None:
    team.secret("slack", url=ADDRESS)
    team.project(operator={"interval": "10s"})
    team.slack("oncall")
    team.wait_for("SlackChannel", "oncall", Ready="True Applied")
    team.secret("slack", url=ADDRESS.replace("B0BBBBBB1", "B0CCCCCC1"))
    wait_until(lambda: "B0CCCCCC1" in str(team.configs()), "the rotation is not live")
    wait_until(lambda: team.sent() == 2, "the new address is not tested")
    secret = team.api.get(f"/api/v1/namespaces/{team.namespace}/secrets/slack").json()["metadata"]["resourceVersion"]
    used = {"slack": secret}  # until the status says so, a move could still be a part of the same look
    wait_until(lambda: f"'secrets': {used}" in str(team.get("SlackChannel", "oncall")), "the look has not ended")
    team.move("oncall", description="moved by hand [x]")
    wait_until(lambda: "moved by hand" not in str(team.configs()), "the drift is not corrected")
    wait_until(lambda: "Normal DriftCorrected oncall" in team.events(), "no Event")
    assert "abcdefghijklmnop" not in str(team.get("SlackChannel", "oncall"))


def test_a_late_secret_and_a_literal_are_conditions_of_their_own_resource(team: Team) -> None:
    team.project()
    team.slack("late")
    team.slack("forbidden", webhook_url={"vault": "kv/slack", "key": "url"})
    team.wait_for("SlackChannel", "late", Ready="False SecretNotFound", Reconciling="True SecretNotFound")
    team.wait_for("SlackChannel", "forbidden", Ready="False NotAllowed", Stalled="True NotAllowed")
    team.secret("slack", url=ADDRESS)
    team.wait_for("SlackChannel", "late", Ready="True Applied")


def test_a_failed_test_is_rolled_back_seen_and_not_repeated(team: Team) -> None:
    team.targets["search"].outcomes.set("hooks.slack.com", 404, "no_service")
    team.secret("slack", url=ADDRESS)
    team.project(operator={"interval": "10s"})
    team.slack("oncall")
    team.wait_for("SlackChannel", "oncall", Ready="False TestFailed", Stalled="True TestFailed")
    assert team.live() == []
    team.slack("other", test={"when": "never"})
    team.wait_for("SlackChannel", "other", Ready="True Applied")
    assert team.sent() == 1
    team.targets["search"].outcomes.clear()
    team.annotate("SlackChannel", "oncall", requested_at="now")
    team.wait_for("SlackChannel", "oncall", Ready="True Applied", Verified="True TestPassed")
    assert team.sent() == 2


def test_deletions_by_policy(team: Team) -> None:
    team.secret("slack", url=ADDRESS)
    team.project()
    team.slack("kept")
    team.slack("gone", operator={"deletion_policy": "delete"})
    team.wait_for("SlackChannel", "kept", Ready="True Applied")
    team.wait_for("SlackChannel", "gone", Ready="True Applied")
    team.delete("SlackChannel", "kept")
    team.delete("SlackChannel", "gone")
    wait_until(lambda: team.get("SlackChannel", "gone") is None, "the finalizer is still there")
    assert team.live() == ["kept"]
    team.delete("Project", "acme")
    wait_until(lambda: team.get("Project", "acme") is None, "the project is still there")


def test_two_targets_are_one_resource(cluster: ApiServer, operator: Operator) -> None:
    with Simulator() as east, Simulator() as west:
        team = Team(cluster, {"east": east, "west": west})
        team.secret("slack", url=ADDRESS)
        team.project()
        team.slack("oncall")
        team.wait_for("SlackChannel", "oncall", Ready="True Applied", Verified="True TestPassed")
        assert team.live("east") == team.live("west") == ["oncall"]
        found = team.get("SlackChannel", "oncall") or {}
        assert [item["name"] for item in found["status"]["targets"]] == ["east", "west"]


def test_a_shard_takes_the_projects_of_its_label(cluster: ApiServer, operator: Operator, tmp_path: Path) -> None:
    with Simulator() as search, Operator(cluster, tmp_path, "--shard=two"):
        ours, theirs = Team(cluster, {"search": search}), Team(cluster, {"search": search})
        for team, labels in ((ours, {"sharding.channels.gitops/key": "two"}), (theirs, {})):
            team.secret("slack", url=ADDRESS)
            team.project(labels=labels)
            team.slack("oncall")
        ours.wait_for("SlackChannel", "oncall", Ready="True Applied")
        theirs.wait_for("SlackChannel", "oncall", Ready="True Applied")
        ours.project(labels={})
        ours.slack("oncall", description="of the main shard now")
        ours.wait_for("SlackChannel", "oncall", Ready="True Applied")


def test_release_lets_deletions_go_without_an_operator(cluster: ApiServer, tmp_path: Path) -> None:
    with Simulator() as search:
        team = Team(cluster, {"search": search})
        namespaced = f"--namespace={team.namespace}"
        team.secret("slack", url=ADDRESS)
        with Operator(cluster, tmp_path, namespaced, "--shard=alone") as alone:
            team.project(labels={"sharding.channels.gitops/key": "alone"})
            team.slack("oncall", operator={"deletion_policy": "delete"})
            team.wait_for("SlackChannel", "oncall", Ready="True Applied")
            assert alone.stop() == 0
        done = alone.call("release", namespaced, user="admin")
        assert done.returncode == 0, done.stderr
        assert f"{team.namespace}/oncall (SlackChannel)" in done.stdout
        team.delete("SlackChannel", "oncall")
        assert team.get("SlackChannel", "oncall") is None
        assert team.live() == ["oncall"]


def test_a_steady_state_writes_nothing(team: Team) -> None:
    team.secret("slack", url=ADDRESS)
    team.project(operator={"interval": "10s"})
    team.slack("oncall")
    team.wait_for("SlackChannel", "oncall", Ready="True Applied")
    team.wait_for("Project", "acme", Ready="True TargetsRead")
    objects = (("SlackChannel", "oncall"), ("Project", "acme"))
    before = [(team.get(*one) or {})["metadata"]["resourceVersion"] for one in objects]
    asked = len(team.targets["search"].requests)
    wait_until(lambda: len(team.targets["search"].requests) >= asked + 3, "the target is not looked at")
    assert [(team.get(*one) or {})["metadata"]["resourceVersion"] for one in objects] == before
    assert not [request for request in list(team.targets["search"].requests)[asked:] if request.method != "GET"]
