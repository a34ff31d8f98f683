"""Paths -> texts: finds the files that hold manifests, and reads those that are safe to read.

A folder stands for everything below it except hidden files. Links are followed, but not in circles, nor out of the
repository. A file that cannot be read is a problem like any other. A run that would read too much is ended (`Budget`),
since whoever may propose manifests could otherwise keep it busy for ever; single files and documents have limits too.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from functools import lru_cache
from pathlib import Path
from typing import IO

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, Location, Problem

STDIN = "<stdin>"
"""How problems name standard input, in place of a file."""

MAX_BYTES = 10 * 2**20
"""The largest file that is read: 10 MiB."""

_DEEPEST = 64
_SUFFIXES = (".yaml", ".yml", ".json")
_JSON_PAIR = r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)"


class FileError(Exception):
    """A file cannot be read as text; `problem` says why. `line` is where, or 0."""

    def __init__(self, message: str, rule: str, fix: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.problem = Problem((), message, rule, fix, location=Location("", line, min(line, 1)))


@dataclass(frozen=True, slots=True)
class Found:
    """A file to load: `label` is how problems name it, `read` gives its text, and `in_folder` says that it was found in
    a folder, not named itself."""

    label: str
    read: Callable[[], str]
    in_folder: bool = False


def find_files(
    paths: Sequence[Path | str],
    root: Path,
    stdin: IO[bytes] | IO[str] | None,
    budget: Budget | None = None,
    boundary: Path | None = None,
) -> Iterator[Found | tuple[str, FileError]]:
    """The files to load, each only once and sorted within its folder; or a label, with what is wrong with that file.

    No link may lead out of `boundary`, nor may a path; without it, no link may lead out of the git work tree around
    `root` (or out of `root` itself). TooMuchError over the budget.
    """
    walk = _Walk(budget or Budget(), os.path.realpath(boundary or _work_tree(root)))
    seen = walk.seen
    for given in paths:
        if str(given) == "-":
            yield _stdin(stdin)
            continue
        path = root / given
        label = label_of(path)
        try:
            status = path.stat()
            if walk.leads_out(str(path), is_bounded=boundary is not None):
                yield label, _leads_out()
            elif stat.S_ISDIR(status.st_mode):
                yield from walk.below(path)
            elif _is_new(status, seen):
                walk.budget.spend("files")
                yield Found(label, _Reader(str(path)))
        except OSError as error:
            yield label, _unreadable(error)


def label_of(path: Path) -> str:
    """A path as problems show it: relative to the current folder if it is below that, else absolute."""
    return os.path.abspath(path).removeprefix(os.path.join(os.getcwd(), ""))  # noqa: PTH100, PTH109, PTH118 - Path is slow


@dataclass()
class _Walk:
    """One walk through the folders of a project. `limit` is the folder that nothing may lead out of; `seen` holds the
    files and folders that were found, by device and inode."""

    budget: Budget
    limit: str
    seen: set[tuple[int, int]] = field(default_factory=set)

    def below(self, folder: Path, depth: int = 0) -> Iterator[Found | tuple[str, FileError]]:
        if not _is_new(folder.stat(), self.seen):
            return
        self.budget.spend("folders")
        label = os.path.join(label_of(folder), "")  # noqa: PTH118 - Path is slow, and a folder may hold thousands
        for entry in sorted(self._entries(folder), key=lambda entry: entry.name):
            if entry.name.startswith("."):
                continue
            try:
                if entry.is_symlink() and self._is_outside(entry.path):
                    yield label + entry.name, _leads_out()
                elif entry.is_dir():
                    if depth == _DEEPEST:
                        yield (
                            label + entry.name,
                            FileError("is nested too deep", "unreadable-file", "use fewer folders"),
                        )
                    else:
                        yield from self.below(Path(entry.path), depth + 1)
                elif entry.name.lower().endswith(_SUFFIXES) and _is_new(entry.stat(), self.seen):
                    self.budget.spend("files")
                    yield Found(label + entry.name, _Reader(entry.path), in_folder=True)
            except OSError as error:
                yield label + entry.name, _unreadable(error)

    def leads_out(self, path: str, *, is_bounded: bool) -> bool:
        """Whether links lead a path that is inside by its name outside; `is_bounded`: or it is outside anyway."""
        name = Path(os.path.normpath(path))
        by_name = os.path.realpath(name.parent) if name.is_symlink() else os.path.realpath(name)
        return self._is_outside(path) and (is_bounded or not self._is_outside(by_name))

    def _is_outside(self, path: str) -> bool:
        real = os.path.realpath(path)
        return real != self.limit and not real.startswith(self.limit.rstrip(os.sep) + os.sep)

    def _entries(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        with os.scandir(folder) as entries:
            for entry in entries:
                self.budget.spend("entries")
                yield entry


def _work_tree(root: Path) -> Path:
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)


def _leads_out() -> FileError:
    return FileError("leads out of the repository", "link-out", "put the file or folder itself there")


def _is_new(status: os.stat_result, seen: set[tuple[int, int]]) -> bool:
    identity = (status.st_dev, status.st_ino)
    new = identity not in seen
    seen.add(identity)
    return new


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the file when it is called."""

    path: str

    def __call__(self) -> str:
        return read_text(self.path)


@lru_cache(maxsize=1)
def read_text(path: str) -> str:
    """The text of a file; FileError if it cannot be read. The last text is kept, since locating each problem asks for
    it again."""
    try:
        status = os.stat(path)  # noqa: PTH116 - as above
        if not stat.S_ISREG(status.st_mode):
            raise FileError("is not a regular file", "unreadable-file", "give a file or a folder, or - for stdin")
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as above
            data = file.read(min(status.st_size, MAX_BYTES) + 1)
    except OSError as error:
        raise _unreadable(error) from None
    text = decode(data)
    return in_yaml(text) if path.lower().endswith(".json") else text


def decode(data: bytes) -> str:
    """Bytes as text in UTF-8, with or without a byte order mark; FileError if they are too many, or not UTF-8."""
    if len(data) > MAX_BYTES:
        raise FileError("is larger than 10 MiB", "file-too-large", "split it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    raise FileError("is not UTF-8 text", "not-utf-8", "save it as UTF-8", line)


def _stdin(stream: IO[bytes] | IO[str] | None) -> Found | tuple[str, FileError]:
    if stream is None:
        return STDIN, FileError("there is nothing on standard input", "missing-file", "pipe the manifests in")
    raw: IO[bytes] | IO[str] = getattr(stream, "buffer", stream)
    data = raw.read(MAX_BYTES + 1)
    try:
        text = decode(data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data)
    except FileError as problem:
        return STDIN, problem
    return Found(STDIN, lambda: text)


def _unreadable(error: OSError) -> FileError:
    if isinstance(error, FileNotFoundError):
        return FileError("does not exist", "missing-file", "correct the path, or create it")
    if isinstance(error, PermissionError):
        return FileError("may not be read", "unreadable-file", "change its permissions")
    return FileError(f"cannot be read: {os.strerror(error.errno or 0)}", "unreadable-file")


def in_yaml(text: str) -> str:
    """A JSON file's text as YAML: JSON writes characters over U+FFFF as escaped surrogate pairs, which YAML has not."""
    return re.sub(_JSON_PAIR, _joined, text) if "\\u" in text else text


def _joined(found: re.Match[str]) -> str:
    high, low = found.groups()
    if high is None:
        return found.group()
    return f"\\U{0x10000 + ((int(high, 16) & 0x3FF) << 10) + (int(low, 16) & 0x3FF):08x}"


# Far more than people write (the largest project that we measure has 10,000 manifests), and far less than a job cannot
# take.
_MOST = {
    "files": 25_000,
    "folders": 10_000,
    "entries": 500_000,  # of folders, whatever they are
    "documents": 50_000,
    "values": 2_000_000,  # in lists and mappings, including those that aliases repeat
    "characters": 128 * 2**20,
    "problems": 20_000,
}
SECONDS = 120.0
"""How long reading and checking the manifests may take."""


class TooMuchError(ConfigurationError):
    """The project has more than a run may read."""


@dataclass()
class Budget:
    """What one run has read, held against the limits."""

    deadline: float = field(default_factory=lambda: time.monotonic() + SECONDS)
    spent: Counter[str] = field(default_factory=Counter)

    def spend(self, what: str, amount: int = 1) -> None:
        """Count `amount` more; TooMuchError over a limit, or after the deadline."""
        self.spent[what] += amount
        if self.spent[what] > _MOST[what]:
            raise TooMuchError(
                f"the manifests hold more than {_MOST[what]:,} {what}: nothing was compared; split the project, or "
                "take out what does not belong there"
            )
        if time.monotonic() > self.deadline:
            raise TooMuchError(
                f"reading the manifests took more than {SECONDS:g} seconds: nothing was compared; split the "
                "project, or take out what does not belong there"
            )
