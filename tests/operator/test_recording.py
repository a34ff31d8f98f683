"""What is written of a look: on the project, and where another writer or another operator wrote first."""

from __future__ import annotations

import httpx
import pytest

from reconciler.operator.kubernetes import ClusterError
from reconciler.operator.published import Published
from tests.operator.fake import CURRENT, World


def test_a_kind_without_a_definition_is_said_on_the_project_and_keeps_no_other_from_being_applied(world: World) -> None:
    world.cluster.refuse[("GET", r".*/(emailchannels|smtpaccounts)")] = 404
    project, oncall = world.project(), world.slack("oncall")
    world.look()
    assert world.conditions(oncall)["Ready"] == "True Applied"
    assert world.conditions(project)["Ready"] == "False DefinitionMissing"
    assert world.conditions(project)["Reconciling"] == "True DefinitionMissing"
    assert "no definition of EmailChannel, SmtpAccount" in world.message(project)
    assert "reconciler operator manifests --crds-only" in world.message(project)
    world.look()
    assert world.events.count("Warning DefinitionMissing acme") == 1
    world.cluster.refuse.clear()
    world.look()
    assert world.conditions(project)["Ready"] == "True TargetsRead"


def test_definitions_older_than_the_operator_are_said_on_the_project_until_they_are_not(world: World) -> None:
    project, oncall = world.project(), world.slack("oncall")
    world.around.published = Published({**CURRENT.lacks, "EmailChannel": ("spec.test", "status.targets")})
    world.look()
    assert world.conditions(oncall)["Ready"] == "True Applied"
    assert world.conditions(project)["Ready"] == "False DefinitionOutdated"
    assert world.conditions(project)["Reconciling"] == "True DefinitionOutdated"
    assert "(EmailChannel spec.test, EmailChannel status.targets)" in world.message(project)
    assert "reconciler operator manifests --crds-only" in world.message(project)
    world.writes()
    world.look()
    assert world.writes() == []
    assert world.events.count("Warning DefinitionOutdated acme") == 1
    world.around.published = CURRENT
    world.look()
    assert world.conditions(project)["Ready"] == "True TargetsRead"


def test_definitions_of_which_nothing_is_known_are_said_to_be_unknown(world: World) -> None:
    project, oncall = world.project(), world.slack("oncall")
    world.around.published = Published(why="GET /openapi/v3: 403 Forbidden")
    world.look()
    assert world.conditions(oncall)["Ready"] == "True Applied"
    assert world.conditions(project)["Ready"] == "Unknown DefinitionUnread"
    assert world.conditions(project)["Stalled"] == "False DefinitionUnread"
    assert "GET /openapi/v3: 403 Forbidden" in world.message(project)
    assert [event for event in world.events if "acme" in event] == []


def test_writes_that_somebody_overwrites_twice_stop_the_project(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fought(_session: object) -> tuple[str, ...]:
        return ("acme_oncall was overwritten by somebody else (description)",)

    monkeypatch.setattr("reconciler.apply.run.find_overwritten", fought)
    project, _ = world.project(), world.slack("oncall")
    world.look()
    world.slack("oncall", description="second")
    world.look()
    assert world.conditions(project)["Stalled"] == "True Overwritten"
    world.restart()
    world.slack("oncall", description="third")
    world.look()
    assert "third" not in str(world.live())
    monkeypatch.undo()
    world.annotate(project, requested_at="now")
    world.look()
    assert "third" in str(world.live())
    assert world.conditions(project)["Ready"] == "True TargetsRead"


def test_evidence_is_not_lost_to_another_operator_that_wrote_first(world: World) -> None:
    world.project()
    oncall = world.slack("oncall")
    status = f"{oncall}/status"
    first = world.cluster.answer

    def another_writes_first(request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH" and request.url.path == status and world.status(oncall) == {}:
            stored = world.cluster.objects[oncall]
            world.cluster.store(oncall, {**stored, "status": {"observedGeneration": 1, "conditions": []}})
        return first(request)

    world.cluster.__dict__["answer"] = another_writes_first
    world.restart()
    world.look()
    assert world.conditions(oncall)["Verified"] == "True TestPassed"


def test_a_status_that_somebody_else_wrote_meanwhile_is_not_overwritten(world: World) -> None:
    world.project()
    oncall = world.slack("oncall")
    world.look()
    world.cluster.refuse[("PATCH", ".*/slackchannels/oncall/status")] = 409
    world.slack("oncall", description="new")
    world.look()
    assert world.status(oncall)["observedGeneration"] == 1
    world.cluster.refuse.clear()
    world.look()
    assert world.status(oncall)["observedGeneration"] == 2


def test_a_lease_that_may_not_be_had_is_said_on_the_project_until_it_may(world: World) -> None:
    project, oncall = world.project(), world.slack("oncall")
    world.cluster.refuse["POST", ".*/leases"] = 403
    for _ in range(2):
        with pytest.raises(ClusterError):
            world.look()
    assert world.conditions(project)["Ready"] == "False TargetUnread"
    assert "search: the operator lacks a right" in world.message(project)
    assert world.live() == {}
    world.cluster.refuse.clear()
    world.look()
    assert world.conditions(project)["Ready"] == "True TargetsRead"
    assert world.conditions(oncall)["Ready"] == "True Applied"
    assert world.messages() == 1
