"""Plans, results, tests, drift and failures -> pages. The words are those of the text reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from reconciler.apply.results import ChangeResult, RunResult, Status, TestResult, exit_of_tests
from reconciler.model.errors import Problem
from reconciler.model.evidence import Yes
from reconciler.model.exits import Exit
from reconciler.model.text import plural, printable
from reconciler.plan.changes import Action, Change, Plan, TargetPlan, UnreadTarget
from reconciler.plan.origin import Drift, Drifted
from reconciler.report.drift_text import describe_drift, describe_drifted, drift_details
from reconciler.report.plan_text import (
    about_target,
    change_details,
    change_remark,
    gaps_of,
    headline,
    plan_remarks,
    target_remarks,
)
from reconciler.report.result_text import (
    describe_tests,
    is_good,
    recipient_lines,
    render_test,
    summarise_result,
    word_of_test,
)


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
        return {Tone.CHANGE: 1, Tone.WARN: 2}.get(self, 3)


@dataclass(frozen=True, slots=True)
class Entry:
    """One change, test or problem: a line, and the lines below it. `group` is what it is counted as when cut."""

    tone: Tone
    sign: str
    kind: str
    name: str
    remark: str = ""
    lines: tuple[str, ...] = ()
    group: str = ""
    file: str = ""

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


def with_files(page: Page, files: Mapping[str, str]) -> Page:
    """The page whose entries know the file of their manifest, by its name: what is cut is then looked up there."""
    sections = tuple(
        replace(section, entries=tuple(replace(entry, file=files.get(entry.name, "")) for entry in section.entries))
        for section in page.sections
    )
    return replace(page, sections=sections)


_ACTION_TONES = {
    Action.CREATE: Tone.ADD,
    Action.UPDATE: Tone.CHANGE,
    Action.REPLACE: Tone.REPLACE,
    Action.DELETE: Tone.DESTROY,
}
_CAREFUL = frozenset({Status.APPLIED, Status.SKIPPED, Status.HELD, Status.REJECTED, Status.ROLLED_BACK})
_TEST_TONES = {"green": Tone.GOOD, "yellow": Tone.WARN, "red": Tone.BAD}


def plan_page(plan: Plan) -> Page:
    """A plan: every change with its fields."""
    facts = (("made", plan.created_at), ("commit", plan.commit), ("reconciler", plan.tool_version))
    return Page(
        what="plan",
        project=plan.project,
        headline=headline(plan),
        tone=_plan_tone(plan),
        remarks=tuple(plan_remarks(plan)),
        sections=_sections(map(_planned, plan.targets), plan.unread),
        facts=tuple((name, value) for name, value in facts if value),
    )


def _plan_tone(plan: Plan) -> Tone:
    """Good only where all was looked at."""
    if plan.problems:
        return Tone.BAD
    if not plan.is_empty:
        return Tone.CHANGE
    return Tone.PLAIN if any(gaps_of(plan)) else Tone.GOOD


def _sections(read: Iterable[Section], unread: Iterable[UnreadTarget]) -> tuple[Section, ...]:
    """The sections of all targets, in the order of their names; where one could not be read, that is all it says."""
    missing = (
        Section(item.target, about_target(item), (), (f"could not be read: {printable(item.error)}",))
        for item in unread
    )
    return tuple(sorted([*read, *missing], key=lambda section: section.title))


def _planned(target: TargetPlan) -> Section:
    refusals = (
        Entry(Tone.BAD, "!", item.kind, printable(item.name), printable(item.message), group="refused")
        for item in target.refusals
    )
    changes = (_change(change) for change in target.changes)
    return Section(target.target, about_target(target), (*refusals, *changes), tuple(target_remarks(target)))


def _change(change: Change, remark: str = "") -> Entry:
    return Entry(
        tone=_ACTION_TONES[change.action],
        sign=change.action.sign,
        kind=printable(change.kind),
        name=printable(change.name),
        remark=remark or change_remark(change),
        lines=tuple(change_details(change)),
        group=change.action.value,
    )


def result_page(project: str, result: RunResult) -> Page:
    """What became of an apply."""
    sections = _sections(
        (
            Section(
                target.target,
                "",
                (*(_applied(item) for item in target.results), *(_tested(test) for test in target.tests)),
                tuple(map(printable, (*target.overwritten, *target.notes))),
            )
            for target in result.targets
        ),
        result.unread,
    )
    return Page("apply", project, summarise_result(result), _result_tone(result), (), sections)


def _result_tone(result: RunResult) -> Tone:
    """Good only where there is evidence for all that affects what a channel delivers, and all was compared."""
    if result.exit_code != Exit.DONE:
        return Tone.BAD
    left_out = any(target.not_compared or target.disabled for target in result.targets)
    return Tone.GOOD if not left_out and all(isinstance(item, Yes) for item in result.evidence) else Tone.WARN


def _applied(item: ChangeResult) -> Entry:
    fix = [f"fix it with: {item.fix}"] if item.fix else []
    return Entry(
        tone=Tone.GOOD if is_good(item) else Tone.WARN if item.status in _CAREFUL else Tone.BAD,
        sign=item.change.action.sign,
        kind=printable(item.change.kind),
        name=printable(item.change.name),
        remark=f"{item.status.value}: {printable(item.text)}" if item.text else item.status.value,
        lines=tuple(map(printable, (*fix, *recipient_lines(item.tested), *item.notes))),
        group=item.status.value,
    )


def page_of_tests(project: str, tests: Iterable[TestResult], problems: Iterable[Problem] = ()) -> Page:
    """Test notifications, target by target."""
    tests, remarks = list(tests), tuple(printable(str(problem)) for problem in problems)
    sections = tuple(
        Section(target, "", tuple(_tested(test) for test in tests if test.target == target))
        for target in sorted({test.target for test in tests})
    )
    return Page("test", project, describe_tests(tests), _tests_tone(tests, failed=bool(remarks)), remarks, sections)


def _tests_tone(tests: list[TestResult], *, failed: bool) -> Tone:
    match exit_of_tests(tests, failed=failed):
        case Exit.DONE:
            return Tone.GOOD if all(isinstance(test.tested.evidence, Yes) for test in tests) else Tone.WARN
        case Exit.NOT_LOOKED_AT:
            return Tone.WARN
        case _:
            return Tone.BAD


def _tested(test: TestResult) -> Entry:
    word, colour = word_of_test(test)
    lines = [line.strip() for line in render_test(test).splitlines()[1:]]
    remark = f"{word}: {printable(test.text)}"
    return Entry(_TEST_TONES[colour], "", test.kind, printable(test.name), remark, tuple(lines), word)


def drift_page(drift: Drift) -> Page:
    """What moved, and what is not applied yet."""
    sections = _sections((_drifted(drift, target) for target in drift.plan.targets), drift.plan.unread)
    remarks = tuple(map(printable, drift.plan.notes))
    return Page("drift", drift.plan.project, describe_drift(drift), _drift_tone(drift), remarks, sections)


def _drift_tone(drift: Drift) -> Tone:
    """Good only where all was looked at."""
    if drift.moved or drift.plan.problems:
        return Tone.BAD
    if drift.not_compared:
        return Tone.WARN
    return Tone.PLAIN if any(gaps_of(drift.plan)) else Tone.GOOD


def _drifted(drift: Drift, target: TargetPlan) -> Section:
    entries = [*_entries(target, drift.moved), *_entries(target, drift.pending, "not applied yet")]
    refusals = [f'{item.kind} "{item.name}": {printable(item.message)}' for item in target.refusals]
    return Section(target.target, about_target(target), tuple(entries), (*refusals, *target_remarks(target)))


def _entries(target: TargetPlan, items: Iterable[Drifted], remark: str = "") -> Iterator[Entry]:
    for item in items:
        if item.target == target.target:
            entry = _change(item.change, remark or describe_drifted(item))
            yield entry if remark else replace(entry, lines=tuple(drift_details(item)))


def running_page(what: str, project: str) -> Page:
    """A run that has only begun: what an earlier one had to say is no longer to be relied on."""
    headline = f"A new {what} is under way: its report will stand here."
    return Page(
        what, project, headline, Tone.WARN, ("if it does not, look at the run itself: it did not get that far",)
    )


def note_page(what: str, project: str, problems: Iterable[Problem]) -> Page:
    """A run that had nothing to report, which is no failure, and why."""
    lines = _lines(problems)
    return Page(what, project, f"There is no {what} to show.", Tone.WARN, lines)


def failure_page(what: str, project: str, problems: Iterable[Problem]) -> Page:
    """A run that failed: what stopped it, instead of what an earlier run had to say."""
    lines = _lines(problems)
    return Page(what, project, f"The {what} failed: {plural(max(1, len(lines)), 'error')}.", Tone.BAD, lines)


def _lines(problems: Iterable[Problem]) -> tuple[str, ...]:
    """A remark for each line of a message: what a run says of several secrets at once has several."""
    return tuple(printable(line) for problem in problems for line in str(problem).splitlines())
