"""A saved plan is shown as it was, in every form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

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


def test_a_signature_is_mentioned_where_there_is_a_key(project: Project) -> None:
    project.slack("oncall")
    plan = project.save(RECONCILER_PLAN_KEY=KEY)
    assert "its signature is valid" in project.run("show", str(plan), RECONCILER_PLAN_KEY=KEY).err
    plan.write_text(plan.read_text().replace("oncall", "edited"))
    assert "was edited" in project.run("show", str(plan), RECONCILER_PLAN_KEY=KEY).err


def test_what_is_no_plan_is_one_clear_error(project: Project) -> None:
    done = project.run("show", "reconciler.yaml")
    assert done.code == 1
    assert len(done.err.strip().splitlines()) == 1


@pytest.fixture
def plans(two_targets: Project) -> Path:
    """A folder with the plan of each target, as the jobs of a matrix leave them; east has something to add."""
    two_targets.slack("oncall", targets=["east"])
    two_targets.git("init", "-q")
    two_targets.commit()
    folder = two_targets.root / "plans"
    folder.mkdir()
    for name in ("east", "west"):
        done = two_targets.run("plan", "--target", name, "--out", str(folder / f"{name}.json"))
        assert done.code == 0, done.everything
    return folder


def test_plans_of_several_jobs_are_shown_as_one(two_targets: Project, plans: Path) -> None:
    whole = two_targets.run("plan").out
    assert two_targets.run("show", "plans/east.json", "plans/west.json").out == whole
    assert two_targets.run("show", "plans", "--expect", "*").out == whole
    document = two_targets.run("show", "plans", "--json").json()
    assert document["summary"]["add"] == 1
    assert [target["target"] for target in document["targets"]] == ["east", "west"]
    assert two_targets.run("show", "plans", "--detailed-exitcode").code == 2
    for form in ("markdown", "html"):
        assert "Plan: 1 to add" in two_targets.run("show", "plans", "-o", form).out


BROKEN: dict[str, Callable[[Path], object]] = {
    "cut": lambda plan: plan.write_text(plan.read_text()[:200]),
    "empty": lambda plan: plan.write_text(""),
    "another document": lambda plan: plan.write_text("{}"),
    "a newer format": lambda plan: plan.write_text(
        plan.read_text().replace("reconciler.plan/v1", "reconciler.plan/v9")
    ),
    "another commit": lambda plan: plan.write_text(re.sub('"commit": "[^"]+"', '"commit": "beef"', plan.read_text())),
    "another project": lambda plan: plan.write_text(plan.read_text().replace("acme-channels", "others")),
    "the other target again": lambda plan: plan.write_text((plan.parent / "east.json").read_text()),
    "gone": lambda plan: plan.unlink(),
}


COUNTS = {
    "the other target again": ("No plan: no target could be read.", ""),
    "gone": ("1 target could not be read.", ""),
}
"""What the last line counts, where it is not one file that gave no plan, and one target that is missing for it."""


@pytest.mark.parametrize("kind", BROKEN)
def test_a_plan_that_does_not_fit_is_said_and_never_passes_for_no_changes(
    two_targets: Project, plans: Path, kind: str
) -> None:
    BROKEN[kind](plans / "west.json")
    done = two_targets.run("show", "plans", "--expect", "*")
    assert done.code == 1, done.everything
    assert "west" in done.out
    assert "could not be read" in done.out
    assert "No changes" not in done.out
    targets, files = COUNTS.get(kind, ("1 target could not be read.", "1 file gave no plan."))
    last = done.out.splitlines()[-1]
    assert targets in last, last
    assert last.count("gave no plan.") == (1 if files else 0), last
    assert files in last, last
    document = two_targets.run("show", "plans", "--expect", "w*", "--json").json()
    assert document["no_changes"] is False
    assert document["unread"]


def test_where_no_file_holds_a_plan_each_is_named(two_targets: Project, plans: Path) -> None:
    for plan in plans.iterdir():
        plan.write_text("{}")
    done = two_targets.run("show", "plans")
    assert done.code == 1
    assert done.err.count("is not a plan") == 2


@pytest.mark.parametrize("left", ["an empty folder", "no folder", "a cut plan"])
def test_where_every_job_failed_the_targets_that_were_expected_are_named(two_targets: Project, left: str) -> None:
    folder = two_targets.root / "none"
    if left != "no folder":
        folder.mkdir()
    if left == "a cut plan":
        (folder / "plan.json").write_text("{")
    done = two_targets.run("show", "none", "--expect", "*")
    assert done.code == 1
    assert "nothing was planned of east, west, which --expect names" in done.err
    failed = two_targets.run("show", "none", "--expect", "*", "-o", "markdown")
    assert (failed.code, "east, west" in failed.out) == (1, True)


def test_a_plan_that_names_no_target_is_no_plan_without_changes(project: Project) -> None:
    project.slack("oncall")
    plan = project.save()
    document = json.loads(plan.read_text())
    plan.write_text(json.dumps(document | {"targets": []}))
    done = project.run("show", str(plan))
    assert done.code == 1
    assert "it is a plan that names no target" in done.out
    assert "No changes" not in done.out


def test_an_empty_folder_is_an_error(two_targets: Project) -> None:
    (two_targets.root / "none").mkdir()
    done = two_targets.run("show", "none")
    assert (done.code, "no .json file" in done.err) == (1, True)


def test_a_target_that_is_expected_and_that_nobody_knows_is_an_error(two_targets: Project, plans: Path) -> None:
    done = two_targets.run("show", "plans", "--expect", "sout*")
    assert done.code == 1
    assert "known: east, west" in done.err


def test_under_a_base_its_targets_are_expected_and_not_those_that_a_proposal_adds(
    two_targets: Project, plans: Path
) -> None:
    targets = two_targets.config["spec"]["targets"]
    two_targets.write_project(targets=targets | {"north": {"provider": "opensearch", "url": "http://127.0.0.1:9"}})
    assert two_targets.run("show", "plans", "--expect", "*", "--base", "HEAD").code == 0
    missed = two_targets.run("show", "plans", "--expect", "*")
    assert missed.code == 1
    assert "! north: could not be read: no plan of it is among these files" in missed.out


def test_where_the_base_has_no_project_nothing_was_planned_and_that_is_no_failure(
    two_targets: Project, plans: Path
) -> None:
    two_targets.git("rm", "-q", "--cached", "reconciler.yaml")
    two_targets.git("commit", "-q", "-m", "no project")
    done = two_targets.run("show", "none", "--expect", "*", "--base", "HEAD")
    assert (done.code, "nothing to compare with yet" in done.err) == (0, True)


def test_an_edited_plan_lends_itself_no_credit_among_verified_ones(two_targets: Project, plans: Path) -> None:
    for name in ("east", "west"):
        two_targets.run("plan", "--target", name, "--out", f"plans/{name}.json", RECONCILER_PLAN_KEY=KEY)
    done = two_targets.run("show", "plans", RECONCILER_PLAN_KEY=KEY)
    assert (done.code, done.err.count("its signature is valid")) == (0, 2)
    (plans / "east.json").write_text((plans / "east.json").read_text().replace("oncall", "edited"))
    done = two_targets.run("show", "plans", RECONCILER_PLAN_KEY=KEY)
    assert done.code == 1
    assert "was edited since it was signed" in done.out


def test_journals_of_several_jobs_are_shown_one_after_the_other(two_targets: Project) -> None:
    two_targets.slack("oncall", targets=["east", "west"])
    for name in ("east", "west"):
        two_targets.apply("--target", name, "--journal", f"{name}.jsonl")
    done = two_targets.run("show", "east.jsonl", "west.jsonl")
    assert [line[:5] for line in done.out.splitlines() if line.startswith("Run")] == ["Run 1", "Run 2"]
    done = two_targets.run("show", "east.jsonl", "west.jsonl", "--expect", "*")
    assert (done.code, "a journal is not a plan" in done.err) == (64, True), "it says nothing of what is planned"
    mixed = two_targets.run("show", "east.jsonl", str(two_targets.save()))
    assert mixed.code == 64
    assert "plans and journals" in mixed.err
