"""Results as JSON documents, each headed by the name and version of its format.

A document has the fields of the frozen value that it is made from, and its schema is made from that value's type, so
that they cannot differ. Plan documents are made in `reconciler.plan.saved`, since they are also read back.
"""

from __future__ import annotations

from typing import Any

from reconciler.apply.results import RunResult, TestResult
from reconciler.model.values import to_json

RESULT_FORMAT = "reconciler.result/v1"
TESTS_FORMAT = "reconciler.tests/v1"

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def result_document(result: RunResult) -> dict[str, Any]:
    """The result of an apply, as JSON values."""
    return {"format": RESULT_FORMAT, "exit_code": int(result.exit_code), **to_json(result)}


def tests_document(tests: list[TestResult]) -> dict[str, Any]:
    """The results of tests, as JSON values."""
    return {"format": TESTS_FORMAT, "tests": to_json(tests)}


def result_schema() -> dict[str, Any]:
    """The JSON Schema of a result document."""
    from pydantic import TypeAdapter  # only the script that writes the schemas needs it

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
