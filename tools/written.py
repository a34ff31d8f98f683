"""Files of this repository that are generated from its source: writes them, or shows how they differ."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_SHOWN = 200  # lines of a difference


def write(files: Mapping[Path, str]) -> None:
    """Write every file, with the folders that it needs."""
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def compare(files: Mapping[Path, str]) -> Iterator[str]:
    """The lines of a diff from each file as it is to what it should be; none if they agree."""
    for path, text in files.items():
        found = path.read_text("utf-8") if path.is_file() else ""
        yield from difflib.unified_diff(
            found.splitlines(), text.splitlines(), str(path), f"{path.name} by the code", lineterm=""
        )


def between(page: str, name: str, text: str) -> str:
    """The page with this text between `<!-- NAME -->` and `<!-- end -->`; ValueError if it has no such place."""
    begin, rest = page.split(f"<!-- {name} -->\n", 1)
    _, end = rest.split("<!-- end -->", 1)
    return f"{begin}<!-- {name} -->\n{text}\n<!-- end -->{end}"


def run(tool: str, files: Mapping[Path, str], arguments: Sequence[str]) -> int:
    """Carry out `--write` or `--check`. Returns the exit code: 0 if written or equal, 1 if they differ, 64 for wrong
    arguments."""
    if list(arguments) == ["--write"]:
        write(files)
        return 0
    if list(arguments) != ["--check"]:
        sys.stderr.write(f"usage: python -m tools.{tool} --write|--check\n")
        return 64
    differences = list(compare(files))
    if differences:
        lines = [*differences[:_SHOWN], f"Files are not as the code says: make {tool} WRITE=1\n"]
        sys.stderr.write("\n".join(lines))
    return 1 if differences else 0
