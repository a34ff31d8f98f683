"""Confluent's integrations and subscriptions: wire form to our form and back. Pure; the only place with wire names.

The wire form is that of the vendor's document (notifications/v1, October 2026). Reading is lenient: members and target
kinds may be added at any time, so a target kind that is not known becomes a read-only object without a kind. Writing is
exact: only what a caller may set, references as bare ids, and `target` always complete with its `kind`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from reconciler.model.masked import read_address
from reconciler.model.resource import LiveObject, Payload
from reconciler.model.values import MaskedText, SecretReference, SecretText, Value, in_clear
from reconciler.providers.confluent.catalogue import Catalogue

SUBSCRIPTION = "Subscription"
SUBSCRIPTION_PREFIX = "subscriptions/"
"""Prefix of our ids for subscriptions, since nothing says that ids of integrations and subscriptions differ."""


class Target(NamedTuple):
    """How one of our kinds is written as a `target`: the target's `kind` (`native`), our field for the address, and the
    wire's member for it."""

    native: str
    field: str
    member: str


TARGETS: Mapping[str, Target] = {
    "SlackChannel": Target("Slack", "webhook_url", "webhook_url"),
    "MicrosoftTeamsChannel": Target("MsTeams", "webhook_url", "webhook_url"),
    "WebhookChannel": Target("Webhook", "url", "url"),
}
"""The kinds of integrations that can be written, by our kind."""

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS = {target.native: kind for kind, target in TARGETS.items()}
_TEXTS = ("display_name", "description")
_PLATFORM_MADE = {"RoleEmail": "role", "UserEmail": "user", "InApp": "in-app"}


def decode_integration(item: Any) -> LiveObject | None:
    """The live object of an integration; None if that has no id or is being deleted."""
    if not _is_there(item):
        return None
    target = item.get("target")
    target = target if isinstance(target, dict) else {}
    native = _native(target)
    kind = _KINDS.get(native)
    fields: dict[str, Value] = {
        "display_name": _text(item.get("display_name")),
        "description": _text(item.get("description")),
    }
    if kind is not None:
        fields[TARGETS[kind].field] = _address(target.get(TARGETS[kind].member))
    return _live(item, item["id"], kind, fields, native, read_only=kind is None, alias=_alias(native, target))


def decode_subscription(item: Any, catalogue: Catalogue) -> LiveObject | None:
    """The live object of a subscription; None if that has no id or is being deleted."""
    if not _is_there(item):
        return None
    references = item.get("integrations")
    fields: dict[str, Value] = {
        "notification_type": catalogue.word_for(_id(item.get("notification_type"))),
        "channels": frozenset(_id(one) for one in (references if isinstance(references, list) else [])),
        "state": _text(item.get("current_state")) or "ENABLED",
    }
    return _live(item, SUBSCRIPTION_PREFIX + item["id"], SUBSCRIPTION, fields, SUBSCRIPTION)


def count_nameless(items: list[dict[str, Any]]) -> int:
    """How many entries of a list have no id."""
    return sum(1 for item in items if not _has_id(item))


def _has_id(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("id"), str) and bool(item["id"])


def _is_there(item: Any) -> bool:
    if not _has_id(item):
        return False
    return not _is_being_deleted(_metadata(item))


def _is_being_deleted(metadata: dict[str, Any]) -> bool:
    """Whether `deleted_at` says that an object is deleted, or will be: it may still be listed for a while. By the
    vendor's examples an object that exists may have the member too: unset (year 1, or 1970), or with the time of its
    creation."""
    deleted = _time(metadata.get("deleted_at"))
    if deleted is None or deleted.year <= _NEVER.year:
        return False
    return deleted > (_time(metadata.get("created_at")) or _NEVER)


def _time(value: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _native(target: dict[str, Any]) -> str:
    """The kind of a target (`Slack`), also if it is given by the name of its schema (`SlackTarget`), as Terraform's
    provider sends it."""
    native = _text(target.get("kind"))
    short = native.removesuffix("Target")
    return short if short in _KINDS or short in _PLATFORM_MADE else native


def _live(
    item: dict[str, Any],
    object_id: str,
    kind: str | None,
    fields: Mapping[str, Value],
    native: str,
    *,
    read_only: bool = False,
    alias: str = "",
) -> LiveObject:
    metadata = _metadata(item)
    updated, created = _text(metadata.get("updated_at")), _text(metadata.get("created_at"))
    return LiveObject(object_id, kind, fields, native, updated, created, read_only, alias)


def _metadata(item: dict[str, Any]) -> dict[str, Any]:
    metadata = item.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _alias(native: str, target: dict[str, Any]) -> str:
    word = _PLATFORM_MADE.get(native)
    if word is None:
        return ""
    name = _text(target.get("role_name")) if word == "role" else _id(target.get("user"))
    return f"{word}:{name}" if name else ""


def _address(value: Any) -> SecretText | MaskedText | None:
    return read_address(value) if isinstance(value, str) and value else None


def _id(reference: Any) -> str:
    """The id in a reference, which is an object, or the id alone, as for users in the contract of 2023."""
    return _text(reference.get("id")) if isinstance(reference, dict) else _text(reference)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def address_of(kind: str, fields: Mapping[str, Value]) -> SecretText | None:
    """The address that messages go to; None if it is not known. TypeError for a reference that was not resolved."""
    value = fields.get(TARGETS[kind].field)
    if isinstance(value, SecretReference):
        raise TypeError("a secret reference must be resolved before it is written")
    if isinstance(value, SecretText):
        return value
    return SecretText(value) if isinstance(value, str) else None


def encode(payload: Payload, catalogue: Catalogue) -> dict[str, Any]:
    """The body of the call that creates or tests the payload."""
    fields = payload.fields
    if payload.kind == SUBSCRIPTION:
        return {
            "notification_type": {"id": catalogue.id_for(str(fields["notification_type"]))},
            "integrations": _references(fields["channels"]),
            "current_state": str(fields.get("state") or "ENABLED"),
        }
    body: dict[str, Any] = {"display_name": str(fields["display_name"])}
    if fields.get("description"):
        body["description"] = str(fields["description"])
    return body | {"target": _target(payload.kind, fields)}


def _target(kind: str, fields: Mapping[str, Value]) -> dict[str, str]:
    address = address_of(kind, fields)
    if address is None:
        raise TypeError("a target is never sent without its address")
    native, _, member = TARGETS[kind]
    return {"kind": native, member: address.reveal()}


def _references(channels: Value) -> list[dict[str, str]]:
    return [{"id": one} for one in sorted(channels)] if isinstance(channels, frozenset) else []


def changed_members(payload: Payload, before: LiveObject) -> dict[str, Any]:
    """The body of the PATCH that turns `before` into the payload: the top-level members that differ, each complete.

    An address that we do not know is left as it is; one that the server masks is written again.
    """
    fields, old = payload.fields, before.fields
    if payload.kind == SUBSCRIPTION:
        members: dict[str, Any] = {}
        if fields["channels"] != old.get("channels"):
            members["integrations"] = _references(fields["channels"])
        if fields.get("state", old.get("state")) != old.get("state"):
            members["current_state"] = str(fields["state"])
        return members
    members = {
        name: str(fields.get(name) or "") for name in _TEXTS if (fields.get(name) or "") != (old.get(name) or "")
    }
    address = address_of(payload.kind, fields)
    if address is not None and address != old.get(TARGETS[payload.kind].field):
        members["target"] = _target(payload.kind, fields)
    return members


def filled(live: LiveObject, payload: Payload | None) -> Payload:
    """A live integration as a payload. If the server masks its address, it is taken from the given payload, provided
    that the visible part of the live one fits it."""
    fields = dict(live.fields)
    kind = live.kind or ""
    name = TARGETS[kind].field
    fields[name] = in_clear(fields.get(name))
    if payload is not None and payload.kind == kind and fields[name] is None and not is_another_address(live, payload):
        fields[name] = payload.fields.get(name)
    return Payload(kind, fields, live.id)


def is_another_address(live: LiveObject, payload: Payload | None) -> bool:
    """Whether the visible part of a masked live address shows that it is not the payload's."""
    if payload is None or live.kind is None or payload.kind != live.kind:
        return False
    name = TARGETS[live.kind].field
    shown = live.fields.get(name)
    return isinstance(shown, MaskedText) and not _may_be_same(shown, in_clear(payload.fields.get(name)))


def same_content(live: LiveObject, other: LiveObject | Payload) -> bool:
    """Whether two have the same content, by all fields that are written; a masked address is the same as any that its
    visible part fits."""
    if live.kind != other.kind or live.kind is None:
        return live.kind == other.kind
    if live.kind == SUBSCRIPTION:
        names: tuple[str, ...] = ("notification_type", "channels", "state")
        return all(live.fields.get(name) == other.fields.get(name) for name in names)
    texts = all((live.fields.get(name) or "") == (other.fields.get(name) or "") for name in _TEXTS)
    return texts and _may_be_same(live.fields.get(TARGETS[live.kind].field), other.fields.get(TARGETS[live.kind].field))


def _may_be_same(one: Value, other: Value) -> bool:
    """Whether two addresses may be the same, by what is known of them."""
    one, other = (SecretText(value) if isinstance(value, str) else value for value in (one, other))
    for masked, value in ((one, other), (other, one)):
        if isinstance(masked, MaskedText) and isinstance(value, SecretText):
            return masked.shown == value or masked.may_be(value)
    return one is None or other is None or one == other
