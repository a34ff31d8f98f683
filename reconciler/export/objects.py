"""The objects to export: each target's live objects with their marks, and which of them are selected. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field
from fnmatch import fnmatchcase

from reconciler.model.dataclass import dataclass
from reconciler.model.kinds import KINDS
from reconciler.plan.diff import references
from reconciler.plan.marks import Found, Ownership


@dataclass(frozen=True, slots=True)
class LiveTarget:
    """Everything on one target. `about` is how comments name the target and its system; `aliases` are the names, by id,
    of what the platform made itself (`role:Admin`)."""

    target: str
    about: str
    ownership: Ownership
    found: tuple[Found, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LiveObjectAt:
    """One live object, and the target that it is on."""

    place: LiveTarget
    found: Found

    @property
    def target(self) -> str:
        """The target's name in the project file."""
        return self.place.target

    @property
    def owned(self) -> bool:
        """Whether it carries our mark."""
        return self.place.ownership.owns(self.found.mark)

    def __str__(self) -> str:
        kind = self.found.live.kind or self.found.live.native_type or "object"
        return f"{kind} {self.found.id} on {self.target}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which objects are asked for.

    `everything`: unmarked objects too. `patterns` are pairs of `kind`, `name` or `id` and a shell pattern; for each of
    these words that occurs one pattern must match (for `name`, the display name or the mark's name). `names`: only
    these objects, by target and live id, with the names of their manifests.
    """

    everything: bool = False
    patterns: tuple[tuple[str, str], ...] = ()
    names: Mapping[tuple[str, str], str] | None = None

    def covers(self, item: LiveObjectAt, owned: Collection[str]) -> bool:
        """Whether an object is asked for itself, not only because another refers to it. `owned` holds the ids of all
        objects of its target that carry our mark."""
        if self.names is not None:
            return (item.target, item.found.id) in self.names
        if not (self.everything or self.patterns or item.owned or _is_our_subscription(item, owned)):
            return False
        words = {word for word, _ in self.patterns}
        return all(any(_matches(item, word, text) for key, text in self.patterns if key == word) for word in words)


def _is_our_subscription(item: LiveObjectAt, owned: Collection[str]) -> bool:
    """Whether it is a subscription to a channel of ours; subscriptions carry no mark themselves."""
    live = item.found.live
    if live.kind is None or not KINDS[live.kind].key_field:
        return False
    return any(object_id in owned for object_id in references(live.fields, live.kind))


def _matches(item: LiveObjectAt, word: str, pattern: str) -> bool:
    return any(fnmatchcase(text, pattern) for text in _texts_of(item, word))


def known_words(places: Iterable[LiveTarget], word: str) -> list[str]:
    """What a pattern for `kind`, `name` or `id` could match, sorted."""
    items = [item for place in places for item in _objects(place)]
    return sorted({text for item in items for text in _texts_of(item, word) if text})


def _texts_of(item: LiveObjectAt, word: str) -> list[str]:
    """The texts of an object that a pattern for this word may match."""
    live, mark = item.found.live, item.found.mark
    if word == "kind":
        return [live.kind or ""]
    if word == "id":
        return [live.id]
    return [str(live.fields.get("display_name", ""))] + ([mark.name] if mark else [])


def choose(targets: Iterable[LiveTarget], wanted: Wanted) -> tuple[list[LiveObjectAt], list[str]]:
    """The objects to export, sorted, and notes: on objects that were asked for and cannot be exported, and on those
    that are added because another refers to them."""
    chosen: list[LiveObjectAt] = []
    notes: list[str] = []
    for place in targets:
        owned = {item.id for item in place.found if place.ownership.owns(item.mark)}
        asked = [item for item in _objects(place) if wanted.covers(item, owned)]
        kept = {item.found.id: item for item in asked if not _obstacle(item)}
        notes += [f"{item} is left out: {_obstacle(item)}" for item in asked if _obstacle(item)]
        added = list(_referred_to(place, kept))
        notes += [f"{item} is exported too, since {user} refers to it" for item, user in added]
        chosen += [*kept.values(), *(item for item, _ in added)]
    return sorted(chosen, key=lambda item: (item.target, item.found.id)), notes


def _objects(place: LiveTarget) -> Iterator[LiveObjectAt]:
    return (LiveObjectAt(place, found) for found in place.found if not found.live.read_only)


def _obstacle(item: LiveObjectAt) -> str:
    live, mark = item.found.live, item.found.mark
    if mark is not None and not item.owned:
        return f"it carries another owner's mark {mark}"
    if item.place.ownership.is_leftover(mark):
        return f"it is a leftover of an interrupted run ({mark})"
    if live.kind is None:
        return "this version of reconciler does not know its type, or what it holds is odd"
    return ""


def _referred_to(place: LiveTarget, kept: dict[str, LiveObjectAt]) -> Iterator[tuple[LiveObjectAt, LiveObjectAt]]:
    """Accounts and groups that a selected channel refers to, each with that channel: its manifest needs theirs."""
    by_id = {item.found.id: item for item in _objects(place)}
    taken = set(kept)
    for user in kept.values():
        kind = user.found.live.kind or ""
        if KINDS[kind].key_field:
            continue
        for object_id in sorted(references(user.found.live.fields, kind) - taken):
            item = by_id.get(object_id)
            if item is not None and not _obstacle(item):
                taken.add(object_id)
                yield item, user
