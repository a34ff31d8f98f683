"""Git, by its command line, and only reading: a commit, the files of a commit, what differs from one.

No library: the one thing that must behave as the user's git does (worktrees, partial clones, `safe.directory`,
credentials of a lazy fetch) is their git. Nothing here knows what the files mean.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from reconciler.model.errors import ConfigurationError

_SECONDS = 60
_REGULAR_FILES = frozenset({"100644", "100755"})


@dataclass(frozen=True, slots=True)
class Repository:
    """A git work tree. `root` is its top folder."""

    root: Path

    @classmethod
    def around(cls, folder: Path) -> Repository:
        """The work tree that a folder lies in, at any depth."""
        return cls(Path(os.fsdecode(_run(folder, "rev-parse", "--show-toplevel").rstrip(b"\n"))))

    def commit(self, ref: str) -> Commit:
        """The commit that a branch, tag or hash names; ConfigurationError tells how to fetch one that is not here."""
        done = _call(self.root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        if done.returncode == 0:
            return Commit(self, done.stdout.decode().strip())
        shallow = _run(self.root, "rev-parse", "--is-shallow-repository").strip() == b"true"
        why = (
            "this is a shallow clone: fetch more of it (fetch-depth: 0 in actions/checkout, GIT_DEPTH: 0 in GitLab, "
            "git fetch --unshallow)"
            if shallow
            else "fetch it first, or correct the name"
        )
        raise ConfigurationError(f"git knows no commit {ref!a} here; {why}")

    def tip(self, branch: str) -> str:
        """The newest commit of a branch: as its remote `origin` has it, else as it is here; "" if there is none."""
        ref = f"refs/heads/{branch}"
        if b"origin" in _run(self.root, "remote").split():
            return _run(self.root, "ls-remote", "origin", ref).decode().partition("\t")[0]
        done = _call(self.root, "rev-parse", "--verify", "--quiet", "--end-of-options", ref)
        return done.stdout.decode().strip() if done.returncode == 0 else ""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a repository; `hash` is its full name."""

    repository: Repository
    hash: str

    def read(self, path: str) -> bytes | None:
        """A file of the commit by its path from the top; None if there is no regular file."""
        found = dict(self._entries([path])).get(path)
        return None if found is None else _run(self.repository.root, "cat-file", "blob", found)

    def former_path(self, path: str) -> str:
        """Where a file of the work tree was in the commit: under its own path, or the one it was renamed from."""
        if self.read(path) is not None:
            return path
        args = ("diff", "--find-renames", "--diff-filter=R", "--name-status", "-z", self.hash)
        words = os.fsdecode(_run(self.repository.root, *args)).split("\0")
        for _, old, new in zip(words[::3], words[1::3], words[2::3], strict=False):
            if new == path:
                return old
        return path

    def differing(self, paths: Iterable[str]) -> list[str]:
        """Those of the files that are not in the work tree as in the commit; what neither knows is passed over."""
        wanted = sorted(paths)
        if not wanted:
            return []
        args = ("--literal-pathspecs", "diff", "--name-only", "-z", self.hash, "--", *wanted)
        return [name for name in os.fsdecode(_run(self.repository.root, *args)).split("\0") if name]

    def write_files(self, paths: Iterable[str], folder: Path) -> None:
        """Write the commit's regular files at or below these paths into a folder, laid out as in the repository."""
        entries = list(self._entries(sorted(paths)))
        contents = self._blobs([name for _, name in entries])
        for (path, _), content in zip(entries, contents, strict=True):
            target = folder / PurePosixPath(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    def _entries(self, paths: list[str]) -> Iterator[tuple[str, str]]:
        """(path, blob) of regular files; links and submodules are passed over."""
        if not paths:
            return
        args = ("--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", self.hash, "--", *paths)
        for line in _run(self.repository.root, *args).split(b"\0"):
            if line:
                about, _, path = line.partition(b"\t")
                mode, _, blob = about.decode().split()
                if mode in _REGULAR_FILES:
                    yield os.fsdecode(path), blob

    def _blobs(self, names: list[str]) -> Iterator[bytes]:
        if not names:
            return
        output = _run(self.repository.root, "cat-file", "--batch", stdin="\n".join([*names, ""]).encode())
        place = 0
        for _ in names:
            end = output.index(b"\n", place)
            size = int(output[place:end].split()[2])
            yield output[end + 1 : end + 1 + size]
            place = end + 1 + size + 1


def head_commit(folder: Path) -> str:
    """The commit that is checked out around a folder; "" outside of git, or where it cannot be told."""
    if not any((place / ".git").exists() for place in (folder, *folder.parents)):
        return ""
    try:
        done = _call(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    except ConfigurationError:
        return ""
    return done.stdout.decode().strip() if done.returncode == 0 else ""


def _run(folder: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    done = _call(folder, *arguments, stdin=stdin)
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        raise ConfigurationError(f"git {arguments[0]} failed in {folder}: {words[0]}")
    return done.stdout


def _call(folder: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environ = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        return subprocess.run(  # noqa: S603 - no shell; what a user gave is one argument after --end-of-options
            ["git", *arguments],  # noqa: S607 - the user's own git, found as their shell finds it
            cwd=folder,
            env=environ,
            input=stdin,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise ConfigurationError("git is not installed, and --base and --changed-since need it: install git") from None
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"git {arguments[0]} did not end within {_SECONDS} seconds") from None
