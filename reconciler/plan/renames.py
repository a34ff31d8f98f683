"""Creates and prune candidates that are probably one object under a new name. Pure, and linear in their number.

They are found through an index of the addresses, never by comparing pairs: a project where everything was renamed has
as many creates as candidates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping

from reconciler.model.kinds import KINDS, Role
from reconciler.model.masking import Masker
from reconciler.model.resource import ChangeKey, Resource
from reconciler.model.values import SecretReference, SecretText, Value, in_clear
from reconciler.plan.changes import ProbableRename
from reconciler.plan.diff import Secrets, live_fields
from reconciler.plan.marks import Found

Address = tuple[Hashable, ...]


def probable_renames(
    created: Iterable[tuple[ChangeKey, Resource]],
    candidates: Iterable[tuple[ChangeKey, Found]],
    names: Mapping[str, str],
    secrets: Secrets,
    masker: Masker,
) -> Iterator[ProbableRename]:
    """Groups of creates and prune candidates that have the same kind and the same address."""
    new: dict[Address, list[ChangeKey]] = defaultdict(list)
    for key, resource in created:
        address = _address(resource.kind, resource.fields, secrets, masker)
        if address is not None:
            new[address].append(key)
    former: dict[Address, list[ChangeKey]] = defaultdict(list)
    for key, item in candidates:
        if item.live.kind is not None:
            address = _address(item.live.kind, live_fields(item.live, names), secrets, masker)
            if address is not None and address in new:
                former[address].append(key)
    for address, keys in former.items():
        yield ProbableRename(tuple(new[address]), tuple(keys))


def rename_hints(
    created: Iterable[Resource],
    candidates: Iterable[Found],
    names: Mapping[str, str],
    secrets: Secrets,
    masker: Masker,
) -> Iterator[str]:
    """Lines to paste for creates and candidates of the same kind and display name whose addresses are not
    comparable."""
    like: dict[tuple[str | None, object], list[Found]] = defaultdict(list)
    for item in candidates:
        like[item.live.kind, item.live.fields.get("display_name")].append(item)
    for resource in created:
        for item in like.get((resource.kind, resource.fields.get("display_name")), [])[:1]:
            ours = _address(resource.kind, resource.fields, secrets, masker)
            theirs = _address(resource.kind, live_fields(item.live, names), secrets, masker)
            if ours is None or theirs is None:
                yield (
                    f'{resource} has the display name of {item.kind} "{item.name}", which no manifest names; their '
                    f"addresses could not be compared: if it was renamed, write spec.renamed_from: {item.name}"
                )


def _address(kind: str, fields: Mapping[str, Value], secrets: Secrets, masker: Masker) -> Address | None:
    """Where an object of this kind sends, as a value that can be looked up; None if that is not known."""
    parts: list[Hashable] = [kind]
    for field in KINDS[kind].address:
        value = in_clear(fields.get(field.name))
        if isinstance(value, SecretReference):
            value = secrets.get(value)
        if field.role is Role.SECRET:
            if value is None:
                return None
            value = masker.digest(value if isinstance(value, SecretText) else SecretText(str(value)))
        parts.append(value if isinstance(value, Hashable) else None)
    return tuple(parts) if any(parts[1:]) else None
