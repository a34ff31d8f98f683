"""A recording of a terminal: what real commands wrote to one, with their times, as an SVG that plays by itself."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

COLUMNS = 108
_TYPING = 0.012  # seconds a character
_READING = 0.8  # seconds before a command

_BLACK, _GREY, _WHITE = (72, 77, 87), (120, 126, 138), (215, 218, 224)
_COLOURS = [(239, 105, 112), (126, 200, 120), (229, 192, 100), (97, 175, 239), (198, 120, 221), (86, 194, 210)]
_THEME = TerminalTheme((30, 33, 39), _WHITE, [_BLACK, *_COLOURS, _WHITE], [_GREY, *_COLOURS, _WHITE])


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the recording, with its colours as ANSI, and the second at which it appears."""

    ansi: str
    at: float


def record(
    command: str, words: Sequence[str | Path], folder: Path, environ: Mapping[str, str], start: float
) -> list[Line]:
    """Run a command on a terminal of its own; its lines, `command` before them as a person types it."""
    begin = start + _READING
    lines = [Line("", begin)] if start > 0 else []
    lines += [Line(f"\x1b[1m$\x1b[0m {command}", begin)]
    begin += len(command) * _TYPING
    zero = time.monotonic()
    for text in _written(words, folder, environ):
        lines.append(Line(text, begin + time.monotonic() - zero))
    return lines


def _written(words: Sequence[str | Path], folder: Path, environ: Mapping[str, str]) -> Iterator[str]:
    ours, theirs = pty.openpty()
    given = {**environ, "COLUMNS": str(COLUMNS), "LINES": "40"}
    with subprocess.Popen(words, cwd=folder, env=given, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        rest = b""
        while chunk := _read(ours):
            *whole, rest = (rest + chunk).split(b"\r\n")
            yield from (line.decode("utf-8") for line in whole)
        if rest:
            yield rest.decode("utf-8")
        os.close(ours)
    if process.returncode:
        yield f"(exit code {process.returncode})"


def _read(file: int) -> bytes:
    try:
        return os.read(file, 65536)
    except OSError:  # the other end is closed: Linux's way to say that it is over
        return b""


def render(lines: Sequence[Line], title: str) -> str:
    """The recording as SVG: no script, and no font from elsewhere. Who wants no motion sees its end."""
    console = Console(width=COLUMNS, record=True, force_terminal=True, color_system="truecolor", file=io.StringIO())
    shown: list[float] = []
    for line in lines:
        text = Text.from_ansi(line.ansi)
        wrapped = text.wrap(console, COLUMNS)
        console.print(text)
        shown += [line.at] * max(len(wrapped), 1)
    form = re.sub(r"@font-face \{\{.*?\}\}\n", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    form = form.replace("Fira Code, monospace", "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace")
    svg = console.export_svg(title=title, theme=_THEME, code_format=form, unique_id="t")
    motion = "".join(
        f'text[clip-path="url(#t-line-{number})"]{{animation:t 1ms {at:.2f}s both}}' for number, at in enumerate(shown)
    )
    style = f"@media (prefers-reduced-motion:no-preference){{@keyframes t{{from{{opacity:0}}to{{opacity:1}}}}{motion}}}"
    return svg.replace("</style>", f"{style}</style>", 1)
