"""The API server goes away and comes back, its store is restarted, one of its definitions comes late, and one is older
than the operator."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from reconciler.operator.install import objects_of
from reconciler.simulator import Simulator
from tests.operator.apiserver import ApiServer, wait_until
from tests.operator.cluster.conftest import INSTALL
from tests.operator.cluster.faults import ShardTeam
from tests.operator.cluster.running import ADDRESS, Object, Operator

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
LATE, OLDER = "ChimeChannel", "EmailGroup"


def _defines(kind: str, one: Object) -> bool:
    return bool(one["kind"] == "CustomResourceDefinition" and one["spec"]["names"]["kind"] == kind)


def _definition(kind: str) -> Object:
    (found,) = (one for one in _installed() if _defines(kind, one))
    return found


def _older(kind: str) -> Object:
    """A definition that lacks a field of the spec and one of the status."""
    made: Object = json.loads(json.dumps(_definition(kind)))
    parts = made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    del parts["spec"]["properties"]["recipients"], parts["status"]["properties"]["lastTestOutcome"]
    return made


@pytest.fixture(scope="module")
def server() -> Iterator[ApiServer]:
    """A server of our own, which can be broken, and whose definitions are older than the operator: one kind is not
    there yet, and another one lacks fields."""
    with ApiServer() as running:
        running.apply(*(one for one in _installed() if not _defines(LATE, one) and not _defines(OLDER, one)))
        running.apply(_older(OLDER))
        yield running


def _installed() -> list[Object]:
    return [dict(one) for one in objects_of(INSTALL) if one["apiVersion"] != "apps/v1"]


@pytest.fixture(scope="module")
def operator(server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    with Operator(server, tmp_path_factory.mktemp("operator")) as running:
        yield running


@pytest.fixture
def team(server: ApiServer, operator: Operator) -> Iterator[ShardTeam]:
    with Simulator() as search:
        yield ShardTeam(server, "", search)


def test_a_definition_that_comes_late(team: ShardTeam, operator: Operator) -> None:
    team.secret("slack", url=ADDRESS)
    team.project()
    team.created("oncall")
    team.cluster.apply(_definition(LATE))
    team.secret("chime", url="https://hooks.chime.aws/incomingwebhooks/1?token=t")
    team.apply("ChimeChannel", "builds", {"webhook_url": {"secret": "chime", "key": "url"}})
    team.wait_for("ChimeChannel", "builds", Ready="True Applied")
    assert team.live() == ["builds", "oncall"]
    assert _still_runs(operator)


def test_a_definition_older_than_the_operator(team: ShardTeam, operator: Operator) -> None:
    team.cluster.apply(_definition(LATE), _older(OLDER))
    team.secret("slack", url=ADDRESS)
    team.project()
    team.created("oncall")
    team.wait_for("Project", "acme", Ready="False DefinitionOutdated", Reconciling="True DefinitionOutdated")
    project = team.get("Project", "acme") or {}
    (ready,) = (item for item in project["status"]["conditions"] if item["type"] == "Ready")
    lacks = "(EmailGroup spec.recipients, EmailGroup status.lastTestOutcome)"
    assert lacks in ready["message"]
    assert (
        sum(
            "reconciler.operator definitions in the cluster are older" in line and lacks in line
            for line in _complaints(operator)
        )
        == 1
    )
    team.cluster.apply(_definition(OLDER))
    team.wait_for("Project", "acme", Ready="True TargetsRead")
    assert team.events().count("Warning DefinitionOutdated acme") == 1
    assert team.messages() == {"B0BBBBBB1": 1}
    assert _still_runs(operator)


def test_a_definition_that_is_deleted_and_comes_back(team: ShardTeam, operator: Operator) -> None:
    team.cluster.apply(_definition(LATE), _definition(OLDER))
    team.secret("slack", url=ADDRESS)
    team.project()
    team.created("oncall")
    team.secret("chime", url="https://hooks.chime.aws/incomingwebhooks/1?token=t")
    team.apply("ChimeChannel", "builds", {"webhook_url": {"secret": "chime", "key": "url"}})
    team.wait_for("ChimeChannel", "builds", Ready="True Applied")
    said, written = len(_complaints(operator)), len(operator.log.read_text("utf-8"))
    team.cluster.client().delete(f"{CRDS}/{_definition(LATE)['metadata']['name']}").raise_for_status()
    wait_until(lambda: "the watch failed" in "".join(_complaints(operator)[said:]), "the watch does not fail")
    team.cluster.apply(_definition(LATE))
    team.apply("ChimeChannel", "builds", {"webhook_url": {"secret": "chime", "key": "url"}})
    team.wait_for("ChimeChannel", "builds", Ready="True Applied")
    team.wait_for("Project", "acme", Ready="True TargetsRead")
    assert team.live() == ["builds", "oncall"]
    failed = [line for line in _complaints(operator)[said:] if "the watch failed" in line]
    assert all("(GET /apis/channels.gitops/v1/chimechannels: 404)" in line for line in failed)
    assert "Traceback" not in operator.log.read_text("utf-8")[written:]
    assert _still_runs(operator)


@pytest.mark.parametrize("name", ["apiserver", "etcd"])
def test_a_server_that_goes_away_and_comes_back(team: ShardTeam, operator: Operator, name: str) -> None:
    team.secret("slack", url=ADDRESS)
    team.project(operator={"interval": "10s"})
    team.created("oncall")
    said = len(_complaints(operator))
    team.cluster.kill(name)
    wait_until(lambda: len(_complaints(operator)) > said, "the operator did not notice")
    team.move("oncall", description=f"moved by hand meanwhile [{team.namespace}/oncall]")
    team.cluster.start(name)
    if name == "etcd":
        wait_until(lambda: team.get("SlackChannel", "oncall") is not None, "the server does not answer")
    team.created("other")
    wait_until(lambda: "moved by hand" not in str(team.configs()), "the drift is not corrected")
    team.is_exactly(["oncall", "other"])
    assert team.messages() == {"B0BBBBBB1": 2}
    assert _still_runs(operator)


def _complaints(operator: Operator) -> list[str]:
    return [line for line in operator.log.read_text("utf-8").splitlines() if "WARNING" in line or "ERROR" in line]


def _still_runs(operator: Operator) -> bool:
    return operator.process is not None and operator.process.poll() is None
