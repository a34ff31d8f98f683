"""OpenSearch configs: wire form to our form and back. Pure, and the only place that knows the wire's names.

The wire form is that of the plugin's model classes (common-utils `notifications/model`, 2.0 to 3.8). Reading is
lenient: a config that cannot be understood becomes an object without a kind, so that one odd document does not make the
rest unreadable. Writing is exact: one block of the config's own type, no nulls, sets sorted, no `config_id` inside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from reconciler.model.resource import LiveObject, Payload
from reconciler.model.values import PUBLIC_HEADERS, SecretReference, SecretText, Value


class _OddError(Exception):
    """A member does not have the type that the plugin's classes give it."""


def _read_text(value: Any) -> Value:
    if not isinstance(value, str):
        raise _OddError
    return value


def _read_optional_text(value: Any) -> Value:
    return None if value is None else _read_text(value)


def _read_number(value: Any) -> Value:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _OddError
    return value


def _read_secret(value: Any) -> Value:
    if not isinstance(value, str):
        raise _OddError
    return SecretText(value)


def _read_headers(value: Any) -> Value:
    pairs = {} if value is None else value
    if not isinstance(pairs, dict) or not all(isinstance(text, str) for text in pairs.values()):
        raise _OddError
    return {name: text if name.lower() in PUBLIC_HEADERS else SecretText(text) for name, text in pairs.items()}


def _read_recipients(value: Any) -> Value:
    items = [] if value is None else value
    if not isinstance(items, list):
        raise _OddError
    recipients = [item.get("recipient") if isinstance(item, dict) else None for item in items]
    return _read_ids(recipients)


def _read_ids(value: Any) -> Value:
    items = [] if value is None else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise _OddError
    return frozenset(items)


def _write_plain(value: Value) -> Any:
    return _opened(value)


def _write_headers(value: Value) -> Any:
    pairs = value if isinstance(value, Mapping) else {}
    return {name: _opened(pairs[name]) for name in sorted(pairs)}


def _write_recipients(value: Value) -> Any:
    return [{"recipient": recipient} for recipient in _write_ids(value)]


def _write_ids(value: Value) -> Any:
    return sorted(value) if isinstance(value, frozenset) else []


def _opened(value: Value) -> Any:
    if isinstance(value, SecretReference):
        raise TypeError("a secret reference must be resolved before it is written")
    return value.reveal() if isinstance(value, SecretText) else value


class _Member(NamedTuple):
    """One of our fields, the wire's name for it, and how it is read and written."""

    field: str
    wire: str
    read: Callable[[Any], Value] = _read_text
    write: Callable[[Value], Any] = _write_plain


_URL = (_Member("webhook_url", "url", _read_secret),)
_RECIPIENTS = _Member("recipients", "recipient_list", _read_recipients, _write_recipients)
_FROM = _Member("from_address", "from_address")
_ROLE_ARN = _Member("role_arn", "role_arn", _read_optional_text)

_BLOCKS: Mapping[str, tuple[str, tuple[_Member, ...]]] = {
    "SlackChannel": ("slack", _URL),
    "MicrosoftTeamsChannel": ("microsoft_teams", _URL),
    "ChimeChannel": ("chime", _URL),
    "MattermostChannel": ("mattermost", _URL),
    "WebhookChannel": (
        "webhook",
        (
            _Member("url", "url", _read_secret),
            _Member("method", "method"),
            _Member("headers", "header_params", _read_headers, _write_headers),
        ),
    ),
    "EmailChannel": (
        "email",
        (
            _Member("sender", "email_account_id"),
            _RECIPIENTS,
            _Member("groups", "email_group_id_list", _read_ids, _write_ids),
        ),
    ),
    "SmtpAccount": (
        "smtp_account",
        (
            _Member("host", "host"),
            _Member("port", "port", _read_number),
            _Member("encryption", "method"),
            _FROM,
        ),
    ),
    "SesAccount": ("ses_account", (_Member("region", "region"), _ROLE_ARN, _FROM)),
    "EmailGroup": ("email_group", (_RECIPIENTS,)),
    "SnsChannel": ("sns", (_Member("topic_arn", "topic_arn"), _ROLE_ARN)),
}

NATIVE_TYPES: Mapping[str, str] = {kind: native for kind, (native, _) in _BLOCKS.items()}
"""The plugin's `config_type` by our kind."""

_KINDS = {native: kind for kind, native in NATIVE_TYPES.items()}


def decode(item: Any) -> LiveObject | None:
    """The live object of one entry of `config_list`; None if the entry has no id.

    Its kind is None if the type is unknown, or if the config does not have the form of its type.
    """
    if not isinstance(item, dict) or not isinstance(item.get("config_id"), str):
        return None
    config = item.get("config")
    config = config if isinstance(config, dict) else {}
    native = config.get("config_type")
    native = native if isinstance(native, str) else ""
    kind, fields = _decode_fields(native, config)
    return LiveObject(
        id=item["config_id"],
        kind=kind,
        fields=fields,
        native_type=native,
        updated=str(item.get("last_updated_time_ms", "")),
        created=str(item.get("created_time_ms", "")),
    )


def _decode_fields(native: str, config: dict[str, Any]) -> tuple[str | None, dict[str, Value]]:
    # An omitted description or is_enabled has the plugin's own default, as in its `NotificationConfig.parse`.
    common = {"display_name": config.get("name"), "description": config.get("description", "")}
    fields: dict[str, Value] = {name: text if isinstance(text, str) else "" for name, text in common.items()}
    fields["enabled"] = config.get("is_enabled", True) is not False
    kind = _KINDS.get(native)
    block = config.get(native)
    if kind is None or not isinstance(block, dict) or not isinstance(config.get("name"), str):
        return None, fields
    try:
        own = {member.field: member.read(block.get(member.wire)) for member in _BLOCKS[kind][1]}
    except _OddError:
        return None, fields
    return kind, fields | own


def encode(kind: str, fields: Mapping[str, Value]) -> dict[str, Any]:
    """The `config` object to write. A missing field gets the plugin's default; members that are None are left out,
    since the server answers an explicit null with 500 for most of them."""
    native, members = _BLOCKS[kind]
    block = {member.wire: member.write(fields.get(member.field)) for member in members}
    return {
        "name": _opened(fields["display_name"]),
        "description": _opened(fields.get("description", "")),
        "config_type": native,
        "is_enabled": fields.get("enabled", True) is not False,
        native: {wire: value for wire, value in block.items() if value is not None},
    }


def same_content(live: LiveObject, payload: Payload) -> bool:
    """Whether a live object has the payload's content, by all fields that are written."""
    return live.kind == payload.kind and encode(payload.kind, live.fields) == encode(payload.kind, payload.fields)


def fill_from(payload: Payload, before: LiveObject) -> Payload:
    """The payload, completed from the live object, since a PUT replaces everything: with the fields that it does not
    name, and the secrets that are None in it."""
    fields = {**before.fields, **payload.fields}
    for name, value in payload.fields.items():
        old = before.fields.get(name)
        if value is None and isinstance(old, SecretText):
            fields[name] = old
        elif isinstance(value, Mapping) and isinstance(old, Mapping):
            fields[name] = {header: old.get(header) if text is None else text for header, text in value.items()}
    return Payload(payload.kind, fields, payload.id)
