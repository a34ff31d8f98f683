"""What stands in place of a report when there is none: for a run that failed, with every problem at its location, for
one that has only started, and for one that had nothing to report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.model.errors import Problem
from reconciler.model.text import plural, printable
from reconciler.report.view import Line, Page, Tone

FAILURE_FORMAT = "reconciler.failure/v1"

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "integer", "minimum": 0}


def failure_document(verb: str, exit_code: int, problems: Iterable[Problem]) -> dict[str, Any]:
    """Why a verb failed, as JSON values: every problem that stopped it."""
    errors = [problem_document(item) for item in problems]
    return {"format": FAILURE_FORMAT, "verb": verb, "exit_code": exit_code, "errors": errors}


def problem_document(problem: Problem) -> dict[str, Any]:
    """One problem, as JSON values."""
    return {
        "level": problem.level.value,
        "file": problem.location.file,
        "line": problem.location.line,
        "column": problem.location.column,
        "subject": problem.subject,
        "field": problem.field,
        "rule": problem.rule,
        "message": problem.message,
        "fix": problem.fix,
    }


def failure_schema() -> dict[str, Any]:
    """The JSON Schema of a failure document."""
    properties: dict[str, Any] = {
        "message": {**_TEXT, "description": "What is wrong."},
        "level": {"enum": ["error", "warning"], "description": "How bad it is."},
        "file": {**_TEXT, "description": "The file that it is in; empty where it is in none."},
        "line": {**_NUMBER, "description": "The line, from 1; 0: the file as a whole."},
        "column": {**_NUMBER, "description": "The column, from 1."},
        "subject": {**_TEXT, "description": "The manifest that it is about."},
        "field": {**_TEXT, "description": "The field that it is about."},
        "rule": {**_TEXT, "description": "The rule's name."},
        "fix": {**_TEXT, "description": "What to do."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://channels.gitops/schemas/v1/failure.json",
        "title": "Why a run failed",
        "description": "What --json prints when there is no report, since the run failed.",
        "type": "object",
        "properties": {
            "format": {"const": FAILURE_FORMAT, "description": "The format and its version."},
            "verb": {**_TEXT, "description": "The verb that failed."},
            "exit_code": {"type": "integer", "description": "What the process ended with."},
            "errors": {
                "type": "array",
                "description": "Everything that stopped it.",
                "items": {"type": "object", "properties": properties, "required": sorted(properties)},
            },
        },
        "required": ["format", "verb", "exit_code", "errors"],
    }


def running_page(what: str, project: str) -> Page:
    """A run that has only started: what an earlier run reported may no longer hold."""
    headline = f"A new {what} is under way: its report will appear here."
    missing = Line("if it does not, look at the run itself: it did not get that far")
    return Page(what, project, headline, Tone.WARN, summary=(missing,))


def note_page(what: str, project: str, problems: Iterable[Problem]) -> Page:
    """A run that had nothing to report, and why; this is not a failure."""
    lines = _lines(problems)
    return Page(what, project, f"There is no {what} to show.", Tone.WARN, summary=lines)


def failure_page(what: str, project: str, problems: Iterable[Problem]) -> Page:
    """A run that failed, and what stopped it."""
    lines = _lines(problems)
    return Page(what, project, f"The {what} failed: {plural(max(1, len(lines)), 'error')}.", Tone.BAD, summary=lines)


def _lines(problems: Iterable[Problem]) -> tuple[Line, ...]:
    """One line of the page for each line of a message; a message about several secrets has several lines."""
    return tuple(Line(printable(line)) for problem in problems for line in str(problem).splitlines())
