"""The words of the domain, as frozen values: kinds and their fields, secrets, marks, resources, live objects.

Everything else in the package speaks in these. Nothing here reads, writes, prints or knows a provider; what a
provider's wire calls these things stays inside that provider.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import NoReturn

__all__ = [
    "BUILT_IN_SOURCES",
    "KINDS",
    "PUBLIC_HEADERS",
    "RESERVED_NAMES",
    "Delivery",
    "Draft",
    "Expect",
    "Field",
    "Kind",
    "LiveObject",
    "OnFailure",
    "Outcome",
    "RecipientDelivery",
    "Resource",
    "Role",
    "SecretReference",
    "SecretText",
    "Server",
    "Settings",
    "TestPolicy",
    "Value",
    "When",
]


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


class SecretText:
    """A secret's value. It shows itself masked everywhere, and is opened by `reveal` only to be compared or sent."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself: for the call that sends it, and for comparisons."""
        return self._value

    def __repr__(self) -> str:
        return "SecretText(•••)"

    def __str__(self) -> str:
        return "•••"

    def __format__(self, format_spec: str) -> str:
        return "•••"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, SecretText):
            return hmac.compare_digest(self._value.encode(), other._value.encode())
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never serialised")


@dataclass(frozen=True, slots=True)
class SecretReference:
    """The name of a value that is kept elsewhere: what a manifest writes instead of a secret.

    `source` is `env`, `file`, `live`, or a source by entry point or project file; `argument` is what it is asked for
    and `key` the part of that which is meant. `form` wraps the value: `Bearer {}`.
    """

    source: str
    argument: str = ""
    key: str = ""
    form: str = ""

    @property
    def is_live(self) -> bool:
        """Whether this means: keep the value that the live object has."""
        return self.source == "live"

    def __str__(self) -> str:
        inner = f"{self.source}:{self.argument}" + (f"#{self.key}" if self.key else "")
        return f"{self.form.replace('{}', '{' + inner + '}')}" if self.form else inner


BUILT_IN_SOURCES = ("env", "file", "sops", "vault", "aws_secret")
"""The secret sources that need no definition; a project cannot give one of these names another meaning."""

RESERVED_NAMES = frozenset({*BUILT_IN_SOURCES, "live", "plain", "format", "from", "key"})
"""The words of a secret field that no source of a project may be called by."""

Value = str | int | bool | SecretText | SecretReference | frozenset[str] | Mapping[str, "Value"] | None
"""What a field holds: a set for SET and REFERENCES, a mapping for SECRETS, None where there is nothing."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind. `delivery`: a change to it can break or redirect messages, so it must be proved.

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
    an object of a kind that bears no mark.
    """

    name: str
    rank: int
    sends: bool
    fields: tuple[Field, ...]
    key_field: str = ""

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
        Field("enabled", Role.SWITCH, delivery=True, default=True, only_when_written=True),
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

PUBLIC_HEADERS = frozenset({"content-type", "accept", "user-agent"})
"""Header names, lower case, whose values are not secret."""


class When(StrEnum):
    """When a channel is tested by `apply`."""

    CHANGE = "change"
    ALWAYS = "always"
    NEVER = "never"


class OnFailure(StrEnum):
    """What becomes of a change whose test failed."""

    REVERT = "revert"
    KEEP = "keep"


class Expect(StrEnum):
    """What counts as a proof: the receiver accepted the message, or merely answered it."""

    ACCEPTED = "accepted"
    REACHED = "reached"


@dataclass(frozen=True, slots=True)
class TestPolicy:
    """How a resource is tested. `expect` None means the provider's default for the kind."""

    __test__ = False  # pytest would take it for a test class

    when: When = When.CHANGE
    on_failure: OnFailure = OnFailure.REVERT
    expect: Expect | None = None
    recipients: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Settings:
    """What a manifest says about managing a resource, beside its fields."""

    id: str | None = None
    ignore: frozenset[str] = frozenset()
    protected: bool = False
    renamed_from: str | None = None
    test: TestPolicy = TestPolicy()


@dataclass(frozen=True, slots=True)
class Resource:
    """What a manifest describes on one target.

    `fields` holds every field of the kind by name; a field that is absent is not managed (as `enabled`, unless
    written). References are manifest names. Secrets are SecretText, or SecretReference while not resolved.
    """

    kind: str
    name: str
    fields: Mapping[str, Value]
    settings: Settings = Settings()
    labels: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f'{self.kind} "{self.name}"'


@dataclass(frozen=True, slots=True)
class LiveObject:
    """One object as a provider read it.

    `kind` is None for a type that this version of the tool does not know; `native_type` is the provider's word for it.
    `fields` are complete, with references as the ids of other live objects, and the description still with its mark.
    A secret that the provider does not give in clear is None. `updated` is when it was last changed, in the server's
    own form; `read_only` objects belong to the platform, and are referred to by their `alias` (`role:Admin`).
    """

    id: str
    kind: str | None
    fields: Mapping[str, Value]
    native_type: str = ""
    updated: str = ""
    created: str = ""
    read_only: bool = False
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be written: complete fields, secrets resolved, references as live ids, description with its mark.

    `id` is the id to create it under, where the provider lets us choose.
    """

    kind: str
    fields: Mapping[str, Value]
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Server:
    """What a target says of itself. `identity` is its cluster or organisation id, or its address if it tells none.

    `version` is "" where it has none; `certain` is False when the version was assumed rather than read.
    """

    product: str
    identity: str
    version: str = ""
    certain: bool = True
    notes: tuple[str, ...] = ()


class Outcome(StrEnum):
    """How a test message fared."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # the receiver answered, but did not take the message
    FAILED = "failed"  # it did not get there
    UNKNOWN = "unknown"  # nobody can say: the call timed out or the connection broke
    SKIPPED = "skipped"  # it could not be tested


@dataclass(frozen=True, slots=True)
class RecipientDelivery:
    """One recipient of a mail and how it fared; `text` is plain words, never the receiver's whole answer."""

    recipient: str
    outcome: Outcome
    text: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outcome of one test notification.

    `code` is the receiver's status where one is known, `text` says in plain words what happened. `answered` tells
    whether the receiver is known to have answered at all.
    """

    outcome: Outcome
    text: str = ""
    code: int = 0
    answered: bool = False
    recipients: tuple[RecipientDelivery, ...] = ()
