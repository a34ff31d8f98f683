"""What bodies must be, by the vendor's document. Members that nobody knows are ignored, as its policy says."""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from reconciler.simulator.confluent.errors import ApiError

__all__ = [
    "ADDRESS_MEMBERS",
    "READ_ONLY",
    "RESOURCE_TYPES",
    "SCHEMA_NAME_END",
    "Rules",
    "check_integration",
    "check_preference",
    "check_resource_subscription",
    "check_subscription",
    "parse_object",
]

ADDRESS_MEMBERS = {"Slack": "webhook_url", "MsTeams": "webhook_url", "Webhook": "url"}
READ_ONLY = ("RoleEmail", "UserEmail", "InApp")
SCHEMA_NAME_END = "Target"
"""What a kind of target has at its end where it goes by the name of its schema."""
RESOURCE_TYPES = (
    "ORGANIZATION",
    "ENVIRONMENT",
    "CLUSTER",
    "CONNECTOR",
    "TOPIC",
    "FLINK_COMPUTE_POOL",
    "FLINK_STATEMENT",
    "CONNECTOR__CUSTOM_CONNECTOR",
)
_LENGTHS = {"display_name": 64, "description": 128}


class Rules(NamedTuple):
    """What is not settled of a body: the code that refuses read-only kinds, and whether schema names are kinds too."""

    refusal: int
    takes_schema_names: bool = False


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise ApiError(400, "the body is not JSON") from None
    if not isinstance(content, dict):
        raise ApiError(400, "the body is not an object")
    return content


def check_integration(content: dict[str, Any], rules: Rules, *, whole: bool) -> dict[str, Any]:
    """The members that may be set. `whole`: what a create needs must be there."""
    members: dict[str, Any] = {}
    for name, longest in _LENGTHS.items():
        if name in content:
            members[name] = _text(content[name], longest, f"/{name}")
        elif whole and name == "display_name":
            raise ApiError(422, "display_name is required", "/display_name")
    if "target" in content:
        members["target"] = _check_target(content["target"], rules)
    elif whole:
        raise ApiError(422, "target is required", "/target")
    return members


def _text(value: Any, longest: int, pointer: str) -> str:
    if not isinstance(value, str):
        raise ApiError(422, "must be a string", pointer)
    if len(value) > longest:
        raise ApiError(422, f"must have at most {longest} characters", pointer)
    return value


def _check_target(target: Any, rules: Rules) -> dict[str, Any]:
    if not isinstance(target, dict):
        raise ApiError(422, "must be an object", "/target")
    kind = target.get("kind")
    if rules.takes_schema_names and isinstance(kind, str):
        kind = kind.removesuffix(SCHEMA_NAME_END)
    if kind in READ_ONLY:
        raise ApiError(rules.refusal, f"integrations of kind {kind} are read-only", "/target/kind")
    if not isinstance(kind, str) or kind not in ADDRESS_MEMBERS:
        raise ApiError(422, "is not a known kind of target", "/target/kind")
    member = ADDRESS_MEMBERS[kind]
    address = target.get(member)
    if not isinstance(address, str) or not _is_address(address):
        raise ApiError(422, "must be a URI", f"/target/{member}")
    return {"kind": kind, member: address}


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) and bool(parts.netloc or parts.path) and not any(ord(one) <= 32 for one in text)


def check_subscription(content: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    """The members that may be set: `notification_type` and `integrations` as ids, `current_state`."""
    members: dict[str, Any] = {}
    if whole:
        members["notification_type"] = _reference(content.get("notification_type"), "/notification_type")
    if "integrations" in content or whole:
        members["integrations"] = _references(content.get("integrations"))
    return members | _check_state(content)


def check_resource_subscription(content: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    """The same for the subscription of one resource: `resource` and `resource_type` too."""
    return _check_resource(content, whole=whole) | check_subscription(content, whole=whole)


def check_preference(content: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    """The members that may be set: `resource`, `resource_type`, `current_state`."""
    return _check_resource(content, whole=whole) | _check_state(content)


def _check_resource(content: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    members = {name: content.get(name) for name in ("resource", "resource_type") if whole or name in content}
    if "resource" in members and (not isinstance(members["resource"], str) or not members["resource"]):
        raise ApiError(422, "must be a string, and not empty", "/resource")
    if "resource_type" in members and members["resource_type"] not in RESOURCE_TYPES:
        raise ApiError(422, f"must be one of {', '.join(RESOURCE_TYPES)}", "/resource_type")
    return members


def _check_state(content: dict[str, Any]) -> dict[str, Any]:
    if "current_state" not in content:
        return {}
    if content["current_state"] not in ("ENABLED", "DISABLED"):
        raise ApiError(422, "must be ENABLED or DISABLED", "/current_state")
    return {"current_state": content["current_state"]}


def _references(value: Any) -> list[str]:
    if not isinstance(value, list) or not value:
        raise ApiError(422, "must be a list, and not empty", "/integrations")
    ids = [_reference(one, f"/integrations/{index}") for index, one in enumerate(value)]
    return list(dict.fromkeys(ids))


def _reference(value: Any, pointer: str) -> str:
    found = value.get("id") if isinstance(value, dict) else None
    if not isinstance(found, str) or not found:
        raise ApiError(422, "must be an object with an id", pointer)
    return found
