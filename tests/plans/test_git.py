"""Reading from git: what a commit holds, and what it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.git import Repository, head_commit
from reconciler.model.errors import ConfigurationError
from tests.plans.projects import Project


@pytest.fixture
def repository(project: Project) -> Repository:
    project.git("init", "-q", "-b", "main")
    (project.root / "channels" / "a b\n.yaml").write_text("odd")
    (project.root / "channels" / "empty.yaml").write_bytes(b"")
    (project.root / "channels" / "binary.yaml").write_bytes(b"\x00\n\xff")
    (project.root / "channels" / "link.yaml").symlink_to("/etc/hostname")
    project.commit()
    return Repository.around(project.root / "channels")


def test_the_work_tree_is_found_from_any_folder_in_it(repository: Repository, project: Project) -> None:
    assert repository.root.resolve() == project.root.resolve()


def test_files_are_written_as_they_were_and_links_are_left_out(repository: Repository, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    (repository.root / "channels" / "empty.yaml").write_text("changed since")
    repository.commit("main").write_files(["channels"], folder)
    found = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found == {"a b\n.yaml": b"odd", "empty.yaml": b"", "binary.yaml": b"\x00\n\xff"}


def test_a_file_is_read_and_one_that_is_not_there_or_a_link_is_none(repository: Repository) -> None:
    commit = repository.commit("main")
    assert commit.read("channels/binary.yaml") == b"\x00\n\xff"
    assert commit.read("channels/none.yaml") is None
    assert commit.read("channels/link.yaml") is None
    assert commit.read("*") is None


def test_differing_names_only_what_changed(repository: Repository) -> None:
    commit = repository.commit("main")
    assert commit.differing([]) == []
    assert commit.differing(["channels/binary.yaml", "no/such"]) == []
    (repository.root / "channels" / "binary.yaml").write_text("else")
    assert commit.differing(["channels/binary.yaml", "channels/empty.yaml"]) == ["channels/binary.yaml"]


def test_the_commit_that_is_checked_out_is_told_and_nothing_outside_of_git(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert head_commit(repository.root) == repository.commit("HEAD").hash
    assert head_commit(tmp_path_factory.mktemp("bare")) == ""


def test_git_own_words_are_kept_to_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(ConfigurationError, match="not a git repository"):
        Repository.around(tmp_path)
