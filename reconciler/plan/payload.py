"""A desired resource and what is live -> the payload that is written: complete, with ids, secrets and mark.

Pure. Fields that the manifest does not manage or ignores are taken from the live object, so that a full replace on the
wire changes nothing else. This is where a reference to a secret becomes its value, just before it is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.model.errors import Level
from reconciler.model.kinds import KINDS, Field, Role
from reconciler.model.provider import Abilities
from reconciler.model.resource import LiveObject, Payload, Resource
from reconciler.model.values import MaskedText, SecretReference, SecretText, Value, in_clear
from reconciler.plan.changes import Action, RefusedResource, TargetPlan
from reconciler.plan.diff import Secrets
from reconciler.plan.marks import Found, Mark, Matching, Ownership, describe, longest_mark
from reconciler.plan.references import effective_fields, live_fields


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
    """Whether the server keeps (part of) a value to itself, so that the two cannot be compared."""
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


def refuse_unholdable(
    plan: TargetPlan, matching: Matching, ownership: Ownership, abilities: Abilities, secrets: Secrets
) -> TargetPlan:
    """The plan of a target without the changes that its server is known to refuse: they are refusals."""
    version = plan.server.version if plan.server and plan.server.certain else ""
    fields = {match.resource.name: match.resource.fields for match in matching.matches}
    refused: dict[str, RefusedResource] = {}
    for change in plan.changes:
        if change.action is Action.DELETE or change.name not in fields:
            continue
        values = with_values(fields[change.name], secrets)
        found = list(_refusals(change.kind, change.name, values, ownership, abilities, version))
        if found:
            refused[change.name] = RefusedResource(change.kind, change.name, " and ".join(found))
    return without_refused(plan, refused)


def without_refused(plan: TargetPlan, refused: Mapping[str, RefusedResource]) -> TargetPlan:
    """The plan without the changes of these resources, by name, but for deletes: they are refusals."""
    if not refused:
        return plan
    return replace(
        plan,
        changes=tuple(item for item in plan.changes if item.action is Action.DELETE or item.name not in refused),
        messages=tuple(message for message in plan.messages if message.name not in refused),
        possible_messages=tuple(message for message in plan.possible_messages if message.name not in refused),
        refusals=(*plan.refusals, *refused.values()),
    )


def with_assumed_version(
    plan: TargetPlan, matching: Matching, ownership: Ownership, abilities: Abilities, secrets: Secrets, version: str
) -> TargetPlan:
    """The plan of a target with what a server of `version` would refuse: desired resources and owned live objects."""
    wanted = [
        (match.resource.kind, match.resource.name, with_values(match.resource.fields, secrets), "")
        for match in matching.matches
    ]
    live = [
        (item.live.kind, item.name, item.live.fields, "as it is live: ")
        for item in matching.found
        if item.live.kind is not None and _is_ours(item, matching, ownership)
    ]
    found: dict[tuple[str, str, str], RefusedResource] = {}
    for kind, name, fields, where in (*wanted, *live):
        for message in _refusals(kind, name, fields, ownership, abilities, version):
            found.setdefault((kind, name, message), RefusedResource(kind, name, where + message))
    return replace(plan, assumed=version, would_refuse=tuple(found[key] for key in sorted(found)))


def _refusals(
    kind: str, name: str, fields: Mapping[str, Value], ownership: Ownership, abilities: Abilities, version: str
) -> Iterator[str]:
    mark = longest_mark(ownership.owner, name, protected=False)
    marked = {**fields, "description": describe(str(fields.get("description") or ""), mark)}
    for problem in abilities.check(kind, marked, version):
        if problem.level is Level.ERROR:
            yield problem.text


def _is_ours(item: Found, matching: Matching, ownership: Ownership) -> bool:
    return ownership.owns(item.mark) or any(match.found is item for match in matching.matches)


def with_values(fields: Mapping[str, Value], secrets: Secrets) -> dict[str, Value]:
    """These fields with the values of the references that could be resolved."""
    return {name: _with_value(value, secrets) for name, value in fields.items()}


def _with_value(value: Value, secrets: Secrets) -> Value:
    if isinstance(value, SecretReference):
        return secrets.get(value, value)
    return with_values(value, secrets) if isinstance(value, Mapping) else value
