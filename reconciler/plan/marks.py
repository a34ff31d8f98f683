"""The mark that ends a live object's description, `[owner/name FLAG...]`: read, written, and how long it can get."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from enum import StrEnum

from reconciler.model.dataclass import dataclass
from reconciler.model.resource import ChangeKey, LiveObject, Resource

CANARY, DISABLED, PROTECTED = "canary", "disabled", "protected"
REPLACED, UNVERIFIED = "replaced", "unverified"

FLAGS = frozenset({CANARY, DISABLED, PROTECTED, REPLACED, UNVERIFIED})
"""Every flag that this version knows."""

_MARK = re.compile(r"(?:(?<=\s)|^)\[(?P<owner>[a-z0-9-]{1,40})/(?P<name>[a-z0-9-]{1,63})(?P<flags>(?: [a-z]+)*)\]\Z")


@dataclass(frozen=True, slots=True)
class Mark:
    """Who owns an object, which manifest it belongs to, and its state (`flags`)."""

    owner: str
    name: str
    flags: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"[{' '.join([f'{self.owner}/{self.name}', *sorted(self.flags)])}]"

    @property
    def unknown_flags(self) -> frozenset[str]:
        """Flags that another version wrote: what they ask for is not known here, so the object is left as it is."""
        return self.flags - FLAGS


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
    """The longest mark that an object can get, by which `validate` judges the length of a description.

    `canary` and `replaced` are shorter than `unverified`, and are never written together with it.
    """
    flags = {UNVERIFIED} | ({PROTECTED} if protected else set()) | ({DISABLED} if disabled else set())
    return Mark(owner, name, frozenset(flags))


class How(StrEnum):
    """How a live object was matched."""

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
        """The manifest's name under which it is marked, or `id:...` for what carries no mark."""
        return self.mark.name if self.mark else f"id:{self.live.id}"

    @property
    def kind(self) -> str:
        """Its kind, or the provider's own word for a type that this version does not know."""
        return self.live.kind or self.live.native_type

    def key(self, target: str) -> ChangeKey:
        """What identifies a change of it on its target."""
        return ChangeKey(target, self.kind, self.name, self.id)


class Off(StrEnum):
    """Why an object stays disabled in this run though its manifest does not disable it."""

    BY_HAND = "by hand"  # somebody disabled it, and nobody asked to enable it
    BY_OPERATORS = "by operators"  # its manifest leaves that to them


@dataclass(frozen=True, slots=True)
class Match:
    """A desired resource and the live object it describes (None: it is to be created, under `create_id` if we choose).

    `off` says why it stays disabled, if it does; the resource then wants what is live. `alike` names the unmanaged
    objects that look like one that is to be created, by their ids. `held` says why nothing may be changed about it,
    `notes` what a reviewer should know.
    """

    resource: Resource
    found: Found | None
    how: How
    create_id: str | None = None
    off: Off | None = None
    alike: str = ""
    held: str = ""
    notes: tuple[str, ...] = ()

    @property
    def id(self) -> str | None:
        """The live object's id, or the one it will be created under."""
        return self.found.id if self.found else self.create_id

    def key(self, target: str) -> ChangeKey:
        """What identifies a change of it on its target."""
        return ChangeKey(target, self.resource.kind, self.resource.name, self.id)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A resource that cannot be planned: why, and what to do. `missing`: there is nothing live that it could keep."""

    resource: Resource
    message: str
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Matching:
    """All that is desired and all that is live, matched.

    `candidates` carry our mark and no manifest names them; `copies` carry the mark of a resource that was matched to
    another object; `duplicates` are the copies that may be removed without asking, as pairs of the object and the id of
    the one that is kept; `leftovers` are canaries and unfinished replaces of ours. `unmanaged` carry no mark, `others`
    another owner's. `names` gives the name of every live object that has one, by id; `found` is every live object;
    `hints` are questions to the reader.
    """

    matches: tuple[Match, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    candidates: tuple[Found, ...] = ()
    copies: tuple[Found, ...] = ()
    duplicates: tuple[tuple[Found, str], ...] = ()
    leftovers: tuple[Found, ...] = ()
    unmanaged: tuple[Found, ...] = ()
    others: tuple[Found, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    found: tuple[Found, ...] = ()
    hints: tuple[str, ...] = ()

    @property
    def owned(self) -> tuple[Found, ...]:
        """Objects of ours that no resource was matched to."""
        return (*self.candidates, *self.copies, *(item for item, _ in self.duplicates), *self.leftovers)


def _no_key(_name: str) -> None:
    """Providers that choose ids themselves have no key but the mark."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """Which objects are ours. `key_of` gives the id we choose for a name, or None if the provider chooses.

    `adopt` takes over unmanaged objects of the same kind and display name. `enable` names what to enable although a
    person disabled it; `all` means every name.
    """

    owner: str
    former_owners: frozenset[str] = frozenset()
    key_of: Callable[[str], str | None] = _no_key
    adopt: bool = False
    enable: frozenset[str] = frozenset()

    @property
    def chooses_ids(self) -> bool:
        """Whether we choose the ids of new objects on this target."""
        return self.key_of is not _no_key

    def owns(self, mark: Mark | None) -> bool:
        """Whether a mark is ours, or that of an owner whose objects this project took over."""
        return mark is not None and (mark.owner == self.owner or mark.owner in self.former_owners)

    def is_leftover(self, mark: Mark | None) -> bool:
        """Whether a mark of ours is that of a canary or a half-done replace: never matched, counted or pruned.

        If we choose the ids, a replace never flags the old object, so a `replaced` there was written by hand and means
        nothing.
        """
        if mark is None or not self.owns(mark):
            return False
        return CANARY in mark.flags or (REPLACED in mark.flags and not self.chooses_ids)

    def place_of(self, name: str, object_id: str) -> int | None:
        """1 for our key of that name, 2 for the next id of it (`<key>_2`), and so on; None for any other id."""
        key = self.key_of(name)
        if key is None or object_id == key:
            return None if key is None else 1
        head, _, number = object_id.rpartition("_")
        return int(number) if head == key and re.fullmatch(r"[1-9][0-9]{0,5}", number) else None

    def free_key(self, name: str, taken: Mapping[str, object]) -> str | None:
        """The first id of a name that no live object has; None where the provider chooses."""
        key = self.key_of(name)
        number = 1
        candidate = key
        while candidate is not None and candidate in taken:
            number += 1
            candidate = f"{key}_{number}"
        return candidate
