"""A system that lacks what only POSIX has, as Windows does: most works, and the rest is refused with the reason."""

from __future__ import annotations

import ast
import os
import signal
from pathlib import Path

import pytest

import reconciler
from reconciler.model.errors import ConfigurationError
from reconciler.systems import open_below
from tests.cases.projects import SLACK_URL
from tests.engine.projects import Project

PACKAGE = Path(reconciler.__file__).parent
POSIX = {"O_NONBLOCK", "O_DIRECTORY", "O_NOFOLLOW", "killpg", "setitimer", "SIGALRM", "SIGKILL", "start_new_session"}
PLACES = {"systems.py", "secrets/commands.py", "cli/main.py"}
"""Where they may stand: the one module, and behind what it was asked."""


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No such calls and flags, as the modules `os` and `signal` are on Windows."""
    for name in ("O_NONBLOCK", "O_DIRECTORY", "O_NOFOLLOW", "killpg"):
        monkeypatch.delattr(os, name)
    for name in ("setitimer", "SIGALRM"):
        monkeypatch.delattr(signal, name)
    monkeypatch.setattr(os, "supports_dir_fd", set())


@pytest.mark.usefixtures("bare")
def test_a_run_works_without_what_only_posix_has(project: Project) -> None:
    (project.root / "token").write_text(f"{SLACK_URL}\n")
    project.slack("oncall", webhook_url={"file": "token"}, test={"when": "change"})
    for verb in (["validate"], ["plan"], ["apply", "--yes"], ["test", "--all"], ["drift"], ["list"]):
        done = project.run(*verb)
        assert done.code == 0, done
    assert "internal error" not in project.run("doctor").out


@pytest.mark.usefixtures("bare")
def test_what_cannot_be_promised_is_refused_with_the_reason(project: Project, tmp_path: Path) -> None:
    project.write_project(secrets={"sources": {"pass": {"exec": ["echo", "x"]}}})
    project.slack("oncall", webhook_url={"pass": "team/slack"})
    done = project.run("apply", "--yes")
    assert done.code == 1
    assert "cannot end a command with all its children" in done.err
    with pytest.raises(ConfigurationError, match="without following links"):
        open_below(tmp_path, "x")


def test_nobody_else_asks_what_the_system_can_do() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if "simulator" not in path.parts
        and (
            (isinstance(node, ast.Attribute) and node.attr in POSIX)
            or (isinstance(node, ast.keyword) and node.arg in POSIX)
        )
    }
    assert found <= PLACES
