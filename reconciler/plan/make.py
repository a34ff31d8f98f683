"""Matched states -> the plan of one target: what changes, why, in which order, and whom it will send a message.

Pure. It holds nothing back (`guards` does) and words nothing (`report` does).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.model.kinds import KINDS, Role
from reconciler.model.masking import HIDDEN, Json, Masker
from reconciler.model.resource import LiveObject, Resource, Server, When
from reconciler.model.values import SecretReference, Value
from reconciler.plan.changes import (
    ADOPTING,
    Action,
    Candidate,
    Change,
    Message,
    Reason,
    RefusedResource,
    SecretField,
    TargetPlan,
)
from reconciler.plan.diff import Comparison, FieldChange, Secrets, compare_new, diff_fields
from reconciler.plan.enabled import disabled_object, is_disabled_by_hand, mark_change
from reconciler.plan.marks import PROTECTED, UNVERIFIED, Found, How, Match, Matching, Refusal
from reconciler.plan.messages import Audience, is_enabled, test_messages
from reconciler.plan.references import references, refuse_dangling


def probable_renames(
    created: Iterable[Resource], matching: Matching, secrets: Secrets, masker: Masker
) -> Iterator[str]:
    """One hint for each resource that is to be created and each candidate that equals it."""
    for resource in created:
        fields = {name: value for name, value in resource.fields.items() if name != "display_name"}
        for candidate in matching.candidates:
            if candidate.live.kind != resource.kind:
                continue
            live = live_fields(candidate.live, matching.names)
            comparison = diff_fields(KINDS[resource.kind], fields, live, secrets, masker)
            if not comparison.changes and not comparison.unresolved:
                yield (
                    f'{resource} equals {candidate.live.kind} "{candidate.name}", which no manifest names: if it was '
                    f"renamed, write  metadata.renamed_from: {candidate.name}"
                )


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


@dataclass(frozen=True, slots=True)
class MakeOptions:
    """What the flags say about planning. `when` overrides every manifest's `test.when`; `rewrite_secrets` writes
    write-only fields again. `names` are the resources that are planned (None: all); `partial` means that there are
    manifests beside these, so that nothing can be told to be a prune candidate."""

    prune: bool = False
    names: frozenset[str] | None = None
    partial: bool = False
    when: When | None = None
    rewrite_secrets: bool = False


@dataclass(frozen=True, slots=True)
class _Planned:
    """One match with what its comparison found, and the change it needs, if any."""

    match: Match
    comparison: Comparison
    change: Change | None


def make_target_plan(
    target: str,
    provider: str,
    server: Server,
    matching: Matching,
    secrets: Secrets,
    masker: Masker,
    options: MakeOptions = MakeOptions(),
) -> TargetPlan:
    """The plan of one target. `secrets` holds the values that could be resolved; the rest is not compared."""
    masker = masker.within(target)
    if options.partial:
        matching = replace(matching, candidates=())
    possible = tuple(match for match in matching.matches if not _keeps_nothing(match))
    refusals = [
        Refusal(match.resource, _KEEPS_NOTHING, missing=match.found is None)
        for match in matching.matches
        if _keeps_nothing(match)
    ]
    matching = replace(matching, matches=possible, refusals=(*matching.refusals, *refusals))
    dangling = refuse_dangling(matching, options.names)
    refused = {refusal.resource.name for refusal in dangling}
    possible = tuple(match for match in possible if match.resource.name not in refused)
    matching = replace(matching, matches=possible, refusals=(*matching.refusals, *dangling))
    planned = [
        _plan_match(match, matching.names, secrets, masker, options)
        for match in matching.matches
        if options.names is None or match.resource.name in options.names
    ]
    deletes = _deletes(planned, matching) if options.prune else []
    return TargetPlan(
        target=target,
        provider=provider,
        server=server,
        changes=(*_ordered(planned), *deletes),
        messages=tuple(_messages(planned, matching, options)),
        candidates=() if options.prune else tuple(_candidate(item) for item in matching.candidates),
        leftovers=tuple(_candidate(item) for item in matching.leftovers),
        refusals=tuple(_refusals(matching, options)),
        unresolved=tuple(
            _secret_field(item.match, path, reference)
            for item in planned
            for path, reference in item.comparison.unresolved
        ),
        write_only=tuple(_secret_field(item.match, path) for item in planned for path in item.comparison.write_only),
        ignored=tuple((item.match.resource.name, name) for item in planned for name in item.comparison.ignored),
        disabled=tuple(found for item in planned if (found := disabled_object(item.match)) is not None),
        hints=tuple(probable_renames(_created(planned), matching, secrets, masker)),
        notes=server.notes,
        unchanged=sum(1 for item in planned if item.change is None),
        foreign=len(matching.foreign),
    )


def _created(planned: list[_Planned]) -> Iterator[Resource]:
    for item in planned:
        if item.change is not None and item.change.action is Action.CREATE:
            yield item.match.resource


def _secret_field(match: Match, path: tuple[str, ...], reference: str = "") -> SecretField:
    if match.found is None:
        return SecretField(match.resource.name, path, reference, match.create_id)
    return SecretField(match.resource.name, path, reference, match.found.id, match.found.live.updated)


_KEEPS_NOTHING = (
    "a secret is {live: true}, which keeps what is live, but there is nothing yet (or it is of another kind): "
    "give it a value or another reference"
)


def _keeps_nothing(match: Match) -> bool:
    """Whether a new object would need a value that `{live: true}` leaves to an object that is not there."""
    if match.found is not None and match.found.live.kind == match.resource.kind:
        return False
    values = [
        item
        for value in match.resource.fields.values()
        for item in (value.values() if isinstance(value, Mapping) else [value])
    ]
    return any(isinstance(item, SecretReference) and item.is_live for item in values)


def _plan_match(
    match: Match, names: Mapping[str, str], secrets: Secrets, masker: Masker, options: MakeOptions
) -> _Planned:
    resource, found = match.resource, match.found
    kind, masker = KINDS[resource.kind], masker.within(resource.kind, resource.name)
    if found is None or found.live.kind != resource.kind:
        comparison = compare_new(kind, resource.fields, secrets, masker)
        return _Planned(match, comparison, _new(match, comparison))
    live = live_fields(found.live, names)
    desired = effective_fields(resource, live)
    comparison = diff_fields(kind, desired, live, secrets, masker, resource.settings.ignore)
    rewritten = _rewritten(comparison) if options.rewrite_secrets else ()
    changes = (*comparison.changes, *_flags(match), *rewritten)
    reasons = tuple(_reasons(match, changes))
    if not reasons:
        return _Planned(match, comparison, None)
    change = Change(
        action=Action.UPDATE,
        kind=resource.kind,
        name=resource.name,
        id=found.id,
        reasons=reasons,
        fields=changes,
        notes=(*_mark_notes(reasons), *_update_notes(resource, changes)),
        updated=found.live.updated,
        unresolved=comparison.unresolved,
    )
    return _Planned(match, comparison, change)


def _new(match: Match, comparison: Comparison) -> Change:
    resource, found = match.resource, match.found
    return Change(
        action=Action.REPLACE if found else Action.CREATE,
        kind=resource.kind,
        name=resource.name,
        id=found.id if found else match.create_id,
        reasons=(Reason.KIND_CHANGED if found else Reason.CREATED,),
        fields=comparison.changes,
        notes=(f"was a {found.live.kind}; its id is gone between delete and create",) if found else (),
        updated=found.live.updated if found else "",
        unresolved=comparison.unresolved,
    )


def _reasons(match: Match, changes: tuple[FieldChange, ...]) -> Iterator[Reason]:
    mark = match.found.mark if match.found else None
    if match.how is How.FORMER_OWNER:
        yield Reason.OWNER_CHANGED
    elif match.how is How.DISPLAY_NAME or (match.how is How.ID and mark is None):
        yield Reason.ADOPTED
    elif match.how is How.RENAMED or (mark is not None and mark.name != match.resource.name):
        yield Reason.RENAMED
    elif mark is None and not KINDS[match.resource.kind].key_field:
        yield Reason.MARK_LOST
    if is_disabled_by_hand(match):
        yield Reason.DISABLED_BY_HAND
    if mark is not None and UNVERIFIED in mark.flags and is_enabled(match):
        yield Reason.UNVERIFIED
    if any(change.secret for change in changes):
        yield Reason.SECRET_DIFFERS
    if any(not change.secret for change in changes):
        yield Reason.FIELDS_DIFFER


def _flags(match: Match) -> Iterator[FieldChange]:
    """What the mark keeps so that it outlives the manifest, protection and who disabled it: a change of it is one."""
    mark = match.found.mark if match.found else None
    before, after = mark is not None and PROTECTED in mark.flags, match.resource.settings.protected
    if mark is not None and before != after:
        yield FieldChange(("protected",), before, after)
    if (change := mark_change(match)) is not None:
        yield change


def _rewritten(comparison: Comparison) -> tuple[FieldChange, ...]:
    hidden: Json = {"secret": HIDDEN}
    return tuple(FieldChange(path, hidden, hidden, delivery=True, secret=True) for path in comparison.write_only)


def _mark_notes(reasons: tuple[Reason, ...]) -> Iterator[str]:
    """The mark is no field, so that what happens to it is said."""
    if Reason.ADOPTED in reasons:
        yield ADOPTING
    for reason in (Reason.OWNER_CHANGED, Reason.RENAMED):
        if reason in reasons:
            yield f"{reason}: the mark is written again"


def _update_notes(resource: Resource, changes: tuple[FieldChange, ...]) -> Iterator[str]:
    paths = {change.path[0] for change in changes}
    if resource.kind == "SmtpAccount" and "display_name" in paths:
        yield "its credentials in the keystore are kept under the display name: store them under the new one first"


def _candidate(item: Found) -> Candidate:
    flags = tuple(sorted(item.mark.flags)) if item.mark else ()
    return Candidate(item.live.kind or item.live.native_type, item.name, item.id, item.live.updated, flags)


def _refusals(matching: Matching, options: MakeOptions) -> Iterator[RefusedResource]:
    for refusal in matching.refusals:
        resource = refusal.resource
        if options.names is None or resource.name in options.names:
            yield RefusedResource(resource.kind, resource.name, refusal.message, refusal.foreign, refusal.missing)


def _rank(kind: str) -> int:
    return KINDS[kind].rank if kind in KINDS else 0


def _messages(planned: list[_Planned], matching: Matching, options: MakeOptions) -> Iterator[Message]:
    return test_messages(((item.match, item.change) for item in planned), Audience.of(matching), options.when)


def _ordered(planned: list[_Planned]) -> list[Change]:
    """Creates, updates and replaces down the dependency order, each with the names it must wait for."""
    changing = {item.match.resource.name for item in planned if item.change}
    changes = [
        replace(item.change, needs=tuple(sorted(references(item.match.resource.fields, item.change.kind) & changing)))
        for item in planned
        if item.change
    ]
    return sorted(changes, key=lambda change: (_rank(change.kind), change.name))


def _deletes(planned: list[_Planned], matching: Matching) -> list[Change]:
    """Deletes up the dependency order; each waits for the changes that take the object out of use."""
    users = {item.match.resource.name: item.match.found for item in planned if item.change and item.match.found}
    users |= {item.name: item for item in matching.candidates}
    deletes = [
        Change(
            action=Action.DELETE,
            kind=item.live.kind or item.live.native_type,
            name=item.name,
            id=item.id,
            reasons=(Reason.PRUNED,),
            needs=tuple(sorted(name for name, user in users.items() if _uses(user, item.id))),
            updated=item.live.updated,
        )
        for item in matching.candidates
    ]
    return sorted(deletes, key=lambda change: (-_rank(change.kind), change.name))


def _uses(user: Found, object_id: str) -> bool:
    return user.live.kind is not None and object_id in references(user.live.fields, user.live.kind)
