"""What is said of what is not reconciled, and what becomes of it once it is again."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.operator.kubernetes import ClusterError
from tests.operator.fake import ADDRESS, World


@pytest.mark.parametrize(
    ("kind", "spec", "reason", "words"),
    [
        ("SlackChannel", {"webhook_url": ADDRESS}, "NotAllowed", "a literal is refused"),
        ("SlackChannel", {"webhook_url": {"env": "HOME"}}, "NotAllowed", "env is refused"),
        ("SlackChannel", {"webhook": 1}, "Invalid", "unknown field"),
        ("SlackChannel", {"webhook_url": {"secret": "slack", "key": "url"}, "targets": ["no"]}, "Invalid", "target no"),
        ("EmailChannel", {"sender": "nobody", "recipients": ["a@example.org"]}, "Invalid", "there is no manifest"),
    ],
)
def test_a_resource_that_cannot_be_used_says_why_and_hides_no_other(
    world: World, kind: str, spec: dict[str, Any], reason: str, words: str
) -> None:
    world.project()
    broken, sound = world.put(kind, "broken", **spec), world.slack("sound")
    world.look()
    assert world.conditions(broken)["Ready"] == f"False {reason}"
    assert world.conditions(broken)["Stalled"] == f"True {reason}"
    assert words in world.message(broken)
    assert "abcdefghijklmnop" not in world.message(broken)
    assert world.conditions(sound)["Ready"] == "True Applied"
    world.look()
    assert len([event for event in world.events if event.endswith("broken")]) == 1


def test_a_namespace_without_a_project_says_so(world: World) -> None:
    oncall = world.slack("oncall")
    assert world.look()[""].seconds is None
    assert world.conditions(oncall)["Ready"] == "False NoProject"
    assert "create one" in world.message(oncall)
    world.project()
    world.look()
    assert world.conditions(oncall)["Ready"] == "True Applied"


def test_of_two_projects_of_a_namespace_the_younger_is_stalled(world: World) -> None:
    first, second = world.project(), world.project("second", owner="second")
    oncall = world.slack("oncall")
    world.look()
    assert world.conditions(first)["Ready"] == "True TargetsRead"
    assert world.conditions(second)["Stalled"] == "True SecondProject"
    assert world.status(oncall)["targets"][0]["id"] == "acme_oncall"


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({"targets": {}}, "Invalid"),
        ({"secrets": {"sources": {"pass": {"exec": ["cat"]}}}}, "NotAllowed"),
        ({"default_targets": ["nowhere"]}, "Invalid"),
    ],
)
def test_a_project_that_cannot_be_used_says_why_on_all(world: World, spec: dict[str, Any], reason: str) -> None:
    project, oncall = world.project(**spec), world.slack("oncall")
    world.look()
    assert reason in world.conditions(project).get("Stalled", "") + world.conditions(oncall)["Stalled"]
    assert world.conditions(oncall)["Ready"].startswith("False")


def test_suspend_leaves_all_as_it_is(world: World) -> None:
    project, oncall = world.project(), world.slack("oncall")
    world.look()
    world.put("Project", "acme", **{**world.cluster.objects[project]["spec"], "operator": {"suspend": True}})
    world.slack("oncall", description="new")
    world.look()
    assert world.conditions(project)["Ready"] == "Unknown Suspended"
    assert "new" not in str(world.live())
    world.project()
    world.slack("oncall", description="new", operator={"suspend": True})
    world.look()
    assert "new" not in str(world.live())
    world.slack("oncall", description="new")
    world.look()
    assert "new" in str(world.live())
    assert world.conditions(oncall)["Ready"] == "True Applied"


@pytest.mark.parametrize("of_project", [True, False])
def test_what_is_suspended_before_anybody_looked_at_it_says_so(world: World, of_project: bool) -> None:
    suspended: dict[str, Any] = {"operator": {"suspend": True}}
    project = world.project(**(suspended if of_project else {}))
    oncall = world.slack("oncall", **({} if of_project else suspended))
    world.look()
    assert world.conditions(oncall) == {
        "Ready": "Unknown Suspended",
        "Reconciling": "False Suspended",
        "Stalled": "False Suspended",
    }
    assert world.status(oncall)["observedGeneration"] == world.cluster.objects[oncall]["metadata"]["generation"]
    assert world.live() == {}
    world.writes()
    world.look()
    assert world.writes() == []
    world.put("Project", "acme", **{**world.cluster.objects[project]["spec"], "operator": {}})
    world.slack("oncall")
    world.look()
    assert world.conditions(oncall)["Ready"] == "True Applied"


@pytest.mark.parametrize("of_project", [True, False])
def test_what_is_suspended_claims_nothing_that_nobody_looks_at(world: World, of_project: bool) -> None:
    project, oncall = world.project(), world.slack("oncall")
    world.look()
    path = project if of_project else oncall
    spec = world.cluster.objects[path]["spec"]
    world.put("Project" if of_project else "SlackChannel", path.rpartition("/")[2], **spec, operator={"suspend": True})
    world.look()
    assert world.conditions(oncall)["Ready"] == "Unknown Suspended"
    assert world.conditions(oncall)["Verified"] == world.conditions(oncall)["Drifted"] == "Unknown NotReconciled"
    assert world.samples("resource_ready") == world.samples("channel_verified") == ["NaN"]
    assert world.samples("channel_drifted") == ["NaN"]
    world.writes()
    world.look()
    assert world.writes() == []
    world.put("Project" if of_project else "SlackChannel", path.rpartition("/")[2], **spec)
    world.look()
    assert world.conditions(oncall)["Ready"] == "True Applied"
    assert world.conditions(oncall)["Verified"] == "True TestPassed"
    assert world.samples("resource_ready") == world.samples("channel_verified") == ["1.0"]
    assert world.messages() == 1
    assert world.events.count("Normal Verified oncall") == 1  # an Event for a message, and none without


def test_a_failed_test_is_said_again_once_there_is_a_project_and_is_not_repeated(world: World) -> None:
    world.systems["search"].outcomes.set("hooks.slack.com", 404, "no_service")
    project, oncall = world.project(), world.slack("oncall")
    world.look()
    taken = world.cluster.objects.pop(project)
    world.look()
    assert world.conditions(oncall)["Ready"] == "False NoProject"
    assert world.conditions(oncall)["Verified"] == "False TestFailed"  # what was sent has failed, whatever comes
    world.cluster.objects[project] = taken
    world.look()
    assert world.messages() == 1
    assert world.conditions(oncall)["Verified"] == "False TestFailed"
    assert world.conditions(oncall)["Ready"] == "False TestFailed"


@pytest.mark.parametrize("of_project", [True, False])
def test_a_deletion_that_is_suspended_says_so(world: World, of_project: bool) -> None:
    held: dict[str, Any] = {"suspend": True}
    project = world.project()
    oncall = world.slack("oncall", operator={"deletion_policy": "delete"})
    world.look()
    if of_project:
        world.put("Project", "acme", **{**world.cluster.objects[project]["spec"], "operator": held})
    else:
        world.slack("oncall", operator={"deletion_policy": "delete", **held})
    world.look()
    world.delete(oncall)
    world.look()
    assert world.conditions(oncall)["Ready"] == "False DeletionHeld"
    assert "spec.operator.suspend" in world.message(oncall)
    assert list(world.live()) == ["acme_oncall"]
    world.writes()
    world.look()
    assert world.writes() == []
    if of_project:
        world.project()
    else:
        world.slack("oncall", operator={"deletion_policy": "delete"})
    world.look()
    assert world.live() == {}


@pytest.mark.parametrize("how", ["no project", "project deleted", "not to be planned", "invalid", "not allowed"])
def test_what_nobody_looks_at_any_more_is_neither_verified_nor_without_drift(world: World, how: str) -> None:
    project, oncall = world.project(), world.slack("oncall")
    pager = world.slack("pager", operator={"deletion_policy": "delete"})
    world.look()
    match how:
        case "no project":
            del world.cluster.objects[project]
        case "project deleted":
            world.delete(project)
        case "not to be planned":
            world.slack("oncall", webhook_url={"plain": "http://elsewhere.example.org/x"})
        case "invalid":
            world.slack("oncall", targets=["nowhere"])
        case "not allowed":
            world.slack("oncall", webhook_url={"env": "HOME"})
    world.look()
    assert world.conditions(oncall)["Ready"].startswith("False")
    assert world.conditions(oncall)["Verified"].startswith("Unknown")
    assert world.conditions(oncall)["Drifted"].startswith("Unknown")
    assert world.message(oncall, "Verified")
    assert world.message(oncall, "Drifted")
    if "project" in how:
        assert world.conditions(pager)["Drifted"].startswith("Unknown")
    else:
        assert world.conditions(pager)["Drifted"] == "False InSync"
        assert set(world.samples("channel_drifted")) == {"NaN", "0.0"}
    world.writes()
    world.look()
    assert world.writes() == []


def test_what_the_operator_may_no_longer_read_claims_nothing_until_it_may_again(world: World) -> None:
    project, oncall = world.project(), world.slack("oncall")
    world.look()
    world.writes()
    world.cluster.refuse["GET", ".*/secrets"] = 403
    for _ in range(3):
        with pytest.raises(ClusterError):
            world.look()
    for path in (project, oncall):
        assert world.conditions(path)["Ready"] == "Unknown NamespaceUnread"
        assert "/secrets" in world.message(path)
    assert world.conditions(oncall)["Verified"] == "Unknown NotReconciled"
    assert world.conditions(oncall)["Drifted"] == "Unknown NotReconciled"
    assert len(world.writes()) == 2
    world.cluster.refuse.clear()
    world.look()
    assert world.conditions(project)["Ready"] == "True TargetsRead"
    assert world.conditions(oncall)["Ready"] == "True Applied"
    assert world.conditions(oncall)["Verified"] == "True TestPassed"
    assert world.messages() == 1
