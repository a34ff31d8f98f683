"""What Confluent Cloud can hold, known without a connection. Pure.

The server ignores members that it does not know (the API's compatibility policy), so what it cannot hold must be
refused here, by name. Lengths are those of the vendor's document, notifications/v1, October 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult, urlsplit

from reconciler.model.errors import Level, Problem
from reconciler.model.provider import VerificationMethod
from reconciler.model.text import not_an_address
from reconciler.model.values import SecretText, Value
from reconciler.providers.confluent.codec import SUBSCRIPTION, TARGETS

LONGEST_NAME = 64
LONGEST_DESCRIPTION = 128
LONGEST_ID = 255

_RETIRED = (".webhook.office.com", "outlook.office.com", "outlook.office365.com")


class ConfluentAbilities:
    """The Abilities of the Confluent provider."""

    provider = "confluent"
    kinds = frozenset(TARGETS) | {SUBSCRIPTION}
    verification = VerificationMethod.PROBE
    chooses_ids = False

    def check(self, kind: str, fields: Mapping[str, Value], version: str) -> list[Problem]:
        """What Confluent refuses in these fields, and what it would silently ignore. `version` is ignored."""
        if kind not in self.kinds:
            return [Problem(("kind",), "Confluent Cloud has no such kind", "unsupported-kind", "leave this target out")]
        if kind == SUBSCRIPTION:
            return list(_check_subscription(fields))
        return [*_check_texts(fields), *_check_missing(kind, fields), *_check_address(kind, fields)]

    def check_id(self, object_id: str) -> list[Problem]:
        """What is wrong with an id that a manifest pins; Confluent chooses all ids itself."""
        if 0 < len(object_id) <= LONGEST_ID:
            return []
        return [Problem(("id",), "Confluent Cloud has no such id", "invalid-id", "copy it from reconciler list")]

    def expects_json(self, kind: str) -> bool:
        """False: Confluent sends tests as JSON too, so a receiver has no reason to refuse the form of a test."""
        return False

    def harmless_writes(self, missing: str) -> None:
        """None: Confluent also answers 403 for what does not exist, and chooses ids itself."""


ABILITIES = ConfluentAbilities()


def _check_texts(fields: Mapping[str, Value]) -> Iterator[Problem]:
    name, description = fields.get("display_name"), fields.get("description")
    if name is not None and not name:
        yield Problem(("display_name",), "must not be empty", "empty-name")
    if isinstance(name, str) and len(name) > LONGEST_NAME:
        message = f"has {len(name)} characters, and Confluent Cloud takes {LONGEST_NAME}"
        yield Problem(("display_name",), message, "too-long", "shorten it, for this target under overrides")
    if isinstance(description, str) and len(description) > LONGEST_DESCRIPTION:
        message = (
            f"has {len(description)} characters with the mark of ownership, and Confluent Cloud takes "
            f"{LONGEST_DESCRIPTION}"
        )
        yield Problem(("description",), message, "too-long", "shorten it, or the manifest's name")


def _check_missing(kind: str, fields: Mapping[str, Value]) -> Iterator[Problem]:
    """Fields that an integration cannot hold, unless their value is what Confluent does anyway."""
    if fields.get("enabled") is False:
        hint = "remove the channel from its subscriptions, or disable those"
        yield Problem(("enabled",), "Confluent Cloud cannot disable an integration", "unsupported-field", hint)
    if kind != "WebhookChannel":
        return
    hint = "leave it out for this target (overrides: null means the default)"
    if fields.get("method", "POST") != "POST":
        yield Problem(("method",), "Confluent Cloud always sends POST", "unsupported-field", hint)
    if fields.get("headers"):
        yield Problem(("headers",), "Confluent Cloud sends no custom headers", "unsupported-field", hint)


def _check_address(kind: str, fields: Mapping[str, Value]) -> Iterator[Problem]:
    name = TARGETS[kind].field
    value = fields.get(name)
    if not isinstance(value, SecretText | str):
        return
    text = value.reveal() if isinstance(value, SecretText) else value
    parts = _split(text)
    if parts is None:
        message, fix = not_an_address(text)
        yield Problem((name,), message, "invalid-address", fix)
    elif kind == "MicrosoftTeamsChannel" and (parts.hostname or "").endswith(_RETIRED):
        message = "is an Office 365 connector address, which Microsoft has retired"
        hint = "make a Workflows webhook in Teams, and give its address"
        yield Problem((name,), message, "teams-connector-retired", hint, level=Level.WARNING)


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    is_clean = not any(ord(mark) <= 32 for mark in text)
    return parts if is_whole and is_clean and parts.scheme in ("http", "https") else None


def _check_subscription(fields: Mapping[str, Value]) -> Iterator[Problem]:
    if "channels" in fields and not fields["channels"]:
        yield Problem(("channels",), "a subscription needs at least one channel", "empty-list", "name one")
