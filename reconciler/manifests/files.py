"""Paths -> texts: which files hold manifests, and their text if it is safe to read. The only disk access here.

A folder is taken with all below it, hidden files left out; links are followed, but never round in a circle, nor out of
the repository. What cannot be read is a problem like any other. More than a run may read (`Budget`) ends it: whoever
may propose manifests could else keep it busy for ever. Each single file and document has limits of its own besides.
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
"""What manifests from standard input have for a file."""

MAX_BYTES = 10 * 2**20
"""The largest file that is read: 10 MiB."""

_DEEPEST = 64
_SUFFIXES = (".yaml", ".yml", ".json")
_JSON_PAIR = r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)"


class FileError(Exception):
    """A file that cannot be read as text, with its `problem`, which is gathered; `line` is where, if that is known."""

    def __init__(self, message: str, rule: str, fix: str = "", line: int = 0) -> None:
        super().__init__(message)
        self.problem = Problem((), message, rule, fix, location=Location("", line, min(line, 1)))


@dataclass(frozen=True, slots=True)
class Found:
    """A file to load: as people see it, how to read it, and whether it was only come across in a folder."""

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
    """The files to load, sorted within each folder, each once; or a label with what is wrong with it.

    No link leads out of the folder that is the boundary: the one given, which bounds paths too, else the git work tree
    around `root` (or `root` itself). TooMuchError if there is more than the budget.
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
    """A path as people can click it: relative to where they are, if it is below that."""
    return os.path.abspath(path).removeprefix(os.path.join(os.getcwd(), ""))  # noqa: PTH100, PTH109, PTH118 - Path is slow


@dataclass()
class _Walk:
    """One way through the folders of a project: what was met, what may still be met, and how far links may lead."""

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
        """Whether a path is inside by its name and outside by where it leads; `is_bounded`: or outside at all."""
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
    """Reads one file when called."""

    path: str

    def __call__(self) -> str:
        return read_text(self.path)


@lru_cache(maxsize=1)
def read_text(path: str) -> str:
    """The text of a file; FileError if it is none. The last one is kept: many problems may ask for it again."""
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
    """Bytes as text in UTF-8, with or without a byte order mark; FileError if they are too many or something else."""
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
    """JSON as YAML: it writes what is beyond the first 65,536 characters as two escapes, which YAML does not know."""
    return re.sub(_JSON_PAIR, _joined, text) if "\\u" in text else text


def _joined(found: re.Match[str]) -> str:
    high, low = found.groups()
    if high is None:
        return found.group()
    return f"\\U{0x10000 + ((int(high, 16) & 0x3FF) << 10) + (int(low, 16) & 0x3FF):08x}"


# Far above what people write (the largest project that is measured has 10,000 manifests), and far below what a job
# cannot take.
_MOST = {
    "files": 25_000,
    "folders": 10_000,
    "entries": 500_000,  # of folders, whatever they are
    "documents": 50_000,
    "values": 2_000_000,  # of lists and mappings, those that aliases repeat included
    "characters": 128 * 2**20,
    "problems": 20_000,
}
SECONDS = 120.0
"""How long reading and checking the manifests may take."""


class TooMuchError(ConfigurationError):
    """The project holds more than a run reads."""


@dataclass()
class Budget:
    """What is left for one run."""

    deadline: float = field(default_factory=lambda: time.monotonic() + SECONDS)
    spent: Counter[str] = field(default_factory=Counter)

    def spend(self, what: str, amount: int = 1) -> None:
        """Count some more; TooMuchError over a limit, or when the time is over."""
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
