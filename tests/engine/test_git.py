"""Reading from git: what a commit holds, whatever lies in the work tree and whatever a name could also mean."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.checkout import Checkout, started_in
from reconciler.git import Commit, Repository, Tree, head_commit
from reconciler.model.errors import ConfigurationError
from tests.engine.projects import Project


def repository_of(folder: Path) -> Repository:
    return Repository(Checkout.around(folder), os.environ)


@pytest.fixture
def repository(project: Project) -> Repository:
    project.git("init", "-q", "-b", "main")
    (project.root / "channels" / "a b\n.yaml").write_text("odd")
    (project.root / "channels" / "empty.yaml").write_bytes(b"")
    (project.root / "channels" / "binary.yaml").write_bytes(b"\x00\n\xff")
    (project.root / "channels" / "run.sh").write_text("#!/bin/sh\n")
    (project.root / "channels" / "run.sh").chmod(0o755)
    (project.root / "channels" / "inside.yaml").symlink_to("binary.yaml")
    (project.root / "channels" / "link.yaml").symlink_to("/etc/hostname")
    (project.root / "shared").symlink_to("channels")
    (project.root / "out").symlink_to("../..")
    project.commit()
    return repository_of(project.root / "channels")


def raw_commit(project: Project, entries: list[tuple[str, str, str]]) -> Commit:
    """A commit with entries that git itself would not add: (mode, name, content)."""
    lines = b""
    for mode, name, content in entries:
        blob = subprocess.run(
            ["git", "hash-object", "-w", "--stdin"], cwd=project.root, input=content.encode(), capture_output=True
        ).stdout.strip()
        lines += f"{mode} {name}\0".encode() + bytes.fromhex(blob.decode())
    command = ["git", "hash-object", "-w", "--literally", "-t", "tree", "--stdin"]
    tree = (
        subprocess.run(command, cwd=project.root, input=lines, capture_output=True, check=True).stdout.decode().strip()
    )
    return repository_of(project.root).commit(project.git("commit-tree", "-m", "raw", tree))


def test_the_work_tree_is_found_from_any_folder_in_it(repository: Repository, project: Project) -> None:
    assert repository.checkout.top == project.root


def test_all_of_a_commit_is_written_with_its_modes_and_links_but_none_leads_out(repository: Repository) -> None:
    (repository.checkout.top / "channels" / "empty.yaml").write_text("changed since")
    tree = Tree(repository.commit("main"))
    folder = tree.whole() / "channels"
    assert (folder / "a b\n.yaml").read_bytes() == b"odd"
    assert (folder / "empty.yaml").read_bytes() == b""
    assert (folder / "inside.yaml").read_bytes() == b"\x00\n\xff"
    assert (tree.folder / "shared" / "binary.yaml").read_bytes() == b"\x00\n\xff"
    assert os.access(folder / "run.sh", os.X_OK)
    assert not os.access(folder / "empty.yaml", os.X_OK)
    assert not (folder / "link.yaml").is_symlink()
    assert not (tree.folder / "out").is_symlink()
    assert sorted(tree.left_out) == [
        "channels/link.yaml is a link that leads out of the repository",
        "out is a link that leads out of the repository",
    ]


def test_the_folder_is_this_user_s_alone_outside_of_the_checkout_and_goes_with_its_value(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    inside = repository.checkout.top / "tmp"
    inside.mkdir()
    elsewhere = tmp_path_factory.mktemp("runner")
    monkeypatch.setattr("tempfile.tempdir", str(inside))
    monkeypatch.setenv("RUNNER_TEMP", str(elsewhere))
    tree = Tree(repository.commit("main"))
    folder = tree.whole()
    assert folder.parent == elsewhere
    assert folder.stat().st_mode & 0o777 == 0o700
    del tree
    assert not folder.exists()


def test_a_part_of_a_commit_is_written_with_what_its_links_lead_to(repository: Repository) -> None:
    tree = Tree(repository.commit("main"))
    folder = tree.part(["shared/inside.yaml"])
    assert (folder / "shared" / "inside.yaml").read_bytes() == b"\x00\n\xff"
    assert not (folder / "reconciler.yaml").exists()


def test_a_file_is_read_through_links_of_the_commit_and_never_out_of_it(repository: Repository) -> None:
    commit = repository.commit("main")
    assert commit.read("channels/binary.yaml") == b"\x00\n\xff"
    assert commit.read("channels/inside.yaml") == b"\x00\n\xff"
    assert commit.read("shared/binary.yaml") == b"\x00\n\xff"
    assert commit.read("channels/../channels/binary.yaml") == b"\x00\n\xff"
    assert commit.read("channels/none.yaml") is None
    assert commit.read("channels/link.yaml") is None
    assert commit.read("out/etc/hostname") is None
    assert commit.read("../reconciler.yaml") is None
    assert commit.read("channels") is None
    assert commit.read("*") is None


def test_links_in_a_circle_lead_nowhere(project: Project) -> None:
    project.git("init", "-q", "-b", "main")
    (project.root / "a").symlink_to("b")
    (project.root / "b").symlink_to("a")
    project.commit()
    commit = repository_of(project.root).commit("main")
    assert commit.read("a") is None
    assert Tree(commit).whole().is_dir()


def test_submodules_and_pointers_of_lfs_are_named(project: Project) -> None:
    project.git("init", "-q", "-b", "main")
    (project.root / "big.bin").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
    project.commit()
    project.git("update-index", "--add", "--cacheinfo", f"160000,{project.git('rev-parse', 'HEAD')},vendor")
    project.git("commit", "-q", "-m", "vendor")
    tree = Tree(repository_of(project.root).commit("main"))
    tree.whole()
    assert sorted(tree.left_out) == ["big.bin is a pointer of Git LFS", "vendor is a submodule"]


@pytest.mark.parametrize("name", ["..", ".git", ".GIT", "a\\b", "c:d"])
def test_names_that_are_no_files_everywhere_are_refused(project: Project, name: str) -> None:
    project.git("init", "-q", "-b", "main")
    commit = raw_commit(project, [("100644", name, "x")])
    with pytest.raises(ConfigurationError, match="not a file name that every system allows"):
        Tree(commit).whole()


@pytest.mark.parametrize(
    ("one", "other"), [("Get.sh", "get.sh"), ("g\u00e9t", "ge\u0301t"), ("stra\u00dfe", "STRASSE")]
)
def test_names_that_some_systems_take_for_one_are_refused(project: Project, one: str, other: str) -> None:
    project.git("init", "-q", "-b", "main")
    commit = raw_commit(
        project, sorted([("100644", one, "x"), ("100644", other, "y")], key=lambda item: item[1].encode())
    )
    with pytest.raises(ConfigurationError, match="the same file on some systems"):
        Tree(commit).whole()


def test_the_remote_branch_is_found_by_its_name(repository: Repository, project: Project) -> None:
    project.git("update-ref", "refs/remotes/origin/main", "HEAD")
    project.git("update-ref", "refs/remotes/origin/HEAD", "HEAD")
    here = repository.commit("HEAD").hash
    for name in ("origin/main", "refs/remotes/origin/main", "origin", here, here[:12], "main~0", "@"):
        assert repository.commit(name).hash == here


@pytest.mark.parametrize("ref", ["refs/tags/origin/main", "refs/heads/origin/main"])
def test_a_tag_or_branch_called_as_the_remote_branch_is_refused(
    repository: Repository, project: Project, ref: str
) -> None:
    project.git("update-ref", "refs/remotes/origin/main", "HEAD")
    project.git("commit", "-q", "--allow-empty", "-m", "evil")
    project.git("update-ref", ref, "HEAD")
    with pytest.raises(ConfigurationError, match="can mean refs/remotes/origin/main or"):
        repository.commit("origin/main")
    assert repository.commit("refs/remotes/origin/main").hash == project.git("rev-parse", "HEAD~1")


def test_a_tag_called_as_a_branch_that_was_not_fetched_is_refused(repository: Repository, project: Project) -> None:
    project.git("update-ref", "refs/tags/origin/main", "HEAD")
    project.git("update-ref", "refs/tags/v1", "HEAD")
    here = project.git("rev-parse", "HEAD")
    assert repository.commit("origin/main").hash == here, "there is no such remote: it is a name like any other"
    project.git("remote", "add", "origin", "/nowhere")
    with pytest.raises(ConfigurationError, match="a branch of that remote here, but a tag: fetch the branch"):
        repository.commit("origin/main")
    assert repository.commit("refs/tags/origin/main").hash == here
    assert repository.commit("v1").hash == here


@pytest.mark.parametrize("name", ["refs/remotes/origin/main", "refs/heads/gone"])
def test_a_whole_name_is_never_that_of_a_tag(repository: Repository, project: Project, name: str) -> None:
    project.git("tag", name)
    with pytest.raises(ConfigurationError, match="git knows no commit"):
        repository.commit(name)
    assert repository.commit(f"refs/tags/{name}").hash == repository.head()


def test_a_tag_called_as_a_branch_that_only_the_remote_has_is_refused(repository: Repository, project: Project) -> None:
    """As in a job's checkout, which has no branches of its own."""
    project.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
    project.git("update-ref", "refs/remotes/origin/of/v1", "HEAD")
    project.git("commit", "-q", "--allow-empty", "-m", "evil")
    for name in ("trunk", "v1"):
        project.git("update-ref", f"refs/tags/{name}", "HEAD")
    with pytest.raises(ConfigurationError, match="can mean refs/tags/trunk or refs/remotes/origin/trunk: write"):
        repository.commit("trunk")
    here = project.git("rev-parse", "HEAD")
    assert repository.commit("refs/tags/trunk").hash == here
    assert repository.commit("origin/trunk").hash == project.git("rev-parse", "HEAD~1")
    assert repository.commit("v1").hash == here, "no remote has a branch of that name"


def test_a_tag_called_as_a_short_hash_is_refused_and_as_a_full_one_ignored(
    repository: Repository, project: Project
) -> None:
    here = repository.commit("HEAD").hash
    project.git("commit", "-q", "--allow-empty", "-m", "evil")
    for name in (here[:8], here):
        project.git("update-ref", f"refs/tags/{name}", "HEAD")
    with pytest.raises(ConfigurationError, match="can mean"):
        repository.commit(here[:8])
    assert repository.commit(here).hash == here


@pytest.mark.parametrize("name", ["--output=x", "HEAD:channels", ":/first", "@{u}", "main@{0}", "no/such", "", "a b"])
def test_other_forms_of_naming_a_commit_are_unknown(repository: Repository, name: str) -> None:
    with pytest.raises(ConfigurationError, match="knows no commit"):
        repository.commit(name)


def test_replaced_objects_do_not_count(repository: Repository, project: Project) -> None:
    first = repository.commit("HEAD").hash
    (project.root / "channels" / "binary.yaml").write_text("evil")
    second = project.commit()
    project.git("replace", first, second)
    assert repository.commit(first).read("channels/binary.yaml") == b"\x00\n\xff"


@pytest.mark.parametrize(
    "variables",
    [
        {"GIT_DIR": "{elsewhere}"},
        {"GIT_OBJECT_DIRECTORY": "{elsewhere}"},
        {"GIT_INDEX_FILE": "{elsewhere}/index"},
        {"GIT_TRACE": "{elsewhere}/written"},
        {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "trace2.normalTarget",
            "GIT_CONFIG_VALUE_0": "{elsewhere}/written",
        },
        {"GIT_TRACE2_EVENT": "{elsewhere}/written"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_the_job_s_own_git_variables_reach_no_call(
    repository: Repository, project: Project, variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    here, tracked = repository.commit("HEAD").hash, repository.tracked()
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    of_the_job = {name: value.format(elsewhere=elsewhere) for name, value in variables.items()}
    found = Repository(Checkout.around(project.root), {**os.environ, **of_the_job})
    assert found.commit("HEAD").hash == here
    assert found.tracked() == tracked
    assert list(elsewhere.iterdir()) == []


def test_an_old_git_takes_no_repository_but_the_checkout_s_own(
    repository: Repository, project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Before 2.38 git knows no `safe.bareRepository`, and where `.git` is of no use it takes the folder for one."""
    git = shutil.which("git")
    tools = tmp_path_factory.mktemp("tools")
    (tools / "git").write_text(
        "#!/bin/sh\n"
        "for word; do shift\n"
        '[ "$word" = safe.bareRepository=explicit ] && word=unknown.setting=1\n'
        'set -- "$@" "$word"; done\n'
        f'exec {git} "$@"\n'
    )
    (tools / "git").chmod(0o755)
    project.git("clone", "-q", "--bare", ".", str(tools / "planted"))
    for name in ("HEAD", "config", "objects", "refs", "packed-refs"):
        (tools / "planted" / name).rename(project.root / name)
    (project.root / ".git" / "HEAD").unlink()
    environ = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    with pytest.raises(ConfigurationError, match="not a git repository"):
        Repository(repository.checkout, environ).commit("HEAD")


def test_a_checkout_of_another_user_can_be_read(
    repository: Repository, project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As in a container that a checkout is mounted into; git's own tests play it by this variable."""
    git = shutil.which("git")
    tools = tmp_path_factory.mktemp("tools")
    settings = "GIT_TEST_ASSUME_DIFFERENT_OWNER=1 GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1"
    (tools / "git").write_text(f'#!/bin/sh\n{settings} exec {git} "$@"\n')
    (tools / "git").chmod(0o755)
    environ = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    refused = subprocess.run(["git", "rev-parse", "HEAD"], cwd=project.root, env=environ, capture_output=True)
    assert b"dubious ownership" in refused.stderr
    tree = Tree(Repository(repository.checkout, environ).commit("main"))
    assert (tree.whole() / "channels" / "binary.yaml").read_bytes() == b"\x00\n\xff"


def test_a_program_called_git_in_the_checkout_is_not_found(
    repository: Repository, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in (project.root, project.root / "bin"):
        folder.mkdir(exist_ok=True)
        (folder / "git").write_text(f"#!/bin/sh\ntouch {project.root}/ran\n")
        (folder / "git").chmod(0o755)
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("PATH", f":.:bin:{project.root}/bin:{os.environ['PATH']}")
    assert repository_of(project.root).commit("HEAD").hash
    assert not (project.root / "ran").exists()


def test_a_folder_that_git_would_take_for_a_repository_is_none(repository: Repository, project: Project) -> None:
    below = project.root / "channels"
    subprocess.run(["git", "init", "-q", "--bare", str(project.root / "bare.git")], check=True)
    for name in ("HEAD", "config", "objects", "refs"):
        (project.root / "bare.git" / name).rename(below / name)
    (below / "config").write_text(f"[core]\nbare = false\nworktree = ..\nfsmonitor = touch {project.root}/ran\n")
    found = repository_of(below)
    assert found.checkout.top == project.root
    assert found.commit("main").read("channels/binary.yaml") == b"\x00\n\xff"
    assert "channels/binary.yaml" in found.tracked()
    assert not (project.root / "ran").exists()


def test_a_link_in_place_of_git_s_own_entry_or_of_the_folder_is_refused(
    repository: Repository, project: Project
) -> None:
    other = project.root / "other"
    other.mkdir()
    (other / ".git").symlink_to(project.root / ".git")
    with pytest.raises(ConfigurationError, match="is a symbolic link"):
        Checkout.around(other)
    (project.root / "proj").symlink_to("channels")
    with pytest.raises(ConfigurationError, match="is a symbolic link: run the command in the folder itself"):
        Checkout.around(project.root / "proj")


def test_the_way_that_the_shell_came_is_seen(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.root / "proj").symlink_to("channels")
    monkeypatch.chdir(project.root / "channels")
    assert started_in(Path.cwd(), {"PWD": str(project.root / "proj")}) == project.root / "proj"
    assert started_in(Path.cwd(), {"PWD": str(project.root)}) == project.root / "channels"
    assert started_in(Path.cwd(), {"PWD": "relative"}) == started_in(Path.cwd(), {}) == project.root / "channels"


def test_a_submodule_is_refused_and_a_linked_work_tree_is_not(
    repository: Repository, project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    project.git("clone", "-q", str(project.root), str(other / "evil"))
    project.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other / "evil"), "vendor")
    with pytest.raises(ConfigurationError, match="is a submodule of"):
        Checkout.around(project.root / "vendor" / "channels")
    project.git("worktree", "add", "-q", str(other / "linked"), "HEAD")
    assert repository_of(other / "linked").commit("HEAD").hash == project.git("rev-parse", "HEAD")


def test_the_commit_that_is_checked_out_is_named_and_nothing_outside_of_git(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert head_commit(repository.checkout.top, os.environ) == repository.commit("HEAD").hash
    assert head_commit(tmp_path_factory.mktemp("bare"), os.environ) == ""


def test_outside_of_git_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not in a git repository"):
        Checkout.around(tmp_path)
