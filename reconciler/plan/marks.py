"""The mark that ends a live object's description, `[owner/name FLAG...]`: read, written, and how long it can get."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.model.resource import LiveObject, Resource

CANARY, DISABLED, PROTECTED = "canary", "disabled", "protected"
REPLACED, UNVERIFIED = "replaced", "unverified"

_MARK = re.compile(
    r"(?:(?<=\s)|^)\[(?P<owner>[a-z0-9-]{1,40})/(?P<name>[a-z0-9-]{1,63})"
    r"(?P<flags>(?: (?:canary|disabled|protected|replaced|unverified))*)\]\Z"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose an object is, under which manifest's name, and in what state (`flags`)."""

    owner: str
    name: str
    flags: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"[{' '.join([f'{self.owner}/{self.name}', *sorted(self.flags)])}]"

    @property
    def is_leftover(self) -> bool:
        """Whether the object is a canary or a half-done replace: never matched, counted or pruned."""
        return bool(self.flags & {CANARY, REPLACED})


def read_mark(description: str) -> tuple[str, Mark | None]:
    """Split a live description into a person's text and the mark that ends it, if one does."""
    found = _MARK.search(description)
    if found is None:
        return description, None
    text = description[: found.start()].removesuffix(" ")
    return text, Mark(found["owner"], found["name"], frozenset(found["flags"].split()))


def describe(text: str, mark: Mark) -> str:
    """A person's text with the mark at its end, as it is written to the live object."""
    return f"{text} {mark}" if text else str(mark)


def longest_mark(owner: str, name: str, *, protected: bool, disabled: bool = False) -> Mark:
    """The longest mark that an object can get, by which `validate` judges the length of a description."""
    flags = {UNVERIFIED} | ({PROTECTED} if protected else set()) | ({DISABLED} if disabled else set())
    return Mark(owner, name, frozenset(flags))


class How(StrEnum):
    """By what a live object was matched."""

    NONE = "none"
    ID = "id"
    MARK = "mark"
    KEY = "key"
    RENAMED = "renamed"
    DISPLAY_NAME = "display name"
    FORMER_OWNER = "former owner"


@dataclass(frozen=True, slots=True)
class Found:
    """A live object with its mark read, and taken off the description in `live`."""

    live: LiveObject
    mark: Mark | None

    @property
    def id(self) -> str:
        """The provider's id."""
        return self.live.id

    @property
    def name(self) -> str:
        """The manifest's name under which it is marked, or `id:...` for what bears no mark."""
        return self.mark.name if self.mark else f"id:{self.live.id}"


class Off(StrEnum):
    """Why an object stays disabled in this run though its manifest does not disable it."""

    BY_HAND = "by hand"  # somebody disabled it, and nobody asked to enable it
    BY_OPERATORS = "by operators"  # its manifest leaves that to them


@dataclass(frozen=True, slots=True)
class Match:
    """A desired resource and the live object it describes (None: it is to be created).

    `off` says why it stays disabled, if it does; the resource then wants what is live.
    """

    resource: Resource
    found: Found | None
    how: How
    create_id: str | None = None
    off: Off | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A resource that cannot be planned: why, and what to do. `foreign`: because somebody else owns the object;
    `missing`: because there is nothing live that it could keep."""

    resource: Resource
    message: str
    foreign: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Matching:
    """All that is desired and all that is live, side by side.

    `candidates` bear our mark and no manifest names them; `leftovers` are canaries and half-done replaces of ours;
    `foreign` are all others. `names` gives the name of every live object that has one, by id; `found` is all there is.
    """

    matches: tuple[Match, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    candidates: tuple[Found, ...] = ()
    leftovers: tuple[Found, ...] = ()
    foreign: tuple[Found, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    found: tuple[Found, ...] = ()


def _no_key(_name: str) -> None:
    """Providers that choose ids themselves have no key but the mark."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """Under whose name a run matches. `key_of` gives the id we choose for a name, or None if the provider chooses.

    `adopt` takes over unmarked objects of the same kind and display name. `enable` names what shall be enabled though a
    person disabled it; `all` stands for every name.
    """

    owner: str
    former_owners: frozenset[str] = frozenset()
    key_of: Callable[[str], str | None] = _no_key
    adopt: bool = False
    enable: frozenset[str] = frozenset()

    def owns(self, mark: Mark | None) -> bool:
        """Whether a mark is ours, or that of an owner whose objects this project took over."""
        return mark is not None and (mark.owner == self.owner or mark.owner in self.former_owners)
