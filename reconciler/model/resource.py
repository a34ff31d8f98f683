"""A resource as a manifest describes it on one target, with how it is managed and tested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field
from enum import StrEnum

from reconciler.model.dataclass import dataclass
from reconciler.model.fields import (
    EMAIL,
    NAME,
    NON_EMPTY,
    OBJECT_ID,
    SWITCH,
    Form,
    choice,
    member,
    record,
    set_of,
    written,
)
from reconciler.model.values import Value

REPLACE, DUPLICATE = "replace", "duplicate"
"""What `spec.allow` may consent to: that a change of kind deletes the live object, that a second one is created."""


@dataclass(frozen=True, slots=True)
class ChangeKey:
    """What identifies a change and all that comes of it. Never a bare name, which two live objects may share.

    `id` is the live object's, or the one it will be created under; None where the provider will choose it.
    """

    target: str
    kind: str
    name: str
    id: str | None = None

    def __str__(self) -> str:
        return f'{self.kind} "{self.name}"'

    def is_among(self, selectors: Collection[str]) -> bool:
        """Whether NAME, or NAME@ID for one of several of that name, selects it."""
        return any(selector in selectors for selector in self.selectors)

    @property
    def selectors(self) -> tuple[str, str]:
        """What selects it: NAME and NAME@ID."""
        return self.name, f"{self.name}@{self.id}"


def same_named(keys: Iterable[ChangeKey]) -> frozenset[ChangeKey]:
    """Those that share their name with another one on their target, so that only an id tells them apart."""
    keys = set(keys)
    counts = Counter((key.target, key.name) for key in keys)
    return frozenset(key for key in keys if counts[key.target, key.name] > 1)


class When(StrEnum):
    """When a channel is tested by `apply`."""

    CHANGE = "change"
    ALWAYS = "always"
    NEVER = "never"


class OnFailure(StrEnum):
    """What happens to a change whose test failed."""

    REVERT = "revert"
    KEEP = "keep"


class Expect(StrEnum):
    """When a test passes: once the receiver accepted the message, or once it merely answered."""

    ACCEPTED = "accepted"
    REACHED = "reached"


def _names(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(dict.fromkeys(value))


_NAMES = Form(
    {
        "errorMessage": "must be a name, or a list of names",
        "anyOf": [NAME.schema, {"type": "array", "minItems": 1, "items": NAME.schema}],
    },
    _names,
)


@dataclass(frozen=True, slots=True)
class TestPolicy:
    """How a resource is tested by `apply`.

    `expect` None means the provider's default for the kind.
    """

    __test__ = False  # pytest would take it for a test class

    when: When = written(
        member(When),
        "When a test message is sent: when delivery changed, at every apply, or never.",
        default=When.CHANGE,
    )
    on_failure: OnFailure = written(
        member(OnFailure), "What happens to a change whose test failed.", default=OnFailure.REVERT
    )
    expect: Expect | None = written(
        member(Expect),
        "When a test passes. accepted: the receiver accepted the message; reached: it answered, even if it refused "
        "the text. Default: accepted, but reached for a WebhookChannel on OpenSearch.",
        default=None,
    )
    recipients: frozenset[str] = written(
        set_of(EMAIL),
        "Who gets the test message of an account. Default: the first recipient of a channel that uses it.",
        examples=(["ops@example.org"],),
        default=frozenset(),
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """What a manifest says about managing a resource, besides its fields."""

    id: str | None = written(
        OBJECT_ID,
        "Pins an existing live object, which is taken over. Give it per target, under overrides, "
        "when there are several targets.",
        examples=("abc123",),
        default=None,
    )
    ignore: frozenset[str] = written(
        set_of(NON_EMPTY),  # the schema of a kind says which
        "Fields that are left as they are live.",
        examples=(["description"],),
        default=frozenset(),
    )
    protected: bool = written(SWITCH, "Never deleted or replaced, even when this manifest is gone.", default=False)
    renamed_from: tuple[str, ...] = written(
        _NAMES,
        "Its former name, or several: the same live object is kept. Can be removed once it was applied everywhere.",
        examples=("oncall", ["oncall", "pager"]),
        default=(),
    )
    allow: frozenset[str] = written(
        set_of(choice(REPLACE, DUPLICATE)),
        "Consent in place of a flag. replace: a change of kind may delete the live object; duplicate: it "
        "may be created although a live object looks like it.",
        examples=(["replace"],),
        default=frozenset(),
    )
    test: TestPolicy = written(record(TestPolicy), "How it is tested by apply.", default=TestPolicy())


@dataclass(frozen=True, slots=True)
class Resource:
    """What a manifest describes on one target.

    `fields` holds every field of the kind by name; a field that is absent is not managed (as `state`, unless
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
    `fields` are all that the provider has for its kind, with references as the ids of other live objects, and the
    description still with its mark. A secret that the provider does not give in clear is None, or a MaskedText.
    `updated` is when it was last changed, in the server's own form; `read_only` objects belong to the platform, and are
    referred to by their `alias` (`role:Admin`).
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
class Payload:
    """What is to be written: complete fields, secrets resolved, references as live ids, description with its mark.

    `id` is the id to create it under, where the provider lets us choose.
    """

    kind: str
    fields: Mapping[str, Value]
    id: str | None = None


class VersionSource(StrEnum):
    """Where a server's version is known from, most trusted first."""

    ANSWERS = "its answers"
    ROOT = "GET /"
    PROJECT = "the project file"
    UNKNOWN = "unknown"
    NONE = "none"  # a system that has no versions


@dataclass(frozen=True, slots=True)
class Server:
    """What a target says of itself. `identity` is its cluster or organisation id, or its address if it tells none.

    `version` is "" where it has none or none is known, `source` says which. `at_least` is a version that it shows
    itself to be no older than, where it names none. `incomplete`: why its list may lack objects, if it may.
    """

    product: str
    identity: str
    version: str = ""
    source: VersionSource = VersionSource.NONE
    at_least: str = ""
    incomplete: str = ""
    notes: tuple[str, ...] = ()

    @property
    def certain(self) -> bool:
        """Whether the version, or that there is none, is the server's own word."""
        return self.source not in (VersionSource.PROJECT, VersionSource.UNKNOWN)
