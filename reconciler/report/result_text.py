"""What became of an apply, tests and lists, as text. Pure: strings in, strings out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.apply.journal import Event, JournalLine
from reconciler.apply.results import ChangeResult, RunResult, Status, TargetResult, TestResult
from reconciler.apply.testing import Verdict
from reconciler.model.evidence import Delivery, Outcome
from reconciler.model.text import plural, printable
from reconciler.report.plan_text import summarise_disabled
from reconciler.report.texts import Paint, plain

_COLOURS = {Status.APPLIED: "green", Status.UNDONE: "yellow", Status.SKIPPED: "yellow", Status.HELD: "yellow"}
_URGENT = (Status.STRANDED, Status.KEPT, Status.UNKNOWN)


def render_change(target: str, result: ChangeResult, paint: Paint = plain) -> str:
    """One line for one change, as it happens."""
    change = result.change
    text = f": {printable(result.text)}" if result.text else ""
    colour = _COLOURS.get(result.status, "red")
    word = result.status.value.upper() if result.status in _URGENT else result.status.value
    return f'{target}: {change.action.sign} {change.kind} "{change.name}" {paint(word, colour)}{text}'


def render_result(result: RunResult, paint: Paint = plain) -> str:
    """The report of a whole apply: what needs a person first, then one summary line."""
    lines = [*_urgent(result, paint)]
    for target in result.targets:
        lines += _target(target, paint)
    lines.append(_summary(result, paint))
    return "\n".join(lines) + "\n"


def _urgent(result: RunResult, paint: Paint) -> Iterator[str]:
    for target in result.targets:
        for item in target.results:
            if item.status is Status.STRANDED:
                change = item.change
                yield paint(f"UNDO FAILED: {target.target} {change.kind} {change.name}: {printable(item.text)}", "red")
                yield f"  fix it with: {item.fix}" if item.fix else "  look at it by hand"
    if result.interrupted:
        yield from _cut_short(result, paint)


def _cut_short(result: RunResult, paint: Paint) -> Iterator[str]:
    """After an interrupt: what was undone and what nobody knows, before all else."""
    for status in (Status.UNDONE, Status.UNKNOWN):
        for target in result.targets:
            yield from (render_change(target.target, item, paint) for item in target.results if item.status is status)


def _target(target: TargetResult, paint: Paint) -> Iterator[str]:
    if target.error:
        yield paint(f"{target.target}: could not be read: {printable(target.error)}", "red")
    for item in target.results:
        yield from _recipients(target.target, item)
    for test in target.tests:
        yield render_test(test, paint)
    for text in target.overwritten:
        yield paint(f"{target.target}: {printable(text)}", "red")
    for note in target.notes:
        yield f"{target.target}: {printable(note)}"


def _recipients(target: str, item: ChangeResult) -> Iterator[str]:
    """Only where a mail reached some and not others are its recipients worth a line each."""
    yield from (f"{target}: {item.change.name}: {line}" for line in recipient_lines(item.verdict))


def recipient_lines(verdict: Verdict | None) -> list[str]:
    """A line for each recipient of a mail that did not reach all of them; else none."""
    return list(_partial(verdict.delivery)) if verdict is not None else []


def _partial(delivery: Delivery) -> Iterator[str]:
    failed = [person for person in delivery.recipients if person.outcome is not Outcome.ACCEPTED]
    if failed:
        yield from (
            f"{printable(person.recipient)} {person.outcome.value}"
            + (f" ({printable(person.text)})" if person.text else "")
            for person in delivery.recipients
        )


def summarise_result(result: RunResult) -> str:
    """`Applied: 3 applied, 1 skipped.`"""
    return _summary(result, plain)


def _summary(result: RunResult, paint: Paint) -> str:
    counts = dict.fromkeys(Status, 0)
    for target in result.targets:
        for item in target.results:
            counts[item.status] += 1
    words = [f"{count} {status.value}" for status, count in counts.items() if count]
    refused = sum(target.refused for target in result.targets)
    words += [f"{refused} refused"] if refused else []
    verified = sum(1 for t in result.targets for i in t.results if i.verdict is not None and i.verdict.passed)
    words += [f"{verified} verified by a test message"] if verified else []
    head = "Interrupted:" if result.interrupted else "Applied:"
    disabled = summarise_disabled(item for target in result.targets for item in target.disabled)
    left = f" {disabled}." if disabled else ""
    return f"{paint(head, 'bold')} {', '.join(words) if words else 'nothing to do'}.{left}"


def render_test(test: TestResult, paint: Paint = plain) -> str:
    """One line for one test notification, and one for each recipient where they fared differently."""
    if test.verdict is None:
        word, colour = "skipped", "yellow"
    elif test.verdict.passed:
        word, colour = "passed", "green"
    else:
        word, colour = "FAILED", "red"
    line = f'{test.target}: test {test.kind} "{test.name}" {paint(word, colour)}: {printable(test.text)}'
    if test.verdict is None:
        return line
    warning = [f"  warning: {test.verdict.warning}"] if test.verdict.warning else []
    return "\n".join([line, *warning, *(f"  {part}" for part in _partial(test.verdict.delivery))])


def render_tests(tests: Iterable[TestResult], paint: Paint = plain) -> str:
    """All tests and a summary line."""
    tests = list(tests)
    lines = [render_test(test, paint) for test in tests]
    head, _, counts = describe_tests(tests).partition(" ")
    return "\n".join([*lines, f"{paint(head, 'bold')} {counts}"]) + "\n"


def describe_tests(tests: list[TestResult]) -> str:
    """`Tested 3 channels: 2 passed, 1 failed, 0 skipped.`"""
    failed = sum(1 for test in tests if test.failed)
    skipped = sum(1 for test in tests if test.verdict is None)
    passed = len(tests) - failed - skipped
    return f"Tested {plural(len(tests), 'channel')}: {passed} passed, {failed} failed, {skipped} skipped."


_STEP_COLOURS = {Event.FAILED: "red", Event.INTERRUPTED: "yellow"}


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
    return paint(words, _STEP_COLOURS.get(end.event, "green"))


def _step(line: JournalLine) -> str:
    return f"{_subject(line)}: {printable(line.step)} {printable(line.id)}".rstrip() + ","


def _subject(line: JournalLine) -> str:
    return printable(f"{line.target} {line.name}")
