"""The published schemas of the documents that the tool writes: each with an `$id`, and every member with a description.

The schemas are made from the types of the documents, which have no descriptions of members; these are in `MEMBERS`, by
name, since one name means the same in every document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from reconciler.apply.journal import journal_schema
from reconciler.model.evidence import Health
from reconciler.model.resource import VersionSource
from reconciler.plan.saved import plan_schema
from reconciler.report.document import result_schema, tests_schema
from reconciler.report.drift_text import drift_schema
from reconciler.report.failure import failure_schema
from reconciler.report.list_text import ListRow
from reconciler.report.types_text import TypeRow
from reconciler.report.users_table import UsersReport

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BASE = "https://channels.gitops/schemas/v1/"

MEMBERS: Mapping[str, str] = {
    "action": "What is done: create, update, replace or delete.",
    "add": "How many objects are created.",
    "after": "The value that the manifest asks for, as it may be shown; a secret is masked.",
    "api_version": "The apiVersion of manifests.",
    "asked": "Whether a test was asked for.",
    "at": "The time in UTC, by the clock of the machine.",
    "at_least": "A version that the server shows itself to be no older than, where it names none.",
    "before": "The live value, as it may be shown; a secret is masked.",
    "by_document": "Whether a monitor sends a message for each document that it finds.",
    "by_hand": "Whether a person disabled it, and not a manifest.",
    "candidates": "Objects that no manifest names any more.",
    "category": "The target's own word for what it is about.",
    "change": "The change that it is about.",
    "channel": "The channel that the message goes through.",
    "channels": "Every object that was asked about, and who uses it.",
    "check": "What was tried.",
    "checks": "Everything that was tried, in its order.",
    "created": "What is to be created.",
    "created_at": "When it was made.",
    "dangling": "Every monitor and workflow that refers to a missing or disabled channel.",
    "delivery": "Whether it affects where messages go, and so is tested.",
    "destroy": "How many objects are deleted.",
    "adopt": "How many unmanaged objects become ours; counted as changed too only where a field of them differs.",
    "disabled": "Objects that stay disabled.",
    "drifted": "Whether anything moved that no manifest asked for.",
    "enabled": "Whether it sends; null where the target cannot disable it.",
    "error": "Why it could not be read, or which sort of error it was.",
    "is_file": "Whether it is a file that gave no plan, by its name, in place of a target.",
    "errors": "Why a target could not be read, by its name.",
    "event": "What the line tells of its step.",
    "evidence": "What the test established: yes, no, or unknown, each with its reason.",
    "exit_code": "What the process ended with.",
    "fields": "Every field that differs.",
    "fix": "What to do about it.",
    "flags": "The flags of its mark.",
    "format": "The format and its version.",
    "gap": "Why not all of its users could be seen.",
    "gaps": "Why there may be more users, by the target's name.",
    "health": "How it went: ok, warning, failure, or not tried.",
    "healthy": "Whether nothing was found that stops a run.",
    "held": "What holds it back; empty if nothing does.",
    "hint": "What may have been meant.",
    "id": "The id of the live object.",
    "identity": "The id of the cluster or organisation, or the address if it has none.",
    "in_plan": "Whether the organisation's plan includes it.",
    "incomplete": "Why the list may lack objects.",
    "interrupted": "Whether the run was interrupted.",
    "key": "What it belongs to: target, kind, name and live id.",
    "kind": "The kind, as manifests write it.",
    "level": "How serious it is: error or warning.",
    "manifests": "The manifests, or how many there are.",
    "message": "What is wrong.",
    "missing": "Whether there is nothing live.",
    "moved": "What differs though no manifest asked for it.",
    "name": "The name of the manifest, or of the object where it has none.",
    "native_type": "The target's own word for its type.",
    "needs": "The changes that it waits for.",
    "not_compared": "What could not be compared, and why.",
    "not_looked_at": "What could not be looked at.",
    "notes": "What else is to be known.",
    "number": "The number of the step, the same where it starts and where it ends.",
    "objects": "Every object that carries the project's mark.",
    "origin": "Where the difference comes from: intent, secret or drift.",
    "others": "Objects that carry another owner's mark.",
    "outcome": "What became of the message.",
    "overwritten": "What another run overwrote.",
    "owned": "Objects that carry the project's mark.",
    "owner": "The owner in the mark; empty where there is none.",
    "path": "The field, step by step.",
    "pending": "What is asked for, and not applied yet.",
    "platform": "The system that the tool runs on.",
    "priority": "The target's own word for how urgent it is.",
    "problems": "Everything that is wrong, by file and line.",
    "product": "What the server calls itself.",
    "provider": "The kind of system.",
    "providers": "The providers that are installed.",
    "python": "The version of Python.",
    "reason": "The reason.",
    "reasons": "Why it is planned.",
    "recipient": "The address of a recipient.",
    "recipients": "The mail addresses that a message goes to.",
    "reference": "The reference to a secret.",
    "refused": "What cannot be planned.",
    "required": "Whether it can be neither disabled nor deleted.",
    "results": "What became of each change.",
    "routed_to": "The channels that its messages go to.",
    "rule": "The name of the rule.",
    "seconds": "How long it took.",
    "secret": "Whether it is a secret; its value is never here.",
    "server": "What the server says of itself.",
    "silenced": "The lint rules that manifests silence, each with the reason.",
    "skipped": "What was left out, and why.",
    "source": "Where the version is known from.",
    "state": "What is wrong with it, or a dash.",
    "status": "What became of it.",
    "step": "The step of a change.",
    "subject": "What it is about.",
    "target": "The name of the target in the project file.",
    "targets": "Every target.",
    "tested": "What its test found.",
    "tests": "Every test message, and its outcome.",
    "text": "The same in words.",
    "throttled": "Whether it sends less often than it fires.",
    "tool_version": "The version of the tool that made it.",
    "types": "Every type of notification.",
    "unmanaged": "Objects without any mark.",
    "unread": "The targets that could not be read, and why.",
    "unresolved": "Fields whose secret could not be resolved.",
    "updated": "When it was last changed, in the server's own form.",
    "used_by": "Who uses it.",
    "user": "The monitor or workflow.",
    "users": "Who uses it.",
    "valid": "Whether nothing is an error.",
    "verdict": "Yes, no, or unknown.",
    "version": "The version.",
    "why": "The reason.",
}
"""The descriptions of members, by name, for those that the schema does not describe itself."""


def build_documents() -> dict[str, Schema]:
    """The schema of every document, by name."""
    schemas = {
        "plan": plan_schema(),
        "journal": journal_schema(),
        "result": result_schema(),
        "tests": tests_schema(),
        "drift": drift_schema(),
        "failure": failure_schema(),
        "problems": _problems(),
        "list": _list(),
        "doctor": _doctor(),
        "version": _version(),
        "export": _export(),
        "snapshot": _snapshot(),
        "users": _users(),
    }
    return {name: _published(name, schema) for name, schema in schemas.items()}


def _published(name: str, schema: Schema) -> Schema:
    head = {"$schema": _DIALECT, "$id": f"{_BASE}{name}.json"}
    described: Schema = _described(schema)
    return {**head, **{key: value for key, value in described.items() if key not in head}}


def _described(node: Any) -> Any:
    """The schema with a description for every member that has none."""
    if isinstance(node, list):
        return [_described(item) for item in node]
    if not isinstance(node, dict):
        return node
    result = {key: _described(value) for key, value in node.items()}
    if isinstance(properties := result.get("properties"), dict):
        result["properties"] = dict(_members(properties))
    return result


def _members(properties: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, schema in properties.items():
        known = isinstance(schema, dict) and "description" not in schema and name in MEMBERS
        yield name, {**schema, "description": MEMBERS[name]} if known else schema


_TEXT: Schema = {"type": "string"}
_YES_OR_NO: Schema = {"type": "boolean"}
_TEXTS: Schema = {"type": "object", "additionalProperties": _TEXT}


def _object(properties: Mapping[str, Any], *, optional: tuple[str, ...] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


def _array(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def _document(name: str, title: str, properties: Mapping[str, Any], *, optional: tuple[str, ...] = ()) -> Schema:
    return {"title": title, **_object({"format": {"const": f"reconciler.{name}/v1"}, **properties}, optional=optional)}


def _row(form: type, *, optional: tuple[str, ...] = ()) -> Schema:
    """The schema of one row of a list, from its dataclass."""
    return _object(_form(form)["properties"], optional=optional)


def _form(form: type) -> Schema:
    schema: Schema = TypeAdapter(form).json_schema(mode="serialization")
    return schema


def _problems() -> Schema:
    problem = failure_schema()["properties"]["errors"]["items"]
    silence = _object(dict.fromkeys(("name", "kind", "rule", "reason"), _TEXT))
    members = {"valid": _YES_OR_NO, "manifests": {"type": "integer"}, "problems": _array(problem)}
    members["skipped"] = _array(_TEXT)
    return _document("problems", "What validate found", {**members, "silenced": _array(silence)})


def _list() -> Schema:
    """The schema of a list, which is one of objects or one of notification types."""
    rows = _array(_row(ListRow, optional=("used_by",)))
    members = {**dict.fromkeys(("owned", "unmanaged", "others"), rows), "types": _array(_row(TypeRow))}
    optional = ("owned", "unmanaged", "others", "types", "errors", "incomplete")
    schema = _document("list", "What is live", {**members, "errors": _TEXTS, "incomplete": _TEXTS}, optional=optional)
    either = [{"required": ["owned", "errors", "incomplete"]}, {"required": ["types"]}]
    return {**schema, "oneOf": either, "$defs": _form(ListRow)["$defs"]}


def _users() -> Schema:
    form = _form(UsersReport)
    return {**_document("users", "Who uses which channel", form["properties"]), "$defs": form["$defs"]}


def _doctor() -> Schema:
    check = {**dict.fromkeys(("subject", "check"), _TEXT), "health": {"enum": [item.value for item in Health]}}
    checks = _array(_object({**check, "text": _TEXT, "fix": _TEXT}))
    return _document("doctor", "What doctor tried, and how it went", {"healthy": _YES_OR_NO, "checks": checks})


def _version() -> Schema:
    members = dict.fromkeys(("version", "api_version", "python", "platform"), _TEXT)
    return _document("version", "Which version this is, and of what", {**members, "providers": _array(_TEXT)})


def _export() -> Schema:
    manifest = {"type": "object", "description": "A manifest, as manifest.json describes it."}
    return _document("export", "What is live, as manifests", {"manifests": _array(manifest), "notes": _array(_TEXT)})


def _snapshot() -> Schema:
    source: Schema = {"enum": [item.value for item in VersionSource]}
    server = _object({**dict.fromkeys(("product", "identity", "version", "incomplete"), _TEXT), "source": source})
    fields = {"type": "object", "description": "Its fields, without secrets and recipients."}
    item = _object({**dict.fromkeys(("id", "kind", "native_type", "updated"), _TEXT), "fields": fields})
    target = _object({"target": _TEXT, "provider": _TEXT, "server": server, "objects": _array(item)})
    members = {**dict.fromkeys(("owner", "created_at", "tool_version"), _TEXT), "targets": _array(target)}
    return _document("snapshot", "What is owned, dated, without secrets and recipients", members)
