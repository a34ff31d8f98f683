"""A desired state matched to what is live: every resource to at most one object, and the rest told apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from reconciler.keywords import Words, translate
from reconciler.ownership.finder import Finder, listed
from reconciler.ownership.marks import read_mark
from reconciler.ownership.matched import Found, Match, Matching, Ownership, Refusal
from reconciler.resources import LiveObject, Resource

__all__ = ["match_live", "read_found"]

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
