"""The kinds of resources and their fields, in one table: what each holds, what affects delivery, what comes first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from reconciler.model.values import Value

if TYPE_CHECKING:
    pass


class Role(Enum):
    """What a field holds, and so how it is compared and shown."""

    TEXT = "text"
    NUMBER = "number"
    SWITCH = "switch"
    SECRET = "secret"  # noqa: S105 - the word names the role, it is no secret
    SECRETS = "secrets"  # header name -> value
    SET = "set"
    REFERENCE = "reference"  # the name of another manifest
    REFERENCES = "references"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind. `delivery`: a change to it can break or redirect messages, so it must be verified.

    `refers` names the kinds that a reference may lead to. `default` holds when the manifest omits the field, unless
    it is managed `only_when_written`.
    """

    name: str
    role: Role
    delivery: bool = False
    default: Value = None
    refers: frozenset[str] = frozenset()
    only_when_written: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource. `rank` is its place in the dependency order: creates go up the ranks, deletes down.

    `sends`: it is a place messages go to, so it can be tested by itself. `key_field` names the field that identifies
    an object of a kind that carries no mark.
    """

    name: str
    rank: int
    sends: bool
    fields: tuple[Field, ...]
    key_field: str = ""

    @property
    def address(self) -> tuple[Field, ...]:
        """The fields that say where its messages go: its secret address, or else all that affects delivery."""
        secret = tuple(field for field in self.fields if field.role is Role.SECRET)
        return secret or tuple(
            field for field in self.fields if field.delivery and field.name not in ("display_name", "enabled")
        )

    def field(self, name: str) -> Field:
        """The field of that name; KeyError if the kind has none."""
        for candidate in self.fields:
            if candidate.name == name:
                return candidate
        raise KeyError(name)


def _kind(name: str, *own: Field, rank: int = 1, sends: bool = True, name_delivers: bool = False) -> Kind:
    common = (
        Field("display_name", Role.TEXT, delivery=name_delivers),
        Field("description", Role.TEXT, default=""),
        Field("enabled", Role.SWITCH, delivery=True, default=True),
    )
    return Kind(name, rank, sends, common + own)


_ACCOUNTS = frozenset({"SmtpAccount", "SesAccount"})
_GROUPS = frozenset({"EmailGroup"})
_CHANNELS = frozenset({"SlackChannel", "MicrosoftTeamsChannel", "WebhookChannel"})
_WEBHOOK_URL = Field("webhook_url", Role.SECRET, delivery=True)
_RECIPIENTS = Field("recipients", Role.SET, delivery=True, default=frozenset())
_FROM = Field("from_address", Role.TEXT, delivery=True)
_ROLE_ARN = Field("role_arn", Role.TEXT, delivery=True)

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        # name_delivers: OpenSearch keeps an SMTP account's credentials under its display name.
        _kind(
            "SmtpAccount",
            Field("host", Role.TEXT, delivery=True),
            Field("port", Role.NUMBER, delivery=True, default=587),
            Field("encryption", Role.TEXT, delivery=True, default="start_tls"),
            _FROM,
            rank=0,
            sends=False,
            name_delivers=True,
        ),
        _kind("SesAccount", Field("region", Role.TEXT, delivery=True), _ROLE_ARN, _FROM, rank=0, sends=False),
        _kind("EmailGroup", _RECIPIENTS, rank=0, sends=False),
        _kind("SlackChannel", _WEBHOOK_URL),
        _kind("MicrosoftTeamsChannel", _WEBHOOK_URL),
        _kind("ChimeChannel", _WEBHOOK_URL),
        _kind("MattermostChannel", _WEBHOOK_URL),
        _kind(
            "WebhookChannel",
            Field("url", Role.SECRET, delivery=True),
            Field("method", Role.TEXT, delivery=True, default="POST"),
            Field("headers", Role.SECRETS, delivery=True, default={}),
        ),
        _kind(
            "EmailChannel",
            Field("sender", Role.REFERENCE, delivery=True, refers=_ACCOUNTS),
            _RECIPIENTS,
            Field("groups", Role.REFERENCES, delivery=True, default=frozenset(), refers=_GROUPS),
        ),
        _kind("SnsChannel", Field("topic_arn", Role.TEXT, delivery=True), _ROLE_ARN),
        Kind(
            "Subscription",
            2,
            False,
            (
                Field("notification_type", Role.TEXT),
                Field("channels", Role.REFERENCES, default=frozenset(), refers=_CHANNELS),
                Field("state", Role.TEXT, default="ENABLED", only_when_written=True),
                Field("mode", Role.TEXT, default="include"),
            ),
            key_field="notification_type",
        ),
    )
}
"""Every kind by name; the ranks are the dependency order."""

API_VERSION = "channels.gitops/v1"
