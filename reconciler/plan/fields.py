"""A resource's fields and a live object's in the same words: references as names, lists as they shall become. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.resources import KINDS, LiveObject, Resource, Role, Value

__all__ = ["effective_fields", "live_fields", "references"]


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
    """A resource's fields as they shall become: in `mode: include`, what is not ours in a list stays in it."""
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
