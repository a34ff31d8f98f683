"""The plan as a JSON document, both ways: what `plan --out` saves, `--json` prints, `apply` and `show` read.

The form is that of the frozen values themselves, so that a document and the value cannot differ; pydantic reads it
again by their types, and makes `schemas/v1/plan.json` of them. It is loaded only then: a run that writes a document
does without. Files are left to `engine`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from reconciler.model.errors import ConfigurationError, RefusedError
from reconciler.model.masking import PLAN_KEY
from reconciler.model.values import SecretText, to_json
from reconciler.plan.changes import Change, Plan

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_FAMILY = "reconciler.plan/v"
_VERSION = 1
PLAN_FORMAT = f"{_FAMILY}{_VERSION}"

_NOT_OF_THE_PLAN = frozenset({"format", "summary", "no_changes", "signature"})


@cache
def _adapter() -> TypeAdapter[Plan]:
    from pydantic import TypeAdapter

    return TypeAdapter(Plan)


def plan_document(plan: Plan) -> dict[str, Any]:
    """A plan as plain JSON values, with its summary for readers that want only that."""
    counts = plan.counts
    summary = {
        "add": counts.add,
        "change": counts.change,
        "destroy": counts.destroy,
        "adopt": counts.adopt,
        "held": counts.held,
    }
    return {"format": PLAN_FORMAT, "summary": summary, "no_changes": plan.is_empty, **to_json(plan)}


def change_document(change: Change) -> dict[str, Any]:
    """One change as plain JSON values, as in a plan document."""
    body: dict[str, Any] = to_json(change)
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
    from pydantic import ValidationError

    body = json.dumps({key: value for key, value in document.items() if key not in _NOT_OF_THE_PLAN})
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
    counts = {name: {"type": "integer", "minimum": 0} for name in ("add", "change", "destroy", "adopt", "held")}
    extra = {
        "format": {"const": PLAN_FORMAT, "description": "The format and its version."},
        "summary": {"type": "object", "properties": counts, "description": "The numbers of the summary line."},
        "no_changes": {"type": "boolean", "description": "Live is as desired, and every field was compared."},
        "signature": {
            "type": "string",
            "pattern": "^hmac-sha256:[0-9a-f]{64}$",
            "description": "HMAC of everything else under RECONCILER_PLAN_KEY; with it no other file is accepted.",
        },
    }
    for name, fields in _TRUST.items():
        properties = schema["properties"] if name == "Plan" else schema["$defs"][name]["properties"]
        for field, words in fields.items():
            properties[field] = {**properties[field], "description": words}
    own = {**schema, "title": "A plan of reconciler", "properties": extra | schema["properties"]}
    own["required"] = [*(name for name in extra if name != "signature"), *schema.get("required", [])]
    identity = "https://channels.gitops/schemas/v1/plan.json"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": identity, **own}


_COMPARED = "Compared with a plan made when it is applied; if that differs, all is refused."
_SHOWN = "Shown to people; an apply does not read it."
_TRUST: Mapping[str, Mapping[str, str]] = {
    "Plan": {
        "project": "The project that it was made for; another is refused.",
        "owner": "The owner that it was made for; another is refused.",
        "targets": "The plan of each target that was read. Targets that are not there are left alone.",
        "unread": "The targets that could not be read, and why; for them it promises nothing.",
        "scope": (
            "The flags that it was made with. What narrows (targets, exclude, only, select, base, changed_since) "
            "counts from this file. What widens or softens (files, adopt, destroy, enable, rewrite_secrets, test_when, "
            "prune, allow_replace, allow_duplicate, allow_empty, allow_in_use, max_deletes) counts if the file is "
            "verified by its key, or if the flag is given again."
        ),
        "created_at": f"When it was made. {_SHOWN}",
        "commit": f"The commit that it was made at. {_SHOWN}",
        "tool_version": f"The version that made it. {_SHOWN}",
        "notes": f"What a proposal changes of the project file. {_SHOWN}",
    },
    "TargetPlan": {
        "target": "The target's name; one that the project does not define is refused.",
        "provider": "The kind of system; another is refused.",
        "server": "The system that was read. Another identity is refused, and so are changes without any.",
        "changes": "What may be carried out, in order. Anything else is left alone and listed.",
        "messages": "The test messages that may be sent; any other refuses the whole plan.",
        "possible_messages": f"The test messages that are sent too if a field differs that was not compared. {_SHOWN}",
        "candidates": f"What prune would delete. {_SHOWN}",
        "copies": f"What carries the mark of another object of ours. {_SHOWN}",
        "renames": f"What is probably one object under a new name; found again. {_SHOWN}",
        "leftovers": f"What interrupted runs left. {_SHOWN}",
        "refusals": f"What could not be planned. {_SHOWN}",
        "unresolved": "Fields bound to a reference whose value was not known; the manifest must name the same one.",
        "write_only": f"Fields that the target never gives back. {_SHOWN}",
        "ignored": f"Fields that are left as they are live. {_SHOWN}",
        "disabled": f"What stays disabled. {_SHOWN}",
        "hints": _SHOWN,
        "notes": _SHOWN,
        "pending": f"What is left alone. {_SHOWN}",
        "assumed": f"The version that was assumed. {_SHOWN}",
        "would_refuse": f"What a server of that version would not take. {_SHOWN}",
        "unchanged": f"How many resources are as they should be. {_SHOWN}",
        "unmanaged": f"How many live objects carry no mark. {_SHOWN}",
        "others": f"How many live objects carry another owner's mark. {_SHOWN}",
    },
    "Change": {
        "action": f"What is done. {_COMPARED}",
        "target": f"The target that it is on. {_SHOWN}",
        "kind": f"The kind of the resource. {_COMPARED}",
        "name": f"The name of the resource. {_COMPARED}",
        "id": f"The live object's id, or the one that it will be created under. {_COMPARED}",
        "reasons": f"Why. {_COMPARED}",
        "fields": f"The fields that differ, secrets masked, pinned where there is a key. {_COMPARED}",
        "origin": f"Where the difference comes from. {_SHOWN}",
        "needs": f"What must be done first; planned again. {_SHOWN}",
        "notes": _SHOWN,
        "held": "Which guard holds it. Guards are asked again: removing this lifts none.",
        "updated": f"When the live object was last changed. {_COMPARED}",
        "unresolved": "Fields bound to a reference whose value was not known; the manifest must name the same one.",
        "used_by": f"Who sends through it; asked again, and guarded by the answer. {_SHOWN}",
    },
}
"""How far an apply trusts each field of a plan file: what happens if somebody edits it."""

_SHORTEST = 16
_PREFIX = "hmac-sha256:"


def plan_key(environ: Mapping[str, str]) -> SecretText | None:
    """The key of this environment, or None; a key that could be guessed is a ConfigurationError."""
    key = environ.get(PLAN_KEY, "")
    if not key:
        return None
    if len(key) < _SHORTEST:
        raise ConfigurationError(
            f"{PLAN_KEY} is shorter than {_SHORTEST} characters: make one, for example with openssl rand -hex 32"
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
    from hmac import compare_digest

    if not compare_digest(found.encode(), (_PREFIX + _signature(bare, key)).encode()):
        raise RefusedError(f"{name}: was edited since it was signed, or signed under another {PLAN_KEY}: make it again")
    return True


def _signature(document: Mapping[str, Any], key: SecretText) -> str:
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return _hash(_derived(key, b"signature"), canonical.encode()).hex()


def _derived(key: SecretText, purpose: bytes) -> bytes:
    return _hash(key.reveal().encode(), b"reconciler plan " + purpose)


def _hash(key: bytes, text: bytes) -> bytes:
    from hmac import digest  # where there is no key, nothing is hashed

    return digest(key, text, "sha256")
