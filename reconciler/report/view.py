"""The one view of a result that every form is made of: text, Markdown and HTML lay it out, and word nothing themselves.

Plans, drift, results and tests become a `Page` where their words are (`plan_text`, `drift_text`, `result_text`); a run
that failed becomes one here. Annotations, JUnit and SARIF are made of problems (`problems`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Problem
from reconciler.model.text import plural, printable

if TYPE_CHECKING:
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


def with_files(page: Page, files: Mapping[str, str]) -> Page:
    """The page whose entries know the file of their manifest, by its name: what is cut is then looked up there."""
    sections = tuple(
        replace(section, entries=tuple(replace(entry, file=files.get(entry.name, "")) for entry in section.entries))
        for section in page.sections
    )
    return replace(page, sections=sections)


def running_page(what: str, project: str) -> Page:
    """A run that has only begun: what an earlier one had to say is no longer to be relied on."""
    headline = f"A new {what} is under way: its report will appear here."
    missing = Line("if it does not, look at the run itself: it did not get that far")
    return Page(what, project, headline, Tone.WARN, summary=(missing,))


def note_page(what: str, project: str, problems: Iterable[Problem]) -> Page:
    """A run that had nothing to report, which is no failure, and why."""
    lines = _lines(problems)
    return Page(what, project, f"There is no {what} to show.", Tone.WARN, summary=lines)


def failure_page(what: str, project: str, problems: Iterable[Problem]) -> Page:
    """A run that failed: what stopped it, instead of what an earlier run had to say."""
    lines = _lines(problems)
    return Page(what, project, f"The {what} failed: {plural(max(1, len(lines)), 'error')}.", Tone.BAD, summary=lines)


def _lines(problems: Iterable[Problem]) -> tuple[Line, ...]:
    """A remark for each line of a message: what a run says of several secrets at once has several."""
    return tuple(Line(printable(line)) for problem in problems for line in str(problem).splitlines())
