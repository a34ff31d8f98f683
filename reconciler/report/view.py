"""The view of a result from which text, Markdown and HTML are made; and its layout as text for a terminal or a log.

`plan_text`, `drift_text` and `result_text` make a `Page` of plans, drift, results and tests, `failure` of a run that
failed. The layouts add no words of their own. Whatever a user or a server wrote passes through `quoted` or
`printable`, so that control characters, line breaks and right-to-left marks in a name cannot alter the report.
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
"""Up to this many targets are shown one by one; among more, those that are alike are shown as one."""

_NAMES_A_LINE = 40


class Tone(StrEnum):
    """What an entry or a line means to its reader; decides its colour."""

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
        """0 for what is cut last from a report that is too long, 3 for what is cut first."""
        if self in (Tone.BAD, Tone.DESTROY, Tone.REPLACE):
            return 0
        return {Tone.CHANGE: 1, Tone.WARN: 2}.get(self, 3)


@dataclass(frozen=True, slots=True)
class Line:
    """One line below an entry, a target or a headline. `sign` says how a field changes (`+`, `-`, `~`); `depth` is the
    number of indents."""

    text: str
    tone: Tone = Tone.PLAIN
    sign: str = ""
    depth: int = 0

    def __str__(self) -> str:
        return f"{self.sign} {self.text}" if self.sign else self.text


@dataclass(frozen=True, slots=True)
class Entry:
    """One change, test or refusal: a line, and the lines below it.

    `sign` is what is done (`+`, `test`), `word` how it ended, `remark` why, or what it is about. `group` is how it is
    counted when it is cut. `id` is the live object's, and given only if it is needed to tell two of one name apart.
    A `streamed` entry was already shown when it ended, so the closing text has only the lines below it; but entries
    with a `rank` come before everything else, the lowest rank first. `times` is the number of targets that it is on.
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
    """One target: its name (`title`), its system (`about`), what to know first (`notes`), its entries, what to know
    after them (`besides`), and the counts of the rest (`count`).

    A section for several targets that are alike has their number as its title and in `times`, and lists their `names`.
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
        """Whether one line says all about it: the counts, or why it could not be read."""
        return not (self.notes or self.entries) and len(self.besides) + bool(self.count) == 1


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report. `what` is the verb, `headline` its outcome in one sentence; `notes` come before everything else,
    `summary` below the headline; `facts` are pairs of a name and a value, such as the commit."""

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
    """The sections of the targets that were read, sorted by name, then one for each target that could not be, with the
    reason. `folded`: if there are many targets, those that are alike become one section."""
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
    """Join sections that differ only in their target; the joined section names all of them, and comes where the first
    of them was."""
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
"""Colours a text: (text, name of the colour, or `bold`) -> text."""


def plain(text: str, _colour: str) -> str:
    """The Paint for pipes, files and NO_COLOR: no colour."""
    return text


def shown_value(value: Json) -> str:
    """A field's value as text: strings quoted, sets in brackets, a secret as its masked value `from` its reference."""
    if isinstance(value, dict) and "secret" in value:
        reference = f" from {printable(str(value['reference']))}" if "reference" in value else ""
        return f"{printable(str(value['secret']))}{reference}"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(shown_value(item) for item in value)}]"
    return json.dumps(value)


def shown_time(moment: str) -> str:
    """A server's time (milliseconds since 1970, or ISO 8601) as `2026-11-23 21:56 UTC`; any other text as it is."""
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
    """The text made printable, so that no control character of it reaches a terminal; then coloured."""
    shown = printable(text)
    return paint(shown, _COLOURS[tone]) if tone in _COLOURS else shown


def _set_in(line: Line, indent: int, paint: Paint) -> str:
    return _painted(f"{' ' * (indent + 2 * line.depth)}{line}", line.tone, paint)


def render_nested(page: Page, paint: Paint = plain) -> str:
    """The page as text: entries below their targets, fields below their entries; headline and summary at the end."""
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
        joint = ": " if entry.tone is Tone.BAD else "  "  # before what is wrong; reasons come in brackets
        yield _painted(f"  {entry.title}{joint}{entry.said}", entry.tone, paint)
        yield from (_set_in(line, 6, paint) for line in entry.lines)
    for line in section.besides:
        yield _set_in(replace(line, sign="!") if line.tone is Tone.BAD else line, 2, paint)
    if section.count:
        yield printable(f"  {section.count}")


def render_flat(page: Page, paint: Paint = plain) -> str:
    """The page as text for logs that are searched: every line names its target. Entries with a rank come first,
    headline and summary last; of other streamed entries there are only the lines below them."""
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
    """`search: + SlackChannel "oncall" applied: verified`: one entry on one line, as in a log."""
    word = entry.word.upper() if entry.tone is Tone.BAD else entry.word
    shown = f" {_painted(word, entry.tone, paint)}" if word else ""
    return printable(f"{target}: {entry.title}") + shown + printable(f": {entry.remark}" if entry.remark else "")
