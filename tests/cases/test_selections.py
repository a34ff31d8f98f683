"""A selection that matches nothing is an error with a hint, for every verb; names take globs."""

from __future__ import annotations

import json

import pytest

from tests.cases.projects import Project, slack

READING = ("plan", "drift", "validate", "apply")


def labelled(name: str, team: str) -> str:
    document = json.loads(slack(name))
    document["metadata"]["labels"] = {"team": team}
    return json.dumps(document)


@pytest.fixture
def project(both: Project) -> Project:
    both.keep(labelled("pay-pager", "payments"), labelled("pay-chat", "payments"), labelled("web", "web"))
    return both


def arguments(verb: str) -> tuple[str, ...]:
    return (verb, "--yes") if verb == "apply" else (verb,)


@pytest.mark.parametrize("verb", [*READING, "test"])
def test_a_label_that_no_manifest_has_is_an_error(project: Project, verb: str) -> None:
    done = project.run(*arguments(verb), "--select", "team=payment")
    assert done.code == 1
    assert "--select team=payment: no manifest has this label; did you mean team=payments?" in done.err
    assert project.configs() == {}


@pytest.mark.parametrize("verb", READING)
def test_flags_that_leave_nothing_are_an_error(project: Project, verb: str) -> None:
    done = project.run(*arguments(verb), "--only", "pay-*", "--select", "team=web")
    assert done.code == 1
    assert "nothing is selected" in done.err
    assert "--only pay-*, --select team=web" in done.err


def test_an_exclusion_that_excludes_nothing_is_an_error(project: Project) -> None:
    done = project.run("apply", "--yes", "--exclude", "wbe")
    assert done.code == 1
    assert "--exclude wbe: nothing has this name; did you mean web?" in done.err
    assert project.configs() == {}


@pytest.mark.parametrize("flag", ["--target", "--only"])
def test_a_pattern_that_matches_nothing_is_an_error(project: Project, flag: str) -> None:
    done = project.run("plan", flag, "nobody-*")
    assert done.code == 1
    assert f"{flag} nobody-*: nothing matches this pattern" in done.err


def names_of(plan: str) -> dict[str, list[str]]:
    targets = json.loads(plan)["targets"]
    return {target["target"]: [change["name"] for change in target["changes"]] for target in targets}


def test_names_take_globs_and_flags_add_up(project: Project) -> None:
    plan = project.run("plan", "--json", "--target", "se*", "--only", "pay-*", "--only", "web", "--exclude", "*-chat")
    assert names_of(plan.out) == {"search": ["pay-pager", "web"]}


def test_a_saved_plan_keeps_what_was_excluded(project: Project) -> None:
    assert project.run("plan", "--target", "search", "--exclude", "pay-*", "--out", "plan.json").code == 0
    assert project.run("apply", "plan.json").code == 0
    assert sorted(project.configs()) == ["acme_web"]


def test_what_is_excluded_is_not_pruned_either(opensearch: Project) -> None:
    opensearch.keep(slack("oncall"), slack("old-a"), slack("old-b"))
    assert opensearch.run("apply", "--yes", "--test-when", "never").code == 0
    opensearch.keep(slack("oncall"))
    assert opensearch.run("apply", "--yes", "--prune", "--exclude", "old-a").code == 0
    assert sorted(opensearch.configs()) == ["acme_old-a", "acme_oncall"]
