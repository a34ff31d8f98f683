"""A report as a value: headline, sections, entries, each with plain lines. What Markdown and HTML are made from.

Every text in a page is plain text; whoever renders one escapes all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Entry", "Page", "Section", "Tone"]


class Tone(StrEnum):
    """What an entry means for its reader, and so its colour."""

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
        return 1 if self is Tone.WARN else 2


@dataclass(frozen=True, slots=True)
class Entry:
    """One change, test or finding: a line, and the lines below it. `group` is what it is counted as when cut."""

    tone: Tone
    sign: str
    kind: str
    name: str
    remark: str = ""
    lines: tuple[str, ...] = ()
    group: str = ""

    @property
    def title(self) -> str:
        """`+ SlackChannel "oncall"`."""
        return f'{self.sign} {self.kind} "{self.name}"'.strip()


@dataclass(frozen=True, slots=True)
class Section:
    """One target: its name, what it is, its entries, and remarks below them."""

    title: str
    about: str = ""
    entries: tuple[Entry, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report. `what` is the verb, `headline` its outcome in one sentence of our own words."""

    what: str
    project: str
    headline: str
    tone: Tone
    remarks: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
