"""Results as JSON documents. One format word and version stands at the head of each.

The forms are those of the frozen values themselves, made by pydantic from their types, so that a document and the
value cannot differ. Plans have their own module, `reconciler.plan.document`, since they are read again.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter

from reconciler.apply import RunResult, TestResult
from reconciler.plan.document import plan_document

__all__ = ["plan_document", "result_document", "tests_document"]

RESULT_FORMAT = "reconciler.result/v1"
TESTS_FORMAT = "reconciler.tests/v1"


@cache
def _result_adapter() -> TypeAdapter[RunResult]:
    return TypeAdapter(RunResult)


def result_document(result: RunResult) -> dict[str, Any]:
    """What became of an apply, as plain JSON values."""
    body = _result_adapter().dump_python(result, mode="json")
    return {"format": RESULT_FORMAT, "exit_code": result.exit_code, **body}


def tests_document(tests: list[TestResult]) -> dict[str, Any]:
    """Test notifications, as plain JSON values."""
    return {"format": TESTS_FORMAT, "tests": TypeAdapter(list[TestResult]).dump_python(tests, mode="json")}
