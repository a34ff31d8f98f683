"""Pages as text for a terminal or a log, and the values that words are made of.

Whatever a user or a server wrote passes through `quoted` or `printable`, so that control characters, line breaks and
right-to-left marks in a name change nothing in the report.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from reconciler.model.text import printable, quoted
from reconciler.report.view import Entry, Line, Page, Section, Tone

if TYPE_CHECKING:
    from reconciler.model.masking import Json

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


_COLOURS = {
    Tone.ADD: "green",
    Tone.CHANGE: "yellow",
    Tone.REPLACE: "magenta",
    Tone.DESTROY: "red",
    Tone.GOOD: "green",
    Tone.WARN: "yellow",
    Tone.BAD: "red",
}


def _painted(text: str, tone: Tone, paint: Paint) -> str:
    """Whatever a line is made of, only our own colours reach a terminal as what they are."""
    shown = printable(text)
    return paint(shown, _COLOURS[tone]) if tone in _COLOURS else shown


def _set_in(line: Line, indent: int, paint: Paint) -> str:
    return _painted(f"{' ' * (indent + 2 * line.depth)}{line}", line.tone, paint)


def render_nested(page: Page, paint: Paint = plain) -> str:
    """Target by target, each entry below its target and its fields below it; the headline and its lines at the end."""
    lines = [_painted(f"! {note}", Tone.WARN, paint) for note in page.notes]
    lines += [""] if lines else []
    for section, following in pairwise((*page.sections, None)):
        if section is not None:
            lines += _nested(section, paint)
            together = following is not None and section.is_quiet and following.is_quiet
            lines += [] if together else [""]
    lines.append(paint(printable(page.headline), "bold"))
    return "\n".join([*lines, *(_set_in(line, 0, paint) for line in page.summary)]) + "\n"


def _nested(section: Section, paint: Paint) -> Iterator[str]:
    heading = f"{section.title} ({section.about})" if section.about else section.title
    if section.is_quiet:
        (line,) = section.besides or (Line(section.count),)
        sign = "! " if line.tone is Tone.BAD else ""
        yield _painted(f"{sign}{heading}: {line}", line.tone, paint)
        yield from (_set_in(line, 2, paint) for line in section.names)
        return
    yield paint(heading, "bold")
    yield from (_set_in(line, 2, paint) for line in section.names)
    yield from (_set_in(line, 2, paint) for line in section.notes)
    for entry in section.entries:
        joint = ": " if entry.tone is Tone.BAD else "  "  # what is wrong, or why it is done
        yield _painted(f"  {entry.title}{joint}{entry.said}", entry.tone, paint)
        yield from (_set_in(line, 6, paint) for line in entry.lines)
    for line in section.besides:
        yield _set_in(replace(line, sign="!") if line.tone is Tone.BAD else line, 2, paint)
    if section.count:
        yield printable(f"  {section.count}")


def render_flat(page: Page, paint: Paint = plain) -> str:
    """Each entry and line with its target, for logs that are searched; first what has a rank, the headline at the end.

    Of an entry that was shown when it ended, only the lines below it are here.
    """
    lines = [_painted(f"! {note}", Tone.WARN, paint) for note in page.notes]
    ranked = [(entry, section) for section in page.sections for entry in section.entries if entry.rank]
    for entry, section in sorted(ranked, key=lambda pair: pair[0].rank):
        lines += [entry_line(section.title, entry, paint), *(_set_in(line, 2, paint) for line in entry.lines)]
    for section in page.sections:
        lines += _flat(section, paint)
    return (
        "\n".join(
            [*lines, paint(printable(page.headline), "bold"), *(_set_in(line, 0, paint) for line in page.summary)]
        )
        + "\n"
    )


def _flat(section: Section, paint: Paint) -> Iterator[str]:
    yield from (_painted(f"{section.title}: {line}", line.tone, paint) for line in section.notes)
    for entry in section.entries:
        if entry.streamed and not entry.rank:
            yield from (printable(f"{section.title}: {entry.label}: {line}") for line in entry.lines)
        elif not entry.rank:
            yield entry_line(section.title, entry, paint)
            yield from (_set_in(line, 2, paint) for line in entry.lines)
    yield from (_painted(f"{section.title}: {line}", line.tone, paint) for line in section.besides)


def entry_line(target: str, entry: Entry, paint: Paint = plain) -> str:
    """`search: + SlackChannel "oncall" applied: verified`: one entry in a line of its own, as a log has it."""
    word = entry.word.upper() if entry.tone is Tone.BAD else entry.word
    shown = f" {_painted(word, entry.tone, paint)}" if word else ""
    return printable(f"{target}: {entry.title}") + shown + printable(f": {entry.remark}" if entry.remark else "")
