"""A desired resource and what is live -> the draft that is written: complete, with ids, secrets and mark.

Pure. Fields that the manifest does not manage or ignores are taken from the live object, so that a full replace on the
wire changes nothing else. This is where a reference to a secret becomes its value, just before it is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.diff import Secrets
from reconciler.ownership import Found, Mark, describe
from reconciler.plan import effective_fields, live_fields
from reconciler.resources import KINDS, Draft, Field, LiveObject, Resource, Role, SecretReference, SecretText, Value

__all__ = ["UnknownReferenceError", "differing_fields", "draft_of_live", "make_draft"]


class UnknownReferenceError(LookupError):
    """A draft refers to a resource that is not live: its name is the argument."""


def make_draft(
    resource: Resource,
    found: Found | None,
    mark: Mark,
    secrets: Secrets,
    ids: Mapping[str, str],
    names: Mapping[str, str],
    object_id: str | None = None,
) -> Draft:
    """What to write for a resource. `found` is the live object, if there is one of this kind; `ids` and `names` lead
    from names to live ids and back. KeyError never: a missing secret or id is an UnknownReferenceError."""
    kind = KINDS[resource.kind]
    live = live_fields(found.live, names) if found and found.live.kind == resource.kind else {}
    desired = effective_fields(resource, live)
    fields: dict[str, Value] = {}
    for field in kind.fields:
        if field.name == "mode":
            continue
        kept = field.name not in desired or (bool(live) and field.name in resource.settings.ignore)
        value = live.get(field.name, field.default) if kept else desired[field.name]
        fields[field.name] = _written(field, value, live.get(field.name), secrets, ids)
    if not kind.key_field:
        fields["description"] = describe(str(fields.get("description") or ""), mark)
    return Draft(resource.kind, fields, object_id)


def draft_of_live(found: Found, mark: Mark | None) -> Draft:
    """The draft that writes a live object again as it is, under the given mark: for marks and undoing."""
    fields = dict(found.live.fields)
    if mark is not None:
        fields["description"] = describe(str(fields.get("description") or ""), mark)
    return Draft(found.live.kind or "", fields, found.id)


def differing_fields(draft: Draft, live: LiveObject) -> tuple[str, ...]:
    """The fields that a server stored otherwise than they were sent; what it does not give back is passed over."""
    return tuple(
        name
        for name, value in sorted(draft.fields.items())
        if _plain(live.fields.get(name)) != _plain(value) and not _is_hidden(value, live.fields.get(name))
    )


def _plain(value: Value) -> Value:
    """A value without its mask, since what a manifest calls plain the provider may still read as a secret."""
    if isinstance(value, SecretText):
        return value.reveal()
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _is_hidden(sent: Value, read: Value) -> bool:
    """Whether the server keeps (part of) a value to itself, so that the two cannot be compared."""
    if sent is None or read is None:
        return sent != read and (sent is None or not isinstance(sent, (bool, int)))
    if isinstance(sent, Mapping) and isinstance(read, Mapping):
        return sent.keys() == read.keys() and all(
            _plain(sent[key]) == _plain(read[key]) or read[key] is None or sent[key] is None for key in sent
        )
    return False


def _written(field: Field, value: Value, live: Value, secrets: Secrets, ids: Mapping[str, str]) -> Value:
    if field.role is Role.REFERENCE and isinstance(value, str):
        return _id(value, ids)
    if field.role is Role.REFERENCES and isinstance(value, frozenset):
        return frozenset(_id(name, ids) for name in value)
    if isinstance(value, Mapping):
        theirs = live if isinstance(live, Mapping) else {}
        return dict(_opened_items(value, theirs, secrets))
    return _opened(value, live, secrets)


def _opened_items(
    value: Mapping[str, Value], live: Mapping[str, Value], secrets: Secrets
) -> Iterator[tuple[str, Value]]:
    for name, item in value.items():
        yield name, _opened(item, live.get(name), secrets)


def _opened(value: Value, live: Value, secrets: Secrets) -> Value:
    if not isinstance(value, SecretReference):
        return value
    if value.is_live:
        return live
    if value not in secrets:
        raise UnknownReferenceError(str(value))
    return secrets[value]


def _id(name: str, ids: Mapping[str, str]) -> str:
    if name.startswith("id:"):
        return name.removeprefix("id:")
    if name not in ids:
        raise UnknownReferenceError(name)
    return ids[name]
