"""Reports that CI systems read: GitHub Actions' annotations, GitLab's Terraform widget, JUnit for tests. Pure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from reconciler.apply.results import TestResult
from reconciler.model.errors import Level, Location, Problem
from reconciler.model.evidence import Yes
from reconciler.model.text import printable
from reconciler.plan.changes import Plan
from reconciler.report.result_text import word_of_test

if TYPE_CHECKING:
    from junitparser import JUnitXml, TestCase

MOST_ANNOTATIONS = 10
"""How many errors GitHub shows for one step, and how many warnings."""


def render_annotations(problems: Sequence[Problem]) -> str:
    """Workflow commands (`::error file=,line=::text`), at most ten of each level; if there are more, the last one says
    how many."""
    lines: list[str] = []
    for level in (Level.ERROR, Level.WARNING):
        chosen = [problem for problem in problems if problem.level is level]
        shown = chosen if len(chosen) <= MOST_ANNOTATIONS else chosen[: MOST_ANNOTATIONS - 1]
        lines += [_annotation(level, problem.location, problem.text) for problem in shown]
        if len(shown) < len(chosen):
            lines.append(_annotation(level, Location(), f"and {len(chosen) - len(shown)} more: see the log"))
    return "".join(f"{line}\n" for line in lines)


def _annotation(level: Level, location: Location, text: str) -> str:
    properties = ""
    if location.file:
        values = {"file": location.file, "line": location.line, "col": location.column}
        properties = " " + ",".join(f"{name}={_property(str(value))}" for name, value in values.items() if value)
    word = "error" if level is Level.ERROR else "warning"
    return f"::{word}{properties}::{_data(printable(text))}"


def _data(text: str) -> str:
    # The escapes of actions/toolkit, core/src/command.ts.
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def render_terraform_report(plan: Plan) -> str:
    """What GitLab's `artifacts:reports:terraform` reads: the three numbers of the merge request widget.

    What may change once a secret can be read counts as an update, and so does what is only adopted. If a target could
    not be read there are no numbers: GitLab then says that the report could not be generated, instead of `0 to add`.
    """
    if plan.unread:
        return "{}\n"
    counts, may_change = plan.counts, sum(len(target.may_change) for target in plan.targets)
    updates = counts.change + sum(change.only_adopts for target in plan.targets for change in target.due)
    return json.dumps({"create": counts.add, "update": updates + may_change, "delete": counts.destroy}) + "\n"


def render_junit(tests: Sequence[TestResult], problems: Iterable[Problem] = ()) -> str:
    """The results of tests as JUnit XML: a suite for each target with a case for each channel, and a suite `problems`
    with a case for each problem that kept something from being tested."""
    from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

    report = JUnitXml("reconciler test")
    cases: dict[str, list[TestCase]] = defaultdict(list)
    for test in tests:
        case = TestCase(printable(test.name), printable(f"{test.target}.{test.kind}"), round(test.seconds, 3))
        if test.not_sent:
            case.result = [Error(printable(test.text), word_of_test(test)[0])]
        elif test.failed:
            case.result = [Failure(printable(test.text), word_of_test(test)[0])]
        elif not isinstance(test.tested.evidence, Yes):
            case.result = [Skipped(printable(test.text))]
        cases[test.target].append(case)
    suites = [(printable(target), cases[target]) for target in sorted(cases)]
    broken: list[TestCase] = []
    for problem in problems:
        case = TestCase(printable(problem.subject or str(problem.location) or "run"), "problems")
        case.result = [Error(printable(str(problem)))]
        broken.append(case)
    for name, of_suite in [*suites, *([("problems", broken)] if broken else [])]:
        suite = TestSuite(name)
        suite.add_testcases(of_suite)  # adding them singly would count all cases again each time
        report.add_testsuite(suite)
    _count(report)
    return str(report.tostring(), "utf-8")


def _count(report: JUnitXml) -> None:
    """Fill in the counts. Jenkins' schema allows `skipped` on a suite, but not on the root element."""
    for suite in report:
        suite.update_statistics()
        suite.time = round(suite.time, 3)  # never as 1e-05, which that schema refuses too
    report.tests = sum(suite.tests for suite in report)
    report.failures = sum(suite.failures for suite in report)
    report.errors = sum(suite.errors for suite in report)
    report.time = round(sum(suite.time for suite in report), 3)
