"""Where a change comes from, as git shows it; what a pull request may not change by itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.engine.projects import SLACK, Project


@pytest.fixture
def repository(project: Project) -> Project:
    """A project in git with two applied channels; `main` is the first commit."""
    project.slack("oncall", description="old")
    project.slack("other")
    (project.root / ".gitignore").write_text("plan.json\n")
    project.git("init", "-q", "-b", "main")
    project.commit("first")
    project.apply()
    return project


def origins(document: dict[str, Any]) -> dict[str, str]:
    return {change["name"]: change["origin"] for change in document["targets"][0]["changes"]}


def test_intent_secret_and_drift_are_distinguished(repository: Project) -> None:
    repository.slack("oncall", description="new")
    repository.slack("fresh")
    repository.slack("third")
    repository.change_live("acme_other", name="by hand")
    document = repository.plan("--base", "main")
    assert origins(document) == {"oncall": "intent", "fresh": "intent", "third": "intent", "other": "drift"}
    rotated = repository.plan("--base", "main", "--only", "oncall", "--only", "other", SLACK_URL=SLACK + "rotated")
    assert origins(rotated) == {"oncall": "intent", "other": "drift"}
    repository.change_live("acme_other", name="other")
    rotated = repository.plan("--base", "main", "--only", "other", SLACK_URL=SLACK + "rotated")
    assert origins(rotated) == {"other": "secret"}


def test_without_a_base_no_origin_is_shown(repository: Project) -> None:
    repository.slack("oncall", description="new")
    assert origins(repository.plan()) == {"oncall": None}


def test_a_changed_default_of_the_project_is_intent(repository: Project) -> None:
    repository.write_project(defaults={"SlackChannel": {"enabled": False}})
    assert origins(repository.plan("--base", "main")) == {"oncall": "intent", "other": "intent"}


def test_a_removed_manifest_is_intent_and_a_stranger_under_our_mark_is_drift(repository: Project) -> None:
    repository.remove("other")
    repository.create_live(
        "acme_stray",
        name="stray",
        description="[acme/stray]",
        config_type="slack",
        is_enabled=True,
        slack={"url": SLACK + "stray"},
    )
    document = repository.plan("--base", "main", "--prune")
    assert origins(document) == {"other": "intent", "stray": "drift"}


def test_intent_that_also_fixes_drift_says_so(repository: Project) -> None:
    repository.slack("oncall", description="new")
    repository.change_live("acme_oncall", name="by hand")
    change = repository.plan("--base", "main")["targets"][0]["changes"][0]
    assert change["origin"] == "intent"
    assert "drift in display_name is fixed with it" in change["notes"]


def test_only_intent_is_carried_out_and_the_rest_is_pending(repository: Project) -> None:
    repository.slack("oncall", description="new")
    repository.change_live("acme_other", name="by hand")
    done = repository.apply("--changed-since", "main")
    assert repository.configs()["acme_oncall"]["description"] == "new [acme/oncall]"
    assert repository.configs()["acme_other"]["name"] == "by hand"
    assert 'pending: ~ SlackChannel "other"' in done.out
    again = repository.run("plan", "--changed-since", "main", "--detailed-exitcode")
    assert again.code == 2
    assert "No changes." not in again.out


def test_renamed_and_moved_files_are_no_change(repository: Project) -> None:
    (repository.root / "channels" / "team").mkdir()
    (repository.root / "channels" / "oncall.json").rename(repository.root / "channels" / "team" / "pager.json")
    repository.change_live("acme_oncall", name="by hand")
    assert origins(repository.plan("--base", "main")) == {"oncall": "drift"}


def test_it_works_from_a_folder_below(repository: Project) -> None:
    repository.slack("oncall", description="new")
    done = repository.run_in(repository.root / "channels", "plan", "--json", "--base", "main")
    assert done.code == 0, done.everything
    assert origins(done.json()) == {"oncall": "intent"}


def test_targets_and_secret_settings_of_the_work_tree_are_only_shown(repository: Project) -> None:
    elsewhere = {"provider": "opensearch", "url": "http://127.0.0.1:9/", "insecure": True}
    repository.write_project(targets={"search": elsewhere, "added": elsewhere | {"url": "http://127.0.0.1:8"}})
    repository.slack("oncall", description="new")
    done = repository.run("plan", "--base", "main")
    assert done.code == 0, done.everything
    assert "spec.targets.search differs from main" in done.out
    assert "spec.targets.added does not exist at main" in done.out
    assert "1 to change" in done.out


def test_the_allow_list_of_the_base_says_what_a_manifest_may_ask_for(project: Project) -> None:
    project.write_project(secrets={"allow": ["env:SLACK_*"]})
    project.slack("oncall")
    project.git("init", "-q", "-b", "main")
    project.commit()
    project.write_project(secrets={"allow": ["env:*"]})
    project.slack("oncall", webhook_url={"env": "AWS_SECRET_ACCESS_KEY"})
    done = project.run("plan", "--base", "main", "--strict", AWS_SECRET_ACCESS_KEY=SLACK + "stolen")
    assert done.code == 1
    assert "not allowed" in done.err
    assert "spec.secrets differs from main" in done.err
    assert "stolen" not in done.everything


def test_a_commit_that_is_not_there_names_the_fetch_depth_of_a_shallow_clone(repository: Project) -> None:
    done = repository.run("plan", "--base", "origin/nowhere")
    assert done.code == 1
    assert "fetch it first" in done.err
    repository.slack("oncall", description="new")
    repository.commit()
    clone = repository.root / "clone"
    subprocess.run(
        ["git", "clone", "-q", "--depth", "1", f"file://{repository.root}", str(clone)], check=True, capture_output=True
    )
    done = repository.run_in(clone, "plan", "--base", "HEAD~1")
    assert done.code == 1
    assert "shallow clone" in done.err
    assert "fetch-depth: 0" in done.err


def test_git_missing_or_no_repository_is_one_clear_error(repository: Project, tmp_path_factory: Any) -> None:
    empty: Path = tmp_path_factory.mktemp("path")
    done = repository.run("plan", "--base", "main", PATH=str(empty))
    assert done.code == 1
    assert "git is not installed" in done.err
    assert repository.run("plan", PATH=str(empty)).code == 0
    shutil.rmtree(repository.root / ".git")
    done = repository.run("plan", "--base", "main", GIT_CEILING_DIRECTORIES=str(repository.root.parent))
    assert done.code == 1
    assert len(done.err.strip().splitlines()) == 1


def test_a_project_file_that_was_not_there_is_one_clear_error(repository: Project) -> None:
    repository.git("rm", "-q", "-r", "--cached", ".")
    repository.git("commit", "-q", "-m", "nothing left")
    done = repository.run("plan", "--changed-since", "HEAD")
    assert done.code == 1
    assert "reconciler.yaml does not exist at HEAD" in done.err


def test_a_name_that_looks_like_an_option_is_no_option(repository: Project) -> None:
    done = repository.run("plan", "--base=--output=stolen")
    assert done.code == 1
    assert not (repository.root / "stolen").exists()


def test_the_plan_names_the_commit_it_was_made_at_and_those_it_was_made_against(repository: Project) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.slack("oncall", description="new")
    second = repository.commit()
    document = repository.plan("--base", first[:12])
    assert document["commit"] == second
    assert document["scope"]["base"] == first


def test_a_saved_plan_made_against_a_base_is_applied_without_and_with_it(repository: Project) -> None:
    repository.slack("oncall", description="new")
    repository.change_live("acme_other", name="by hand")
    plan = repository.save("--changed-since", "main")
    repository.commit()
    wrong = repository.run("apply", str(plan), "--changed-since", "HEAD")
    assert wrong.code == 3
    assert "--changed-since contradicts the plan" in wrong.err
    repository.apply_saved(plan)
    assert repository.configs()["acme_oncall"]["description"] == "new [acme/oncall]"
    assert repository.configs()["acme_other"]["name"] == "by hand"
