"""The recipes of docs/, the action and the template are what the CIs take, and their shell does what they say."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from junitparser import JUnitXml

from reconciler.cli.scaffold import NewProject, project_files
from reconciler.simulator import Simulator
from tests.cli.shell import PROJECT, SLACK, Shell

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```yaml\n# (?P<path>\S+)\n(?P<text>.*?)```", re.DOTALL)
SLACK_URL = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop"

GH = """#!/usr/bin/env python3
import json, os, pathlib, shutil, sys
words = sys.argv[1:]
with open(os.environ["GH_LOG"], "a") as log:
    log.write(json.dumps(words) + "\\n")
if words[:2] == ["run", "download"]:
    shutil.copy(os.environ["GH_ARTIFACT"], pathlib.Path(words[words.index("--dir") + 1]) / "plan.json")
elif words[0] == "api":
    print("c0ffee")
elif "databaseId" in words:
    print("4711")
else:
    turns = pathlib.Path(os.environ["GH_TURNS"])
    left = int(turns.read_text())
    turns.write_text(str(max(0, left - 1)))
    print(left)
"""


def blocks(page: str) -> dict[str, str]:
    text = (ROOT / "docs" / page).read_text("utf-8")
    return {found["path"]: found["text"] for found in BLOCK.finditer(text)}


WORKFLOWS = {path: text for path, text in blocks("ci.md").items() if path.startswith(".github/")}
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
TEMPLATE = yaml.safe_load((ROOT / "templates/gitlab-ci.yml").read_text("utf-8"))


def accepted_by(schema: str, path: Path) -> None:
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", sorted(WORKFLOWS))
def test_github_takes_every_workflow(path: str, tmp_path: Path) -> None:
    file = tmp_path / "workflow.yaml"
    file.write_text(WORKFLOWS[path], "utf-8")
    accepted_by("github-workflows", file)


def test_github_takes_the_action_and_gitlab_the_template() -> None:
    accepted_by("github-actions", ROOT / "action.yml")
    accepted_by("gitlab-ci", ROOT / "templates/gitlab-ci.yml")


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_the_cis_take_what_init_writes(ci: str, tmp_path: Path) -> None:
    files = project_files(NewProject("acme", "opensearch", "https://search.example.org", ci))
    (path,) = [path for path in files if path.endswith((".yml", "channels.yaml"))]
    file = tmp_path / "file.yaml"
    file.write_text(files[path], "utf-8")
    accepted_by("github-workflows" if ci == "github" else "gitlab-ci", file)


def test_the_hook_of_pre_commit_is_a_verb_that_passes(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    shell = Shell(tmp_path)
    shell.write("reconciler.yaml", PROJECT)
    shell.write("channels/oncall.yaml", SLACK)
    assert shell.run(*hook["entry"].split()[1:]).code == 0
    assert (hook["language"], hook["pass_filenames"]) == ("python", False)


def test_the_recipe_of_two_environments_is_valid(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    for path, text in blocks("environments.md").items():
        shell.write(path, text)
    done = shell.run("validate", "--strict")
    assert done.code == 0, done.everything


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Shell]:
    """A job's machine: the tool where the action puts it, `gh` and `git` that only pretend, and a project."""
    with Simulator(receivers=True) as simulator:
        shell = Shell(tmp_path / "project")
        shell.write("reconciler.yaml", PROJECT)
        shell.write("channels/oncall.yaml", SLACK)
        tools, command = tmp_path / "tools", tmp_path / "temp/reconciler/bin/reconciler"
        make_executable(tools / "gh", GH)
        make_executable(command, f'#!/bin/sh\nexec {sys.executable} -m reconciler "$@"\n')
        (tmp_path / "turns").write_text("0")
        shell.environ = {
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "PYTHONPATH": str(ROOT),
            "CI": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_ACTIONS": "true",
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_REF_NAME": "main",
            "GITHUB_REPOSITORY": "team/channels",
            "GITHUB_RUN_NUMBER": "12",
            "GITHUB_SHA": "c0ffee",
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            "GITHUB_WORKFLOW": "channels apply",
            "GH_ARTIFACT": str(shell.folder / "plan.json"),
            "GH_LOG": str(tmp_path / "gh.log"),
            "GH_TURNS": str(tmp_path / "turns"),
            "RECONCILER_TURN_PAUSE": "0",
            "RUNNER_TEMP": str(tmp_path / "temp"),
            "OPENSEARCH_URL": simulator.url,
        }
        yield shell


def make_executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def bash(job: Shell, script: str, environ: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=job.folder,
        env={**job.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def step(name: str) -> str:
    script: str = next(item["run"] for item in ACTION["runs"]["steps"] if item.get("name") == name)
    return script


def command_of(workflow: str) -> str:
    (job_of_it,) = yaml.safe_load(WORKFLOWS[f".github/workflows/channels-{workflow}.yaml"])["jobs"].values()
    steps: list[dict[str, Any]] = job_of_it["steps"]
    command: str = next(item["with"]["command"] for item in steps if "command" in item.get("with", {}))
    return command


def act(job: Shell, workflow: str, expect: int, **environ: str) -> subprocess.CompletedProcess[str]:
    command = command_of(workflow).replace("--base origin/main ", "")  # the project of the test is no clone
    done = bash(job, step("Run"), {"RECONCILER_COMMAND": command, **environ})
    assert done.returncode == expect, done.stdout + done.stderr
    return done


def test_from_a_pull_request_to_the_weekly_test_as_the_workflows_do_it(job: Shell, tmp_path: Path) -> None:
    planned = act(job, "plan", 0)
    assert "resolved at apply" in planned.stdout
    assert "summary only" in planned.stderr
    assert "1 to add" in (tmp_path / "summary.md").read_text()

    (apply_job,) = yaml.safe_load(WORKFLOWS[".github/workflows/channels-apply.yaml"])["jobs"].values()
    fetch = next(item["run"] for item in apply_job["steps"] if "run" in item)
    (job.folder / ".reconciler").symlink_to(ROOT)
    (job.folder / "plan.json").rename(tmp_path / "reviewed.json")
    fetched = bash(job, fetch, {"GH_ARTIFACT": str(tmp_path / "reviewed.json")})
    assert fetched.returncode == 0, fetched.stderr
    (job.folder / ".reconciler").unlink()
    act(job, "apply", 0, SLACK_URL=SLACK_URL)
    assert (job.folder / "journal.jsonl").read_text()

    act(job, "drift", 0, SLACK_URL=SLACK_URL)
    act(job, "test", 0, SLACK_URL=SLACK_URL)
    assert JUnitXml.fromfile(str(job.folder / "junit.xml")).tests == 1
    act(job, "snapshot", 0)
    assert json.loads((job.folder / "snapshot.json").read_text())["owner"] == "acme"


def test_the_reviewed_plan_is_that_of_the_merged_pull_request(job: Shell, tmp_path: Path) -> None:
    (job.folder / "plan.json").write_text("{}")
    (tmp_path / "to").mkdir()
    done = bash(job, f"{ROOT}/ci/fetch_plan.sh channels-plan.yaml channels-plan {tmp_path / 'to'}")
    assert done.returncode == 0, done.stderr
    calls = [json.loads(line) for line in (tmp_path / "gh.log").read_text().splitlines()]
    assert calls[0][1] == "repos/team/channels/commits/c0ffee/pulls"
    assert calls[1][calls[1].index("--commit") + 1] == "c0ffee"
    assert calls[2][:3] == ["run", "download", "4711"]


def test_a_run_waits_for_the_earlier_ones(job: Shell, tmp_path: Path) -> None:
    (tmp_path / "turns").write_text("2")
    done = bash(job, step("Wait for earlier runs"))
    assert (done.returncode, done.stdout) == (0, "waiting for 2 earlier runs\nwaiting for 1 earlier runs\n")


def test_a_run_that_waited_too_long_fails(job: Shell, tmp_path: Path) -> None:
    (tmp_path / "turns").write_text("5")
    done = bash(job, step("Wait for earlier runs"), {"RECONCILER_TURN_SECONDS": "0"})
    assert done.returncode == 1
    assert "::error::5 earlier runs" in done.stderr


def test_the_tool_takes_the_place_of_the_shell_so_that_signals_reach_it(job: Shell, tmp_path: Path) -> None:
    make_executable(tmp_path / "temp/reconciler/bin/reconciler", "#!/bin/sh\necho $$\n")
    with subprocess.Popen(
        ["bash", "-e", "-c", step("Run")],
        cwd=job.folder,
        env={**job.environ, "RECONCILER_COMMAND": "plan"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        told, _ = process.communicate(timeout=30)
    assert int(told) == process.pid


def test_words_of_a_command_are_split_and_nothing_in_them_is_run(job: Shell, tmp_path: Path) -> None:
    make_executable(tmp_path / "temp/reconciler/bin/reconciler", '#!/bin/sh\nprintf "<%s>" "$@"\n')
    done = bash(job, step("Run"), {"RECONCILER_COMMAND": "plan  --only *\n$(touch hacked) `touch hacked`"})
    assert done.stdout == "<plan><--only><*><$(touch><hacked)><`touch><hacked`>"
    assert not (job.folder / "hacked").exists()


def test_installing_takes_the_lock_with_its_hashes_and_no_more(job: Shell, tmp_path: Path) -> None:
    log = tmp_path / "python.log"
    python = tmp_path / "tools/python-to-install-with"
    inner = f'#!/bin/sh\necho "pip $*" >> {log}\n'
    make_executable(
        python, f"#!/bin/sh\nmkdir -p $3/bin\nprintf '%s' '{inner}' > $3/bin/python\nchmod +x $3/bin/python\n"
    )
    (tmp_path / "temp/reconciler/bin/reconciler").unlink()
    done = bash(job, step("Install"), {"PYTHON": str(python)})
    assert done.returncode == 0, done.stderr
    packages, project = log.read_text().splitlines()
    assert packages.endswith(f"--require-hashes -r {ROOT}/requirements/run.txt")
    assert "--no-deps" in project
    assert project.endswith(f" {ROOT}")


@pytest.mark.parametrize(
    ("name", "expect", "made"),
    [
        ("channels-plan", 0, "channels-plan.json"),
        ("channels-apply", 0, "channels-journal.jsonl"),
        ("channels-drift", 2, ""),
        ("channels-test", 6, "channels-junit.xml"),
    ],
)
def test_every_job_of_the_gitlab_template_runs(job: Shell, tmp_path: Path, name: str, expect: int, made: str) -> None:
    builds = tmp_path / "builds"
    make_executable(tmp_path / "tools/git", "#!/bin/sh\nexit 0\n")
    link = f'#!/bin/sh\nmkdir -p "$1/bin" && ln -s {tmp_path}/temp/reconciler/bin/reconciler "$1/bin/reconciler"\n'
    make_executable(builds / "reconciler-source/ci/install.sh", link)
    environ = {
        **{key: str(value) for key, value in TEMPLATE["variables"].items()},
        "RECONCILER_REPOSITORY": "https://gitlab.example.org/team/reconciler.git",
        "CI_BUILDS_DIR": str(builds),
        "CI_PROJECT_DIR": str(job.folder),
        "CI_PROJECT_ID": "5",
        "CI_MERGE_REQUEST_IID": "3",
        "SLACK_URL": SLACK_URL,
    }
    for key in [key for key in job.environ if key.startswith("GITHUB_")]:
        del job.environ[key]
    done = bash(job, "\n".join([*TEMPLATE[".reconciler"]["before_script"], *TEMPLATE[name]["script"]]), environ)
    assert done.returncode == expect, done.stdout + done.stderr
    assert not made or (job.folder / made).exists()
