"""The problems of a plan, an apply, tests or drift: what failed, drifted or is held, at its manifest. Pure.

For annotations, which show problems and nothing else. The problems of `validate` come from the checks themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from reconciler.apply.results import RunResult, Status, TestResult
from reconciler.model.errors import Exit, Level, Location, Problem
from reconciler.model.evidence import Unknown
from reconciler.model.gaps import GAPS
from reconciler.model.resource import ChangeKey, same_named
from reconciler.plan.changes import Plan
from reconciler.plan.origin import Drift
from reconciler.report.drift_text import describe_drifted

Locations = Mapping[str, Callable[[], Location]]
"""The location of each manifest, by name; a function, so that only a location that is needed is looked up."""

_MILD = (Status.SKIPPED, Status.HELD)


def problems_of(what: str, value: Any, locations: Locations) -> Iterator[Problem]:
    """The problems of `value`, which is a Plan, a Drift, a RunResult, or a list of TestResults: `what` is `plan`,
    `drift`, `apply` or `test`."""
    if what == "plan":
        return _of_plan(value, locations)
    if what == "drift":
        return _of_drift(value, locations)
    if what == "apply":
        return _of_result(value, locations)
    return _of_tests(value, locations)


_Describe = Callable[[ChangeKey], str]
"""The key as `search: SlackChannel "oncall"`, with NAME@ID if another change has that name."""


def _describing(keys: Iterable[ChangeKey]) -> _Describe:
    alike = same_named(keys)

    def describe(key: ChangeKey) -> str:
        label = f"{key.name}@{key.id}" if key in alike and key.id else key.name
        return f'{key.target}: {key.kind} "{label}"'

    return describe


def _problem(rule: str, level: Level, subject: str, message: str, location: Location) -> Problem:
    return Problem((), message, rule, level=level, subject=subject, location=location)


def _location(name: str, locations: Locations) -> Location:
    return locations[name]() if name in locations else Location()


def _of_plan(plan: Plan, locations: Locations) -> Iterator[Problem]:
    yield from (target.problem for target in plan.unread)
    for target in plan.targets:
        for refusal in target.refusals:
            yield replace(refusal.problem(target.target), location=_location(refusal.name, locations))
        describe = _describing(change.key for change in target.changes)
        for change in target.changes:
            if change.held:
                words, place = f"is held: {change.held}", _location(change.name, locations)
                yield _problem("change-held", Level.WARNING, describe(change.key), words, place)


def _of_drift(drift: Drift, locations: Locations) -> Iterator[Problem]:
    yield from (item for item in _of_plan(drift.plan, locations) if item.level is Level.ERROR)
    describe = _describing(item.change.key for item in drift.moved)
    for moved in drift.moved:
        place = _location(moved.change.name, locations)
        yield _problem("drift", Level.WARNING, describe(moved.change.key), describe_drifted(moved), place)


def _of_result(result: RunResult, locations: Locations) -> Iterator[Problem]:
    yield from (target.problem for target in result.unread)
    for target in result.targets:
        describe = _describing(item.change.key for item in target.results)
        for item in target.results:
            if item.status is not Status.APPLIED:
                level = Level.WARNING if item.status in _MILD else Level.ERROR
                words, place = f"{item.status.value}: {item.text}", _location(item.change.name, locations)
                yield _problem("not-applied", level, describe(item.change.key), words, place)
        yield from _of_tests(list(target.tests), locations)


def _of_tests(tests: list[TestResult], locations: Locations) -> Iterator[Problem]:
    for test in tests:
        exits = frozenset(test.exits)
        if exits:
            level = Level.WARNING if exits == {Exit.NOT_LOOKED_AT} else Level.ERROR
            word = _word_of(test)
            subject = f'{test.target}: {test.kind} "{test.name}"'
            yield _problem("test", level, subject, f"{word}: {test.text}", _location(test.name, locations))


def _word_of(test: TestResult) -> str:
    """How to call a test that did not pass: `failed` only if the answer to its message says so."""
    match test.tested.evidence:
        case Unknown(reason=reason):
            return "test without a result" if GAPS[reason].sent else "not tested"
        case _:
            return "test failed"
