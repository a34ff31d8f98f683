"""A run that failed, as a document: why, with every problem at its location. What a form for machines gets instead of a
report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.model.errors import Problem

FAILURE_FORMAT = "reconciler.failure/v1"

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "integer", "minimum": 0}


def failure_document(verb: str, exit_code: int, problems: Iterable[Problem]) -> dict[str, Any]:
    """Why a verb failed: everything that stopped it."""
    errors = [problem_document(item) for item in problems]
    return {"format": FAILURE_FORMAT, "verb": verb, "exit_code": exit_code, "errors": errors}


def problem_document(problem: Problem) -> dict[str, Any]:
    """One problem, as plain JSON values."""
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
