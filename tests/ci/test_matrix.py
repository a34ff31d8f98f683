"""The recipes for a CI's matrix, as the CIs do them: each job plans a group of clusters, one comments on them all."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.simulator import Simulator
from tests.ci.forges import TOKEN, FakeForge
from tests.ci.serving import serve
from tests.ci.test_recipes import (
    ACTION,
    ROOT,
    SLACK_URL,
    TEMPLATE,
    WORKFLOWS,
    accepted_by,
    bash,
    blocks,
    git,
    make_executable,
    make_repository,
    step,
)
from tests.cli.shell import Shell

GITHUB = yaml.safe_load(WORKFLOWS[".github/workflows/channels-fleet.yaml"])["jobs"]
APPLY = yaml.safe_load(WORKFLOWS[".github/workflows/channels-fleet-apply.yaml"])["jobs"]["apply"]
GITLAB = yaml.safe_load(blocks("fleets.md")[".gitlab-ci.yml"])
GROUPS = GITHUB["plan"]["strategy"]["matrix"]["group"]
CHANNEL = blocks("fleets.md")["channels/oncall.yaml"]


def command(job: dict[str, Any], **values: str) -> str:
    """The command that a job gives to the action, its expressions filled in."""
    text: str = next(item["with"]["command"] for item in job["steps"] if "command" in item.get("with", {}))
    for name, value in values.items():
        text = text.replace(f"${{{{ {name.replace('_', '.')} }}}}", value)
    assert "${{" not in text
    return text


@pytest.fixture
def clusters() -> Iterator[dict[str, Simulator]]:
    with Simulator(cluster_id="eu", receivers=True) as eu, Simulator(cluster_id="us", receivers=True) as us:
        yield {"prod-eu-1": eu, "prod-us-1": us}


@pytest.fixture
def job(tmp_path: Path, clusters: dict[str, Simulator]) -> Shell:
    """A checkout of a project with a cluster in each group, and the tool where the action puts it."""
    targets = {name: {"provider": "opensearch", "url": cluster.url} for name, cluster in clusters.items()}
    spec = {"manifests": ["channels/"], "default_targets": sorted(targets), "targets": targets}
    project = {"apiVersion": "channels.gitops/v1", "kind": "Project", "metadata": {"name": "acme"}, "spec": spec}
    shell = Shell(tmp_path / "project")
    shell.write("reconciler.yaml", json.dumps(project))
    shell.write("channels/oncall.yaml", CHANNEL.partition("  overrides:")[0])
    tool = f'#!/bin/sh\nexec {sys.executable} -m reconciler "$@"\n'
    make_executable(tmp_path / "temp/reconciler/bin/reconciler", tool)
    shell.environ = {
        "PATH": f"{Path(shutil.which('git') or '').parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "CI": "true",
        "RUNNER_TEMP": str(tmp_path / "temp"),
        "SLACK_ONCALL_URL": SLACK_URL,
    }
    return shell


@pytest.fixture
def on_github(job: Shell, tmp_path: Path) -> Iterator[FakeForge]:
    """The pull request of the job, whose base is the repository's one commit."""
    base = make_repository(job.folder)
    forge = FakeForge("github", login="github-actions[bot]")
    with serve(forge) as api:
        job.environ |= {
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_API_URL": api,
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_REPOSITORY": "team/repo",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            "GITHUB_TOKEN": TOKEN,
            "RECONCILER_BASE": base,
        }
        yield forge


def plan_on_github(job: Shell, group: str, expect: int = 0) -> Path:
    """The job of one group, and its artifact where the next job's download puts it."""
    done = bash(job, step("Run"), {"RECONCILER_COMMAND": command(GITHUB["plan"], matrix_group=group)})
    assert done.returncode == expect, done.stdout + done.stderr
    kept = Path(job.environ["RUNNER_TEMP"]) / f"plans/channels-plan-{group}/plan.json"
    if (job.folder / "plan.json").exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        (job.folder / "plan.json").rename(kept)
    return kept


def comment_on_github(job: Shell) -> int:
    words = command(GITHUB["comment"], runner_temp=job.environ["RUNNER_TEMP"])
    return bash(job, step("Run"), {"RECONCILER_COMMAND": words}).returncode


def test_the_plans_of_a_matrix_are_one_comment_and_each_group_applies_its_own(
    job: Shell, on_github: FakeForge, clusters: dict[str, Simulator], tmp_path: Path
) -> None:
    plans = {group: plan_on_github(job, group) for group in GROUPS}
    assert comment_on_github(job) == 0
    (body,) = on_github.bodies()
    assert "**Plan: 2 to add, 0 to change, 0 to destroy.**" in body
    assert "prod-eu-1" in body
    assert "prod-us-1" in body
    assert "Plan: 2 to add" in (tmp_path / "summary.md").read_text()

    for group in GROUPS:  # what `plan-workflow` and `plan-artifact` fetch
        shutil.copy(plans[group], job.folder / "plan.json")
        words = {"RECONCILER_COMMAND": command(APPLY, matrix_group=group), "RECONCILER_BASE": ""}
        done = bash(job, step("Run"), words)
        assert done.returncode == 0, done.stdout + done.stderr
    assert all(len(list(cluster.store.all())) == 1 for cluster in clusters.values())


def test_a_group_without_a_plan_is_missed_in_the_comment(job: Shell, on_github: FakeForge) -> None:
    """As of a job that failed before it had one; and where no job had any."""
    kept = plan_on_github(job, GROUPS[0])
    assert comment_on_github(job) == 1
    (body,) = on_github.bodies()
    assert "1 target could not be read" in body
    assert "no plan of it is among these files: did its job fail?" in body
    shutil.rmtree(kept.parents[1])
    assert comment_on_github(job) == 1
    (body,) = on_github.bodies()
    assert "The plan failed" in body


def test_the_plans_lie_where_no_file_of_the_proposal_can(job: Shell, on_github: FakeForge) -> None:
    download = next(item for item in GITHUB["comment"]["steps"] if "download-artifact" in item["uses"])
    assert download["with"]["path"].startswith("${{ runner.temp }}/")
    upload = next(item for item in GITHUB["plan"]["steps"] if "upload-artifact" in item["uses"])
    assert upload["with"]["name"].startswith(download["with"]["pattern"].removesuffix("*"))
    inputs = next(item["with"] for item in APPLY["steps"] if "plan-artifact" in item.get("with", {}))
    assert inputs["plan-artifact"] == upload["with"]["name"]
    assert inputs["plan-workflow"] == "channels-fleet.yaml"
    assert set(inputs) <= set(ACTION["inputs"])
    assert GITHUB["comment"]["permissions"] == {"contents": "read", "pull-requests": "write"}


@pytest.fixture
def on_gitlab(job: Shell, tmp_path: Path) -> Iterator[FakeForge]:
    """The merge request of the job, into the branch that holds the repository's one commit."""
    make_repository(job.folder)
    git(job.folder, "remote", "add", "origin", str(job.folder / ".git"))
    forge = FakeForge("gitlab")
    with serve(forge) as api:
        job.environ |= {
            "CI_API_V4_URL": f"{api}/api/v4",
            "CI_BUILDS_DIR": str(tmp_path / "temp"),
            "CI_DEFAULT_BRANCH": "main",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_PROJECT_DIR": str(job.folder),
            "CI_PROJECT_ID": "5",
            "GITLAB_TOKEN": TOKEN,
        }
        yield forge


def run_on_gitlab(job: Shell, name: str, group: str = "") -> int:
    """The script of one job, as the runner puts it together after `before_script`."""
    return bash(job, "\n".join(GITLAB[name]["script"]), {"GROUP": group}).returncode


def test_gitlabs_matrix_is_one_comment_and_each_group_applies_its_own(
    job: Shell, on_gitlab: FakeForge, clusters: dict[str, Simulator], tmp_path: Path
) -> None:
    artifacts = tmp_path / "artifacts"
    for group in GITLAB["channels-plan"]["parallel"]["matrix"][0]["GROUP"]:
        assert run_on_gitlab(job, "channels-plan", group) == 0
        shutil.copytree(job.folder / "channels-plans", artifacts, dirs_exist_ok=True)
    shutil.copytree(artifacts, job.folder / "channels-plans", dirs_exist_ok=True)
    assert run_on_gitlab(job, "channels-comment") == 0
    (body,) = on_gitlab.bodies()
    assert "**Plan: 2 to add, 0 to change, 0 to destroy.**" in body

    (job.folder / "channels-plans/prod-us.json").unlink()
    assert run_on_gitlab(job, "channels-comment") == 1
    (body,) = on_gitlab.bodies()
    assert "1 target could not be read" in body

    assert run_on_gitlab(job, "channels-apply", "prod-eu") == 0
    assert [len(list(cluster.store.all())) for cluster in clusters.values()] == [1, 0]


def test_a_plan_that_the_proposal_brings_is_none_of_the_jobs(job: Shell, on_gitlab: FakeForge) -> None:
    job.write("channels-plans/prod-us.json", "{}")
    git(job.folder, "add", "--all")
    assert run_on_gitlab(job, "channels-comment") == 1
    assert on_gitlab.bodies() == []


def test_gitlab_takes_the_recipe_with_the_template(tmp_path: Path) -> None:
    own = {name: value for name, value in GITLAB.items() if name != "include"}
    both = {name: {**value, **own.pop(name, {})} for name, value in TEMPLATE.items()} | own
    file = tmp_path / "file.yaml"
    file.write_text(yaml.safe_dump(both), "utf-8")
    accepted_by("gitlab-ci", file)


def test_the_recipe_of_many_clusters_is_valid(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    for path, text in blocks("fleets.md").items():
        if not path.startswith("."):
            shell.write(path, text)
    done = shell.run("validate", "--strict")
    assert done.code == 0, done.everything
