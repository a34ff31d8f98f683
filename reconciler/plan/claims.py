"""Which live object a resource describes, by `spec.id`, else mark, else key, else adoption; and whether it may."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from reconciler.model.kinds import KINDS
from reconciler.model.resource import Resource
from reconciler.plan.marks import Found, How, Match, Ownership, Refusal

_MOST = 10


def listed(words: Iterable[str]) -> str:
    """Some names in order, for a sentence; if there are many, only the first, since many messages repeat them."""
    known = sorted(words)
    more = [f"{len(known) - _MOST} more"] if len(known) > _MOST else []
    return " and ".join([*known[:_MOST], *more])


class Finder:
    """Looks for one resource's live object, trying the ways in order. `named` are all names that manifests use."""

    def __init__(self, found: list[Found], ownership: Ownership, named: frozenset[str]) -> None:
        self._ownership = ownership
        self._named = named
        self._by_id = {item.id: item for item in found}
        self._by_name: dict[str, list[Found]] = defaultdict(list)
        self._unmanaged: dict[tuple[str | None, object], list[Found]] = defaultdict(list)
        self._others: dict[tuple[str | None, object], list[Found]] = defaultdict(list)
        self._by_natural_key = {
            (item.live.kind, item.live.fields[KINDS[item.live.kind].key_field]): item
            for item in found
            if item.live.kind and KINDS[item.live.kind].key_field
        }
        for item in found:
            if not ownership.owns(item.mark):
                by_display_name = self._unmanaged if item.mark is None else self._others
                by_display_name[item.live.kind, item.live.fields.get("display_name")].append(item)
            elif item.mark is not None and not ownership.is_leftover(item.mark):
                self._by_name[item.mark.name].append(item)
        self._alike = {like: listed(item.id for item in items) for like, items in self._unmanaged.items()}

    def find(self, resource: Resource) -> Match | Refusal:
        """The resource's match, or why it can have none."""
        natural = KINDS[resource.kind].key_field
        if natural:
            item = self._by_natural_key.get((resource.kind, resource.fields[natural]))
            return Match(resource, item, How.KEY if item else How.NONE)
        for way in (self._by_pinned_id, self._by_mark, self._by_former_name, self._by_key, self._by_adoption):
            result = way(resource)
            if result is not None:
                return result
        return self._new(resource)

    def _new(self, resource: Resource) -> Match:
        """No live object matches. Names the objects that look like it, since an adopted object may have become one of
        them."""
        like = (resource.kind, resource.fields.get("display_name"))
        others = self._others.get(like, [])
        notes = [
            f"{item.id} has this kind and display name too, and carries another owner's mark {item.mark}"
            for item in others[:_MOST]
        ]
        notes += [f"{len(others) - _MOST} more have them too"] if len(others) > _MOST else []
        create_id, key = resource.settings.id, self._ownership.key_of(resource.name)
        if create_id is None:
            create_id = self._ownership.free_key(resource.name, self._by_id)
            if key is not None and key in self._by_id:
                notes.append(f"{key} is the id of {self._by_id[key].name} now, so this one is created as {create_id}")
        return Match(resource, None, How.NONE, create_id, alike=self._alike.get(like, ""), notes=tuple(notes))

    def _by_pinned_id(self, resource: Resource) -> Match | Refusal | None:
        pinned = resource.settings.id
        if pinned is None:
            return None
        item = self._by_id.get(pinned)
        marked = [other for other in self._by_name.get(resource.name, ()) if other.id != pinned]
        if marked and (item is None or item.mark is None or item.mark.name != resource.name):
            return Refusal(
                resource,
                f"spec.id names {pinned}, but {marked[0].id} carries its mark: fix spec.id, or remove the other with "
                f"`reconciler destroy {resource.name}@{marked[0].id}`",
            )
        if item is not None:
            return self._claim(resource, item, How.ID)
        if not self._ownership.chooses_ids:
            return Refusal(resource, f"spec.id names {pinned}, which does not exist on this target: fix or remove it")
        return None

    def _by_mark(self, resource: Resource) -> Match | Refusal | None:
        return self._one_of(resource, resource.name, How.MARK)

    def _by_former_name(self, resource: Resource) -> Match | Refusal | None:
        for former in resource.settings.renamed_from:
            result = self._one_of(resource, former, How.RENAMED) or self._unmanaged_at_key(
                resource, former, How.RENAMED
            )
            if result is not None:
                return result
        return None

    def _by_key(self, resource: Resource) -> Match | Refusal | None:
        key = self._ownership.key_of(resource.name)
        item = self._by_id.get(key) if key else None
        if item is not None and item.mark is not None and not self._ownership.owns(item.mark):
            return self._claim(resource, item, How.KEY)
        if item is not None and self._ownership.is_leftover(item.mark):
            return self._claim(resource, item, How.KEY)
        return self._unmanaged_at_key(resource, resource.name, How.KEY)

    def _unmanaged_at_key(self, resource: Resource, name: str, how: How) -> Match | Refusal | None:
        """An object under our key that lost its mark to a manual edit. An object of ours under another name was
        renamed, and does not belong to this resource."""
        key = self._ownership.key_of(name)
        item = self._by_id.get(key) if key else None
        if item is None or item.mark is not None:
            return None
        if item.live.kind not in (resource.kind, None):
            return Refusal(
                resource,
                f"the live object {item.id} has this manifest's id but is a {item.live.kind} without our mark: "
                "remove it, or rename the manifest",
            )
        return self._claim(resource, item, how)

    def _by_adoption(self, resource: Resource) -> Match | Refusal | None:
        if not self._ownership.adopt:
            return None
        like = (resource.kind, resource.fields.get("display_name"))
        same = self._unmanaged.get(like, [])
        if not same:
            return None
        if len(same) > 1:
            return Refusal(resource, f"{self._alike[like]} all have its kind and display name: choose one with spec.id")
        return self._claim(resource, same[0], How.DISPLAY_NAME)

    def _one_of(self, resource: Resource, name: str, how: How) -> Match | Refusal | None:
        """The object that carries the mark of this name. If there are several: the one under our key if we choose the
        ids, otherwise the oldest."""
        marked = self._by_name.get(name, [])
        if len(marked) > 1 and self._ownership.chooses_ids:
            places = {item.id: self._ownership.place_of(name, item.id) for item in marked}
            placed = sorted((place, object_id) for object_id, place in places.items() if place is not None)
            if not placed:
                return Refusal(
                    resource,
                    f"{listed(item.id for item in marked)} all carry the mark {marked[0].mark}: pin the right one with "
                    "spec.id",
                )
            return self._claim(resource, self._by_id[placed[0][1]], how)
        oldest = min(marked, key=lambda item: (item.live.created, item.id), default=None)
        return self._claim(resource, oldest, how) if oldest else None

    def _claim(self, resource: Resource, item: Found, how: How) -> Match | Refusal:
        mark = item.mark
        if mark is not None and not self._ownership.owns(mark):
            return Refusal(
                resource,
                f"the live object {item.id} carries another owner's mark {mark}: it is never touched; if that project "
                "became this one, list its owner under spec.former_owners; if the text only looks like a mark, put a "
                "full stop after it on the live object, then adopt the object by spec.id",
            )
        if item.live.kind is None:
            return Refusal(
                resource,
                f"the live object {item.id} is of the type {item.live.native_type or 'none'}, which this version of "
                "reconciler does not know: update reconciler, or remove the manifest",
            )
        if self._ownership.is_leftover(mark):
            return Refusal(resource, f"the live object {item.id} is a leftover {mark} of an interrupted run")
        if mark is not None and mark.name not in (resource.name, *resource.settings.renamed_from):
            if mark.name in self._named:
                return Refusal(
                    resource,
                    f"the live object {item.id} belongs to the manifest {mark.name}: fix spec.id, or remove that one",
                )
            how = How.RENAMED
        if mark is not None and mark.owner != self._ownership.owner:
            how = How.FORMER_OWNER
        return Match(resource, item, how, held=_made_by_another_version(item))


def _made_by_another_version(item: Found) -> str:
    unknown = sorted(item.mark.unknown_flags) if item.mark else []
    if not unknown:
        return ""
    return made_by_another_version(item.id, unknown)


def made_by_another_version(object_id: str, flags: Iterable[str]) -> str:
    """Why an object whose mark has flags that are not known here is left as it is."""
    return (
        f"made by another version: the mark of {object_id} has the flag {listed(flags)}, which this one does not know; "
        "use the version that wrote it, or take the flag off the description"
    )
