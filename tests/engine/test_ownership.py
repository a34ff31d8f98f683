"""Whose an object is, through the real command: what is not ours is never touched, what is ours is found again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.simulator import Fault, FaultKind
from tests.engine.projects import SLACK, Project


@pytest.fixture
def rivals(project: Project, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Project]:
    """Two projects with different owners on one cluster."""
    folder: Path = tmp_path_factory.mktemp("rival")
    other = replace(project, root=folder, owner="rival", config={}, environ={})
    other.write_project()
    return project, other


def test_two_owners_on_one_cluster_never_touch_each_other_both_pruning(rivals: tuple[Project, Project]) -> None:
    ours, theirs = rivals
    for round_ in range(2):
        for project in rivals:
            project.slack("oncall", display_name="On-call", description=f"round {round_} of {project.owner}")
            project.slack(f"only-{round_}", allow=["duplicate"])  # of one address: not one under a new name
            if round_:
                project.remove("only-0")
            project.apply("--prune")
    for project in rivals:
        mine = {name for name in project.configs() if name.startswith(f"{project.owner}_")}
        assert mine == {f"{project.owner}_oncall", f"{project.owner}_only-1"}
        assert project.run("plan", "--prune", "--detailed-exitcode").code == 0
    ours.run("destroy", "--yes")
    assert sorted(ours.configs()) == ["rival_oncall", "rival_only-1"]
    assert theirs.run("plan", "--detailed-exitcode").code == 0


def test_another_owners_object_is_refused_even_by_id_until_that_owner_is_a_former_one(
    rivals: tuple[Project, Project],
) -> None:
    ours, theirs = rivals
    theirs.slack("oncall")
    theirs.apply()
    ours.slack("oncall", id="rival_oncall")
    ours.forget_calls()
    done = ours.run("apply", "--yes")
    assert done.code == 1, done.everything
    assert "another owner's mark" in done.out
    assert ours.writes() == []
    ours.write_project(former_owners=["rival"])
    ours.apply()
    assert ours.configs()["rival_oncall"]["description"] == "[acme/oncall]"
    assert ours.run("plan", "--detailed-exitcode").code == 0


def test_a_rename_keeps_the_live_object(project: Project) -> None:
    project.slack("old", display_name="On-call")
    project.apply()
    project.remove("old")
    project.slack("new", display_name="On-call", renamed_from="old")
    project.apply("--prune")
    assert {name: config["description"] for name, config in project.configs().items()} == {"acme_old": "[acme/new]"}
    project.slack("new", display_name="On-call")
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_a_lost_mark_is_fixed(project: Project) -> None:
    project.slack("oncall")
    project.apply()
    project.change_live("acme_oncall", description="by hand")
    assert "mark lost" in project.run("plan").out
    project.apply()
    assert project.configs()["acme_oncall"]["description"] == "[acme/oncall]"


def by_hand(project: Project, object_id: str = "by-hand", name: str = "oncall") -> None:
    project.create_live(
        object_id, name=name, description="", config_type="slack", is_enabled=True, slack={"url": SLACK + "hand"}
    )


def test_an_unmarked_object_is_adopted_only_when_asked_and_each_is_listed(project: Project) -> None:
    by_hand(project)
    project.slack("oncall")
    assert "1 unmanaged" in project.run("plan").out
    done = project.apply("--adopt")
    assert "(adopted" in done.out
    assert {name: config["description"] for name, config in project.configs().items()} == {"by-hand": "[acme/oncall]"}


def test_two_that_could_be_adopted_are_refused_by_id(project: Project) -> None:
    by_hand(project)
    by_hand(project, "by-hand-2")
    project.slack("oncall")
    done = project.run("apply", "--yes", "--adopt")
    assert done.code == 1, done.everything
    assert "by-hand and by-hand-2" in done.out
    assert len(project.configs()) == 2


def test_a_pinned_id_that_is_not_there_is_created_under_it_as_after_a_rebuild(project: Project) -> None:
    project.slack("oncall", id="monitor-points-here")
    project.apply()
    assert sorted(project.configs()) == ["monitor-points-here"]


def test_unmanaged_objects_are_never_pruned_or_written(project: Project) -> None:
    by_hand(project, "unmanaged", "Somebody's")
    project.slack("oncall")
    project.apply("--prune")
    project.run("destroy", "--yes")
    assert sorted(project.configs()) == ["unmanaged"]
    assert project.configs()["unmanaged"]["description"] == ""


@pytest.mark.parametrize(("deletes", "kept", "code"), [(1, 0, 0), (3, 0, 0), (6, 1, 3), (4, 6, 3), (5, 25, 0)])
def test_deletes_are_bounded_and_what_is_held_ends_in_its_code(
    project: Project, deletes: int, kept: int, code: int
) -> None:
    for number in range(kept):
        project.slack(f"kept{number}")
    for number in range(deletes):
        project.slack(f"gone{number}")
    project.apply()
    for number in range(deletes):
        project.remove(f"gone{number}")
    done = project.run("apply", "--yes", "--prune", "--allow-empty")
    assert done.code == code, done.everything
    assert len(project.configs()) == kept + (deletes if code else 0)


def test_what_is_held_back_does_not_keep_the_rest_from_being_applied(project: Project) -> None:
    project.slack("guarded", protected=True)
    project.apply()
    project.remove("guarded")
    project.slack("fresh", allow=["duplicate"])
    done = project.run("apply", "--yes", "--prune")
    assert done.code == 4, done.everything
    assert sorted(project.configs()) == ["acme_fresh", "acme_guarded"]


@pytest.mark.parametrize("flags", [["--only", "oncall"], ["--select", "team=x"], ["-f", "channels/oncall.json"]])
def test_pruning_is_refused_when_only_a_part_is_planned(project: Project, flags: list[str]) -> None:
    project.slack("oncall", labels={"team": "x"})
    project.forget_calls()
    done = project.run("apply", "--yes", "--prune", *flags)
    assert done.code == 3
    assert list(project.simulators["search"].requests) == []


def test_a_project_without_manifests_manages_nothing_unless_allowed(project: Project) -> None:
    project.slack("oncall")
    project.apply()
    project.remove("oncall")
    done = project.run("apply", "--yes", "--prune")
    assert done.code == 3
    assert "--allow-empty" in done.err
    assert sorted(project.configs()) == ["acme_oncall"]


def test_an_object_that_the_list_lacks_is_reported_as_hidden(project: Project) -> None:
    """With roles that filter by backend role, the list leaves out what a create then meets as 409."""
    project.slack("oncall")
    faults = project.simulators["search"].faults
    faults.add(Fault(FaultKind.STALE_LIST, "GET", path="*/configs", times=9))
    faults.add(Fault(FaultKind.ANSWER, "GET", path="*/configs/acme_oncall", times=9, status=403))
    by_hand(project, "acme_oncall", "hidden")
    done = project.run("apply", "--yes")
    assert done.code == 4, done.everything
    assert "may not see it" in done.out
    assert project.configs()["acme_oncall"]["name"] == "hidden"


def test_where_the_root_is_forbidden_the_answers_name_the_version_and_the_address_stands_for_the_id(
    project: Project,
) -> None:
    project.slack("oncall")
    project.simulators["search"].faults.add(Fault(FaultKind.ANSWER, "GET", path="/", times=9, status=403))
    document = project.plan()
    server = document["targets"][0]["server"]
    assert server["source"] == "its answers"
    assert project.simulators["search"].url.removeprefix("http://") in server["identity"]
    assert document["targets"][0]["notes"]
