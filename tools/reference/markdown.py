"""Pieces of Markdown that GitHub and the site read alike."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

GENERATED = "<!-- Written from the source: make reference WRITE=1 -->"


_NAME = re.compile(r"(?<![`\w<])((?:[\w.]|<\w+>)*_(?:[\w*]|<\w+>)+)(?![`\w])(?=(?:[^`]*`[^`]*`)*[^`]*$)")
"""A name with an underscore that stands outside of backticks."""


def page(title: str, *parts: str) -> str:
    """A page, its parts kept apart by a blank line."""
    return "\n\n".join([f"# {title}", GENERATED, *(part for part in parts if part)]) + "\n"


def code(text: str) -> str:
    """As code, in a table too: the readers of Markdown disagree about an escaped bar inside of backticks."""
    if "|" in text or "`" in text:
        return f"<code>{html.escape(text, quote=False).replace('|', '&#124;').replace('`', '&#96;')}</code>"
    return f"`{text}`"


def prose(text: str) -> str:
    """Words of the source in one line; bars and angles stand for themselves, and names with an underscore are code."""
    pieces = _NAME.sub(r"`\1`", " ".join(text.split())).split("`")
    return "".join(code(piece) if index % 2 else _escaped(piece) for index, piece in enumerate(pieces))


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are Markdown already."""
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join(line.replace("|  |", "| |") for line in lines)
