"""Words and values as plain text: the pieces that every text report is made of.

Whatever a user or a server wrote passes through `quoted` or `printable`, so that control characters, line breaks and
right-to-left marks in a name change nothing in the report.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

from reconciler.model.masking import Json
from reconciler.model.text import printable, quoted

Paint = Callable[[str, str], str]
"""Colours a text: (text, colour name) -> text. `plain` colours nothing."""


def plain(text: str, _colour: str) -> str:
    """The Paint of pipes, files and NO_COLOR."""
    return text


def shown_value(value: Json) -> str:
    """A shown field value: quoted texts, sets in brackets, secrets as `address from reference`."""
    if isinstance(value, dict) and "secret" in value:
        reference = f" from {printable(str(value['reference']))}" if "reference" in value else ""
        return f"{printable(str(value['secret']))}{reference}"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(shown_value(item) for item in value)}]"
    return json.dumps(value)


def shown_time(moment: str) -> str:
    """A server's time (milliseconds since 1970, or ISO 8601) as `2026-11-23 21:56 UTC`; "" where there is none."""
    try:
        parsed = datetime.fromtimestamp(int(moment) / 1000, UTC) if moment.isdigit() else datetime.fromisoformat(moment)
    except (ValueError, OverflowError, OSError):
        return printable(moment)
    return parsed.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
