"""The recipes of docs/, the action and the template are what the CIs take, and their shell does what they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from junitparser import JUnitXml

from reconciler.cli.scaffold import NewProject, project_files
from reconciler.simulator import Simulator
from tests.cli.shell import PROJECT, SLACK, Shell
from tests.guarded import PATIENCE, Guarded

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```yaml\n# (?P<path>\S+)\n(?P<text>.*?)```", re.DOTALL)
SLACK_URL = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop"

GH = f"""#!{sys.executable}
import json, os, pathlib, shutil, sys
import jq
words = sys.argv[1:]
def flag(name):
    return words[words.index(name) + 1]
with open(os.environ["GH_LOG"], "a") as log:
    log.write(json.dumps(words) + "\\n")
answers = pathlib.Path(os.environ["GH_ANSWERS"])
if words[:2] == ["run", "download"]:
    shutil.copy(os.environ["GH_ARTIFACT"], pathlib.Path(flag("--dir")) / "plan.json")
    sys.exit()
if words[0] == "api":
    name = "pulls"
elif "databaseId" in words:
    name = "finished"
else:
    name = "turns"
turn, *later = json.loads((answers / f"{{name}}.json").read_text())
if later:
    (answers / f"{{name}}.json").write_text(json.dumps(later))
if turn == 502:
    sys.exit("HTTP 502: Bad Gateway")
for value in jq.compile(flag("--jq")).input_value(turn).all():
    print(value if isinstance(value, str) else json.dumps(value))
"""
"""Stands in for GitHub's command: each question has a list of answers, the last one stays; 502 is a failure."""

MERGED = {"merged_at": "2026-01-01T00:00:00Z", "merge_commit_sha": "c0ffee", "base": {"ref": "main"}}
HEAD = "0123456789abcdef0123456789abcdef01234567"


def blocks(page: str) -> dict[str, str]:
    text = (ROOT / "docs" / page).read_text("utf-8")
    return {found["path"]: found["text"] for found in BLOCK.finditer(text)}


WORKFLOWS = {
    path: text for page in ("ci.md", "fleets.md") for path, text in blocks(page).items() if path.startswith(".github/")
}
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
PLAN = {"PLAN_WORKFLOW": "channels-plan.yaml", "PLAN_ARTIFACT": "channels-plan"}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
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


@pytest.mark.parametrize("provider", ["opensearch", "confluent"])
def test_the_workflow_that_init_writes_drops_no_run_and_has_the_credentials(provider: str) -> None:
    files = project_files(NewProject("acme", provider, ci="github"))
    workflow = yaml.safe_load(files[".github/workflows/channels.yaml"])
    assert "concurrency" not in files[".github/workflows/channels.yaml"]
    assert workflow[True]["pull_request"] == workflow[True]["push"] == {"branches": ["main"]}
    plan, apply = (workflow["jobs"][name] for name in ("plan", "apply"))
    assert apply["permissions"] == {"actions": "read", "contents": "read"}
    assert apply["steps"][-1]["with"]["in-turn"] == "true"
    assert plan["steps"][0]["with"]["fetch-depth"] == 0, "the branch that --base names has to be there"
    named = set(re.findall(r"env: (\w+)", files["reconciler.yaml"]))
    named |= set(re.findall(r"[A-Z_]{8,}", files["reconciler.yaml"]))
    assert len(named) >= 2
    for job in (plan, apply):
        assert named <= set(job["steps"][-1]["env"])


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
        answers = tmp_path / "answers"
        answers.mkdir()
        answer(answers, "pulls", [{**MERGED, "head": {"sha": HEAD}}])
        answer(answers, "finished", [{"databaseId": 4711}])
        answer(answers, "turns", [])
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
            "GH_ANSWERS": str(answers),
            "GH_ARTIFACT": str(shell.folder / "plan.json"),
            "GH_LOG": str(tmp_path / "gh.log"),
            "RECONCILER_TURN_PAUSE": "0",
            "RUNNER_TEMP": str(tmp_path / "temp"),
            "OPENSEARCH_URL": simulator.url,
        }
        yield shell


def answer(answers: Path, question: str, *turns: object) -> None:
    (answers / f"{question}.json").write_text(json.dumps(turns))


def git(folder: Path, *words: str) -> str:
    settings = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *settings, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def make_repository(folder: Path) -> str:
    """The folder with all that is in it as the one commit of `main`; the commit."""
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all")
    return git(folder, "rev-parse", "HEAD")


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
        timeout=PATIENCE,
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
    done = bash(job, step("Run"), {"RECONCILER_COMMAND": command_of(workflow), **environ})
    assert done.returncode == expect, done.stdout + done.stderr
    return done


def test_from_a_pull_request_to_the_weekly_test_as_the_workflows_do_it(job: Shell, tmp_path: Path) -> None:
    planned = act(job, "plan", 0)
    assert "resolved at apply" in planned.stdout
    assert "summary only" in planned.stderr
    assert "1 to add" in (tmp_path / "summary.md").read_text()

    (job.folder / "plan.json").rename(tmp_path / "reviewed.json")
    fetched = bash(job, step("Fetch the reviewed plan"), PLAN | {"GH_ARTIFACT": str(tmp_path / "reviewed.json")})
    assert fetched.returncode == 0, fetched.stderr
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
    others = [
        {**MERGED, "merged_at": None, "head": {"sha": "a" * 40}},  # open, made of the same commits
        {**MERGED, "merge_commit_sha": "beef", "head": {"sha": "b" * 40}},  # merged, as another commit
        {**MERGED, "base": {"ref": "next"}, "head": {"sha": "c" * 40}},  # merged into another branch
    ]
    answer(tmp_path / "answers", "pulls", [*others, {**MERGED, "head": {"sha": HEAD}}])
    done = bash(job, f"{ROOT}/ci/fetch_plan.sh channels-plan.yaml channels-plan {tmp_path / 'to'}")
    assert done.returncode == 0, done.stderr
    calls = [json.loads(line) for line in (tmp_path / "gh.log").read_text().splitlines()]
    assert "repos/team/channels/commits/c0ffee/pulls" in calls[0]
    assert calls[1][calls[1].index("--commit") + 1] == HEAD
    assert calls[2][:3] == ["run", "download", "4711"]

    answer(tmp_path / "answers", "pulls", others)
    done = bash(job, step("Fetch the reviewed plan"), PLAN)
    assert done.returncode == 1
    assert "no pull request to main was merged as c0ffee" in done.stderr


def test_a_run_waits_for_the_earlier_ones(job: Shell, tmp_path: Path) -> None:
    ended, own = {"number": 8, "status": "completed"}, {"number": 12, "status": "in_progress"}
    later = {"number": 13, "status": "queued"}
    first, second = {"number": 10, "status": "in_progress"}, {"number": 11, "status": "queued"}
    answer(tmp_path / "answers", "turns", [later, own, second, first, ended], [own, second], [own])
    done = bash(job, step("Wait for earlier runs"))
    expected = [f"waiting: {count} earlier runs have not ended" for count in (2, 1)]
    assert (done.returncode, done.stdout.splitlines()) == (0, expected)


@pytest.mark.parametrize("status", ["waiting", "action_required"])
def test_a_run_that_waits_for_approval_blocks_no_other(job: Shell, tmp_path: Path, status: str) -> None:
    answer(tmp_path / "answers", "turns", [{"number": 11, "status": status}])
    done = bash(job, step("Wait for earlier runs"))
    assert (done.returncode, done.stdout) == (0, "")


def test_an_answer_that_did_not_come_is_asked_for_again(job: Shell, tmp_path: Path) -> None:
    answer(tmp_path / "answers", "turns", 502, [{"number": 11, "status": "queued"}], 502, [])
    done = bash(job, step("Wait for earlier runs"))
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 3

    answer(tmp_path / "answers", "turns", 502)
    done = bash(job, step("Wait for earlier runs"))
    assert done.returncode == 1
    assert "actions: read" in done.stderr


def test_a_run_that_waited_too_long_fails(job: Shell, tmp_path: Path) -> None:
    answer(tmp_path / "answers", "turns", [{"number": 11, "status": "queued"}])
    done = bash(job, step("Wait for earlier runs"), {"RECONCILER_TURN_SECONDS": "0"})
    assert done.returncode == 1
    assert "::error::1 earlier runs" in done.stderr


def test_the_tool_takes_the_place_of_the_shell_so_that_signals_reach_it(job: Shell, tmp_path: Path) -> None:
    make_executable(tmp_path / "temp/reconciler/bin/reconciler", "#!/bin/sh\necho $$\n")
    process = subprocess.Popen(
        ["bash", "-e", "-c", step("Run")],
        cwd=job.folder,
        env={**job.environ, "RECONCILER_COMMAND": "plan"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with Guarded(process) as guarded:
        printed, _ = guarded.end()
    assert int(printed) == process.pid


def test_words_of_a_command_are_split_and_nothing_in_them_is_run(job: Shell, tmp_path: Path) -> None:
    make_executable(tmp_path / "temp/reconciler/bin/reconciler", '#!/bin/sh\nprintf "<%s>" "$@"\n')
    done = bash(job, step("Run"), {"RECONCILER_COMMAND": "plan  --only *\n$(touch hacked) `touch hacked`"})
    assert done.stdout == "<plan><--only><*><$(touch><hacked)><`touch><hacked`>"
    assert not (job.folder / "hacked").exists()


def play_python(job: Shell, tmp_path: Path) -> tuple[dict[str, str], Path]:
    """A Python that only notes what it was asked for, and the note."""
    log = tmp_path / "python.log"
    python = tmp_path / "tools/python-to-install-with"
    inner = f'#!/bin/sh\necho "$PWD: $*" >> {log}\n'
    make_executable(
        python, f"#!/bin/sh\nmkdir -p $4/bin\nprintf '%s' '{inner}' > $4/bin/python\nchmod +x $4/bin/python\n"
    )
    return {"PYTHON": str(python)}, log


def test_installing_takes_the_locks_with_their_hashes_and_no_more(job: Shell, tmp_path: Path) -> None:
    environ, log = play_python(job, tmp_path)
    done = bash(job, step("Install"), {**environ, "RECONCILER_EXTRAS": "aws, vault"})
    assert done.returncode == 0, done.stderr
    packages, project = log.read_text().splitlines()
    assert "--require-hashes" in packages
    assert re.findall(r"--requirement (\S+)", packages) == [
        "requirements/run.txt",
        "requirements/extras/aws.txt",
        "requirements/extras/vault.txt",
    ]
    assert "--no-deps" in project
    assert project.endswith(f" {ROOT}")
    assert bash(job, step("Install"), {**environ, "RECONCILER_EXTRAS": "aws vault"}).returncode == 0
    assert len(log.read_text().splitlines()) == 2, "what is installed is not installed again"
    assert bash(job, step("Install"), {**environ, "RECONCILER_EXTRAS": ""}).returncode == 0
    assert len(log.read_text().splitlines()) == 4


def test_an_installation_is_renewed_when_the_checkout_is_another(job: Shell, tmp_path: Path) -> None:
    environ, log = play_python(job, tmp_path)
    checkout = tmp_path / "checkout"
    for name in ("ci", "requirements"):
        shutil.copytree(ROOT / name, checkout / name)
    shutil.copy(ROOT / "pyproject.toml", checkout)
    source = checkout / "reconciler/__init__.py"
    source.parent.mkdir()

    def install(content: str) -> int:
        """How many lines the note of what was asked for has then."""
        source.write_text(content)
        assert bash(job, f"{checkout}/ci/install.sh {tmp_path}/installed", environ).returncode == 0
        return len(log.read_text().splitlines())

    assert [install("old"), install("old"), install("new"), install("new")] == [2, 2, 4, 4]


def test_installing_imports_nothing_of_the_proposal(job: Shell, tmp_path: Path) -> None:
    environ, log = play_python(job, tmp_path)
    assert bash(job, step("Install"), {**environ, "RECONCILER_EXTRAS": ""}).returncode == 0
    assert all(line.startswith(f"{ROOT}: -I -m pip ") for line in log.read_text().splitlines())


@pytest.mark.parametrize("extra", ["../run", "nonsense", "dev", "$(touch hacked)"])
def test_an_unknown_extra_is_an_error_before_anything_is_installed(job: Shell, tmp_path: Path, extra: str) -> None:
    environ, log = play_python(job, tmp_path)
    done = bash(job, step("Install"), {**environ, "RECONCILER_EXTRAS": extra})
    assert done.returncode == 1
    assert "known: aws" in done.stderr
    assert not log.exists()
    assert not (job.folder / "hacked").exists()


def test_extras_can_be_had_in_every_recipe() -> None:
    """The action's input is tried above; the others hand theirs to the same script."""
    install = next(item for item in ACTION["runs"]["steps"] if item.get("name") == "Install")
    assert install["env"]["RECONCILER_EXTRAS"] == "${{ inputs.extras }}"
    assert ACTION["inputs"]["extras"]["description"]
    assert TEMPLATE["variables"]["RECONCILER_EXTRAS"] == ""
    installing = '/ci/install.sh" "$CI_BUILDS_DIR/reconciler" "$RECONCILER_EXTRAS"'
    assert any(line.endswith(installing) for line in TEMPLATE[".reconciler"]["before_script"])
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
    assert {'ARG EXTRAS=""', 'RUN /source/ci/install.sh /opt/reconciler "$EXTRAS"'} <= set(dockerfile)


def test_every_extra_of_the_tool_has_its_lock() -> None:
    extras = set(PYPROJECT["project"]["optional-dependencies"]) - {"build", "dev"}
    locks = {path.stem: path.read_text("utf-8") for path in (ROOT / "requirements/extras").glob("*.txt")}
    assert set(locks) == extras
    for extra, text in locks.items():
        names = {re.split(r"[<>=\[]", item)[0] for item in PYPROJECT["project"]["optional-dependencies"][extra]}
        assert names <= set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))


def uses() -> Iterator[tuple[str, str]]:
    """Every action that any of our files uses, each with the comment behind it."""
    files = [ROOT / "action.yml", *ROOT.glob(".github/workflows/*"), *ROOT.glob("examples/**/*.yaml")]
    written = project_files(NewProject("acme", "opensearch", "", "github"))[".github/workflows/channels.yaml"]
    for text in [*(path.read_text("utf-8") for path in files), *WORKFLOWS.values(), written]:
        yield from re.findall(r"uses: (\S+)(.*)", text)


def test_actions_are_pinned_by_full_hash_each_by_one() -> None:
    hashes: dict[str, set[tuple[str, str]]] = {}
    for action, comment in uses():
        if action == "OWNER/reconciler@REF":  # the reader's own copy
            continue
        name, _, commit = action.partition("@")
        assert re.fullmatch(r"[0-9a-f]{40}", commit), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action
        hashes.setdefault(name, set()).add((commit, comment))
    assert len(hashes) > 5
    assert all(len(pins) == 1 for pins in hashes.values()), hashes


NODE_24 = {"checkout": 5, "setup-python": 6, "upload-artifact": 6, "download-artifact": 7, "attest": 4}
"""By action of GitHub's own, the first major version on node24: runners have no node20 since September 2026."""


def test_no_action_needs_a_runtime_that_runners_no_longer_have() -> None:
    majors = {
        (owner, name, int(comment.removeprefix(" # v").partition(".")[0]))
        for action, comment in uses()
        for owner, _, name in [action.partition("@")[0].partition("/")]
        if owner == "actions"
    }
    assert {name for _, name, _ in majors} == set(NODE_24)
    assert [name for _, name, major in majors if major < NODE_24[name]] == []


def test_no_recipe_drops_runs_that_wait_and_each_apply_waits_its_turn() -> None:
    example = (ROOT / "examples/plan-in-ci/github-workflow.yaml").read_text("utf-8")
    applying = 0
    for text in (*WORKFLOWS.values(), example):
        workflow = yaml.safe_load(text)
        assert "concurrency" not in workflow
        for job in workflow["jobs"].values():
            assert "concurrency" not in job
            for item in job["steps"]:
                if item.get("with", {}).get("command", "").startswith("apply"):
                    applying += 1
                    assert item["with"]["in-turn"] == "true"
    assert applying >= 2


def test_a_plan_on_a_pull_request_trusts_the_protected_branch_alone() -> None:
    plan = yaml.safe_load(WORKFLOWS[".github/workflows/channels-plan.yaml"])
    assert plan[True]["pull_request"] == {"branches": ["main"]}
    assert ACTION["inputs"]["base"]["default"] == "${{ github.event.pull_request.base.sha }}"
    run = next(item for item in ACTION["runs"]["steps"] if item.get("name") == "Run")
    assert run["env"]["RECONCILER_BASE"] == "${{ inputs.base }}"
    (rule,) = TEMPLATE["channels-plan"]["rules"]
    assert "$CI_MERGE_REQUEST_TARGET_BRANCH_NAME == $CI_DEFAULT_BRANCH" in rule["if"]
    assert ' plan --base "$base" ' in TEMPLATE["channels-plan"]["script"][-1]


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
    make_repository(job.folder)
    done = on_gitlab(job, tmp_path, name)
    assert done.returncode == expect, done.stdout + done.stderr
    assert not made or (job.folder / made).exists()


def on_gitlab(job: Shell, tmp_path: Path, name: str) -> subprocess.CompletedProcess[str]:
    """One job of the template, as GitLab's runner does it: the lines of before_script and script in one shell."""
    builds = tmp_path / "builds"
    link = f'#!/bin/sh\nmkdir -p "$1/bin" && ln -s {tmp_path}/temp/reconciler/bin/reconciler "$1/bin/reconciler"\n'
    source = tmp_path / "source"
    make_executable(source / "ci/install.sh", link)
    commit = make_repository(source)
    git(job.folder, "remote", "add", "origin", str(job.folder / ".git"))  # the branch that the request is to go into
    environ = {
        **{key: str(value) for key, value in TEMPLATE["variables"].items()},
        "RECONCILER_REPOSITORY": str(source),
        "RECONCILER_REF": commit,
        "CI_DEFAULT_BRANCH": "main",
        "CI_BUILDS_DIR": str(builds),
        "CI_PROJECT_DIR": str(job.folder),
        "CI_PROJECT_ID": "5",
        "CI_MERGE_REQUEST_IID": "3",
        "SLACK_URL": SLACK_URL,
    }
    for key in [key for key in job.environ if key.startswith("GITHUB_")]:
        del job.environ[key]
    return bash(job, "\n".join([*TEMPLATE[".reconciler"]["before_script"], *TEMPLATE[name]["script"]]), environ)


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_a_proposal_cannot_send_the_jobs_credentials_elsewhere(job: Shell, tmp_path: Path, ci: str) -> None:
    base = make_repository(job.folder)
    git(job.folder, "switch", "--quiet", "--create", "proposal")
    with Simulator() as elsewhere:
        path = job.folder / "reconciler.yaml"
        path.write_text(path.read_text().replace("provider: opensearch", f"provider: opensearch, url: {elsewhere.url}"))
        git(job.folder, "commit", "--quiet", "--all", "--message", "point it elsewhere")
        if ci == "github":
            done = bash(job, step("Run"), {"RECONCILER_COMMAND": command_of("plan"), "RECONCILER_BASE": base})
        else:
            done = on_gitlab(job, tmp_path, "channels-plan")
        assert done.returncode == 0, done.stdout + done.stderr
        assert base[:7] in done.stderr + done.stdout
        assert not elsewhere.requests
