"""Matched states -> the plan of one target: what changes, why, in which order, and which test messages it will send.

Pure. Guards (`guards`) and wording (`report`) are elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.model.dataclass import dataclass
from reconciler.model.kinds import KINDS
from reconciler.model.masking import HIDDEN, Json, Masker
from reconciler.model.resource import ChangeKey, Resource, Server, When
from reconciler.model.values import SecretReference
from reconciler.plan.changes import (
    ADOPTING,
    Action,
    Candidate,
    Change,
    Message,
    ProbableRename,
    Reason,
    RefusedResource,
    SecretField,
    TargetPlan,
)
from reconciler.plan.checks import refuse_dangling
from reconciler.plan.diff import (
    Comparison,
    FieldChange,
    Secrets,
    compare_new,
    diff_fields,
    effective_fields,
    live_fields,
    references,
)
from reconciler.plan.marks import PROTECTED, UNVERIFIED, Found, How, Match, Matching, Refusal
from reconciler.plan.sending import (
    Audience,
    disabled_object,
    is_disabled_by_hand,
    is_enabled,
    mark_change,
    possible_message,
    test_messages,
)


@dataclass(frozen=True, slots=True)
class MakeOptions:
    """What the flags say about planning. `when` overrides every manifest's `test.when`; `rewrite_secrets` writes
    write-only fields again. `names` are the resources that are planned (None: all); `partial`: there are other
    manifests, so there are no prune candidates. `destroy`: everything of ours is deleted, including leftovers of
    interrupted runs, or only what `only` names (NAME, NAME@ID). `named` are prune candidates that the project file
    names: with `prune`, their deletes wait for nothing else."""

    prune: bool = False
    named: frozenset[str] = frozenset()
    destroy: bool = False
    only: frozenset[str] = frozenset()
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
    matching, hoped_for = _what_can_be_planned(matching, options)
    planned = [
        _plan_match(target, match, matching.names, secrets, masker, options)
        for match in matching.matches
        if options.names is None or match.resource.name in options.names
    ]
    renames, hints = _renames(target, planned, hoped_for, matching, secrets, masker)
    messages = tuple(_messages(target, planned, matching, options))
    plan = TargetPlan(
        target=target,
        provider=provider,
        server=server,
        changes=(*_ordered(planned), *_deletes(target, planned, matching, options)),
        messages=messages,
        possible_messages=tuple(
            _possible_messages(target, planned, matching, options, {message.key for message in messages})
        ),
        candidates=() if options.prune or options.destroy else tuple(map(_candidate, matching.candidates)),
        copies=tuple(map(_candidate, matching.copies)),
        renames=renames,
        leftovers=() if options.destroy else tuple(map(_candidate, matching.leftovers)),
        refusals=tuple(_refusals(matching, options)),
        hints=(*matching.hints, *hints, *_consented(target, matching, options)),
        notes=server.notes,
        unmanaged=len(matching.unmanaged),
        others=len(matching.others),
    )
    return _with_what_was_compared(plan, planned)


def _what_can_be_planned(matching: Matching, options: MakeOptions) -> tuple[Matching, list[Resource]]:
    """The matching without refused matches, and the refused resources that would be new."""
    if options.partial:
        matching = replace(matching, candidates=())
    possible = tuple(match for match in matching.matches if not _keeps_nothing(match))
    refusals = [
        Refusal(match.resource, _why_nothing_is_kept(match), missing=match.found is None)
        for match in matching.matches
        if _keeps_nothing(match)
    ]
    matching = replace(matching, matches=possible, refusals=(*matching.refusals, *refusals))
    dangling = refuse_dangling(matching, options.names)
    refused = {refusal.resource.name for refusal in dangling}
    possible = tuple(match for match in possible if match.resource.name not in refused)
    matching = replace(matching, matches=possible, refusals=(*matching.refusals, *dangling))
    return matching, [refusal.resource for refusal in refusals]


def _renames(
    target: str,
    planned: list[_Planned],
    hoped_for: list[Resource],
    matching: Matching,
    secrets: Secrets,
    masker: Masker,
) -> tuple[tuple[ProbableRename, ...], tuple[str, ...]]:
    """What is probably one object under a new name, and hints about what may be; `hoped_for` would be new as well."""
    created = [(item.change.key, item.match.resource) for item in planned if item.change and _creates(item.change)]
    if not matching.candidates or not (created or hoped_for):
        return (), ()
    from reconciler.plan.renames import probable_renames, rename_hints  # most plans hold none, and start-up counts

    candidates = [(item.key(target), item) for item in matching.candidates]
    new = [*(resource for _, resource in created), *hoped_for]
    return (
        tuple(probable_renames(created, candidates, matching.names, secrets, masker)),
        tuple(rename_hints(new, matching.candidates, matching.names, secrets, masker)),
    )


def _with_what_was_compared(plan: TargetPlan, planned: list[_Planned]) -> TargetPlan:
    """The plan, with the fields that could not be compared and those that are left as they are live."""
    return replace(
        plan,
        unresolved=tuple(
            _secret_field(item.match, path, reference)
            for item in planned
            for path, reference in item.comparison.unresolved
        ),
        write_only=tuple(_secret_field(item.match, path) for item in planned for path in item.comparison.write_only),
        ignored=tuple((item.match.resource.name, name) for item in planned for name in item.comparison.ignored),
        disabled=tuple(found for item in planned if (found := disabled_object(item.match)) is not None),
        unchanged=sum(1 for item in planned if item.change is None and _is_known(item)),
    )


def _consented(target: str, matching: Matching, options: MakeOptions) -> Iterator[str]:
    """Hints on prune candidates that the project file allows to be deleted: that still takes `--prune`."""
    for item in matching.candidates:
        if not (options.prune or options.destroy) and item.key(target).is_among(options.named):
            yield f"safety.allow consents to the delete of {item.name}, and --prune carries it out"


def _is_known(item: _Planned) -> bool:
    """Whether all of a resource was compared, and nothing of it was left as it is live."""
    comparison = item.comparison
    return not (comparison.unresolved or comparison.write_only or comparison.ignored or item.match.off)


def _creates(change: Change) -> bool:
    return change.action is Action.CREATE and not KINDS[change.kind].key_field


def _secret_field(match: Match, path: tuple[str, ...], reference: str = "") -> SecretField:
    updated = match.found.live.updated if match.found else ""
    return SecretField(match.resource.name, path, reference, match.id, updated)


_KEEPS_NOTHING = (
    "a secret is {live: true}, which keeps what is live, but there is nothing yet (or it is of another kind): "
    "give it a value or another reference"
)


def _why_nothing_is_kept(match: Match) -> str:
    if not match.alike:
        return _KEEPS_NOTHING
    return (
        "a secret is {live: true}, which keeps what is live, but nothing live is ours yet; an unmanaged object looks "
        f"like this one ({match.alike}): adopt it (spec.id or --adopt)"
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
    target: str, match: Match, names: Mapping[str, str], secrets: Secrets, masker: Masker, options: MakeOptions
) -> _Planned:
    resource, found = match.resource, match.found
    kind, masker = KINDS[resource.kind], masker.within(resource.kind, resource.name)
    if found is None or found.live.kind != resource.kind:
        comparison = compare_new(kind, resource.fields, secrets, masker)
        return _Planned(match, comparison, _new(target, match, comparison))
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
        target=target,
        kind=resource.kind,
        name=resource.name,
        id=found.id,
        reasons=reasons,
        fields=changes,
        notes=(*match.notes, *_mark_notes(reasons), *_update_notes(resource, changes)),
        updated=found.live.updated,
        unresolved=comparison.unresolved,
    )
    return _Planned(match, comparison, change)


def _new(target: str, match: Match, comparison: Comparison) -> Change:
    resource, found = match.resource, match.found
    gap = (f"was a {found.live.kind}; its id does not exist between delete and create",) if found else ()
    return Change(
        action=Action.REPLACE if found else Action.CREATE,
        target=target,
        kind=resource.kind,
        name=resource.name,
        id=match.id,
        reasons=(Reason.KIND_CHANGED if found else Reason.CREATED,),
        fields=comparison.changes,
        notes=(*match.notes, *gap),
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
    """Changes of the flags in the mark, protection and who disabled the object, which outlive the manifest."""
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
    """Notes on changes of the mark, which is not a field."""
    if Reason.ADOPTED in reasons:
        yield ADOPTING
    for reason in (Reason.OWNER_CHANGED, Reason.RENAMED):
        if reason in reasons:
            yield f"{reason}: the mark is written again"


def _update_notes(resource: Resource, changes: tuple[FieldChange, ...]) -> Iterator[str]:
    paths = {change.path[0] for change in changes}
    note = KINDS[resource.kind].on_rename
    if note and "display_name" in paths:
        yield note


def _candidate(item: Found) -> Candidate:
    flags = tuple(sorted(item.mark.flags)) if item.mark else ()
    return Candidate(item.kind, item.name, item.id, item.live.updated, flags)


def _refusals(matching: Matching, options: MakeOptions) -> Iterator[RefusedResource]:
    for refusal in matching.refusals:
        resource = refusal.resource
        if options.names is None or resource.name in options.names:
            yield RefusedResource(resource.kind, resource.name, refusal.message, refusal.missing)


def _rank(kind: str) -> int:
    return KINDS[kind].rank if kind in KINDS else 0


def _messages(target: str, planned: list[_Planned], matching: Matching, options: MakeOptions) -> Iterator[Message]:
    return test_messages(target, ((item.match, item.change) for item in planned), Audience.of(matching), options.when)


def _possible_messages(
    target: str, planned: list[_Planned], matching: Matching, options: MakeOptions, known: set[ChangeKey]
) -> Iterator[Message]:
    audience = Audience.of(matching)
    for item in planned:
        if item.comparison.unresolved and item.match.key(target) not in known:
            message = possible_message(target, item.match, item.change, audience, options.when)
            if message is not None:
                yield message


def _ordered(planned: list[_Planned]) -> list[Change]:
    """Creates, updates and replaces in dependency order, each with the changes that it must wait for."""
    changing = {item.change.name: item.change.key for item in planned if item.change}
    changes = [
        replace(item.change, needs=tuple(sorted(_needed(item.match.resource, changing), key=str)))
        for item in planned
        if item.change
    ]
    return sorted(changes, key=lambda change: (_rank(change.kind), change.name))


def _needed(resource: Resource, changing: Mapping[str, ChangeKey]) -> Iterator[ChangeKey]:
    return (changing[name] for name in references(resource.fields, resource.kind) if name in changing)


def _deletes(target: str, planned: list[_Planned], matching: Matching, options: MakeOptions) -> list[Change]:
    """Deletes in reverse dependency order; each waits for the changes that take the object out of use."""
    going = {item.id: (item, Reason.DUPLICATE) for item, _ in matching.duplicates}
    if options.prune or options.destroy:
        left = matching.leftovers if options.destroy else ()
        chosen = [item for item in (*matching.candidates, *left) if _is_chosen(target, item, options)]
        going |= {item.id: (item, _why_deleted(target, item, options)) for item in chosen}
    users: dict[str, set[ChangeKey]] = defaultdict(set)
    changing = [(item.match.found, item.change.key) for item in planned if item.change and item.match.found]
    for user, key in (*changing, *((item, item.key(target)) for item, _ in going.values())):
        for object_id in references(user.live.fields, user.live.kind) if user.live.kind else ():
            users[object_id].add(key)
    deletes = [
        Change(
            action=Action.DELETE,
            target=target,
            kind=item.kind,
            name=item.name,
            id=item.id,
            reasons=(why,),
            needs=tuple(sorted(users[item.id], key=lambda key: (str(key), key.id or ""))),
            updated=item.live.updated,
        )
        for item, why in going.values()
    ]
    return sorted(deletes, key=lambda change: (-_rank(change.kind), change.name, change.id or ""))


def _why_deleted(target: str, item: Found, options: MakeOptions) -> Reason:
    is_named = options.destroy or item.key(target).is_among(options.named)
    return Reason.NAMED if is_named else Reason.PRUNED


def _is_chosen(target: str, item: Found, options: MakeOptions) -> bool:
    return not options.only or item.key(target).is_among(options.only)
