"""The plan as a JSON document, both ways: what `plan --out` saves, `--json` prints, `apply` and `show` read.

The form is that of the frozen values themselves, made by pydantic from their types, so that a document and the value
cannot differ; `schemas/v1/plan.json` is made from the same types. Files are left to `cli`, signatures to `signing`.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from reconciler.model.errors import ConfigurationError, RefusedError
from reconciler.model.values import SecretText
from reconciler.plan.changes import Change, Plan

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


def change_document(change: Change) -> dict[str, Any]:
    """One change as plain JSON values, as it stands in a plan."""
    body: dict[str, Any] = TypeAdapter(Change).dump_python(change, mode="json")
    return body


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


PLAN_KEY = "RECONCILER_PLAN_KEY"
"""The environment variable that holds the key."""

_SHORTEST = 16
_PREFIX = "hmac-sha256:"


def plan_key(environ: Mapping[str, str]) -> SecretText | None:
    """The key of this environment, or None; a key that could be guessed is a ConfigurationError."""
    key = environ.get(PLAN_KEY, "")
    if not key:
        return None
    if len(key) < _SHORTEST:
        raise ConfigurationError(
            f"{PLAN_KEY} is shorter than {_SHORTEST} characters: make one, as with openssl rand -hex 32"
        )
    return SecretText(key)


def pin_key(key: SecretText | None) -> bytes:
    """The key under which secrets are pinned; another than that of signatures. Empty: they are not pinned."""
    return _derived(key, b"pin") if key else b""


def signed(document: Mapping[str, Any], key: SecretText | None) -> dict[str, Any]:
    """The document with its signature, if there is a key."""
    bare = {name: value for name, value in document.items() if name != "signature"}
    return {**bare, "signature": _PREFIX + _signature(bare, key)} if key else bare


def check_signature(document: Mapping[str, Any], key: SecretText | None, name: str) -> bool:
    """Whether the file `name` was verified; without a key nothing is. RefusedError if it should be signed and is not
    as it was when it was signed."""
    if key is None:
        return False
    found = document.get("signature")
    if not isinstance(found, str):
        raise RefusedError(f"{name}: is not signed, though {PLAN_KEY} is set: make the plan where that key is set too")
    bare = {part: value for part, value in document.items() if part != "signature"}
    if not hmac.compare_digest(found.encode(), (_PREFIX + _signature(bare, key)).encode()):
        raise RefusedError(f"{name}: was edited since it was signed, or signed under another {PLAN_KEY}: make it again")
    return True


def _signature(document: Mapping[str, Any], key: SecretText) -> str:
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hmac.new(_derived(key, b"signature"), canonical.encode(), "sha256").hexdigest()


def _derived(key: SecretText, purpose: bytes) -> bytes:
    return hmac.new(key.reveal().encode(), b"reconciler plan " + purpose, "sha256").digest()
