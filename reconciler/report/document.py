"""Results as JSON documents. One format word and version stands at the head of each.

The forms are those of the frozen values themselves, so that a document and the value cannot differ; the schemas are
made from their types. Plans have their own module, `reconciler.plan.saved`, since they are read again.
"""

from __future__ import annotations

from typing import Any

from reconciler.apply.results import RunResult, TestResult
from reconciler.model.values import to_json

RESULT_FORMAT = "reconciler.result/v1"
TESTS_FORMAT = "reconciler.tests/v1"

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def result_document(result: RunResult) -> dict[str, Any]:
    """What became of an apply, as plain JSON values."""
    return {"format": RESULT_FORMAT, "exit_code": int(result.exit_code), **to_json(result)}


def tests_document(tests: list[TestResult]) -> dict[str, Any]:
    """Test notifications, as plain JSON values."""
    return {"format": TESTS_FORMAT, "tests": to_json(tests)}


def result_schema() -> dict[str, Any]:
    """The JSON Schema of a result document."""
    from pydantic import TypeAdapter  # for publishing alone

    schema = TypeAdapter(RunResult).json_schema(mode="serialization")
    schema["properties"] |= {"format": {"const": RESULT_FORMAT}, "exit_code": {"type": "integer"}}
    schema["required"] = sorted({*schema.get("required", []), "format", "exit_code"})
    return {"$schema": _DIALECT, **schema, "title": "What became of an apply"}


def tests_schema() -> dict[str, Any]:
    """The JSON Schema of a tests document."""
    from pydantic import TypeAdapter

    schema = TypeAdapter(list[TestResult]).json_schema(mode="serialization")
    definitions = schema.pop("$defs", {})
    return {
        "$schema": _DIALECT,
        "title": "Test notifications and their results",
        "type": "object",
        "properties": {"format": {"const": TESTS_FORMAT}, "tests": schema},
        "required": ["format", "tests"],
        "$defs": definitions,
    }
