"""The plan as a JSON document, both ways: what `plan --out` saves, `--json` prints, `apply` and `show` read.

The form is that of the frozen values themselves, made by pydantic from their types, so that a document and the value
cannot differ; `schemas/v1/plan.json` is made from the same types. Files are left to `cli`, signatures to `signing`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from reconciler.errors import ConfigurationError
from reconciler.plan.model import Plan

__all__ = ["PLAN_FORMAT", "parse_document", "parse_plan", "plan_document", "plan_schema"]

_FAMILY = "reconciler.plan/v"
_VERSION = 1
PLAN_FORMAT = f"{_FAMILY}{_VERSION}"

_BESIDE = frozenset({"format", "summary", "no_changes", "signature"})


@cache
def _adapter() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)


def plan_document(plan: Plan) -> dict[str, Any]:
    """A plan as plain JSON values, with its summary beside it for readers that want only that."""
    counts = plan.counts
    summary = {"add": counts.add, "change": counts.change, "destroy": counts.destroy, "held": counts.held}
    body = _adapter().dump_python(plan, mode="json")
    return {"format": PLAN_FORMAT, "summary": summary, "no_changes": plan.is_empty, **body}


def parse_document(text: str, name: str) -> dict[str, Any]:
    """The JSON object in a plan file, of a format that this version knows; ConfigurationError names the file."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise ConfigurationError(
            f"{name}: is not a whole JSON document: it was cut or damaged, make it again"
        ) from None
    written = document.get("format") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(written, str) or not written.startswith(_FAMILY):
        raise ConfigurationError(f"{name}: is not a plan: make one with `reconciler plan --out`")
    if written != PLAN_FORMAT:
        raise ConfigurationError(
            f"{name}: has another format than {PLAN_FORMAT}, which this version of reconciler reads: use the version "
            "that made it, or make it again"
        )
    return document


def parse_plan(document: Mapping[str, Any], name: str) -> Plan:
    """The plan of a document; ConfigurationError says where it is not one, without the value that is there."""
    body = json.dumps({key: value for key, value in document.items() if key not in _BESIDE})
    try:
        return _adapter().validate_json(body, strict=True)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        places = sorted({".".join(str(step) for step in item["loc"] if _is_place(step)) for item in found})
        raise ConfigurationError(f"{name}: is not a valid plan (at {', '.join(places[:3])}): make it again") from None


def _is_place(step: int | str) -> bool:
    """Pydantic names the branch of a union in a place too, as `list[...]`."""
    return isinstance(step, int) or step.isidentifier()


def plan_schema() -> dict[str, Any]:
    """The JSON Schema of a plan document."""
    schema = _adapter().json_schema(mode="serialization")
    counts = {name: {"type": "integer", "minimum": 0} for name in ("add", "change", "destroy", "held")}
    beside = {
        "format": {"const": PLAN_FORMAT, "description": "The format and its version."},
        "summary": {"type": "object", "properties": counts, "description": "The numbers of the summary line."},
        "no_changes": {"type": "boolean", "description": "Live is as desired, and every field was compared."},
        "signature": {"type": "string", "pattern": "^hmac-sha256:[0-9a-f]{64}$"},
    }
    own = {**schema, "title": "A plan of reconciler", "properties": beside | schema["properties"]}
    own["required"] = [*(name for name in beside if name != "signature"), *schema.get("required", [])]
    identity = "https://channels.gitops/schemas/v1/plan.json"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": identity, **own}
