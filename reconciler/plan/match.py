"""A desired state matched to what is live: every resource to at most one object, and the rest told apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.model.kinds import KINDS
from reconciler.model.provider import KeyWord
from reconciler.model.resource import LiveObject, Resource
from reconciler.model.text import few, suggest
from reconciler.plan.enabled import settle_enabled
from reconciler.plan.marks import Found, How, Match, Matching, Ownership, Refusal, read_mark

Words = Mapping[str, Mapping[str, KeyWord]]
"""By kind, every word that its key may have; a kind that is not there may have any."""


def translate(resources: Iterable[Resource], words: Words) -> tuple[list[Resource], list[tuple[Resource, str]]]:
    """The resources with their keys as the target gives them, and those that cannot be had with the reason why."""
    kept: list[Resource] = []
    refused: list[tuple[Resource, str]] = []
    by_key: dict[tuple[str, object], list[Resource]] = defaultdict(list)
    for resource in resources:
        found = _translated(resource, words)
        if isinstance(found, str):
            refused.append((resource, found))
        else:
            kept.append(found)
            if key_field := KINDS[found.kind].key_field:
                by_key[found.kind, found.fields[key_field]].append(found)
    for twins in by_key.values():
        if len(twins) > 1:
            names = " and ".join(sorted(twin.name for twin in twins))
            refused += [(twin, f"{names} are about the same {KINDS[twin.kind].key_field}: keep one") for twin in twins]
            kept = [resource for resource in kept if resource not in twins]
    return kept, refused


def _translated(resource: Resource, words: Words) -> Resource | str:
    key_field = KINDS[resource.kind].key_field
    if not key_field or resource.kind not in words:
        return resource
    known = words[resource.kind]
    written = str(resource.fields[key_field])
    word = known.get(written)
    if word is None:
        hint = suggest(written, known) or f"it has {few({one.value for one in known.values()})}"
        return f"there is no {key_field} of this name or id on this target: {hint} (reconciler list --types)"
    if word.problem:
        return word.problem
    for name, value in word.fixed.items():
        if resource.fields.get(name, value) != value:
            return f"{name} cannot be other than {value} for this {key_field}: remove it"
    return replace(resource, fields={**resource.fields, key_field: word.value})


class Finder:
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
                f"an unmarked object of this kind and display name exists ({listed(i.id for i in same)}): mark lost or "
                "foreign; adopt it with spec.id or --adopt, or choose another display name",
                foreign=True,
            )
        if len(same) > 1:
            return Refusal(
                resource, f"{listed(i.id for i in same)} all have its kind and display name: choose one with spec.id"
            )
        return self._claim(resource, same[0], How.DISPLAY_NAME)

    def _one_of(self, resource: Resource, marked: list[Found], how: How) -> Match | Refusal | None:
        if len(marked) > 1:
            return Refusal(
                resource,
                f"{listed(item.id for item in marked)} all bear the mark {marked[0].mark}: remove all but one",
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


def listed(words: Iterable[str]) -> str:
    return " and ".join(sorted(words))


_ANY_WORD: Words = {}


def match_live(
    resources: Iterable[Resource], objects: Iterable[LiveObject], ownership: Ownership, words: Words = _ANY_WORD
) -> Matching:
    """Match every resource to at most one live object: by `spec.id`, else mark, else key, else by adoption.

    `words` are those that the target has for the keys of kinds that bear no mark.
    """
    resources, unknown = translate(resources, words)
    found = sorted((read_found(item) for item in objects), key=lambda item: item.id)
    finder = Finder(found, ownership)
    matches: list[Match] = []
    refusals = [Refusal(resource, why) for resource, why in unknown]
    for resource in sorted(resources, key=lambda item: item.name):
        result = finder.find(resource)
        if isinstance(result, Match):
            matches.append(result)
        else:
            refusals.append(result)
    matches, twice = _without_doubles(matches)
    matches = [settle_enabled(match, ownership.enable) for match in matches]
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
        Refusal(match.resource, f"{listed(m.resource.name for m in group)} all describe the live object {object_id}")
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
