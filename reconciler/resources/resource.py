"""A resource as a manifest describes it on one target, with how it is managed and tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.resources.values import Value

__all__ = ["Expect", "OnFailure", "Resource", "Settings", "TestPolicy", "When"]


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
