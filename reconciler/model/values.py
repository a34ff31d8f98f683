"""What a field holds: plain values, secrets that show themselves masked, and the names of secrets kept elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from enum import Enum
from functools import cache
from typing import Any, NoReturn

from reconciler.model.dataclass import dataclass
from reconciler.model.text import printable


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
            from hmac import compare_digest  # most runs hold no two secrets against each other, and start-up counts

            return compare_digest(self._value.encode(), other._value.encode())
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never serialised")


@dataclass(frozen=True, slots=True)
class MaskedText:
    """A secret as a server shows it, with a part masked: it is compared, and never written or sent.

    `parts` are what stands before, between and after the masks: at least two, and empty where nothing is known.
    """

    shown: SecretText
    parts: tuple[str, ...] = field(repr=False)

    def may_be(self, secret: SecretText) -> bool:
        """Whether the secret may stand behind the mask: all that is not masked agrees with it."""
        text = secret.reveal()
        first, *between, last = self.parts
        at, end = len(first), len(text) - len(last)
        if at > end or not (text.startswith(first) and text.endswith(last)):
            return False
        for part in between:
            found = text.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True


def in_clear(value: Value) -> Value:
    """A value as it can be written: None for one that is masked."""
    return None if isinstance(value, MaskedText) else value


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
        return printable(self.form.replace("{}", "{" + inner + "}") if self.form else inner)


BUILT_IN_SOURCES = ("env", "file", "sops", "vault", "aws_secret", "secret")
"""The secret sources that need no definition; a project cannot give one of these names another meaning."""

RESERVED_NAMES = frozenset({*BUILT_IN_SOURCES, "live", "plain", "format", "from", "key"})
"""The words of a secret field that no source of a project may be called by."""

Value = str | int | bool | SecretText | MaskedText | SecretReference | frozenset[str] | Mapping[str, "Value"] | None
"""What a field holds: a set for SET and REFERENCES, a mapping for SECRETS, None where there is nothing."""

PUBLIC_HEADERS = frozenset({"content-type", "accept", "user-agent"})
"""Header names, lower case, whose values are not secret."""


@cache
def _field_names(of: Any) -> tuple[str, ...]:
    return tuple(item.name for item in fields(of))


def to_json(value: object) -> Any:
    """A frozen value of the domain as plain JSON values, as documents have it: fields by name, enums by value, tuples
    and sets as lists, sets sorted. TypeError for anything else, and so for a secret."""
    if value is None or isinstance(value, (str, int, float)):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, (tuple, list)):
        return [to_json(item) for item in value]
    if isinstance(value, frozenset):
        return sorted(to_json(item) for item in value)
    if isinstance(value, Mapping):
        return {str(to_json(name)): to_json(item) for name, item in value.items()}
    of: Any = type(value)
    return {name: to_json(getattr(value, name)) for name in _field_names(of)}
