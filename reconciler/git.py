"""Runs git to find a commit and read the files in it; nothing here knows what the files mean.

It runs the user's git, and no library, since it must behave as theirs does (worktrees, partial clones, credentials of a
lazy fetch). It only reads objects, with `ls-tree` and `cat-file`, and never compares the work tree, which would run
filters, `textconv` and `fsmonitor` from `.gitattributes` or from a planted configuration.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import threading
import unicodedata
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from reconciler.checkout import Checkout
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError

_SECONDS = 60
_SETTINGS = ("safe.bareRepository=explicit", "core.fsmonitor=false", f"core.hooksPath={os.devnull}")
_FOR_THE_NETWORK = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS")
_FULL_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHORT_HASH = re.compile(r"[0-9a-f]{4,63}")
_NAME = re.compile(r"(?P<name>[^-\s~^:@{?*\[\\][^\s~^:@{?*\[\\]*|@)(?P<steps>(?:[~^][0-9]*)*)")
_MOST_LINKS = 32
_AT_ONCE = 256  # how many blobs are held in memory at once
_LFS = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True)
class Repository:
    """The repository of a checkout. `environ` is this process's; git gets none of its `GIT_*` variables, except those
    for the network when the remote is asked."""

    checkout: Checkout
    environ: Mapping[str, str] = field(repr=False)

    def commit(self, ref: str) -> Commit:
        """The commit that a hash, branch, tag or remote branch names, or one that is some steps (`~2`) before it.

        ConfigurationError if there is none here, with how to fetch it, and if a name could mean two: otherwise whoever
        may push a tag could decide which commit it means.
        """
        found = _NAME.fullmatch(ref)
        full = self._full_name(found["name"]) if found else ""
        if found and full:
            done = self._call(
                "rev-parse", "--verify", "--quiet", "--end-of-options", f"{full}{found['steps']}^{{commit}}"
            )
            if done.returncode == 0:
                return Commit(self, done.stdout.decode().strip(), ref)
        shallow = self._run("rev-parse", "--is-shallow-repository").strip() == b"true"
        why = (
            "this is a shallow clone: fetch more of it (fetch-depth: 0 in actions/checkout, GIT_DEPTH: 0 in GitLab, "
            "git fetch --unshallow)"
            if shallow
            else "fetch it first, or correct the name"
        )
        raise ConfigurationError(f"git knows no commit {ref!a} here; {why}")

    def tip(self, branch: str) -> str:
        """The newest commit of a branch: on the remote `origin` if there is one, else here; "" if there is none."""
        ref = f"refs/heads/{branch}"
        if b"origin" in self._run("remote").split():
            return self._run("ls-remote", "origin", ref, network=True).decode().partition("\t")[0]
        done = self._call("rev-parse", "--verify", "--quiet", "--end-of-options", ref)
        return done.stdout.decode().strip() if done.returncode == 0 else ""

    def head(self) -> str:
        """The commit that is checked out; "" if there is none yet."""
        done = self._call("rev-parse", "--verify", "--quiet", "HEAD")
        return done.stdout.decode().strip() if done.returncode == 0 else ""

    def tracked(self) -> dict[str, str]:
        """The files that git tracks: the paths in its index, relative to the top, with their modes."""
        listed = self._run("ls-files", "-z", "--cached", "--stage", "--full-name", ":/")
        return {path: mode for mode, _, path in _entries(listed, hash_at=1)}

    def _full_name(self, name: str) -> str:
        """The full hash, HEAD or the full ref that a name means; "" if there is none. ConfigurationError if it could
        mean several."""
        if _FULL_HASH.fullmatch(name):
            return name
        if name in ("HEAD", "@"):
            return "HEAD"
        possible = [f"refs/remotes/{name}", f"refs/heads/{name}", f"refs/tags/{name}", f"refs/remotes/{name}/HEAD"]
        if name.startswith("refs/"):  # that ref only: if it is not here, a tag of that name could be pushed instead
            possible = [name]
        of_remotes = f"refs/remotes/*/{name}"
        listed = (
            self._run("for-each-ref", "--format=%(refname)", "--", *possible, of_remotes)
            .decode("utf-8", "replace")
            .splitlines()
        )
        there = [ref for ref in possible if ref in listed]
        if there == [f"refs/tags/{name}"]:  # as in a job's checkout, where only the remote has the branch
            there += sorted(ref for ref in listed if fnmatchcase(ref, of_remotes) and ref not in there)
        if there == [f"refs/tags/{name}"] and name.partition("/")[0].encode() in self._run("remote").split():
            # Otherwise whoever may push a tag could stand in for a remote branch that was not fetched.
            raise ConfigurationError(
                f"{name!a} is not a branch of that remote here, but a tag: fetch the branch, or write {there[0]}"
            )
        if _SHORT_HASH.fullmatch(name) and self._has_object(name):
            there.append(name)
        if len(there) > 1:
            raise ConfigurationError(
                f"{name!a} can mean {' or '.join(there)}: write one of these, or the full hash of the commit"
            )
        return there[0] if there else ""

    def _has_object(self, hash_: str) -> bool:
        return bool(self._run("rev-parse", f"--disambiguate={hash_}").strip())

    def _run(self, *arguments: str, stdin: bytes = b"", network: bool = False) -> bytes:
        done = self._call(*arguments, stdin=stdin, network=network)
        if done.returncode:
            words = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it printed no reason"]
            raise ConfigurationError(f"git {arguments[0]} failed in {self.checkout.top}: {words[0]}")
        return done.stdout

    def _call(self, *arguments: str, stdin: bytes = b"", network: bool = False) -> subprocess.CompletedProcess[bytes]:
        path = self.checkout.search_path(self.environ)
        git = shutil.which("git", path=path)
        if git is None or self.checkout.holds(git):
            raise ConfigurationError("git is not installed, and --base and --changed-since need it: install git")
        settings = [word for text in (*_SETTINGS, f"safe.directory={self.checkout.top}") for word in ("-c", text)]
        try:
            return subprocess.run(  # noqa: S603 - no shell; what a user gave is one argument after --end-of-options
                [git, *settings, *arguments],
                cwd=self.checkout.top,
                env=self._environ(path, network=network),
                input=stdin,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ConfigurationError(f"git {arguments[0]} did not end within {_SECONDS} seconds") from None

    def _environ(self, path: str, *, network: bool) -> dict[str, str]:
        """The environment for git: without the job's `GIT_*` variables, except those for the network if it is used, and
        without settings files that are in the checkout."""
        kept = {name: value for name, value in self.environ.items() if not name.startswith("GIT_")}
        if network:
            kept |= {name: self.environ[name] for name in _FOR_THE_NETWORK if name in self.environ}
        homes = [kept.get("HOME", ""), kept.get("XDG_CONFIG_HOME", "")]
        if any(home and self.checkout.holds(home) for home in homes):
            kept["GIT_CONFIG_GLOBAL"] = os.devnull
        return kept | {
            "PATH": path,
            "LC_ALL": "C",
            "GIT_DIR": str(self.checkout.top / ".git"),
            "GIT_WORK_TREE": str(self.checkout.top),
            "GIT_CEILING_DIRECTORIES": str(self.checkout.top.parent),
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a commit's tree: its `mode` as git writes it, and the hash of its content (`blob`)."""

    mode: str
    blob: str

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link; its content is the link's target."""
        return self.mode == "120000"

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return self.mode in ("100644", "100755")


@dataclass(frozen=True)
class Commit:
    """One commit of a repository; `hash` is its full hash, `ref` the name that the user gave."""

    repository: Repository
    hash: str
    ref: str

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """Everything in the commit (files, links and submodules), by its path from the top."""
        listed = self.repository._run("ls-tree", "-r", "-z", "--full-tree", self.hash)
        return {path: Entry(mode, blob) for mode, blob, path in _entries(listed, hash_at=2)}

    def find(self, path: str) -> str | None:
        """The path of the file that a path leads to when links are followed; None if there is none, or if a link leads
        out of the commit."""
        found, _ = self._resolve(path)
        return found if found is not None and found in self.entries and self.entries[found].is_file else None

    def _resolve(self, path: str) -> tuple[str | None, list[str]]:
        """Where a path leads when links are followed (None: out of the commit), and the links that it passes."""
        steps, done, links = path.split("/"), list[str](), list[str]()
        while steps:
            step = steps.pop(0)
            if step == "..":
                if not done:
                    return None, links
                done.pop()
                continue
            done += [step] if step not in ("", ".") else []
            entry = self.entries.get("/".join(done))
            if entry is not None and entry.is_link:
                links.append("/".join(done))
                target = os.fsdecode(self.contents([entry.blob])[0])
                if len(links) > _MOST_LINKS or target.startswith("/"):
                    return None, links
                done.pop()
                steps = [*target.split("/"), *steps]
        return "/".join(done), links

    def read(self, path: str) -> bytes | None:
        """The content of the file at a path, links followed; None if there is none."""
        found = self.find(path)
        return None if found is None else self.contents([self.entries[found].blob])[0]

    def contents(self, blobs: Sequence[str]) -> list[bytes]:
        """The contents of the blobs, in order; ConfigurationError if one is missing here."""
        if not blobs:
            return []
        output = self.repository._run("cat-file", "--batch", stdin="\n".join([*blobs, ""]).encode())
        contents, place = [], 0
        for _ in blobs:
            end = output.index(b"\n", place)
            about = output[place:end].split()
            if len(about) != 3:
                raise ConfigurationError(f"{self.ref}: an object of this commit is missing here; fetch it again")
            size = int(about[2])
            contents.append(output[end + 1 : end + 1 + size])
            place = end + 1 + size + 1
        return contents

    def below(self, paths: Iterable[str]) -> list[str]:
        """The paths of all entries at and below `paths`, and of everything that links among them or on the way to them
        lead to; sorted."""
        wanted, found = list(paths), set[str]()
        while wanted:
            place, links = self._resolve(wanted.pop())
            found.update(links)
            if place is None:
                continue
            new = {name for name in self.entries if not place or name == place or name.startswith(f"{place}/")} - found
            found |= new
            wanted += [name for name in new if self.entries[name].is_link]
        return sorted(found)

    def write(self, names: Sequence[str], folder: Path) -> list[str]:
        """Write entries of the commit into a folder, laid out as in the repository; returns what was left out and why.

        ConfigurationError for names that some file system would take for another file, or for git's own folder.
        """
        _refuse_names(names, self.ref)
        entries = [(name, self.entries[name]) for name in names]
        left_out = [f"{name} is a submodule" for name, entry in entries if not (entry.is_file or entry.is_link)]
        files = [(name, entry) for name, entry in entries if entry.is_file]
        for start in range(0, len(files), _AT_ONCE):
            some = files[start : start + _AT_ONCE]
            for (name, entry), content in zip(some, self.contents([entry.blob for _, entry in some]), strict=True):
                left_out += [f"{name} is a pointer of Git LFS"] if content.startswith(_LFS) else []
                _write_file(folder / name, content, executable=entry.mode == "100755")
        links = [(name, entry.blob) for name, entry in entries if entry.is_link]
        targets = self.contents([blob for _, blob in links])
        left_out += _write_links(
            folder, {name: os.fsdecode(target) for (name, _), target in zip(links, targets, strict=True)}
        )
        return left_out


class Tree:
    """Files of a commit on disk, in a folder outside of the checkout that only this user may enter.

    A file is written when it is first asked for, by any thread; the folder is removed when this object is no longer
    used. `left_out` says what of the commit could not be written.
    """

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._lock = threading.Lock()
        self._is_whole = False
        self._written: set[str] = set()
        self.left_out: list[str] = []
        self.folder = Path(tempfile.mkdtemp(prefix="reconciler-base-", dir=_outside(commit.repository)))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def part(self, paths: Iterable[str]) -> Path:
        """The folder, with all files of the commit at and below these paths in it."""
        with self._lock:
            names = [name for name in self._commit.below(paths) if name not in self._written]
            self.left_out += self._commit.write(names, self.folder)
            self._written.update(names)
        return self.folder

    def whole(self) -> Path:
        """The folder, with all files of the commit in it."""
        return self.part([""])


def head_commit(folder: Path, environ: Mapping[str, str]) -> str:
    """The commit that is checked out around a folder; "" outside of git, or if it cannot be found out."""
    try:
        return Repository(Checkout.around(folder), environ).head()
    except ConfigurationError:
        return ""


def _entries(listed: bytes, hash_at: int) -> Iterator[tuple[str, str, str]]:
    """(mode, hash, path) of each line that git printed with `-z`; the hash is word number `hash_at`, from 0."""
    for line in listed.split(b"\0"):
        if line:
            about, _, path = line.partition(b"\t")
            words = about.decode().split()
            yield words[0], words[hash_at], os.fsdecode(path)


def _refuse_names(names: Iterable[str], ref: str) -> None:
    """ConfigurationError for unsafe names. These are git's own checks, which a commit that was only fetched has not
    passed; and no two names may be one for a file system that ignores case or the form of accents."""
    seen: dict[str, str] = {}
    for name in names:
        steps = name.split("/")
        if any(step in ("", ".", "..") or step.casefold() == ".git" for step in steps) or "\\" in name or ":" in name:
            raise ConfigurationError(f"{ref}: {name!a} is not a file name that every system allows: rename it there")
        for length in range(1, len(steps) + 1):
            part = "/".join(steps[:length])
            same = unicodedata.normalize("NFC", unicodedata.normalize("NFC", part).casefold())
            if (other := seen.setdefault(same, part)) != part:
                raise ConfigurationError(
                    f"{ref}: {other!a} and {part!a} are the same file on some systems: rename one there"
                )


def _write_file(path: Path, content: bytes, *, executable: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755 if executable else 0o644)


def _write_links(folder: Path, links: Mapping[str, str]) -> list[str]:
    """Make the links; only after all files, so that none is written through a link. Those that lead out of the folder
    are removed again; returns these."""
    for name, target in links.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)
    top, out = folder.resolve(), []
    for name in links:
        if not Path(os.path.realpath(folder / name)).is_relative_to(top):
            out.append(name)
    for name in out:
        (folder / name).unlink()
    return [f"{name} is a link that leads out of the repository" for name in out]


def _outside(repository: Repository) -> str:
    """A folder for temporary files that is not in the checkout."""
    checkout = repository.checkout
    for folder in (tempfile.gettempdir(), repository.environ.get("RUNNER_TEMP", ""), str(checkout.top.parent)):
        if folder and Path(folder).is_dir() and not checkout.holds(folder):
            return folder
    raise ConfigurationError("every folder for temporary files is inside the checkout: set TMPDIR to one outside of it")
