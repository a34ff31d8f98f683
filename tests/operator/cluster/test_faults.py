"""Targets that are away or refuse, Secrets that are late, bad input, and namespaces that end: each is a condition, no
message is sent twice, and the operator goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.operator.resources import SHARD_LABEL
from reconciler.simulator import Simulator
from tests.operator.apiserver import ApiServer, wait_until
from tests.operator.cluster.faults import Gate, ShardTeam
from tests.operator.cluster.running import ADDRESS, Operator

SHARD = "faults"


@pytest.fixture(scope="module")
def operator(cluster: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with Operator(cluster, tmp_path_factory.mktemp("operator"), f"--shard={SHARD}") as running:
        yield running
        assert running.process is not None
        assert running.process.poll() is None
        assert "internal error" not in running.log.read_text("utf-8")


@pytest.fixture
def team(cluster: ApiServer, operator: Operator) -> Iterator[ShardTeam]:
    with Simulator() as search:
        team = ShardTeam(cluster, SHARD, search)
        yield team
        events = team.events()
        assert all(events.count(event) <= 2 for event in events), events  # no storm


@pytest.mark.parametrize("fault", [{"kind": "drop_before"}, {"kind": "answer", "status": 403}, {"kind": "html"}])
def test_a_target_that_is_away_or_refuses(team: ShardTeam, fault: dict[str, object]) -> None:
    team.begin()
    team.created("before")
    team.search.faults.add(str(fault["kind"]), times=10_000, status=fault.get("status", 502))
    team.slack("meanwhile")
    team.wait_for("SlackChannel", "meanwhile", Ready="False TargetUnread")
    team.wait_for(
        "SlackChannel", "before", Ready="True Applied", Verified="True TestPassed", Drifted="Unknown NotCompared"
    )
    team.wait_for("Project", "acme", Ready="False TargetUnread")
    team.search.faults.clear()
    team.annotate("Project", "acme", requested_at="it is back")
    team.is_verified("meanwhile")
    team.wait_for("SlackChannel", "before", Ready="True Applied", Drifted="False InSync")
    team.wait_for("Project", "acme", Ready="True TargetsRead")
    team.is_exactly(["before", "meanwhile"])
    assert team.messages() == {"B0BBBBBB1": 2}


def test_a_write_that_is_refused(team: ShardTeam) -> None:
    team.begin()
    team.created("before")
    team.search.faults.add("answer", method="POST", path="*/configs*", times=10_000, status=403)
    team.slack("meanwhile")
    team.wait_for("SlackChannel", "meanwhile", Ready="False ApplyFailed")
    team.wait_for("SlackChannel", "before", Ready="True Applied")
    team.search.faults.clear()
    team.annotate("SlackChannel", "meanwhile", requested_at="it may now")
    team.is_verified("meanwhile")
    team.is_exactly(["before", "meanwhile"])


def test_an_answer_that_never_came(team: ShardTeam) -> None:
    team.begin()
    team.search.faults.add("drop_after", method="POST", path="*/configs*")
    team.created("oncall")
    team.is_exactly(["oncall"])
    assert team.messages() == {"B0BBBBBB1": 1}


def test_a_resource_edited_while_it_is_applied(team: ShardTeam) -> None:
    team.begin()
    team.created("oncall")
    gate = Gate(team.search)
    team.rotate("B0NEWNEW1")
    gate.reached()
    team.slack("oncall", description="edited meanwhile")
    gate.open()
    team.is_verified("oncall")
    team.is_exactly(["oncall"], "B0NEWNEW1")
    wait_until(lambda: "edited meanwhile" in str(team.configs()), "the edit is not live")
    assert team.messages() == {"B0BBBBBB1": 1, "B0NEWNEW1": 1}


def test_a_resource_deleted_while_it_is_applied(team: ShardTeam) -> None:
    team.begin()
    team.created("oncall", operator={"deletion_policy": "delete"})
    gate = Gate(team.search)
    team.rotate("B0NEWNEW1")
    gate.reached()
    team.delete("SlackChannel", "oncall")
    gate.open()
    wait_until(lambda: team.get("SlackChannel", "oncall") is None, "the finalizer is still there")
    team.is_exactly([])


def test_a_secret_that_is_late_or_lost_concerns_its_own_channels(team: ShardTeam) -> None:
    team.begin()
    team.created("oncall")
    team.slack("late", webhook_url={"secret": "late", "key": "url"})
    team.slack("wrong-key", webhook_url={"secret": "slack", "key": "uri"})
    team.wait_for("SlackChannel", "late", Ready="False SecretNotFound", Stalled="False SecretNotFound")
    team.wait_for("SlackChannel", "wrong-key", Ready="False SecretNotFound")
    team.api.delete(f"/api/v1/namespaces/{team.namespace}/secrets/slack").raise_for_status()
    team.wait_for("SlackChannel", "oncall", Ready="False SecretNotFound")
    team.secret("late", url=ADDRESS)
    team.is_verified("late")
    team.is_exactly(["late", "oncall"])
    team.secret("slack", url=ADDRESS)
    team.wait_for("SlackChannel", "oncall", Ready="True Applied")
    assert team.messages() == {"B0BBBBBB1": 2}


def test_bad_input_is_a_condition_that_says_what_to_do(team: ShardTeam) -> None:
    team.begin(owner="o" * 40)
    team.slack("nowhere", targets=["elsewhere"])
    long = "n" * 63
    team.slack(long, description="d" * 32_700)
    team.slack("good")
    team.wait_for("SlackChannel", "good", Ready="True Applied")
    team.wait_for("SlackChannel", "nowhere", Ready="False Invalid", Stalled="True Invalid")
    team.wait_for("SlackChannel", long, Ready="False Invalid", Stalled="True Invalid")
    team.project("second", labels={SHARD_LABEL: SHARD})
    team.wait_for("Project", "second", Ready="False SecondProject", Stalled="True SecondProject")
    team.wait_for("Project", "acme", Ready="True TargetsRead")
    team.slack("nowhere")
    team.slack(long)
    team.is_verified("nowhere")
    team.is_verified(long)
    assert team.messages() == {"B0BBBBBB1": 3}


def test_a_namespace_without_project(cluster: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> None:
    with Simulator() as search:
        team = ShardTeam(cluster, "", search)
        folder = tmp_path_factory.mktemp("main")
        team.slack("oncall")
        with Operator(cluster, folder, f"--namespace={team.namespace}"):
            team.wait_for("SlackChannel", "oncall", Ready="False NoProject", Stalled="True NoProject")
            team.secret("slack", url=ADDRESS)
            team.project()
            team.is_verified("oncall")


def test_two_projects_of_one_owner_on_one_system(team: ShardTeam) -> None:
    team.begin()
    team.created("oncall")
    younger = ShardTeam(team.cluster, SHARD, team.search)
    younger.begin(owner=team.namespace)
    younger.slack("other")
    younger.wait_for("Project", "acme", Ready="False SecondProject", Stalled="True SecondProject")
    younger.wait_for("SlackChannel", "other", Ready="False ProjectNotReady")
    team.is_exactly(["oncall"])
    younger.begin()
    younger.is_verified("other")
    assert sorted(younger.live()) == ["other"]


@pytest.mark.parametrize("policy", ["orphan", "delete"])
def test_a_namespace_that_ends_while_its_target_is_dead(team: ShardTeam, policy: str) -> None:
    team.begin(operator={"deletion_policy": policy, "deletion_timeout": "3s"})
    team.created("oncall", operator={"deletion_policy": "delete"})
    wait_until(lambda: _has_finalizer(team), "there is no finalizer")
    team.search.faults.add("drop_before", times=10_000)
    team.api.delete(f"/api/v1/namespaces/{team.namespace}").raise_for_status()
    team.delete("SlackChannel", "oncall")  # as the namespace controller does it, which this server has not
    team.delete("Project", "acme")
    wait_until(lambda: team.get("SlackChannel", "oncall") is None, "the channel is held for ever")
    wait_until(lambda: team.get("Project", "acme") is None, "the project is held for ever")
    team.search.faults.clear()
    assert team.live() == ["oncall"]


def _has_finalizer(team: ShardTeam) -> bool:
    found = team.get("Project", "acme") or {}
    return bool(found["metadata"].get("finalizers"))
