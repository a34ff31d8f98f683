"""What became of an apply, tests and lists, as text. Pure: strings in, strings out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

from reconciler.apply.journal import Event, JournalLine
from reconciler.apply.results import ChangeResult, RunResult, Status, TargetResult, TestResult
from reconciler.model.evidence import No, Outcome, RecipientDelivery, Tally, Tested, Unknown, Yes, tally
from reconciler.model.exits import Exit
from reconciler.model.gaps import GAPS, UnknownReason
from reconciler.model.text import plural, printable
from reconciler.plan.changes import Action
from reconciler.report.plan_text import count_gaps, summarise_disabled
from reconciler.report.texts import Paint, plain

_CAREFUL = frozenset({Status.REJECTED, Status.ROLLED_BACK, Status.SKIPPED, Status.HELD})
_URGENT = (Status.STRANDED, Status.KEPT, Status.UNKNOWN)
_STANDING = frozenset({Status.APPLIED, Status.KEPT})


def render_change(target: str, result: ChangeResult, paint: Paint = plain) -> str:
    """One line for one change, as it happens."""
    change = result.change
    text = f": {printable(result.text)}" if result.text else ""
    word = result.status.value.upper() if result.status in _URGENT else result.status.value
    return f'{target}: {change.action.sign} {change.kind} "{change.name}" {paint(word, _colour(result))}{text}'


def _colour(result: ChangeResult) -> str:
    """Green is for what there is evidence for, or what needs none."""
    if is_good(result):
        return "green"
    return "yellow" if result.status in _CAREFUL or result.status is Status.APPLIED else "red"


def is_good(result: ChangeResult) -> bool:
    """Whether a change is applied, and verified if it affects what a channel delivers."""
    if result.status is not Status.APPLIED:
        return False
    return result.tested is None or result.verified


def render_result(result: RunResult, paint: Paint = plain) -> str:
    """The report of a whole apply: what needs a person first, then one summary line."""
    lines = [*_urgent(result, paint)]
    lines += [paint(f"{item.target}: could not be read: {printable(item.error)}", "red") for item in result.unread]
    for target in result.targets:
        lines += _target(target, paint)
    lines.append(_summary(result, paint))
    return "\n".join(lines) + "\n"


def _urgent(result: RunResult, paint: Paint) -> Iterator[str]:
    for target in result.targets:
        for item in target.results:
            if item.status is Status.STRANDED:
                change = item.change
                yield paint(
                    f"ROLLBACK FAILED: {target.target} {change.kind} {change.name}: {printable(item.text)}", "red"
                )
                yield f"  fix it with: {item.fix}" if item.fix else "  look at it by hand"
    if result.interrupted:
        yield from _cut_short(result, paint)


def _cut_short(result: RunResult, paint: Paint) -> Iterator[str]:
    """After an interrupt: what was rolled back and what nobody knows, before all else."""
    for status in (Status.ROLLED_BACK, Status.REJECTED, Status.UNKNOWN):
        for target in result.targets:
            yield from (render_change(target.target, item, paint) for item in target.results if item.status is status)


def _target(target: TargetResult, paint: Paint) -> Iterator[str]:
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
    yield from (f"{target}: {item.change.name}: {line}" for line in recipient_lines(item.tested))


def recipient_lines(tested: Tested | None) -> list[str]:
    """A line for each recipient of a mail that did not reach all of them; else none."""
    return list(_partial(tested.recipients)) if tested is not None else []


def _partial(recipients: tuple[RecipientDelivery, ...]) -> Iterator[str]:
    failed = [person for person in recipients if person.outcome is not Outcome.ACCEPTED]
    if failed:
        yield from (
            f"{printable(person.recipient)} {person.outcome.value}"
            + (f" ({printable(person.text)})" if person.text else "")
            for person in recipients
        )


def summarise_result(result: RunResult) -> str:
    """`Apply complete! 3 added, 1 changed, 0 destroyed; 3 verified by a test message.`"""
    return _summary(result, plain)


def _summary(result: RunResult, paint: Paint) -> str:
    parts = [_standing(result), *_verified(tally(result.evidence)), *_others(result)]
    return f"{paint(_head(result), 'bold')} {'; '.join(parts)}."


def _head(result: RunResult) -> str:
    if result.interrupted:
        return "Interrupted:"
    return "Apply complete!" if result.exit_code in (Exit.DONE, Exit.TEST_FAILED) else "Apply incomplete:"


def _standing(result: RunResult) -> str:
    done = [item.change.action for target in result.targets for item in target.results if item.status in _STANDING]
    replaces = done.count(Action.REPLACE)
    added, destroyed = done.count(Action.CREATE) + replaces, done.count(Action.DELETE) + replaces
    return f"{added} added, {done.count(Action.UPDATE)} changed, {destroyed} destroyed"


def _verified(counts: Tally) -> Iterator[str]:
    """What is known by a test, and what could not be known and why; nothing else is called verified."""
    if counts.yes:
        yield f"{counts.yes} verified by a test message"
    for reason, count in counts.unknown.items():
        if not GAPS[reason].fails:
            words = "not verified" if reason is UnknownReason.NOT_DUE else "could not be verified"
            yield f"{count} {words}: {GAPS[reason].says}"


def _others(result: RunResult) -> Iterator[str]:
    counts = dict.fromkeys(Status, 0)
    for target in result.targets:
        for item in target.results:
            counts[item.status] += 1
    for status, count in counts.items():
        if count and status is not Status.APPLIED:
            tests = "its test" if count == 1 else "their tests"
            failed = status in (Status.REJECTED, Status.ROLLED_BACK, Status.KEPT) and not result.interrupted
            yield f"{count} {status.value}" + (f" because {tests} failed" if failed else "")
    if failed_tests := sum(1 for target in result.targets for test in target.tests if test.failed):
        yield f"{plural(failed_tests, 'test')} of what is live failed"
    if refused := sum(target.refused for target in result.targets):
        yield f"{refused} refused"
    if result.unread:
        yield f"{plural(len(result.unread), 'target')} not read"
    yield from count_gaps((target.target, target.not_compared) for target in result.targets)
    if disabled := summarise_disabled(item for target in result.targets for item in target.disabled):
        yield disabled


def word_of_test(test: TestResult) -> tuple[str, str]:
    """How a test ended in one word, and its colour: only evidence is green."""
    match test.tested.evidence:
        case Yes():
            return "passed", "green"
        case No():
            return "failed", "red"
        case Unknown(reason=reason):
            if not GAPS[reason].sent:
                return "skipped", "yellow"
            return "unknown", "red" if GAPS[reason].fails else "yellow"
        case _ as never:
            assert_never(never)


def render_test(test: TestResult, paint: Paint = plain) -> str:
    """One line for one test notification, and one for each recipient where they fared differently."""
    word, colour = word_of_test(test)
    shown = paint(word.upper() if test.failed else word, colour)
    line = f'{test.target}: test {test.kind} "{test.name}" {shown}: {printable(test.text)}'
    return "\n".join([line, *(f"  {part}" for part in _partial(test.tested.recipients))])


def render_tests(tests: Iterable[TestResult], paint: Paint = plain) -> str:
    """All tests and a summary line."""
    tests = list(tests)
    lines = [render_test(test, paint) for test in tests]
    head, _, counts = describe_tests(tests).partition(" ")
    return "\n".join([*lines, f"{paint(head, 'bold')} {counts}"]) + "\n"


def describe_tests(tests: list[TestResult]) -> str:
    """`Tested 2 channels: 1 passed, 1 failed, 0 unknown; 1 skipped: a disabled channel cannot be tested.`"""
    counts = tally(test.tested.evidence for test in tests)
    unknown = sum(count for reason, count in counts.unknown.items() if GAPS[reason].sent)
    sent = counts.yes + counts.no + unknown
    skipped = [
        f"; {count} skipped: {GAPS[reason].says}" for reason, count in counts.unknown.items() if not GAPS[reason].sent
    ]
    words = f"{counts.yes} passed, {counts.no} failed, {unknown} unknown"
    return f"Tested {plural(sent, 'channel')}: {words}{''.join(skipped)}."


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
