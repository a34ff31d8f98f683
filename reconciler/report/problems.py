"""What of a plan, an apply, tests or drift is a problem: what failed, moved or is held, at its manifest. Pure.

For annotations and JUnit, which show problems and nothing else; `validate` has its problems from the checks themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from reconciler.apply.results import RunResult, Status, TestResult
from reconciler.model.errors import Level, Location, Problem
from reconciler.model.exits import Exit
from reconciler.plan.changes import Plan
from reconciler.plan.origin import Drift
from reconciler.report.drift_text import describe_drifted

Locations = Mapping[str, Callable[[], Location]]
"""Where each manifest is, by name; a location is looked up only when it is needed."""

_MILD = (Status.SKIPPED, Status.HELD)


def problems_of(what: str, value: Any, locations: Locations) -> Iterator[Problem]:
    """The problems of a plan, an apply, tests or drift."""
    if what == "plan":
        return _of_plan(value, locations)
    if what == "drift":
        return _of_drift(value, locations)
    if what == "apply":
        return _of_result(value, locations)
    return _of_tests(value, locations)


def _problem(rule: str, level: Level, subject: tuple[str, str, str], message: str, locations: Locations) -> Problem:
    """`subject`: target, kind and name."""
    target, kind, name = subject
    location = _location(name, locations)
    return Problem((), message, rule, level=level, subject=f'{target}: {kind} "{name}"', location=location)


def _location(name: str, locations: Locations) -> Location:
    return locations[name]() if name in locations else Location()


def _of_plan(plan: Plan, locations: Locations) -> Iterator[Problem]:
    yield from (target.problem for target in plan.unread)
    for target in plan.targets:
        for refusal in target.refusals:
            yield replace(refusal.problem(target.target), location=_location(refusal.name, locations))
        for change in target.changes:
            if change.held:
                subject = (target.target, change.kind, change.name)
                yield _problem("change-held", Level.WARNING, subject, f"is held: {change.held}", locations)


def _of_drift(drift: Drift, locations: Locations) -> Iterator[Problem]:
    yield from (item for item in _of_plan(drift.plan, locations) if item.level is Level.ERROR)
    for moved in drift.moved:
        subject = (moved.target, moved.change.kind, moved.change.name)
        yield _problem("drift", Level.WARNING, subject, describe_drifted(moved), locations)


def _of_result(result: RunResult, locations: Locations) -> Iterator[Problem]:
    yield from (target.problem for target in result.unread)
    for target in result.targets:
        for item in target.results:
            if item.status is not Status.APPLIED:
                level = Level.WARNING if item.status in _MILD else Level.ERROR
                subject = (target.target, item.change.kind, item.change.name)
                yield _problem("not-applied", level, subject, f"{item.status.value}: {item.text}", locations)
        yield from _of_tests(list(target.tests), locations)


def _of_tests(tests: list[TestResult], locations: Locations) -> Iterator[Problem]:
    for test in tests:
        if test.failed or Exit.NOT_LOOKED_AT in test.exits:
            level = Level.ERROR if test.failed else Level.WARNING
            word = "test failed" if test.failed else "not tested"
            subject = (test.target, test.kind, test.name)
            yield _problem("test", level, subject, f"{word}: {test.text}", locations)
