"""A desired state matched to what is live: every resource to at most one object, and the rest sorted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.model.dataclass import dataclass
from reconciler.model.kinds import KINDS
from reconciler.model.provider import KeyWord
from reconciler.model.resource import LiveObject, Resource
from reconciler.model.text import few, plural, suggest
from reconciler.model.values import in_clear
from reconciler.plan.claims import Finder, listed
from reconciler.plan.marks import CANARY, REPLACED, Found, Match, Matching, Ownership, Refusal, read_mark
from reconciler.plan.sending import settle_enabled

Words = Mapping[str, Mapping[str, KeyWord]]
"""By kind, every word that its key may have; a kind that is not there may have any."""


def translate(resources: Iterable[Resource], words: Words) -> tuple[list[Resource], list[tuple[Resource, str]]]:
    """The resources with their keys as the target spells them, and those whose key it does not have, with the
    reason."""
    kept: list[Resource] = []
    refused: list[tuple[Resource, str]] = []
    by_key: dict[tuple[str, object], list[Resource]] = defaultdict(list)
    for resource in resources:
        found = _translated(resource, words)
        if isinstance(found, str):
            refused.append((resource, found))
        elif key_field := KINDS[found.kind].key_field:
            by_key[found.kind, found.fields[key_field]].append(found)
        else:
            kept.append(found)
    for same in by_key.values():
        if len(same) == 1:
            kept += same
            continue
        names = listed(item.name for item in same)
        refused += [(item, f"{names} have the same {KINDS[item.kind].key_field}: keep one") for item in same]
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
            return f"{name} can only be {value} for this {key_field}: remove it"
    return replace(resource, fields={**resource.fields, key_field: word.value})


_ANY_WORD: Words = {}


def match_live(
    resources: Iterable[Resource], objects: Iterable[LiveObject], ownership: Ownership, words: Words = _ANY_WORD
) -> Matching:
    """Match every resource to at most one live object: by `spec.id`, else mark, else key, else by adoption.

    `words` are those that the target has for the keys of kinds that carry no mark.
    """
    wanted = list(resources)
    possible, unknown = translate(wanted, words)
    found = sorted((read_found(item) for item in objects), key=lambda item: item.id)
    named = Named.by(wanted)
    finder = Finder(found, ownership, named.names)
    matches: list[Match] = []
    refusals = [Refusal(resource, why) for resource, why in unknown]
    for resource in sorted(possible, key=lambda item: item.name):
        result = finder.find(resource)
        if isinstance(result, Match):
            matches.append(result)
        else:
            refusals.append(result)
    matches, twice = _without_doubles(matches)
    matches = [settle_enabled(match, ownership.enable) for match in matches]
    return _sorted_out(found, matches, [*refusals, *twice], ownership, named)


def read_found(item: LiveObject) -> Found:
    """A live object as a provider read it, with its mark taken off and understood."""
    text, mark = read_mark(str(item.fields.get("description") or ""))
    return Found(replace(item, fields={**item.fields, "description": text}) if mark else item, mark)


@dataclass(frozen=True, slots=True)
class Named:
    """All that the manifests of a target name in any way: `names` of marked objects, present and former, and `ids`."""

    names: frozenset[str]
    ids: frozenset[str]

    @classmethod
    def by(cls, resources: list[Resource]) -> Named:
        """What these resources name. A kind whose objects carry no mark names no marked object by its own name."""
        marked = [resource for resource in resources if not KINDS[resource.kind].key_field]
        names = {resource.name for resource in marked}
        names.update(name for resource in marked for name in resource.settings.renamed_from)
        return cls(frozenset(names), frozenset(item.settings.id for item in resources if item.settings.id))

    def includes(self, item: Found) -> bool:
        """Whether a manifest names this live object."""
        return item.id in self.ids or (item.mark is not None and item.mark.name in self.names)


def described_ids(
    resources: Iterable[Resource], found: Iterable[Found], ownership: Ownership, words: Words = _ANY_WORD
) -> frozenset[str]:
    """The ids of the live objects that these resources describe, or once did, copies of their mark included."""
    wanted, found = list(resources), list(found)
    named = Named.by(wanted)
    finder = Finder(found, ownership, named.names)
    results = (finder.find(resource) for resource in translate(wanted, words)[0])
    ids = {result.found.id for result in results if isinstance(result, Match) and result.found is not None}
    return frozenset(ids | {item.id for item in found if ownership.owns(item.mark) and named.includes(item)})


def _without_doubles(matches: list[Match]) -> tuple[list[Match], list[Refusal]]:
    """The matches without those that share an object, which are refused: it cannot be known which one it belongs to."""
    by_id: dict[str, list[Match]] = defaultdict(list)
    for match in matches:
        by_id[f"id:{match.id}" if match.id else match.resource.name].append(match)
    kept = [group[0] for group in by_id.values() if len(group) == 1]
    refusals: list[Refusal] = []
    for group in by_id.values():
        if len(group) > 1:
            why = _both_describe(group)
            refusals += [Refusal(match.resource, why) for match in group]
    return sorted(kept, key=lambda match: match.resource.name), refusals


def _both_describe(group: list[Match]) -> str:
    names = listed(match.resource.name for match in group)
    object_id = group[0].id
    if group[0].found is None:
        return f"{names} would be created under one id, {object_id}: fix spec.id, or remove one of them"
    return f"{names} all describe the live object {object_id}: fix spec.id, or remove one of them"


def _sorted_out(
    found: list[Found], matches: list[Match], refusals: list[Refusal], ownership: Ownership, named: Named
) -> Matching:
    matched = {match.found.id: match for match in matches if match.found}
    rest = [item for item in found if item.id not in matched and not item.live.read_only]
    ours = [item for item in rest if ownership.owns(item.mark)]
    plain = [item for item in ours if not ownership.is_leftover(item.mark)]
    left = [item for item in ours if ownership.is_leftover(item.mark)]
    orphans = [item for item in left if _is_replaced(item) and not named.includes(item)]
    copies, duplicates = _copies(plain, matches, ownership)
    of_name: dict[str, list[str]] = defaultdict(list)
    for item in copies:
        of_name[item.name].append(item.id)
    matches = [_held_for_copies(match, of_name.get(match.resource.name, ()), ownership) for match in matches]
    replaced = {item.id for item in orphans}
    return Matching(
        matches=tuple(matches),
        refusals=tuple(sorted(refusals, key=lambda refusal: refusal.resource.name)),
        candidates=tuple(item for item in (*plain, *orphans) if not named.includes(item)),
        copies=tuple(copies),
        duplicates=tuple(duplicates),
        leftovers=tuple(item for item in left if item.id not in replaced),
        unmanaged=tuple(item for item in rest if item.mark is None),
        others=tuple(item for item in rest if item.mark is not None and not ownership.owns(item.mark)),
        names=_names(found, matches, plain, duplicates),
        found=tuple(found),
        hints=tuple(_former_owner(rest, matches, refusals, ownership)),
    )


def _is_replaced(item: Found) -> bool:
    """Whether it is the old object of a replace that was killed: with its manifest, an apply finishes the replace."""
    return item.mark is not None and REPLACED in item.mark.flags and CANARY not in item.mark.flags


def _copies(
    plain: list[Found], matches: list[Match], ownership: Ownership
) -> tuple[list[Found], list[tuple[Found, str]]]:
    """Objects that carry the mark of a resource that was matched to another object; and those of them that two
    concurrent runs may have created, with the id of the one that is kept: they are known to be the same, so the younger
    may go."""
    by_name: dict[str, Found] = {}
    for match in matches:
        if match.found is not None and not KINDS[match.resource.kind].key_field:
            by_name |= dict.fromkeys((match.resource.name, *match.resource.settings.renamed_from), match.found)
    copies: list[Found] = []
    duplicates: list[tuple[Found, str]] = []
    for item in plain:
        kept = by_name.get(item.name)
        if kept is None:
            continue
        if not ownership.chooses_ids and item.mark == kept.mark and _same_address(item.live, kept.live):
            duplicates.append((item, kept.id))
        else:
            copies.append(item)
    return copies, duplicates


def _same_address(one: LiveObject, other: LiveObject) -> bool:
    """Whether two live objects are known to send to the same place; a masked address is not known."""
    if one.kind is None or one.kind != other.kind:
        return False
    for field in KINDS[one.kind].address:
        ours, theirs = in_clear(one.fields.get(field.name)), in_clear(other.fields.get(field.name))
        if ours is None or ours != theirs:
            return False
    return bool(KINDS[one.kind].address)


def _held_for_copies(match: Match, copies: Collection[str], ownership: Ownership) -> Match:
    """The match, held if the mark is the only key and a second object carries it, since it is then unclear which one is
    meant. `copies` are the ids of the objects that carry this match's mark."""
    if not copies or ownership.chooses_ids or match.found is None or match.resource.settings.id:
        return match
    ids = listed([match.found.id, *copies])
    why = (
        f"{ids} carry the same mark, and are not known to be the same object: pin the right one with spec.id, and "
        f"remove the other with `reconciler destroy {match.resource.name}@ID`"
    )
    return replace(match, held=why)


def _names(
    found: list[Found], matches: list[Match], plain: list[Found], duplicates: list[tuple[Found, str]]
) -> dict[str, str]:
    """The name of each live object that can be referred to by one, by id.

    An object that a manifest describes has the manifest's name. Others have one only if no other object shares it, so
    that a reference to a copy or an unfinished replace shows as a reference to something else.
    """
    names = {item.id: item.live.alias for item in found if item.live.alias}
    matched = {match.found.id: match.resource.name for match in matches if match.found}
    taken = {match.resource.name for match in matches}
    counts: dict[str, int] = defaultdict(int)
    for item in plain:
        counts[item.name] += 1
    names |= {item.id: item.name for item in plain if item.name not in taken and counts[item.name] == 1}
    names |= {item.id: matched[kept] for item, kept in duplicates}
    return names | matched


def _former_owner(
    rest: list[Found], matches: list[Match], refusals: list[Refusal], ownership: Ownership
) -> Iterator[str]:
    """A question, if nothing is ours and one other owner has objects with our kinds and names."""
    if any(match.found is not None and ownership.owns(match.found.mark) for match in matches):
        return
    resources = [*(match.resource for match in matches), *(refusal.resource for refusal in refusals)]
    wanted = {(resource.kind, resource.name) for resource in resources}
    same = [item for item in rest if item.mark is not None and (item.live.kind, item.mark.name) in wanted]
    owners = {item.mark.owner for item in same if item.mark is not None}
    if len(owners) == 1 and not ownership.owns(same[0].mark):
        owner = owners.pop()
        count = plural(len(same), "object")
        yield (
            f"{count} of the same kind and name {'carries' if len(same) == 1 else 'carry'} the mark of {owner}: was "
            f"this project called {owner}? then add it to spec.former_owners in the project file"
        )
