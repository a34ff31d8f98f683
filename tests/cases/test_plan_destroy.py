"""`plan --destroy` shows what `destroy` deletes; a plan saved of it deletes no more, and only if asked again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cases.projects import Project, slack


def saved(project: Project, *arguments: str) -> Path:
    path = project.folder / "destroy.json"
    done = project.run("plan", "--destroy", "--out", str(path), *arguments)
    assert done.code == 0, done.everything
    return path


@pytest.fixture(params=["opensearch", "confluent", "both"])
def project(request: pytest.FixtureRequest) -> Project:
    found: Project = request.getfixturevalue(request.param)
    found.keep(slack("one"), slack("two"))
    assert found.run("apply", "--yes").code == 0
    return found


def test_it_shows_every_object_of_ours_and_deletes_none(project: Project) -> None:
    for form in ("text", "markdown", "html"):
        out = project.run("plan", "--destroy", "-o", form).out
        assert "to destroy." in out
    document = json.loads(project.run("plan", "--destroy", "--json").out)
    changes = [change for target in document["targets"] for change in target["changes"]]
    assert {change["action"] for change in changes} == {"delete"}
    assert {change["name"] for change in changes} == {"one", "two"}
    assert document["summary"]["destroy"] == len(changes)
    assert project.run("plan", "--detailed-exitcode").code == 0


def test_a_saved_one_needs_its_flag_again_and_is_done_once(project: Project) -> None:
    path = saved(project)
    refused = project.run("apply", str(path))
    assert refused.code == 3
    assert "was made with --destroy, for which the file alone is not enough" in refused.everything
    assert project.run("plan", "--detailed-exitcode").code == 0
    assert project.run("apply", str(path), "--destroy").code == 0
    assert json.loads(project.run("plan", "--destroy", "--json").out)["summary"]["destroy"] == 0
    assert project.run("apply", str(path), "--destroy").code == 0


def test_it_can_be_narrowed_to_names(project: Project) -> None:
    path = saved(project, "--only", "one")
    assert project.run("apply", str(path), "--destroy").code == 0
    left = json.loads(project.run("plan", "--destroy", "--json").out)
    assert {change["name"] for target in left["targets"] for change in target["changes"]} == {"two"}


def test_a_name_that_nothing_has_is_an_error(opensearch: Project) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    done = opensearch.run("plan", "--destroy", "--only", "oncal")
    assert done.code == 1
    assert "oncal: nothing live carries this project's mark" in done.everything


def test_the_guards_are_on(opensearch: Project) -> None:
    opensearch.keep(slack("one", protected=True), slack("two"))
    assert opensearch.run("apply", "--yes").code == 0
    path = saved(opensearch)
    assert "held: protected" in opensearch.run("plan", "--destroy").out
    assert opensearch.run("apply", str(path), "--destroy").code == 4
    left = json.loads(opensearch.run("plan", "--destroy", "--json").out)
    assert [change["name"] for change in left["targets"][0]["changes"]] == ["one"]


@pytest.mark.parametrize("flag", ["--prune", "--adopt", "--select=a=b", "--exclude=x", "--base=HEAD", "--file=x"])
def test_what_is_about_manifests_does_not_go_with_it(flag: str, opensearch: Project) -> None:
    done = opensearch.run("plan", "--destroy", flag)
    assert done.code == 64
    assert f"--destroy cannot be combined with {flag.partition('=')[0]}" in done.everything


def test_where_nothing_is_left_that_is_said_and_no_more(project: Project) -> None:
    assert project.run("destroy", "--yes").code == 0
    for arguments in (("destroy", "--yes"), ("plan", "--destroy")):
        done = project.run(*arguments)
        assert (done.code, done.out.splitlines()[-1]) == (0, "Nothing to destroy.")
