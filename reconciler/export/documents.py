"""Selected live objects -> manifests as plain values, made so that a plan of them finds nothing to do.

A secret becomes `{live: true}`, which keeps the live value. An object that is live on several targets becomes one
manifest, with what differs under `overrides`.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from reconciler.export.objects import LiveObjectAt, LiveTarget, Wanted, choose
from reconciler.export.soundness import find_unsound
from reconciler.export.texts import ManifestDocument
from reconciler.manifests.manifest import check_spec
from reconciler.model.dataclass import dataclass
from reconciler.model.kinds import KINDS, Field, Role
from reconciler.model.project import Project
from reconciler.model.provider import Abilities
from reconciler.model.values import Value
from reconciler.plan.marks import PROTECTED

_LONGEST = 63


def safe_name(text: str, fallback: str) -> str:
    """A text as a manifest's name: lowercase letters, digits and dashes; made of `fallback` if nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST].rstrip("-")
    return name or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", fallback).lower()


class UniqueNames:
    """Gives each name only once, and none of those that are `taken`."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}

    def name(self, wanted: str) -> str:
        """The wanted name, with the first number at its end that makes it unique if it is taken; it is taken from now
        on."""
        given, number = wanted, self._next.get(wanted, 2)
        while given in self._taken:
            given = f"{wanted[: _LONGEST - len(str(number)) - 1]}-{number}"
            number += 1
        self._next[wanted] = number
        self._taken.add(given)
        return given


API_VERSION = "channels.gitops/v1"
LIVE: Mapping[str, bool] = {"live": True}
"""What a manifest has instead of a secret."""

Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exported:
    """The manifests, sorted by name, and notes on what was left out or added."""

    manifests: tuple[ManifestDocument, ...]
    notes: tuple[str, ...] = ()


class _LeftOutError(Exception):
    """An object cannot become a manifest; the argument says why."""


def export_manifests(
    targets: Iterable[LiveTarget],
    project: Project,
    wanted: Wanted,
    abilities: Mapping[str, Abilities],
    *,
    adopt: bool = False,
) -> Exported:
    """The manifests of what is wanted, all of which pass `validate`. An object that cannot become one is left out with
    a note, and so is what refers to it. `adopt` pins unmarked objects by `spec.id`, so that an apply takes them over.
    """
    targets = list(targets)
    chosen, notes = choose(targets, wanted)
    ours = {item.name for place in targets for item in place.found if place.ownership.owns(item.mark)}
    groups, doubles = _named(chosen, wanted.names or {}, ours)
    notes += [f"{item} is left out: another object has the same mark" for item in doubles]
    left_out: dict[str, str] = {}
    while True:
        kept = {name: items for name, items in groups.items() if name not in left_out}
        manifests, wrong = _manifests(kept, project, adopt=adopt)
        wrong |= find_unsound(manifests, project, abilities)
        if not wrong:
            break
        left_out |= wrong
    notes += [
        f"{groups[name][0]} is left out: it cannot be a manifest: {why}" for name, why in sorted(left_out.items())
    ]
    return Exported(tuple(manifests), tuple(notes))


def _manifests(
    groups: Mapping[str, list[LiveObjectAt]], project: Project, *, adopt: bool
) -> tuple[list[ManifestDocument], dict[str, str]]:
    """The manifests of the groups, and for those that cannot have one, by name, the reason."""
    names: dict[str, dict[str, str]] = defaultdict(dict)
    for name, items in groups.items():
        for item in items:
            names[item.target] = names[item.target] or dict(item.place.aliases)
            names[item.target][item.found.id] = name
    manifests: list[ManifestDocument] = []
    wrong: dict[str, str] = {}
    for name, items in sorted(groups.items()):
        try:
            manifests.append(_manifest(name, items, names, project, adopt=adopt))
        except _LeftOutError as error:
            wrong[name] = str(error)
    return manifests, wrong


def _named(
    chosen: list[LiveObjectAt], names: Mapping[tuple[str, str], str], ours: Collection[str]
) -> tuple[dict[str, list[LiveObjectAt]], list[LiveObjectAt]]:
    """The objects, grouped by the name of their manifest, and those that have the same mark as another object.

    Owned objects keep the name in their mark. Objects with the same kind and name on different targets are one group.
    `names` are given names, by target and id; `ours` are the names of all owned objects, which no other gets."""
    groups: dict[str, list[LiveObjectAt]] = {}
    doubles: list[LiveObjectAt] = []
    for item in (item for item in chosen if item.owned):
        group = groups.setdefault(item.found.name, [])
        (group if _fits(group, item) else doubles).append(item)
    unmarked: dict[tuple[str, str], list[list[LiveObjectAt]]] = defaultdict(list)
    seen: Counter[tuple[str, str, str]] = Counter()
    for item in (item for item in chosen if not item.owned):
        like = item.found.live.kind or "", names.get((item.target, item.found.id)) or _title(item)
        alike, place = unmarked[like], seen[*like, item.target]  # the second one on a target is in the second group
        seen[*like, item.target] += 1
        if place == len(alike):
            alike.append([])
        alike[place].append(item)
    unique = UniqueNames({*groups, *ours})
    for (kind, title), alike in sorted(unmarked.items()):
        for group in alike:
            groups[unique.name(safe_name(title, kind))] = group
    return groups, doubles


def _fits(group: list[LiveObjectAt], item: LiveObjectAt) -> bool:
    same_target = any(other.target == item.target for other in group)
    return not same_target and all(other.found.live.kind == item.found.live.kind for other in group)


def _title(item: LiveObjectAt) -> str:
    live = item.found.live
    key_field = KINDS[live.kind or ""].key_field
    return str(live.fields.get(key_field or "display_name") or "")


def _manifest(
    name: str,
    items: list[LiveObjectAt],
    names: Mapping[str, Mapping[str, str]],
    project: Project,
    *,
    adopt: bool,
) -> ManifestDocument:
    """The manifest of one group. `names` has everything that can be referred to, by target and live id. _LeftOutError
    if there can be no manifest."""
    kind = items[0].found.live.kind or ""
    supplied = frozenset(project.defaults.get(kind, {}))
    specs = {item.target: _spec(item, name, names[item.target], supplied, adopt=adopt) for item in items}
    for spec in specs.values():
        if problems := check_spec(kind, spec):
            raise _LeftOutError("; ".join(f"{'.'.join(map(str, item.path))}: {item.message}" for item in problems))
    spec = _merged(specs)
    if sorted(specs) != sorted(project.default_targets):
        spec["targets"] = sorted(specs)
    document = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
    return ManifestDocument(name, kind, document, tuple(f"{item.place.about} {item.found.id}" for item in items))


def _spec(
    item: LiveObjectAt,
    name: str,
    names: Mapping[str, str],
    supplied: frozenset[str],
    *,
    adopt: bool,
) -> Spec:
    live = item.found.live
    kind = KINDS[live.kind or ""]
    spec: Spec = {}
    if adopt and not item.owned and not kind.key_field:
        spec["id"] = live.id
    for field in kind.fields:
        if field.name not in live.fields:
            continue
        value = live.fields[field.name]
        if field.required or not _is_left_out(field, value, name, supplied):
            spec[field.name] = _written(field, value, names, may_lack=bool(kind.key_field))
    if item.found.mark is not None and PROTECTED in item.found.mark.flags:
        spec["protected"] = True
    return spec


def _is_left_out(field: Field, value: Value, name: str, supplied: frozenset[str]) -> bool:
    """Whether a field need not be written: it has its default, and the project file gives no other for the kind."""
    if field.name == "mode":
        return True  # a live object has no mode; the default, `include`, is true of what is listed
    if field.role is Role.SECRET:
        return False
    if field.name in supplied or value is None:
        return value is None
    return bool(value == (name if field.name == "display_name" else field.default))


def _written(field: Field, value: Value, names: Mapping[str, str], *, may_lack: bool) -> Any:
    match field.role:
        case Role.SECRET:
            return LIVE
        case Role.SECRETS:
            pairs = value if isinstance(value, Mapping) else {}
            return {header: text if isinstance(text, str) else LIVE for header, text in sorted(pairs.items())}
        case Role.SET:
            return sorted(value) if isinstance(value, frozenset) else []
        case Role.REFERENCE:
            return next(_referred(frozenset({str(value)}), names, may_lack=may_lack))
        case Role.REFERENCES:
            return list(_referred(value, names, may_lack=may_lack))
        case _:
            return value


def _referred(value: Value, names: Mapping[str, str], *, may_lack: bool) -> Iterator[Any]:
    """The references as a manifest has them: names, `{role: ...}` and `{user: ...}`. An id without a name is left out
    if the list `may_lack` it, else it raises _LeftOutError."""
    ids = value if isinstance(value, frozenset) else frozenset()
    unnamed = sorted(object_id for object_id in ids if object_id not in names)
    if unnamed and not may_lack:
        raise _LeftOutError(f"it refers to {unnamed[0]}, which is left out")
    for name in sorted(names[object_id] for object_id in ids if object_id in names):
        word, colon, rest = name.partition(":")
        yield {word: rest} if colon else name


def _merged(specs: Mapping[str, Spec]) -> Spec:
    """One spec for all targets: that of the first target, with what differs on others as overrides."""
    (_, base), *others = sorted(specs.items())
    overrides = {target: _override(base, spec) for target, spec in others}
    if "id" in base and others:
        overrides = {min(specs): {"id": base["id"]}, **overrides}
        base = {key: value for key, value in base.items() if key != "id"}
    filled = {target: override for target, override in overrides.items() if override}
    return {**base, **({"overrides": filled} if filled else {})}


def _override(base: Spec, spec: Spec) -> Spec:
    differing: Spec = {key: value for key, value in spec.items() if base.get(key) != value}
    differing |= {key: None for key in base if key not in spec}
    headers, other = base.get("headers"), differing.get("headers")
    if isinstance(headers, dict) and isinstance(other, dict):
        differing["headers"] = _override(headers, other)
    return differing
