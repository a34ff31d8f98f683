"""The words by which manifests name objects of kinds that bear no mark, turned into the ones that live objects give.

A target may have several words for one key (a display name, an id), know which of them there are, and say why one
cannot be had. Pure, and apart from `ownership` because it concerns what a person wrote, not whose an object is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches

from reconciler.providers.base import KeyWord
from reconciler.resources import KINDS, Resource

__all__ = ["Words", "translate"]

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
        close = get_close_matches(written, sorted(known), n=1)
        hint = f"did you mean {close[0]}?" if close else "look it up on the target"
        return f"there is no {key_field} of this name or id on this target: {hint}"
    if word.problem:
        return word.problem
    for name, value in word.fixed.items():
        if resource.fields.get(name, value) != value:
            return f"{name} cannot be other than {value} for this {key_field}: remove it"
    return replace(resource, fields={**resource.fields, key_field: word.value})
