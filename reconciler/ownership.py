"""Marks and matching: which live object belongs to which manifest, which is ours, which is foreign.

There is no state file. Ownership is the mark `[owner/name FLAG...]` that ends a live object's description; the key is
the id we chose, where the provider lets us choose. This module reads and writes marks and matches a desired state to
what is live. It decides nothing about what to change (`plan`) and calls nobody.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from reconciler.keywords import Words, translate
from reconciler.resources import KINDS, LiveObject, Resource

__all__ = [
    "CANARY",
    "PROTECTED",
    "REPLACED",
    "UNPROVED",
    "Found",
    "How",
    "Mark",
    "Match",
    "Matching",
    "Ownership",
    "Refusal",
    "describe",
    "longest_mark",
    "match_live",
    "read_found",
    "read_mark",
]

CANARY, PROTECTED, REPLACED, UNPROVED = "canary", "protected", "replaced", "unproved"

_MARK = re.compile(
    r"(?:(?<=\s)|^)\[(?P<owner>[a-z0-9-]{1,40})/(?P<name>[a-z0-9-]{1,63})"
    r"(?P<flags>(?: (?:canary|protected|replaced|unproved))*)\]\Z"
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


def longest_mark(owner: str, name: str, *, protected: bool) -> Mark:
    """The longest mark that an object can get, by which `validate` judges the length of a description."""
    return Mark(owner, name, frozenset({UNPROVED, PROTECTED} if protected else {UNPROVED}))


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


_ANY_WORD: Words = {}


def match_live(
    resources: Iterable[Resource], objects: Iterable[LiveObject], ownership: Ownership, words: Words = _ANY_WORD
) -> Matching:
    """Match every resource to at most one live object: by `spec.id`, else mark, else key, else by adoption.

    `words` are those that the target has for the keys of kinds that bear no mark.
    """
    resources, unknown = translate(resources, words)
    found = sorted((read_found(item) for item in objects), key=lambda item: item.id)
    finder = _Finder(found, ownership)
    matches: list[Match] = []
    refusals = [Refusal(resource, why) for resource, why in unknown]
    for resource in sorted(resources, key=lambda item: item.name):
        result = finder.find(resource)
        if isinstance(result, Match):
            matches.append(result)
        else:
            refusals.append(result)
    matches, twice = _without_doubles(matches)
    return _sorted_out(found, matches, [*refusals, *twice], ownership)


def read_found(item: LiveObject) -> Found:
    """A live object as a provider read it, with its mark taken off and understood."""
    text, mark = read_mark(str(item.fields.get("description") or ""))
    return Found(replace(item, fields={**item.fields, "description": text}) if mark else item, mark)


def _without_doubles(matches: list[Match]) -> tuple[list[Match], list[Refusal]]:
    by_id: dict[str, list[Match]] = defaultdict(list)
    for match in matches:
        by_id[match.found.id if match.found else f"new:{match.resource.name}"].append(match)
    kept = [group[0] for group in by_id.values() if len(group) == 1]
    refusals = [
        Refusal(match.resource, f"{_and(m.resource.name for m in group)} all describe the live object {object_id}")
        for object_id, group in by_id.items()
        if len(group) > 1
        for match in group
    ]
    return sorted(kept, key=lambda match: match.resource.name), refusals


def _sorted_out(found: list[Found], matches: list[Match], refusals: list[Refusal], ownership: Ownership) -> Matching:
    matched = {match.found.id: match for match in matches if match.found}
    refused = {refusal.resource.name for refusal in refusals}
    refused |= {r.resource.settings.renamed_from for r in refusals if r.resource.settings.renamed_from}
    rest = [item for item in found if item.id not in matched]
    ours = [item for item in rest if ownership.owns(item.mark)]
    names = {item.id: item.live.alias for item in found if item.live.alias}
    # A half-done replace keeps no name: whoever refers to it is seen to refer to something else.
    names |= {item.id: item.name for item in found if ownership.owns(item.mark) and not _is_leftover(item)}
    names |= {object_id: match.resource.name for object_id, match in matched.items()}
    return Matching(
        matches=tuple(matches),
        refusals=tuple(sorted(refusals, key=lambda refusal: refusal.resource.name)),
        candidates=tuple(
            item
            for item in ours
            if item.mark and not item.mark.is_leftover and item.mark.name not in refused and not item.live.read_only
        ),
        leftovers=tuple(item for item in ours if item.mark and item.mark.is_leftover),
        foreign=tuple(item for item in rest if not ownership.owns(item.mark) and not item.live.read_only),
        names=names,
        found=tuple(found),
    )


def _is_leftover(item: Found) -> bool:
    return item.mark is not None and item.mark.is_leftover


class _Finder:
    """Looks for one resource's live object, trying the ways in order."""

    def __init__(self, found: list[Found], ownership: Ownership) -> None:
        self._ownership = ownership
        self._by_id = {item.id: item for item in found}
        self._by_name: dict[str, list[Found]] = defaultdict(list)
        self._by_display_name: dict[tuple[str | None, object], list[Found]] = defaultdict(list)
        self._by_natural_key = {
            (item.live.kind, item.live.fields[KINDS[item.live.kind].key_field]): item
            for item in found
            if item.live.kind and KINDS[item.live.kind].key_field
        }
        for item in found:
            if item.mark is None:
                self._by_display_name[item.live.kind, item.live.fields.get("display_name")].append(item)
            elif ownership.owns(item.mark) and not item.mark.is_leftover:
                self._by_name[item.mark.name].append(item)

    def find(self, resource: Resource) -> Match | Refusal:
        natural = KINDS[resource.kind].key_field
        if natural:
            item = self._by_natural_key.get((resource.kind, resource.fields[natural]))
            return Match(resource, item, How.KEY if item else How.NONE)
        for way in (self._by_pinned_id, self._by_mark, self._by_former_name, self._by_key, self._by_adoption):
            result = way(resource)
            if result is not None:
                return result
        return Match(resource, None, How.NONE, resource.settings.id or self._ownership.key_of(resource.name))

    def _by_pinned_id(self, resource: Resource) -> Match | Refusal | None:
        pinned = resource.settings.id
        if pinned is None:
            return None
        marked = [item for item in self._by_name[resource.name] if item.id != pinned]
        if marked:
            return Refusal(
                resource,
                f"spec.id names {pinned}, but {marked[0].id} bears its mark: delete one of them, or fix spec.id",
            )
        item = self._by_id.get(pinned)
        if item is not None:
            return self._claim(resource, item, How.ID)
        if self._ownership.key_of(resource.name) is None:
            return Refusal(resource, f"spec.id names {pinned}, which does not exist on this target: fix or remove it")
        return None

    def _by_mark(self, resource: Resource) -> Match | Refusal | None:
        return self._one_of(resource, self._by_name[resource.name], How.MARK)

    def _by_former_name(self, resource: Resource) -> Match | Refusal | None:
        former = resource.settings.renamed_from
        if former is None:
            return None
        marked = self._one_of(resource, self._by_name[former], How.RENAMED)
        return marked or self._unmarked_at_key(resource, former, How.RENAMED)

    def _by_key(self, resource: Resource) -> Match | Refusal | None:
        return self._unmarked_at_key(resource, resource.name, How.KEY)

    def _unmarked_at_key(self, resource: Resource, name: str, how: How) -> Match | Refusal | None:
        key = self._ownership.key_of(name)
        item = self._by_id.get(key) if key else None
        if item is None or (how is How.RENAMED and item.mark is not None):
            return None
        if item.mark is None and item.live.kind not in (resource.kind, None):
            return Refusal(
                resource,
                f"the live object {item.id} has this manifest's id but is a {item.live.kind} without our mark: "
                "remove it, or rename the manifest",
                foreign=True,
            )
        return self._claim(resource, item, how)

    def _by_adoption(self, resource: Resource) -> Match | Refusal | None:
        same = self._by_display_name[resource.kind, resource.fields.get("display_name")]
        if not same:
            return None
        if not self._ownership.adopt:
            if self._ownership.key_of(resource.name) is not None:
                return None
            return Refusal(
                resource,
                f"an unmarked object of this kind and display name exists ({_and(i.id for i in same)}): mark lost or "
                "foreign; adopt it with spec.id or --adopt, or choose another display name",
                foreign=True,
            )
        if len(same) > 1:
            return Refusal(
                resource, f"{_and(i.id for i in same)} all have its kind and display name: choose one with spec.id"
            )
        return self._claim(resource, same[0], How.DISPLAY_NAME)

    def _one_of(self, resource: Resource, marked: list[Found], how: How) -> Match | Refusal | None:
        if len(marked) > 1:
            return Refusal(
                resource, f"{_and(item.id for item in marked)} all bear the mark {marked[0].mark}: remove all but one"
            )
        return self._claim(resource, marked[0], how) if marked else None

    def _claim(self, resource: Resource, item: Found, how: How) -> Match | Refusal:
        mark = item.mark
        if mark is not None and not self._ownership.owns(mark):
            return Refusal(
                resource,
                f"the live object {item.id} bears another owner's mark {mark}: it is never touched; if that project "
                "became this one, list its owner under spec.former_owners",
                foreign=True,
            )
        if item.live.kind is None:
            return Refusal(
                resource,
                f"the live object {item.id} is of the type {item.live.native_type or 'none'}, which this version of "
                "reconciler does not know: update reconciler, or remove the manifest",
            )
        if mark is not None and mark.is_leftover:
            return Refusal(resource, f"the live object {item.id} is a left-over {mark} of an interrupted run")
        if mark is not None and mark.name not in (resource.name, resource.settings.renamed_from):
            return Refusal(
                resource,
                f"the live object {item.id} belongs to the manifest {mark.name}: set renamed_from to rename it",
            )
        if mark is not None and mark.owner != self._ownership.owner:
            how = How.FORMER_OWNER
        return Match(resource, item, how)


def _and(words: Iterable[str]) -> str:
    return " and ".join(sorted(words))
