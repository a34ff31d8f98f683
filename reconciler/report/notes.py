"""What of a plan, an apply, tests or drift deserves an annotation: what failed, moved or is held, at its manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from reconciler.apply.results import RunResult, Status, TestResult
from reconciler.model.errors import Level, Place
from reconciler.model.exits import Exit
from reconciler.plan.changes import Plan
from reconciler.plan.origin import Drift
from reconciler.report.drift_text import describe_drifted
from reconciler.report.machines import Note

Places = Mapping[str, Callable[[], Place]]
"""Where each manifest is, by name; a place is looked up only when it is needed."""

_MILD = (Status.SKIPPED, Status.HELD)


def notes_of(what: str, value: Any, places: Places) -> Iterator[Note]:
    """The notes of a plan, an apply, tests or drift."""
    if what == "plan":
        return _of_plan(value, places)
    if what == "drift":
        return _of_drift(value, places)
    if what == "apply":
        return _of_result(value, places)
    return _of_tests(value, places)


def _at(name: str, places: Places) -> Place | None:
    return places[name]() if name in places else None


def _of_plan(plan: Plan, places: Places) -> Iterator[Note]:
    for target in plan.targets:
        if target.error:
            yield Level.ERROR, None, f"target {target.target} could not be read: {target.error}"
        for refusal in target.refusals:
            yield Level.ERROR, _at(refusal.name, places), f"{target.target}: {refusal.name}: {refusal.message}"
        for change in target.changes:
            if change.held:
                yield Level.WARNING, _at(change.name, places), f"{target.target}: {change} is held: {change.held}"


def _of_drift(drift: Drift, places: Places) -> Iterator[Note]:
    yield from (item for item in _of_plan(drift.plan, places) if item[0] is Level.ERROR)
    for moved in drift.moved:
        name = moved.change.name
        yield Level.WARNING, _at(name, places), f"{moved.target}: {moved.change} {describe_drifted(moved)}"


def _of_result(result: RunResult, places: Places) -> Iterator[Note]:
    for target in result.targets:
        if target.error:
            yield Level.ERROR, None, f"target {target.target} could not be read: {target.error}"
        for item in target.results:
            if item.status is not Status.APPLIED:
                level = Level.WARNING if item.status in _MILD else Level.ERROR
                text = f"{target.target}: {item.change} {item.status.value}: {item.text}"
                yield level, _at(item.change.name, places), text
        yield from _of_tests(list(target.tests), places)


def _of_tests(tests: list[TestResult], places: Places) -> Iterator[Note]:
    for test in tests:
        text = f'{test.target}: test of {test.kind} "{test.name}": {test.text}'
        if test.failed:
            yield Level.ERROR, _at(test.name, places), text
        elif Exit.NOT_LOOKED_AT in test.exits:
            yield Level.WARNING, _at(test.name, places), text
