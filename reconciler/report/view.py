"""The one view of a result that every form is made of: text, Markdown and HTML lay it out, and word nothing themselves.

Plans, drift, results and tests become a `Page` where their words are (`plan_text`, `drift_text`, `result_text`); a run
that failed becomes one here. Annotations, JUnit and SARIF are made of problems (`problems`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Problem
from reconciler.model.text import plural, printable

if TYPE_CHECKING:
    from reconciler.plan.changes import UnreadTarget


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
    first.
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
    """One target: its name, what it is, what to know first, its entries, what to know besides, and what was counted."""

    title: str
    about: str = ""
    notes: tuple[Line, ...] = ()
    entries: tuple[Entry, ...] = ()
    besides: tuple[Line, ...] = ()
    count: str = ""

    @property
    def remarks(self) -> tuple[Line, ...]:
        """Every line of the target, for a form that shows them below its entries."""
        return (*self.notes, *self.besides, *((Line(self.count),) if self.count else ()))


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


def in_order(read: Iterable[Section], unread: Iterable[UnreadTarget]) -> tuple[Section, ...]:
    """The sections of all targets, in the order of their names; where one could not be read, that is all it says."""
    missing = (
        Section(
            printable(item.target),
            printable(item.provider),
            besides=(Line(f"could not be read: {printable(item.error)}", Tone.BAD),),
        )
        for item in unread
    )
    return tuple(sorted([*read, *missing], key=lambda section: section.title))


def with_files(page: Page, files: Mapping[str, str]) -> Page:
    """The page whose entries know the file of their manifest, by its name: what is cut is then looked up there."""
    sections = tuple(
        replace(section, entries=tuple(replace(entry, file=files.get(entry.name, "")) for entry in section.entries))
        for section in page.sections
    )
    return replace(page, sections=sections)


def running_page(what: str, project: str) -> Page:
    """A run that has only begun: what an earlier one had to say is no longer to be relied on."""
    headline = f"A new {what} is under way: its report will stand here."
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
