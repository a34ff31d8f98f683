"""What bodies must be, by the vendor's document. Members that nobody knows are passed over, as its policy says."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from reconciler.simulator.confluent.errors import ApiError

__all__ = ["ADDRESS_MEMBERS", "check_integration", "check_subscription", "parse_object"]

ADDRESS_MEMBERS = {"Slack": "webhook_url", "MsTeams": "webhook_url", "Webhook": "url"}
READ_ONLY = ("RoleEmail", "UserEmail", "InApp")
_LENGTHS = {"display_name": 64, "description": 128}


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise ApiError(400, "the body is not JSON") from None
    if not isinstance(content, dict):
        raise ApiError(400, "the body is not an object")
    return content


def check_integration(content: dict[str, Any], refusal: int, *, whole: bool) -> dict[str, Any]:
    """The members that may be set. `whole`: what a create needs must be there. `refusal` is for read-only kinds."""
    members: dict[str, Any] = {}
    for name, longest in _LENGTHS.items():
        if name in content:
            members[name] = _text(content[name], longest, f"/{name}")
        elif whole and name == "display_name":
            raise ApiError(422, "display_name is required", "/display_name")
    if "target" in content:
        members["target"] = _check_target(content["target"], refusal)
    elif whole:
        raise ApiError(422, "target is required", "/target")
    return members


def _text(value: Any, longest: int, pointer: str) -> str:
    if not isinstance(value, str):
        raise ApiError(422, "must be a string", pointer)
    if len(value) > longest:
        raise ApiError(422, f"must have at most {longest} characters", pointer)
    return value


def _check_target(target: Any, refusal: int) -> dict[str, Any]:
    if not isinstance(target, dict):
        raise ApiError(422, "must be an object", "/target")
    kind = target.get("kind")
    if kind in READ_ONLY:
        raise ApiError(refusal, f"integrations of kind {kind} are read-only", "/target/kind")
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
    if "current_state" in content:
        if content["current_state"] not in ("ENABLED", "DISABLED"):
            raise ApiError(422, "must be ENABLED or DISABLED", "/current_state")
        members["current_state"] = content["current_state"]
    return members


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
