"""The kinds of resources and their fields, in one table: what each holds, what affects delivery, what comes first."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.model.fields import (
    DESCRIPTION,
    DISPLAY_NAME,
    EMAIL,
    HOST,
    NAME,
    NON_EMPTY,
    PORT,
    REGION,
    ROLE_ARN,
    SWITCH,
    TOPIC_ARN,
    Form,
    Row,
    Schema,
    choice,
    set_of,
)
from reconciler.model.secret_fields import HEADERS, SECRET_ADDRESS
from reconciler.model.values import Value


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Row):
    """One field of a kind. `delivery`: a change to it can break or redirect messages, so it must be verified.

    `refers` names the kinds that a reference may point to. `default` applies when the manifest omits the field, unless
    it is managed `only_when_written`. `people`: its values are addresses of people who get the messages.
    """

    role: Role
    delivery: bool = False
    people: bool = False
    refers: frozenset[str] = frozenset()
    only_when_written: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource. `rank` is its place in the dependency order: creates go up the ranks, deletes down.

    `sends`: it is a place messages go to, so it can be tested by itself; other kinds are tested through their user
    (`user_of`), if they have one. `key_field` names the field that identifies an object of a kind that carries no mark.
    `on_rename` says what to do before its display name changes. `mistaken` are fields that people expect but the kind
    does not have: each is refused with the reason.
    """

    name: str
    description: str
    fields: tuple[Field, ...]
    rank: int = 1
    sends: bool = True
    key_field: str = ""
    on_rename: str = ""
    mistaken: Mapping[str, Schema] = dataclasses.field(default_factory=dict)

    @property
    def people(self) -> Field | None:
        """The field that lists people who get the messages, by itself or in a channel that uses it."""
        return next((field for field in self.fields if field.people), None)

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

    def read(self, spec: Mapping[str, Any], name: str) -> dict[str, Value]:
        """The fields of the resource `name`, from a spec that passed its schema, merged and without nulls. Omitted
        fields get their default, except those that are managed only when written: they are left out."""
        fields: dict[str, Value] = {}
        for field in self.fields:
            if field.name in spec:
                fields[field.name] = field.form.read(spec[field.name])
            elif field.name == "display_name":
                fields[field.name] = name
            elif not field.only_when_written:
                fields[field.name] = field.default
        return fields


def _field(name: str, role: Role, form: Form, description: str, *examples: Any, **more: Any) -> Field:
    """A field; one without a `default` is required."""
    required = "default" not in more
    return Field(name=name, role=role, form=form, description=description, examples=examples, required=required, **more)


def _kind(name: str, description: str, *own: Field, name_delivers: bool = False, **more: Any) -> Kind:
    common = (
        _field(
            "display_name",
            Role.TEXT,
            DISPLAY_NAME,
            "The name that people see. Default: metadata.name.",
            "On-call (critical)",
            default=None,
            delivery=name_delivers,
        ),
        _field("description", Role.TEXT, DESCRIPTION, "What it is for.", "Pages the payments on-call", default=""),
        _field(
            "enabled",
            Role.SWITCH,
            SWITCH,
            "Whether it sends. A channel that was disabled by hand is drift; `ignore: [enabled]` leaves it to "
            "operators. Confluent does not support false.",
            default=True,
            delivery=True,
        ),
    )
    return Kind(name, description, common + own, **more)


_ACCOUNTS = frozenset({"SmtpAccount", "SesAccount"})
_GROUPS = frozenset({"EmailGroup"})
_CHANNELS = frozenset({"SlackChannel", "MicrosoftTeamsChannel", "WebhookChannel"})
_EMAILS = set_of(EMAIL)
_ADDRESS = _field(
    "webhook_url",
    Role.SECRET,
    SECRET_ADDRESS,
    "Where the messages go. The address is a secret.",
    {"env": "ONCALL_WEBHOOK_URL"},
    {"file": "secrets/oncall"},
    delivery=True,
)
_RECIPIENTS = _field(
    "recipients", Role.SET, _EMAILS, "Addresses that get the mail.", ["ops@example.org"], delivery=True, people=True
)
_FROM = _field("from_address", Role.TEXT, EMAIL, "The sender that people see.", "alerts@example.org", delivery=True)


_IN_THE_KEYSTORE: Schema = {
    "not": {},
    "errorMessage": "is not set here: OpenSearch keeps the credentials of an account in its nodes' keystore, under the "
    "display name: opensearch.notifications.core.email.<display_name>.username and .password",
    "description": "Is kept in the keystore of OpenSearch's nodes.",
}


def _role_arn(purpose: str) -> Field:
    return _field(
        "role_arn",
        Role.TEXT,
        ROLE_ARN,
        f"The role that the server assumes to {purpose}. Default: the server's own.",
        "arn:aws:iam::123456789012:role/notify",
        default=None,
        delivery=True,
    )


def _made_by_the_platform(key: str, example: str, description: str) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": {key: {"type": "string", "minLength": 1, "examples": [example], "description": description}},
        "required": [key],
        "additionalProperties": False,
    }


def _read_channels(value: list[Any]) -> frozenset[str]:
    return frozenset(item if isinstance(item, str) else ":".join(next(iter(item.items()))) for item in value)


_CHANNEL_NAMES = Form(
    {
        "type": "array",
        "minItems": 1,
        "items": {
            "errorMessage": "must be the name of a channel, {role: ...} or {user: ...}",
            "anyOf": [
                NAME.schema,
                _made_by_the_platform("role", "OrganizationAdmin", "Mail to everybody who has the role."),
                _made_by_the_platform("user", "u-abc123", "Mail to one user."),
            ],
        },
    },
    _read_channels,
)

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        _kind(
            "SlackChannel",
            "A channel in Slack, reached by an incoming webhook. OpenSearch and Confluent.",
            _ADDRESS,
        ),
        _kind(
            "MicrosoftTeamsChannel",
            "A channel in Microsoft Teams, reached by a webhook. OpenSearch (webhook.office.com only) and Confluent.",
            _ADDRESS,
        ),
        _kind(
            "WebhookChannel",
            "Any receiver over HTTP. OpenSearch; Confluent too, with url alone.",
            replace(_ADDRESS, name="url"),
            _field(
                "method",
                Role.TEXT,
                choice("POST", "PUT", "PATCH"),
                "The HTTP method, in capitals.",
                default="POST",
                delivery=True,
            ),
            _field(
                "headers",
                Role.SECRETS,
                HEADERS,
                "Headers sent along. Values are secrets, except those of Content-Type, Accept and User-Agent.",
                {
                    "Content-Type": "application/json",
                    "Authorization": {"format": "Bearer {}", "from": {"env": "TOKEN"}},
                },
                default={},
                delivery=True,
            ),
        ),
        _kind("ChimeChannel", "A room in Amazon Chime, reached by a webhook. OpenSearch only.", _ADDRESS),
        _kind(
            "MattermostChannel",
            "A channel in Mattermost, reached by an incoming webhook. OpenSearch 3.5 and later.",
            _ADDRESS,
        ),
        _kind(
            "EmailChannel",
            "Mail to people and groups, sent by an account. OpenSearch only.",
            _field(
                "sender",
                Role.REFERENCE,
                NAME,
                "The name of the SmtpAccount or SesAccount that sends it.",
                "mail",
                refers=_ACCOUNTS,
                delivery=True,
            ),
            replace(_RECIPIENTS, default=frozenset(), required=False),
            _field(
                "groups",
                Role.REFERENCES,
                set_of(NAME),
                "Names of EmailGroups that get the mail.",
                ["payments-team"],
                default=frozenset(),
                refers=_GROUPS,
                delivery=True,
            ),
        ),
        _kind(
            "SmtpAccount",
            "An account that sends mail over SMTP; its password is kept in the server's keystore, under its "
            "display name. OpenSearch only.",
            _field("host", Role.TEXT, HOST, "The mail server.", "smtp.example.org", delivery=True),
            _field("port", Role.NUMBER, PORT, "Its port.", default=587, delivery=True),
            _field(
                "encryption",
                Role.TEXT,
                choice("none", "ssl", "start_tls"),
                "How the connection is secured.",
                default="start_tls",
                delivery=True,
            ),
            _FROM,
            rank=0,
            sends=False,
            name_delivers=True,  # OpenSearch keeps its credentials under its display name
            on_rename="its credentials in the keystore are kept under the display name: store them under the new one "
            "first",
            mistaken={"username": _IN_THE_KEYSTORE, "password": _IN_THE_KEYSTORE},
        ),
        _kind(
            "SesAccount",
            "An account that sends mail through Amazon SES. OpenSearch only.",
            _field("region", Role.TEXT, REGION, "The AWS region.", "eu-central-1", delivery=True),
            _role_arn("send"),
            _FROM,
            rank=0,
            sends=False,
        ),
        _kind(
            "EmailGroup",
            "A list of mail recipients that several email channels share. OpenSearch only.",
            _RECIPIENTS,
            rank=0,
            sends=False,
        ),
        _kind(
            "SnsChannel",
            "A topic of Amazon SNS. OpenSearch only.",
            _field(
                "topic_arn",
                Role.TEXT,
                TOPIC_ARN,
                "The topic.",
                "arn:aws:sns:eu-central-1:123456789012:alerts",
                delivery=True,
            ),
            _role_arn("publish"),
        ),
        Kind(
            "Subscription",
            "Which channels get the notifications of one type. Confluent only.",
            (
                _field(
                    "notification_type",
                    Role.TEXT,
                    NON_EMPTY,
                    "The type of notification: its display name, or its id.",
                    "Connector failed",
                ),
                _field(
                    "channels",
                    Role.REFERENCES,
                    _CHANNEL_NAMES,
                    "Who gets them: names of channels, {role: ...} or {user: ...} for what the platform makes itself.",
                    ["oncall-critical", {"role": "OrganizationAdmin"}],
                    refers=_CHANNELS,
                ),
                _field(
                    "state",
                    Role.TEXT,
                    choice("ENABLED", "DISABLED"),
                    "DISABLED: nobody gets them. Left out: one that somebody disabled is drift, and stays disabled.",
                    default="ENABLED",
                    only_when_written=True,
                ),
                _field(
                    "mode",
                    Role.TEXT,
                    choice("include", "exact"),
                    "include: these channels are added; exact: the list is exactly these.",
                    default="include",
                ),
            ),
            rank=2,
            sends=False,
            key_field="notification_type",
        ),
    )
}
"""Every kind by name; the ranks are the dependency order."""


def user_of(kind: str) -> Field | None:
    """The field through which a sending kind uses this one, which does not send itself and so is tested through it.
    None for a kind that sends itself, and for one that no sending kind refers to, such as a subscription."""
    users = (field for other in KINDS.values() if other.sends for field in other.fields if kind in field.refers)
    return None if KINDS[kind].sends else next(users, None)


def ways_to_people(kind: str) -> tuple[str, ...]:
    """The fields of a kind that say which people it reaches: by itself, or by the groups that it refers to."""
    return tuple(
        field.name
        for field in KINDS[kind].fields
        if field.people or any(KINDS[name].people and not KINDS[name].sends for name in field.refers)
    )


API_VERSION = "channels.gitops/v1"
