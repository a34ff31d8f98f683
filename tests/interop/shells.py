"""Completion, by the shells that it is for: what each would offer after `reconciler pl`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.interop.tools import Tool, run, words_of

__all__ = ["play_bash", "play_fish", "play_zsh"]

_COMMAND = Path(sys.executable).parent / "reconciler"
_BASH = """
source "$SCRIPT"
COMP_WORDS=(reconciler pl) COMP_CWORD=1
_reconciler_completion reconciler
printf '%s\\n' "${COMPREPLY[@]}"
"""
_ZSH = """
autoload -U compinit && compinit -u -d "$HOME/.zcompdump"
compadd() { print -l -- "$@" }
_describe() { local name=$argv[-2]; [[ -n $name ]] && print -l -- ${(P)argv[-1]} ${(P)name} }
source "$SCRIPT"
words=(reconciler pl) CURRENT=2
_reconciler_completion
"""


@contextmanager
def _script(shell: str) -> Iterator[tuple[Path, dict[str, str]]]:
    with tempfile.TemporaryDirectory(prefix="reconciler-interop-") as name:
        path = Path(name) / f"completion.{shell}"
        path.write_text(run([_COMMAND, "completion", shell]).stdout, "utf-8")
        yield path, {"SCRIPT": str(path), "HOME": name, "PATH": f"{_COMMAND.parent}{os.pathsep}{os.environ['PATH']}"}


def _offers(said: str) -> None:
    assert "plan" in said, f"it does not offer `plan`: {said!r}"
    assert "destroy" not in said, f"it offers what was not asked for: {said!r}"


def play_bash() -> list[str]:
    """Bash, 4.4 or newer."""
    words, version = words_of(Tool("bash"))
    with _script("bash") as (_, environ):
        _offers(run([*words, "--noprofile", "--norc", "-c", _BASH], environ=environ).stdout)
    return [version]


def play_zsh() -> list[str]:
    """Zsh, with its own completion system loaded; what would be shown is printed."""
    words, version = words_of(Tool("zsh"))
    with _script("zsh") as (_, environ):
        _offers(run([*words, "-f", "-c", _ZSH], environ=environ).stdout)
    return [version]


def play_fish() -> list[str]:
    """Fish tells itself what it would offer."""
    words, version = words_of(Tool("fish"))
    with _script("fish") as (path, environ):
        asked = f"source {path}; complete -C 'reconciler pl'"
        _offers(run([*words, "--no-config", "-c", asked], environ=environ).stdout)
    return [version]
