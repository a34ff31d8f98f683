"""Tables as text, for the verbs that list things. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.model.text import printable


def render_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The rows below the headings, in columns as wide as their longest cell; "" if there are no rows."""
    cells = [[*map(printable, row)] for row in rows]
    if not cells:
        return ""
    table = [[*headings], *cells]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table)
    return "".join(f"{line}\n" for line in lines)
