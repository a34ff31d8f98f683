"""What plan refuses, apply and the apply of a saved plan refuse alike, with the reason."""

from __future__ import annotations

import pytest

from tests.cases.projects import Project, manifest, slack


@pytest.fixture
def project(both: Project) -> Project:
    both.environ["ODD_URL"] = "nowhere"
    both.keep(manifest("WebhookChannel", "odd", url={"env": "ODD_URL"}))
    return both


def test_a_field_that_cannot_be_planned_is_refused_by_all_three(project: Project) -> None:
    plan = project.run("plan", "--out", "plan.json")
    assert plan.code == 1
    assert '! WebhookChannel "odd": url: is not an http or https address' in plan.out
    plain, saved = project.run("apply", "--yes"), project.run("apply", "plan.json")
    assert plain.code == saved.code != 0
    for done in (plain, saved):
        assert "is not an http or https address" in done.everything
        assert "nothing to do" not in done.everything
    assert project.configs() == {}


def test_what_else_can_be_planned_is_applied_and_the_rest_is_counted(project: Project) -> None:
    project.write("channels/oncall.yaml", slack("oncall"))
    assert project.run("plan", "--out", "plan.json").code == 1
    saved = project.run("apply", "plan.json")
    assert saved.code == 4
    assert sorted(project.configs()) == ["acme_oncall"]
    assert project.run("apply", "plan.json").code != 0


def test_a_plan_of_an_error_that_is_gone_says_what_it_leaves(project: Project) -> None:
    assert project.run("plan", "--out", "plan.json").code == 1
    project.environ["ODD_URL"] = "https://hooks.example.org/in"
    done = project.run("apply", "plan.json")
    assert "pending: + WebhookChannel" in done.out
    assert project.configs() == {}
