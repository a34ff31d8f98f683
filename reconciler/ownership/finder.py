"""One resource's live object: by `spec.id`, else mark, else key, else by adoption; or why it may not be had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from reconciler.ownership.matched import Found, How, Match, Ownership, Refusal
from reconciler.resources import KINDS, Resource

__all__ = ["Finder", "listed"]


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
