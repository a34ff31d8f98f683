"""The one view of a result that every form is made of, and the first of these forms: text for a terminal or a log.

Plans, drift, results and tests become a `Page` where their words are (`plan_text`, `drift_text`, `result_text`), a run
that failed in `failure`. Text, Markdown and HTML lay it out, and word nothing themselves. Annotations, JUnit and SARIF
are made of problems (`problems`). Whatever a user or a server wrote passes through `quoted` or `printable`, so that
control characters, line breaks and right-to-left marks in a name change nothing in the report.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from reconciler.model.dataclass import dataclass
from reconciler.model.text import plural, printable, quoted

if TYPE_CHECKING:
    from reconciler.model.masking import Json
    from reconciler.plan.changes import UnreadTarget

_FEW_SECTIONS = 10
"""So many targets are shown one by one, whatever they have in common."""

_NAMES_A_LINE = 40


class Tone(StrEnum):
    """What an entry or a line means for its reader, and so its colour."""

    ADD = "add"
    CHANGE = "change"
    REPLACE = "replace"
    DESTROY = "destroy"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    PLAIN = "plain"

    @property
    def urgency(self) -> int:
        """0 for what must not be cut from a short report, more for what may be."""
        if self in (Tone.BAD, Tone.DESTROY, Tone.REPLACE):
            return 0
        return {Tone.CHANGE: 1, Tone.WARN: 2}.get(self, 3)


@dataclass(frozen=True, slots=True)
class Line:
    """One line below an entry, a target or a headline; `sign` is a changed field's, `depth` how far it is set in."""

    text: str
    tone: Tone = Tone.PLAIN
    sign: str = ""
    depth: int = 0

    def __str__(self) -> str:
        return f"{self.sign} {self.text}" if self.sign else self.text


@dataclass(frozen=True, slots=True)
class Entry:
    """One change, test or refusal: a line, and the lines below it. `sign` is what is done (`+`, `test`).

    `word` is how it ended, `remark` why, or what it is about; `group` is what it is counted as when cut. `id` is the
    live object's, where only that tells it from another of its name. What is `streamed` was shown when it ended: a text
    that ends the run holds only the lines below it, but for what has a `rank`, which comes before all else, the lowest
    first. `times` is on how many targets it stands so.
    """

    tone: Tone
    sign: str
    kind: str
    name: str
    remark: str = ""
    lines: tuple[Line, ...] = ()
    group: str = ""
    file: str = ""
    word: str = ""
    streamed: bool = False
    rank: int = 0
    id: str = ""
    times: int = 1

    @property
    def title(self) -> str:
        """`+ SlackChannel "oncall"`."""
        return f"{self.sign} {self.subject}".strip()

    @property
    def label(self) -> str:
        """Its name, or NAME@ID where several have it: what a command takes."""
        return f"{self.name}@{self.id}" if self.id else self.name

    @property
    def subject(self) -> str:
        """`SlackChannel "oncall"`."""
        return f'{self.kind} "{self.label}"'

    @property
    def said(self) -> str:
        """`failed: the receiver refused it`: the word and the remark."""
        return ": ".join(part for part in (self.word, self.remark) if part)


@dataclass(frozen=True, slots=True)
class Section:
    """One target: its name, what it is, what to know first, its entries, what to know besides, and what was counted.

    One of several targets that are alike has their number as its title, and their names; `times` is that number.
    """

    title: str
    about: str = ""
    names: tuple[Line, ...] = ()
    notes: tuple[Line, ...] = ()
    entries: tuple[Entry, ...] = ()
    besides: tuple[Line, ...] = ()
    count: str = ""
    times: int = 1

    @property
    def remarks(self) -> tuple[Line, ...]:
        """Every line of the target, for a form that shows them below its entries."""
        return (*self.names, *self.notes, *self.besides, *((Line(self.count),) if self.count else ()))

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to say of it but one thing: what was counted, or why it was not read."""
        return not (self.notes or self.entries) and len(self.besides) + bool(self.count) == 1


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report. `what` is the verb, `headline` its outcome in one sentence of our own words; `notes` come before
    all else, `summary` belongs below the headline."""

    what: str
    project: str
    headline: str
    tone: Tone
    notes: tuple[Line, ...] = ()
    summary: tuple[Line, ...] = ()
    sections: tuple[Section, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def remarks(self) -> tuple[Line, ...]:
        """Every line that is about no single target."""
        return (*self.notes, *self.summary)


def in_order(read: Iterable[Section], unread: Iterable[UnreadTarget], *, folded: bool = True) -> tuple[Section, ...]:
    """The sections of the targets that were read, in the order of their names, then of those that could not be, each
    with nothing but the reason. `folded`: of many targets those that are alike are one section."""
    ordered = sorted(read, key=_title)
    missing = (
        Section(
            printable(item.target),
            printable(item.provider),
            besides=(Line(f"could not be read: {printable(item.error)}", Tone.BAD),),
        )
        for item in unread
    )
    return (
        *(_alike_as_one(ordered) if folded and len(ordered) > _FEW_SECTIONS else ordered),
        *sorted(missing, key=_title),
    )


def _title(section: Section) -> str:
    return section.title


def _alike_as_one(sections: Iterable[Section]) -> Iterator[Section]:
    """Sections that differ by their targets alone as one, which names them all, where the first of them stood."""
    groups: dict[Section, list[str]] = {}
    for section in sections:
        groups.setdefault(replace(section, title=""), []).append(section.title)
    for section, titles in groups.items():
        if len(titles) == 1:
            yield replace(section, title=titles[0])
            continue
        names = (", ".join(titles[start : start + _NAMES_A_LINE]) for start in range(0, len(titles), _NAMES_A_LINE))
        yield replace(
            section,
            title=plural(len(titles), "target"),
            times=len(titles),
            names=tuple(map(Line, names)),
            entries=tuple(replace(entry, times=len(titles)) for entry in section.entries),
            count=f"{section.count}, each" if section.count else "",
        )


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
