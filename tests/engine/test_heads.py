"""`--if-head`: only the newest commit of a branch is applied."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from reconciler.engine.base import refuse_unless_head
from reconciler.model.errors import ConfigurationError, RefusedError


def git(folder: Path, *arguments: str) -> None:
    settings = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *settings, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path, text: str) -> None:
    (folder / "file").write_text(text, "utf-8")
    git(folder, "add", "file")
    git(folder, "commit", "-m", text)


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init")
    commit(folder, "one")
    return folder


def test_the_tip_of_a_local_branch_is_taken_and_an_older_commit_refused(origin: Path) -> None:
    refuse_unless_head(origin, "main", os.environ)
    commit(origin, "two")
    git(origin, "checkout", "--detach", "HEAD~1")
    with pytest.raises(RefusedError, match="by now: nothing was written"):
        refuse_unless_head(origin, "main", os.environ)


def test_the_remote_branch_counts_where_there_is_one(origin: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", str(origin), "clone")
    refuse_unless_head(tmp_path / "clone", "main", os.environ)
    commit(origin, "two")
    with pytest.raises(RefusedError):
        refuse_unless_head(tmp_path / "clone", "main", os.environ)


def test_a_branch_that_is_not_there_is_an_error(origin: Path) -> None:
    with pytest.raises(ConfigurationError, match="git does not know this branch"):
        refuse_unless_head(origin, "release", os.environ)
