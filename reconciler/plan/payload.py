"""A desired resource and what is live -> the payload that is written: complete, with ids, secrets and mark.

Pure. Fields that the manifest does not manage or ignores are taken from the live object, so that a full replace on the
wire changes nothing else. References lead to other resources by their names, or to what the platform made by a role or
user (`role:Admin`); one that leads nowhere is refused when planning. This is where a reference to a secret becomes its
value, just before it is sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from reconciler.model.kinds import KINDS, Field, Role
from reconciler.model.resource import LiveObject, Payload, Resource
from reconciler.model.text import few, suggest
from reconciler.model.values import MaskedText, SecretReference, SecretText, Value, in_clear
from reconciler.plan.diff import Secrets
from reconciler.plan.marks import Found, Mark, Match, Matching, Refusal, describe


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


def refuse_dangling(matching: Matching, selected: Collection[str] | None) -> list[Refusal]:
    """The refusals of matches whose references lead nowhere, all of a resource's in one message.

    `selected` are the names that are planned (None: all). What refers to a refused resource that is not live is
    refused with it.
    """
    live = set(matching.names.values())
    refused = {refusal.resource.name for refusal in matching.refusals}
    waiting = [match for match in matching.matches if selected is None or match.resource.name in selected]
    refusals: list[Refusal] = []
    while True:  # as often as references lead from kind to kind
        known = live | {match.resource.name for match in waiting}
        missing = {match.resource.name: names for match in waiting if (names := _missing(match, known))}
        if not missing:
            return refusals
        made = _made_by_the_platform(known)
        refusals += [
            Refusal(match.resource, "; ".join(_word(name, made, refused) for name in missing[match.resource.name]))
            for match in waiting
            if match.resource.name in missing
        ]
        waiting = [match for match in waiting if match.resource.name not in missing]


def _missing(match: Match, known: Collection[str]) -> list[str]:
    """The names that lead nowhere; what the manifest ignores of a live object is not written, and so not needed."""
    ignored = match.resource.settings.ignore if match.found is not None else frozenset[str]()
    fields = {name: value for name, value in match.resource.fields.items() if name not in ignored}
    return sorted(name for name in references(fields, match.resource.kind) if name not in known)


def _made_by_the_platform(known: Iterable[str]) -> Mapping[str, list[str]]:
    """Who the platform made a channel for, by word: `role:Admin` is `Admin` of `role`."""
    made: dict[str, list[str]] = defaultdict(list)
    for name in known:
        word, colon, who = name.partition(":")
        if colon:
            made[word].append(who)
    return made


def _word(name: str, made: Mapping[str, list[str]], refused: Collection[str]) -> str:
    word, colon, who = name.partition(":")
    if not colon:
        why = "cannot be planned either" if name in refused else "is not selected, or is in no manifest given"
        return f"refers to {name}, which is not live yet and {why}"
    others = made.get(word, [])
    hint = suggest(who, others) or (f"it has one for {few(others)}" if others else f"it has none for any {word}")
    return f"this target has no channel for the {word} {who}: {hint}"


class UnknownReferenceError(LookupError):
    """A payload refers to a resource that is not live: its name is the argument."""


def make_payload(
    resource: Resource,
    found: Found | None,
    mark: Mark,
    secrets: Secrets,
    ids: Mapping[str, str],
    names: Mapping[str, str],
    object_id: str | None = None,
) -> Payload:
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
    return Payload(resource.kind, fields, object_id)


def payload_of_live(found: Found, mark: Mark | None) -> Payload:
    """The payload that writes a live object again as it is, under the given mark: for marks and rollbacks."""
    fields = {name: in_clear(value) for name, value in found.live.fields.items()}
    if mark is not None:
        fields["description"] = describe(str(fields.get("description") or ""), mark)
    return Payload(found.live.kind or "", fields, found.id)


def differing_fields(payload: Payload, live: LiveObject) -> tuple[str, ...]:
    """The fields that a server stored otherwise than they were sent; what it does not have is no difference."""
    return tuple(
        name
        for name, value in sorted(payload.fields.items())
        if name in live.fields
        and _plain(live.fields[name]) != _plain(value)
        and not _is_hidden(value, live.fields.get(name))
    )


def _plain(value: Value) -> Value:
    """A value without its mask, since what a manifest calls plain the provider may still read as a secret."""
    if isinstance(value, SecretText):
        return value.reveal()
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return value


def _is_hidden(sent: Value, read: Value) -> bool:
    """Whether the server keeps (part of) a value to itself, so the two cannot be compared."""
    if isinstance(read, MaskedText):
        secret = SecretText(sent) if isinstance(sent, str) else sent
        return not isinstance(secret, SecretText) or read.shown == secret or read.may_be(secret)
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
    theirs = {name.lower(): item for name, item in live.items()}
    for name, item in value.items():
        yield name, _opened(item, theirs.get(name.lower()), secrets)


def _opened(value: Value, live: Value, secrets: Secrets) -> Value:
    if not isinstance(value, SecretReference):
        return in_clear(value)
    if value.is_live:
        return in_clear(live)
    if value not in secrets:
        raise UnknownReferenceError(str(value))
    return secrets[value]


def _id(name: str, ids: Mapping[str, str]) -> str:
    if name.startswith("id:"):
        return name.removeprefix("id:")
    if name not in ids:
        raise UnknownReferenceError(name)
    return ids[name]
