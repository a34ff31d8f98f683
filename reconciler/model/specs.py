"""One model per kind: the spec of a manifest as one target gets it, defaults and overrides merged in.

Attributes are named as the manifest's fields; secrets become the values of `secret_fields`, lists whose order means
nothing become sets. The descriptions are what editors and `explain` show. What is compared, and how, is not said
here but in `resources.KINDS`; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import Field, PlainValidator, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from reconciler.model.fields import (
    NAME_PATTERN,
    NAME_WORDS,
    Checked,
    Description,
    DisplayName,
    Email,
    Host,
    Name,
    NonEmpty,
    ObjectId,
    Port,
    Region,
    RoleArn,
    TopicArn,
    is_name,
)
from reconciler.model.kinds import KINDS
from reconciler.model.resource import Expect, OnFailure, TestPolicy, When
from reconciler.model.secret_fields import Headers, SecretAddress

# No `from __future__ import annotations`: pydantic would have to evaluate each one, and start-up counts.


class TestRules(Checked):
    """How a resource is tested by `apply`."""

    __test__ = False  # pytest would take it for a test class

    when: Annotated[When, Field(strict=False)] = Field(
        When.CHANGE, description="When a test message is sent: when delivery changed, at every apply, or never."
    )
    on_failure: Annotated[OnFailure, Field(strict=False)] = Field(
        OnFailure.REVERT, description="What becomes of a change whose test failed."
    )
    expect: Annotated[Expect, Field(strict=False)] | None = Field(
        None,
        description="What counts as verdict: the receiver accepted the message, or merely answered it. "
        "Default: accepted, but reached for a WebhookChannel on OpenSearch.",
    )
    recipients: Annotated[frozenset[Email], Field(strict=False)] = Field(
        frozenset(),
        description="Who gets the test message of an account. Default: the first recipient of a channel that uses it.",
        examples=[["ops@example.org"]],
    )

    def as_policy(self) -> TestPolicy:
        """The same in the words of the domain."""
        return TestPolicy(self.when, self.on_failure, self.expect, self.recipients)


def _read_names(value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not names or not all(isinstance(n, str) and is_name(n) for n in names):
        raise PydanticCustomError("names", "must be a name, or a list of names")
    return tuple(dict.fromkeys(names))


_ONE_NAME: dict[str, Any] = {"type": "string", "pattern": NAME_PATTERN, "patternErrorMessage": NAME_WORDS}
_NAMES_SCHEMA: dict[str, Any] = {
    "errorMessage": "must be a name, or a list of names",
    "anyOf": [_ONE_NAME, {"type": "array", "minItems": 1, "items": _ONE_NAME}],
}


class KindSpec(Checked):
    """What all kinds have in common: how the resource is managed."""

    kind: ClassVar[str] = ""

    id: ObjectId | None = Field(
        None,
        description="Pins an existing live object, which is taken over. Give it per target, under overrides, "
        "when there are several targets.",
        examples=["abc123"],
    )
    ignore: Annotated[frozenset[str], Field(strict=False)] = Field(
        frozenset(), description="Fields that are left as they are live.", examples=[["description"]]
    )
    protected: bool = Field(False, description="Never deleted or replaced, even when this manifest is gone.")
    renamed_from: Annotated[tuple[str, ...], PlainValidator(_read_names), WithJsonSchema(_NAMES_SCHEMA)] = Field(
        (),
        description="Its former name, or several: the same live object is kept. May go once it was applied everywhere.",
        examples=["oncall", ["oncall", "pager"]],
    )
    allow: Annotated[frozenset[Literal["replace", "duplicate"]], Field(strict=False)] = Field(
        frozenset(),
        description="Consent in place of a flag. replace: a change of kind may delete the live object; duplicate: it "
        "may be created though an object that looks like it is there.",
        examples=[["replace"]],
    )
    test: TestRules | None = Field(None, description="How it is tested by apply.")

    @property
    def test_policy(self) -> TestPolicy | None:
        """The test rules in the words of the domain, None where nothing is said."""
        return self.test.as_policy() if self.test else None

    @field_validator("ignore")
    @classmethod
    def _names_fields(cls, ignore: frozenset[str]) -> frozenset[str]:
        if not ignore <= {field.name for field in KINDS[cls.kind].fields}:
            raise PydanticCustomError("ignore", "names a field that the kind does not have")
        return ignore


class _NamedSpec(KindSpec):
    display_name: DisplayName | None = Field(
        None, description="The name that people see. Default: metadata.name.", examples=["On-call (critical)"]
    )
    description: Description = Field("", description="What it is for.", examples=["Pages the payments on-call"])
    enabled: bool | None = Field(
        None,
        description="Whether it sends; the default is true, and a channel that was disabled by hand is drift. "
        "`ignore: [enabled]` leaves it to operators. Confluent has no false.",
    )


_ADDRESS_EXAMPLES: list[Any] = [{"env": "ONCALL_WEBHOOK_URL"}, {"file": "secrets/oncall"}]


class _WebhookUrlSpec(_NamedSpec):
    webhook_url: SecretAddress = Field(
        description="Where the messages go. The address is a secret.", examples=_ADDRESS_EXAMPLES
    )


class SlackChannelSpec(_WebhookUrlSpec):
    """A channel in Slack, reached by an incoming webhook. OpenSearch and Confluent."""

    kind: ClassVar[str] = "SlackChannel"


class MicrosoftTeamsChannelSpec(_WebhookUrlSpec):
    """A channel in Microsoft Teams, reached by a webhook. OpenSearch (webhook.office.com only) and Confluent."""

    kind: ClassVar[str] = "MicrosoftTeamsChannel"


class ChimeChannelSpec(_WebhookUrlSpec):
    """A room in Amazon Chime, reached by a webhook. OpenSearch only."""

    kind: ClassVar[str] = "ChimeChannel"


class MattermostChannelSpec(_WebhookUrlSpec):
    """A channel in Mattermost, reached by an incoming webhook. OpenSearch 3.5 and later."""

    kind: ClassVar[str] = "MattermostChannel"


class WebhookChannelSpec(_NamedSpec):
    """Any receiver over HTTP. OpenSearch; Confluent too, with url alone."""

    kind: ClassVar[str] = "WebhookChannel"

    url: SecretAddress = Field(
        description="Where the messages go. The address is a secret.", examples=_ADDRESS_EXAMPLES
    )
    method: Literal["POST", "PUT", "PATCH"] = Field("POST", description="The HTTP method, in capitals.")
    headers: Headers = Field(
        default_factory=dict,
        description="Headers sent along. Values are secrets, but those of Content-Type, Accept and User-Agent.",
        examples=[
            {"Content-Type": "application/json", "Authorization": {"format": "Bearer {}", "from": {"env": "TOKEN"}}}
        ],
    )


class EmailChannelSpec(_NamedSpec):
    """Mail to people and groups, sent by an account. OpenSearch only."""

    kind: ClassVar[str] = "EmailChannel"

    sender: Name = Field(description="The name of the SmtpAccount or SesAccount that sends it.", examples=["mail"])
    recipients: Annotated[frozenset[Email], Field(strict=False)] = Field(
        frozenset(), description="Addresses that get the mail.", examples=[["ops@example.org"]]
    )
    groups: Annotated[frozenset[Name], Field(strict=False)] = Field(
        frozenset(), description="Names of EmailGroups that get the mail.", examples=[["payments-team"]]
    )


class SmtpAccountSpec(_NamedSpec):
    """An account that sends mail over SMTP; its password is kept in the server's keystore, under its display name."""

    kind: ClassVar[str] = "SmtpAccount"

    host: Host = Field(description="The mail server.", examples=["smtp.example.org"])
    port: Port = Field(587, description="Its port.")
    encryption: Literal["none", "ssl", "start_tls"] = Field("start_tls", description="How the connection is secured.")
    from_address: Email = Field(description="The sender that people see.", examples=["alerts@example.org"])


class SesAccountSpec(_NamedSpec):
    """An account that sends mail through Amazon SES. OpenSearch only."""

    kind: ClassVar[str] = "SesAccount"

    region: Region = Field(description="The AWS region.", examples=["eu-central-1"])
    role_arn: RoleArn | None = Field(
        None,
        description="The role that the server takes on to send. Default: the server's own.",
        examples=["arn:aws:iam::123456789012:role/notify"],
    )
    from_address: Email = Field(description="The sender that people see.", examples=["alerts@example.org"])


class EmailGroupSpec(_NamedSpec):
    """A list of mail recipients that several email channels share. OpenSearch only."""

    kind: ClassVar[str] = "EmailGroup"

    recipients: Annotated[frozenset[Email], Field(strict=False)] = Field(
        description="Addresses that get the mail.", examples=[["ops@example.org"]]
    )


class SnsChannelSpec(_NamedSpec):
    """A topic of Amazon SNS. OpenSearch only."""

    kind: ClassVar[str] = "SnsChannel"

    topic_arn: TopicArn = Field(description="The topic.", examples=["arn:aws:sns:eu-central-1:123456789012:alerts"])
    role_arn: RoleArn | None = Field(
        None,
        description="The role that the server takes on to publish. Default: the server's own.",
        examples=["arn:aws:iam::123456789012:role/notify"],
    )


def _read_channels(value: Any) -> frozenset[str]:
    if not isinstance(value, (list, tuple)) or not value:
        raise PydanticCustomError("channels", "must be a list, and not empty")
    return frozenset(_read_channel(item) for item in value)


def _read_channel(item: Any) -> str:
    if isinstance(item, str) and is_name(item):
        return item
    if isinstance(item, dict) and len(item) == 1:
        ((key, name),) = item.items()
        if key in ("role", "user") and isinstance(name, str) and name:
            return f"{key}:{name}"
    raise PydanticCustomError("channels", "must be names of channels, (role: ...) or (user: ...)")


def _platform_made(key: str, example: str, description: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": {key: {"type": "string", "minLength": 1, "examples": [example]}},
        "required": [key],
        "additionalProperties": False,
    }


_CHANNELS_SCHEMA: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {
        "errorMessage": "must be the name of a channel, {role: ...} or {user: ...}",
        "anyOf": [
            {"type": "string", "pattern": NAME_PATTERN, "patternErrorMessage": NAME_WORDS},
            _platform_made("role", "OrganizationAdmin", "Mail to everybody who has the role."),
            _platform_made("user", "u-abc123", "Mail to one user."),
        ],
    },
}


class SubscriptionSpec(KindSpec):
    """Which channels get the notifications of one type. Confluent only."""

    kind: ClassVar[str] = "Subscription"

    notification_type: NonEmpty = Field(
        description="The type of notification: its display name, or its id.", examples=["Connector failed"]
    )
    channels: Annotated[frozenset[str], PlainValidator(_read_channels), WithJsonSchema(_CHANNELS_SCHEMA)] = Field(
        description="Who gets them: names of channels, {role: ...} or {user: ...} for what the platform makes itself.",
        examples=[["oncall-critical", {"role": "OrganizationAdmin"}]],
    )
    state: Literal["ENABLED", "DISABLED"] | None = Field(
        None, description="Managed only when written. DISABLED: nobody gets them."
    )
    mode: Literal["include", "exact"] = Field(
        "include", description="include: these channels are added; exact: the list is these and no others."
    )


SpecModel: TypeAlias = type[KindSpec]

SPEC_MODELS: Mapping[str, SpecModel] = {
    model.kind: model
    for model in (
        SlackChannelSpec,
        MicrosoftTeamsChannelSpec,
        WebhookChannelSpec,
        ChimeChannelSpec,
        MattermostChannelSpec,
        EmailChannelSpec,
        SmtpAccountSpec,
        SesAccountSpec,
        EmailGroupSpec,
        SnsChannelSpec,
        SubscriptionSpec,
    )
}
"""The model of each kind's spec, by the kind's name."""
