"""A run that failed, as a document: why, with every finding at its place. What a form for machines gets in place of the
report that there is none of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reconciler.model.errors import Finding

FAILURE_FORMAT = "reconciler.failure/v1"

_TEXT: dict[str, Any] = {"type": "string"}
_NUMBER: dict[str, Any] = {"type": "integer", "minimum": 0}


def failure_document(verb: str, exit_code: int, messages: Iterable[str], findings: Iterable[Finding]) -> dict[str, Any]:
    """Why a verb failed: its messages, or its findings where there are any."""
    errors = [finding_document(item) for item in findings] or [{"message": text} for text in messages]
    return {"format": FAILURE_FORMAT, "verb": verb, "exit_code": exit_code, "errors": errors}


def finding_document(finding: Finding) -> dict[str, Any]:
    """One finding, as plain JSON values."""
    return {
        "level": finding.level.value,
        "file": finding.place.file,
        "line": finding.place.line,
        "column": finding.place.column,
        "subject": finding.subject,
        "field": finding.field,
        "rule": finding.rule,
        "message": finding.message,
        "hint": finding.hint,
    }


def failure_schema() -> dict[str, Any]:
    """The JSON Schema of a failure document."""
    finding: dict[str, Any] = {
        "message": {**_TEXT, "description": "What is wrong."},
        "level": {"enum": ["error", "warning"], "description": "How bad it is."},
        "file": {**_TEXT, "description": "The file that it is in."},
        "line": {**_NUMBER, "description": "The line, from 1; 0: the file as a whole."},
        "column": {**_NUMBER, "description": "The column, from 1."},
        "subject": {**_TEXT, "description": "The manifest that it is about."},
        "field": {**_TEXT, "description": "The field that it is about."},
        "rule": {**_TEXT, "description": "The rule's name."},
        "hint": {**_TEXT, "description": "What to do."},
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
                "items": {"type": "object", "properties": finding, "required": ["message"]},
            },
        },
        "required": ["format", "verb", "exit_code", "errors"],
    }
