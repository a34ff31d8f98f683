"""The results of an apply and of tests as pages, and a journal as text. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import assert_never

from reconciler.apply.journal import Event, JournalLine
from reconciler.apply.results import (
    ChangeResult,
    RunResult,
    Status,
    TargetResult,
    TestResult,
    exit_of_tests,
    why_unverified,
)
from reconciler.model.errors import Exit, Problem
from reconciler.model.evidence import No, Outcome, RecipientDelivery, Tally, Tested, Unknown, Yes, tally
from reconciler.model.gaps import GAPS, UnknownReason
from reconciler.model.resource import ChangeKey, same_named
from reconciler.model.text import plural, printable
from reconciler.plan.changes import Action
from reconciler.report.plan_text import count_gaps, summarise_disabled
from reconciler.report.view import Entry, Line, Page, Paint, Section, Tone, entry_line, in_order, plain, render_flat

_CAREFUL = frozenset({Status.APPLIED, Status.SKIPPED, Status.HELD, Status.REJECTED, Status.ROLLED_BACK})
_STANDING = frozenset({Status.APPLIED, Status.KEPT})
_CUT_SHORT = (Status.STRANDED, Status.ROLLED_BACK, Status.REJECTED, Status.UNKNOWN)
"""What the report of an interrupted run shows first, in this order."""


def render_change(
    target: str, result: ChangeResult, paint: Paint = plain, alike: Collection[ChangeKey] = frozenset()
) -> str:
    """The line of one change when it ends; with its id if its key is in `alike`, the keys that share a name."""
    return entry_line(printable(target), _applied(result, alike), paint)


def is_good(result: ChangeResult) -> bool:
    """Whether a change was applied, and verified if it needed a test."""
    if result.status is not Status.APPLIED:
        return False
    return result.tested is None or result.verified


def render_result(result: RunResult, paint: Paint = plain) -> str:
    """The report of a whole apply after its changes were shown one by one: first what needs a person, then what was
    not shown yet, last one summary line."""
    return render_flat(result_page("", result), paint)


def result_page(project: str, result: RunResult) -> Page:
    """The result of an apply, target by target."""
    sections = in_order((_section(result, target) for target in result.targets), result.unread, folded=False)
    return Page("apply", project, summarise_result(result), _result_tone(result), sections=sections)


def _section(result: RunResult, target: TargetResult) -> Section:
    alike = same_named(item.change.key for item in target.results)
    changes = (_applied(item, alike, interrupted=result.interrupted) for item in target.results)
    overwritten = (Line(printable(text), Tone.BAD) for text in target.overwritten)
    notes = (Line(printable(note)) for note in target.notes)
    entries = (*changes, *map(_tested, target.tests))
    return Section(printable(target.target), entries=entries, besides=(*overwritten, *notes))


def _result_tone(result: RunResult) -> Tone:
    """GOOD only if all that was done is verified, everything was compared, and nothing is left disabled."""
    if result.exit_code != Exit.DONE:
        return Tone.BAD
    left_out = any(target.not_compared or target.disabled for target in result.targets)
    return Tone.GOOD if not left_out and all(isinstance(item, Yes) for item in result.evidence) else Tone.WARN


def _applied(item: ChangeResult, alike: Collection[ChangeKey], *, interrupted: bool = False) -> Entry:
    fix = [f"fix it with: {item.fix}"] if item.fix else []
    fix = ["check it by hand"] if item.status is Status.STRANDED and not fix else fix
    ranked = item.status is Status.STRANDED or (interrupted and item.status in _CUT_SHORT)
    return Entry(
        tone=Tone.GOOD if is_good(item) else Tone.WARN if item.status in _CAREFUL else Tone.BAD,
        sign=item.change.action.sign,
        kind=printable(item.change.kind),
        name=printable(item.change.name),
        id=printable(item.change.id or item.id) if item.change.key in alike else "",
        word=item.status.value,
        remark=printable(item.text),
        lines=tuple(Line(printable(text)) for text in (*fix, *_recipients(item.tested), *item.notes)),
        group=item.status.value,
        streamed=True,
        rank=_CUT_SHORT.index(item.status) + 1 if ranked else 0,
    )


def _recipients(tested: Tested | None) -> list[str]:
    """A line for each recipient of a mail that did not reach all of them; no lines if it did."""
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
    parts = [_standing(result), *_verified(tally(result.evidence)), *_others(result)]
    return f"{_head(result)} {'; '.join(parts)}."


def _head(result: RunResult) -> str:
    if result.interrupted:
        return "Interrupted:"
    return "Apply complete!" if result.exit_code in (Exit.DONE, Exit.TEST_FAILED) else "Apply incomplete:"


def _standing(result: RunResult) -> str:
    standing = [item.change for target in result.targets for item in target.results if item.status in _STANDING]
    done = [change.action for change in standing]
    replaces = done.count(Action.REPLACE)
    added, destroyed = done.count(Action.CREATE) + replaces, done.count(Action.DELETE) + replaces
    changed = done.count(Action.UPDATE) - sum(change.only_adopts for change in standing)
    adopted = sum(change.adopts for change in standing)
    return f"{added} added, {changed} changed, {destroyed} destroyed" + (f", {adopted} adopted" if adopted else "")


def _verified(counts: Tally) -> Iterator[str]:
    """How many were verified by a test, and how many were not, by reason."""
    if counts.yes:
        yield f"{counts.yes} verified by a test message"
    for reason, count in counts.unknown.items():
        if not GAPS[reason].fails:
            words = "not verified" if reason is UnknownReason.NOT_DUE else "could not be verified"
            yield f"{count} {words}: {GAPS[reason].says}"


def _others(result: RunResult) -> Iterator[str]:
    results = [item for target in result.targets for item in target.results]
    for status in Status:
        if status is not Status.APPLIED:
            yield from _counted(status, [item for item in results if item.status is status], result.interrupted)
    tests = [test for target in result.targets for test in target.tests]
    if failed_tests := sum(test.failed for test in tests):
        yield f"{plural(failed_tests, 'test')} of what is live failed"
    if not_sent := sum(test.not_sent for test in tests):
        yield f"{plural(not_sent, 'test')} of what is live could not be sent"
    if refused := sum(target.refused for target in result.targets):
        yield f"{refused} refused"
    if result.unread:
        yield f"{plural(len(result.unread), 'target')} not read"
    yield from count_gaps((target.target, target.not_compared) for target in result.targets)
    if disabled := summarise_disabled(item for target in result.targets for item in target.disabled):
        yield disabled


def _counted(status: Status, items: list[ChangeResult], interrupted: bool) -> Iterator[str]:
    """How many changes ended with this status, by the reason that their tests gave."""
    if status not in (Status.REJECTED, Status.ROLLED_BACK, Status.KEPT) or interrupted:
        if items:
            yield f"{len(items)} {status.value}"
        return
    groups: dict[str, list[Tested | None]] = defaultdict(list)
    for item in items:
        groups[why_unverified(item.tested)].append(item.tested)
    for alike in groups.values():
        yield f"{len(alike)} {status.value} because {why_unverified(alike[0], len(alike))}"


def word_of_test(test: TestResult) -> tuple[str, Tone]:
    """How a test ended, in a word, and its tone; only a message that went through is GOOD."""
    match test.tested.evidence:
        case Yes():
            return "passed", Tone.GOOD
        case No():
            return "failed", Tone.BAD
        case Unknown(reason=UnknownReason.NOT_SENT):
            return "not sent", Tone.BAD
        case Unknown(reason=reason):
            if not GAPS[reason].sent:
                return "skipped", Tone.WARN
            return "unknown", Tone.BAD if GAPS[reason].fails else Tone.WARN
        case _ as never:
            assert_never(never)


def render_tests(tests: Iterable[TestResult], paint: Paint = plain) -> str:
    """All tests and a summary line."""
    return render_flat(page_of_tests("", tests), paint)


def page_of_tests(project: str, tests: Iterable[TestResult], problems: Iterable[Problem] = ()) -> Page:
    """The results of tests, target by target, and the `problems` that kept other tests from being made."""
    tests, lines = list(tests), tuple(Line(printable(str(problem)), Tone.BAD) for problem in problems)
    entries: dict[str, list[Entry]] = defaultdict(list)
    for test in tests:
        entries[test.target].append(_tested(test))
    sections = tuple(Section(printable(target), entries=tuple(entries[target])) for target in sorted(entries))
    tone = _tests_tone(tests, failed=bool(lines))
    return Page("test", project, describe_tests(tests), tone, summary=lines, sections=sections)


def _tests_tone(tests: list[TestResult], *, failed: bool) -> Tone:
    match exit_of_tests(tests, failed=failed):
        case Exit.DONE:
            return Tone.GOOD if all(isinstance(test.tested.evidence, Yes) for test in tests) else Tone.WARN
        case Exit.NOT_LOOKED_AT:
            return Tone.WARN
        case _:
            return Tone.BAD


def _tested(test: TestResult) -> Entry:
    word, tone = word_of_test(test)
    return Entry(
        tone,
        "test",
        printable(test.kind),
        printable(test.name),
        printable(test.text),
        tuple(Line(text) for text in _partial(test.tested.recipients)),
        group=word,
        word=word,
    )


def describe_tests(tests: list[TestResult]) -> str:
    """`Tested 2 channels: 1 passed, 1 failed, 0 unknown; 1 skipped: a disabled channel cannot be tested.`"""
    counts = tally(test.tested.evidence for test in tests)
    unknown = sum(count for reason, count in counts.unknown.items() if GAPS[reason].sent)
    sent = counts.yes + counts.no + unknown
    skipped = [
        f"; {count} {'not sent' if reason is UnknownReason.NOT_SENT else 'skipped'}: {GAPS[reason].says}"
        for reason, count in counts.unknown.items()
        if not GAPS[reason].sent
    ]
    words = f"{counts.yes} passed, {counts.no} failed, {unknown} unknown"
    return f"Tested {plural(sent, 'channel')}: {words}{''.join(skipped)}."


_STEP_COLOURS = {Event.FAILED: "red", Event.INTERRUPTED: "yellow"}


def render_journal(lines: list[JournalLine], paint: Paint = plain) -> str:
    """All runs of a journal, oldest first: steps without an end, then every step with how it ended."""
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
    yield paint(f"Run {number}, started {run[0].at}", "bold")
    if open_steps:
        words = f"{plural(len(open_steps), 'step')} started but not finished"
        words += ": plan again, since only the live state shows what happened"
        yield paint(words, "red")
        yield from (f"  {_step(line).rstrip(chr(44))}" for line in open_steps)
    for line in run:
        if line.event is Event.OUTCOME:
            yield f"  {line.at}  {_subject(line)}: {paint(line.status, 'bold')}"
        elif line.event is Event.BEGIN:
            yield f"  {line.at}  {_step(ends.get(line.number, line))} {_ended(ends.get(line.number), paint)}"


def _ended(end: JournalLine | None, paint: Paint) -> str:
    if end is None:
        return paint("not finished", "red")
    words = "done" if end.event is Event.END else f"{end.event.value} {end.error}".strip()
    return paint(words, _STEP_COLOURS.get(end.event, "green"))


def _step(line: JournalLine) -> str:
    return f"{_subject(line)}: {printable(line.step)} {printable(line.id)}".rstrip() + ","


def _subject(line: JournalLine) -> str:
    return printable(f"{line.target} {line.name}")
