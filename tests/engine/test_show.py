"""A saved plan is shown as it was, in every form."""

from __future__ import annotations

import json

import pytest

from tests.engine.projects import Project

KEY = "a key that only the pipeline knows"


def test_a_saved_plan_is_shown_as_plan_showed_it(project: Project) -> None:
    project.slack("oncall")
    plan = project.root / "plan.json"
    shown = project.run("plan", "--out", str(plan)).out
    assert project.run("show", str(plan)).out == shown
    document = project.run("show", str(plan), "--json").json()
    assert document == json.loads(plan.read_text())


@pytest.mark.parametrize(("form", "word"), [("markdown", "oncall"), ("html", "<html")])
def test_other_forms(project: Project, form: str, word: str) -> None:
    project.slack("oncall")
    done = project.run("show", str(project.save()), "-o", form)
    assert done.code == 0
    assert word in done.out


def test_a_signature_is_told_of_where_there_is_a_key(project: Project) -> None:
    project.slack("oncall")
    plan = project.save(RECONCILER_PLAN_KEY=KEY)
    assert "is as it was signed" in project.run("show", str(plan), RECONCILER_PLAN_KEY=KEY).err
    plan.write_text(plan.read_text().replace("oncall", "edited"))
    assert "was edited" in project.run("show", str(plan), RECONCILER_PLAN_KEY=KEY).err


def test_what_is_no_plan_is_one_clear_error(project: Project) -> None:
    done = project.run("show", "reconciler.yaml")
    assert done.code == 1
    assert len(done.err.strip().splitlines()) == 1
