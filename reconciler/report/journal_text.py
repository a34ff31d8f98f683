"""A journal as text: one line for each step with how it ended, and first what had not ended. Pure.

One file may hold several runs, since a journal is appended to; each begins where the steps count from one again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.apply.journal import Event, JournalLine
from reconciler.report.texts import Paint, plain, plural, printable

__all__ = ["render_journal"]

_COLOURS = {Event.FAILED: "red", Event.INTERRUPTED: "yellow"}


def render_journal(lines: list[JournalLine], paint: Paint = plain) -> str:
    """All runs of a journal, oldest first."""
    runs = _runs(lines)
    return "\n".join(row for number, run in enumerate(runs, start=1) for row in _render_run(number, run, paint)) + "\n"


def _runs(lines: Iterable[JournalLine]) -> list[list[JournalLine]]:
    runs: list[list[JournalLine]] = []
    for line in lines:
        if not runs or (line.number == 1 and line.event in (Event.BEGIN, Event.OUTCOME)):
            runs.append([])
        runs[-1].append(line)
    return runs


def _render_run(number: int, run: list[JournalLine], paint: Paint) -> Iterator[str]:
    ends = {line.number: line for line in run if line.event not in (Event.BEGIN, Event.OUTCOME)}
    open_steps = [line for line in run if line.event is Event.BEGIN and line.number not in ends]
    yield paint(f"Run {number}, begun {run[0].at}", "bold")
    if open_steps:
        words = f"{plural(len(open_steps), 'step')} begun and not ended: plan again, since only live state tells more"
        yield paint(words, "red")
        yield from (f"  {_step(line).rstrip(chr(44))}" for line in open_steps)
    for line in run:
        if line.event is Event.OUTCOME:
            yield f"  {line.at}  {_subject(line)}: {paint(line.status, 'bold')}"
        elif line.event is Event.BEGIN:
            yield f"  {line.at}  {_step(ends.get(line.number, line))} {_ended(ends.get(line.number), paint)}"


def _ended(end: JournalLine | None, paint: Paint) -> str:
    if end is None:
        return paint("not ended", "red")
    words = "done" if end.event is Event.END else f"{end.event.value} {end.error}".strip()
    return paint(words, _COLOURS.get(end.event, "green"))


def _step(line: JournalLine) -> str:
    return f"{_subject(line)}: {printable(line.step)} {printable(line.id)}".rstrip() + ","


def _subject(line: JournalLine) -> str:
    return printable(f"{line.target} {line.name}")
