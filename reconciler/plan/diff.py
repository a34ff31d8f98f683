"""The comparison of one desired resource with what is live: (desired, live) -> the fields that differ.

Both sides are brought into one form first, in which references lead to other resources by their names, or to what the
platform made by a role or user (`role:Admin`).

The only home of deepdiff, which is imported when two sides do differ and sees secrets only as keyed digests. It was
weighed again: the fields that kinds have now are texts, numbers, sets and one map, so that comparing them one by one
would nearly do, and would save the 100 ms of its import in a run that has something to show. It is kept because the
first field that is nested deeper would otherwise grow a diff of our own. What differences mean is not decided here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.model.kinds import KINDS, Field, Kind, Role
from reconciler.model.masking import Json, Masker
from reconciler.model.resource import LiveObject, Resource
from reconciler.model.values import MaskedText, SecretReference, SecretText, Value, in_clear

Secrets = Mapping[SecretReference, SecretText]
"""The values of the references that could be resolved."""

Fields = Mapping[str, Value]
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs, or one header of several. `before` and `after` are as they may be printed."""

    path: Path
    before: Json
    after: Json
    delivery: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found. `unresolved`: (path, reference) of secrets that had no value to compare.

    `write_only`: paths that the target never gives back. `ignored`: fields that differ, and are left as they are.
    """

    changes: tuple[FieldChange, ...] = ()
    unresolved: tuple[tuple[Path, str], ...] = ()
    write_only: tuple[Path, ...] = ()
    ignored: tuple[str, ...] = ()


def live_fields(live: LiveObject, names: Mapping[str, str]) -> dict[str, Value]:
    """A live object's fields with references as the names of resources; `id:...` for what has no name."""
    kind = KINDS[live.kind or ""]
    fields = dict(live.fields)
    for field in kind.fields:
        value = fields.get(field.name)
        if field.role is Role.REFERENCE and isinstance(value, str):
            fields[field.name] = names.get(value, f"id:{value}")
        elif field.role is Role.REFERENCES and isinstance(value, frozenset):
            fields[field.name] = frozenset(names.get(item, f"id:{item}") for item in value)
    return fields


def effective_fields(resource: Resource, live: Mapping[str, Value]) -> Mapping[str, Value]:
    """A resource's fields as they will be written: in `mode: include`, elements of a list that are not ours are
    kept."""
    if resource.fields.get("mode") != "include":
        return {name: value for name, value in resource.fields.items() if name != "mode"}
    fields = {name: value for name, value in resource.fields.items() if name != "mode"}
    ours, theirs = fields.get("channels"), live.get("channels")
    if isinstance(ours, frozenset) and isinstance(theirs, frozenset):
        fields["channels"] = ours | {name for name in theirs if ":" in name}
    return fields


def references(fields: Mapping[str, Value], kind: str) -> frozenset[str]:
    """The names (or ids, in a live object's fields) of all other resources that these fields refer to."""
    found: set[str] = set()
    for field in KINDS[kind].fields:
        value = fields.get(field.name)
        if field.role is Role.REFERENCE and isinstance(value, str):
            found.add(value)
        elif field.role is Role.REFERENCES and isinstance(value, frozenset):
            found |= value
    return frozenset(found)


def diff_fields(
    kind: Kind, desired: Fields, live: Fields, secrets: Secrets, masker: Masker, ignore: frozenset[str] = frozenset()
) -> Comparison:
    """Compare the fields that `desired` manages and the provider has. Both sides refer to other resources by name.

    Sets and headers are compared by their elements; order never matters.
    """
    managed = [field for field in kind.fields if field.name in desired and field.name in live]
    leaves = [leaf for field in managed for leaf in _leaves(field, desired[field.name], live.get(field.name), secrets)]
    watched = [leaf for leaf in leaves if leaf.path[0] not in ignore]
    left_alone = _differing([leaf for leaf in leaves if leaf.path[0] in ignore], masker)
    return Comparison(
        changes=tuple(_change(kind, leaf, masker) for leaf in _differing(watched, masker)),
        unresolved=tuple((leaf.path, str(leaf.reference)) for leaf in watched if leaf.is_unresolved),
        write_only=tuple(leaf.path for leaf in watched if leaf.is_write_only),
        ignored=tuple(sorted({leaf.path[0] for leaf in left_alone})),
    )


def compare_new(kind: Kind, desired: Fields, secrets: Secrets, masker: Masker) -> Comparison:
    """The fields of a new object that are worth showing, and the secrets that are not known yet."""
    leaves = [leaf for field in kind.fields for leaf in _leaves(field, desired.get(field.name), None, secrets)]
    return Comparison(
        changes=tuple(_change(kind, leaf, masker) for leaf in leaves if _says_something(leaf)),
        unresolved=tuple((leaf.path, str(leaf.reference)) for leaf in leaves if leaf.is_unresolved),
    )


def _says_something(leaf: _Leaf) -> bool:
    """Whether a value of a new object is worth a line: neither an empty one is, nor that it is enabled."""
    return leaf.desired not in (None, "", frozenset()) and leaf.desired is not True


@dataclass(frozen=True, slots=True)
class _Leaf:
    """One value on both sides. `reference` is where the desired one comes from, if it is a secret kept elsewhere."""

    path: Path
    desired: Value
    live: Value
    reference: SecretReference | None = None
    may_be_hidden: bool = False

    @property
    def is_unresolved(self) -> bool:
        return isinstance(self.desired, SecretReference) and not self.desired.is_live

    @property
    def is_write_only(self) -> bool:
        if isinstance(self.live, MaskedText) and isinstance(self.desired, SecretText):
            return self.live.shown != self.desired and self.live.may_be(self.desired)
        return self.may_be_hidden and in_clear(self.live) is None and self.desired is not None

    @property
    def is_comparable(self) -> bool:
        return not isinstance(self.desired, SecretReference) and not self.is_write_only

    def sides(self, masker: Masker) -> tuple[object, object]:
        """Live and desired as they may be handed to a library: a secret as its digest."""
        if isinstance(self.live, SecretText | MaskedText) or isinstance(self.desired, SecretText):
            return _digest(self.live, masker), _digest(self.desired, masker)
        return self.live, self.desired


def _digest(value: Value, masker: Masker) -> str | None:
    if isinstance(value, MaskedText):
        value = value.shown
    if isinstance(value, SecretText):
        return masker.digest(value)
    return None if value is None else masker.digest(SecretText(str(value)))


def _leaves(field: Field, desired: Value, live: Value, secrets: Secrets) -> Iterator[_Leaf]:
    if field.role is not Role.SECRETS:
        yield _leaf((field.name,), desired, live, secrets, may_be_hidden=field.role is Role.SECRET)
        return
    ours, theirs = _by_lower_name(desired), _by_lower_name(live)  # capitals make no difference to a receiver
    for key in sorted({*ours, *theirs}):
        name, wanted = ours.get(key, (theirs[key][0] if key in theirs else key, None))
        found = theirs[key][1] if key in theirs else None
        yield _leaf((field.name, name), wanted, found, secrets, may_be_hidden=key in theirs and found is None)


def _by_lower_name(headers: Value) -> dict[str, tuple[str, Value]]:
    pairs = headers if isinstance(headers, Mapping) else {}
    return {name.lower(): (name, value) for name, value in pairs.items()}


def _leaf(path: Path, desired: Value, live: Value, secrets: Secrets, *, may_be_hidden: bool) -> _Leaf:
    if isinstance(desired, SecretReference):
        return _Leaf(path, secrets.get(desired, desired), live, desired, may_be_hidden)
    return _Leaf(path, desired, live, None, may_be_hidden)


def _differing(leaves: list[_Leaf], masker: Masker) -> list[_Leaf]:
    """The leaves whose two sides differ, by path."""
    live: dict[str, Any] = {}
    desired: dict[str, Any] = {}
    by_path = {leaf.path: leaf for leaf in leaves if leaf.is_comparable}
    for path, leaf in by_path.items():
        theirs, ours = leaf.sides(masker)
        _plant(live, path, theirs)
        _plant(desired, path, ours)
    if live == desired:
        return []
    return [by_path[path] for path in sorted(_differing_paths(live, desired, by_path))]


def _plant(tree: dict[str, Any], path: Path, value: object) -> None:
    for step in path[:-1]:
        tree = tree.setdefault(step, {})
    tree[path[-1]] = value


def _differing_paths(live: dict[str, Any], desired: dict[str, Any], known: Collection[Path]) -> set[Path]:
    from deepdiff import DeepDiff  # 120 ms to import: paid for only where something differs

    found: Mapping[str, Any] = DeepDiff(live, desired, view="tree")
    paths = {tuple(item.path(output_format="list")) for group in found.values() for item in group}
    return {path for path in known if any(deep[: len(path)] == path for deep in paths)}


def _change(kind: Kind, leaf: _Leaf, masker: Masker) -> FieldChange:
    known = kind.field(leaf.path[0])
    is_address, masker = known.role is Role.SECRET, masker.within(*leaf.path)
    return FieldChange(
        path=leaf.path,
        before=masker.show(leaf.live, is_address=is_address),
        after=masker.show(leaf.desired, leaf.reference, is_address=is_address, is_desired=True),
        delivery=known.delivery,
        secret=isinstance(leaf.desired, SecretText) or isinstance(leaf.live, SecretText | MaskedText),
    )
