"""What matching speaks of, as values: a live object with its mark, a match, a refusal, and whose run it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.ownership.marks import Mark
from reconciler.resources import LiveObject, Resource

__all__ = ["Found", "How", "Match", "Matching", "Ownership", "Refusal"]


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


@dataclass(frozen=True, slots=True)
class Match:
    """A desired resource and the live object it describes (None: it is to be created)."""

    resource: Resource
    found: Found | None
    how: How
    create_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A resource that cannot be planned: why, and what to do. `foreign`: because somebody else owns the object."""

    resource: Resource
    message: str
    foreign: bool = False


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

    `adopt` takes over unmarked objects of the same kind and display name.
    """

    owner: str
    former_owners: frozenset[str] = frozenset()
    key_of: Callable[[str], str | None] = _no_key
    adopt: bool = False

    def owns(self, mark: Mark | None) -> bool:
        """Whether a mark is ours, or that of an owner whose objects this project took over."""
        return mark is not None and (mark.owner == self.owner or mark.owner in self.former_owners)
