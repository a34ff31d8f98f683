"""Plans and results as JSON documents, both ways. One format word and version stands at the head of each.

The forms are those of the frozen values themselves, made by pydantic from their types, so that a document and the
value cannot differ; `schemas/v1/plan.json` is made from the same types.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from reconciler.apply import RunResult, TestResult
from reconciler.errors import ConfigurationError
from reconciler.plan import Plan

__all__ = ["PLAN_FORMAT", "parse_plan", "plan_document", "plan_schema", "result_document", "tests_document"]

PLAN_FORMAT = "reconciler.plan/v1"
RESULT_FORMAT = "reconciler.result/v1"
TESTS_FORMAT = "reconciler.tests/v1"


@cache
def _plan_adapter() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)


def plan_document(plan: Plan) -> dict[str, Any]:
    """A plan as plain JSON values, with its summary beside it for readers that want only that."""
    counts = plan.counts
    summary = {"add": counts.add, "change": counts.change, "destroy": counts.destroy, "held": counts.held}
    body = _plan_adapter().dump_python(plan, mode="json")
    return {"format": PLAN_FORMAT, "summary": summary, "no_changes": plan.is_empty, **body}


def parse_plan(text: str, name: str) -> Plan:
    """A plan from its document; ConfigurationError says what is wrong with the file `name`."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ConfigurationError(f"{name}: not a whole JSON document ({error}): make the plan again") from None
    if not isinstance(document, dict) or document.get("format") != PLAN_FORMAT:
        raise ConfigurationError(
            f"{name}: not a plan of the format {PLAN_FORMAT}: make it with this version of reconciler"
        )
    body = {
        key: value for key, value in document.items() if key not in ("format", "summary", "no_changes", "signature")
    }
    try:
        return _plan_adapter().validate_python(body, strict=False)
    except ValidationError as error:
        places = ", ".join(
            ".".join(str(step) for step in item["loc"]) for item in error.errors(include_input=False)[:5]
        )
        raise ConfigurationError(f"{name}: not a valid plan (at {places}): make it again") from None


def plan_schema() -> dict[str, Any]:
    """The JSON Schema of a plan document."""
    schema = _plan_adapter().json_schema(mode="serialization")
    schema["properties"] |= {
        "format": {"const": PLAN_FORMAT},
        "summary": {"type": "object"},
        "no_changes": {"type": "boolean"},
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A reconciler plan", **schema}


def result_document(result: RunResult) -> dict[str, Any]:
    """What became of an apply, as plain JSON values."""
    body = TypeAdapter(RunResult).dump_python(result, mode="json")
    return {"format": RESULT_FORMAT, "exit_code": result.exit_code, **body}


def tests_document(tests: list[TestResult]) -> dict[str, Any]:
    """Test notifications, as plain JSON values."""
    return {"format": TESTS_FORMAT, "tests": TypeAdapter(list[TestResult]).dump_python(tests, mode="json")}
