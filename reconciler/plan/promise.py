"""Compares a saved plan with a fresh one: what still holds is carried out, what is done is skipped, what moved is
named.

A saved plan is a reviewed promise, not a program: nothing in it is executed. The fresh plan, made from the present
manifests and live state, is cut down to the changes that the saved one also shows. Pure: it refuses nothing itself, but
says what no longer holds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace

from reconciler.model.dataclass import dataclass
from reconciler.model.masking import Json
from reconciler.plan.changes import Action, Change, Message, Pending, Reason, SecretField, TargetPlan
from reconciler.plan.diff import FieldChange
from reconciler.plan.marks import Match, Matching

_NOT_IN_PLAN = "not in the plan"
_BY_FIELDS = frozenset({Reason.FIELDS_DIFFER, Reason.SECRET_DIFFERS})  # reported field by field


@dataclass(frozen=True, slots=True)
class Kept:
    """The part of a fresh plan that a saved one shows, and what moved since: one line for each object and field."""

    plan: TargetPlan
    moved: tuple[str, ...] = ()


def keep_promise(saved: TargetPlan, fresh: TargetPlan, matching: Matching, names: frozenset[str] | None) -> Kept:
    """Cut a fresh plan of a target down to what a saved one shows. `names` are those that the fresh one covers.

    Whatever guards held in the saved plan stays held.
    """
    if other := _other_system(saved, fresh):
        return Kept(fresh, (other,))
    promised = {_subject(change): change for change in (*saved.changes, *_bound_to_secrets(saved, fresh))}
    kept = tuple(
        replace(change, held=promised[_subject(change)].held)
        for change in fresh.changes
        if _subject(change) in promised
    )
    subjects = {_subject(change) for change in kept}
    moved = [f"{change} {text}" for change in kept for text in differences(promised[_subject(change)], change)]
    missing = [change for change in saved.changes if _subject(change) not in subjects]
    state = _State.of(matching) if missing else _State()
    moved += [f"{change} {text}" for change in missing if (text := _not_done(change, state, names))]
    shown = {message.name: message for message in saved.messages}
    messages = _messages(fresh, kept, set(shown))
    unresolved = {item.name for item in saved.unresolved}
    moved += [text for message in messages for text in _more_messages(message, shown, unresolved)]
    wanted = {change.name for change in _of_manifests(kept)}
    plan = replace(
        fresh,
        changes=kept,
        messages=messages,
        possible_messages=(),
        pending=tuple(_pending(change) for change in fresh.changes if _subject(change) not in subjects),
        unresolved=tuple(item for item in fresh.unresolved if item.name in wanted),
        notes=(*fresh.notes, *(f"already done: {change.action.sign} {change}" for change in missing)),
    )
    return Kept(plan, tuple(sorted(moved)))


def differences(saved: Change, fresh: Change) -> Iterator[str]:
    """How a fresh change differs from the saved one of the same resource; nothing if it is the same, or if it finishes
    what a killed run left of it."""
    if _finishes(saved, fresh):
        return
    if saved.action is Action.REPLACE and fresh.action is Action.CREATE:  # killed between its delete and its create
        saved = replace(saved, action=Action.CREATE, reasons=(Reason.CREATED,), id=fresh.id, updated=fresh.updated)
    if (saved.action, saved.kind) != (fresh.action, fresh.kind):
        yield f"would now be: {fresh.action.value} {fresh.kind}, the plan shows: {saved.action.value} {saved.kind}"
        return
    if saved.id != fresh.id:
        yield f"is now the object {fresh.id}, the plan shows {saved.id}"
    yield from _differing_reasons(saved, fresh)
    differences = list(_differing_fields(saved, fresh))
    yield from differences
    if saved.updated != fresh.updated and not differences:
        yield f"was changed since (last changed at {fresh.updated}, in the plan at {saved.updated})"


def _finishes(saved: Change, fresh: Change) -> bool:
    """Whether only the test of a change is left: it was written, marked as unverified, and then the run ended."""
    return (
        fresh.action is Action.UPDATE
        and fresh.reasons == (Reason.UNVERIFIED,)
        and not fresh.fields
        and saved.kind == fresh.kind
        and saved.action is not Action.DELETE
        and (saved.affects_delivery or Reason.UNVERIFIED in saved.reasons)
    )


def _differing_reasons(saved: Change, fresh: Change) -> Iterator[str]:
    before, now = set(saved.reasons) - _BY_FIELDS, set(fresh.reasons) - _BY_FIELDS
    if before != now:
        words = [", ".join(sorted(reason.value for reason in reasons)) or "fields differ" for reasons in (now, before)]
        yield f"reason is now {words[0]}; the saved plan has {words[1]}"


def _differing_fields(saved: Change, fresh: Change) -> Iterator[str]:
    bound = dict(saved.unresolved)
    before = {field.path: field for field in saved.fields if field.path not in bound}
    now = {field.path: field for field in fresh.fields}
    for path in sorted({*before, *now}):
        text = _differing_field(before.get(path), now.get(path), bound.get(path))
        if text:
            yield f"{'.'.join(path)}: {text}"


def _differing_field(saved: FieldChange | None, fresh: FieldChange | None, reference: str | None) -> str:
    if fresh is None:
        return "no longer differs"
    if reference is not None:
        found = fresh.after.get("reference") if isinstance(fresh.after, dict) else None
        return "" if found == reference else f"the plan shows it bound to {reference}, the manifests say otherwise"
    if saved is None:
        return "differs now, which the plan does not show"
    if not _same(saved.before, fresh.before):
        return f"live is now {_words(fresh.before)}, the plan shows {_words(saved.before)}"
    if not _same(saved.after, fresh.after):
        return f"would become {_words(fresh.after)}, the plan shows {_words(saved.after)}"
    return ""


def _same(saved: Json, fresh: Json) -> bool:
    """Whether two shown values are equal. Pins are compared if both sides have one."""
    if isinstance(saved, dict) and isinstance(fresh, dict):
        without = {"pin"} if ("pin" in saved) != ("pin" in fresh) else set()
        return {k: v for k, v in saved.items() if k not in without} == {
            k: v for k, v in fresh.items() if k not in without
        }
    return type(saved) is type(fresh) and saved == fresh


def _words(value: Json) -> str:
    if isinstance(value, dict) and "secret" in value:
        where = f" from {value['reference']}" if "reference" in value else ""
        return f"{'another value of ' if 'pin' in value else ''}{value['secret']}{where}"
    return repr(value)


def _subject(change: Change) -> tuple[str, str | None]:
    """What identifies a change in a saved plan and a fresh one.

    A delete is identified by its live object, whatever else has its name; any other change by its manifest, which has
    at most one, even if a killed run left it with another kind or object.
    """
    return ("object", change.id) if change.action is Action.DELETE else ("manifest", change.name)


def _of_manifests(changes: Iterable[Change]) -> Iterator[Change]:
    return (change for change in changes if change.action is not Action.DELETE)


def _other_system(saved: TargetPlan, fresh: TargetPlan) -> str:
    was = saved.server.identity if saved.server else ""
    now = fresh.server.identity if fresh.server else ""
    if saved.provider != fresh.provider:
        return f"is of the provider {fresh.provider}, the plan was made for {saved.provider}"
    if saved.server is None:
        # It was not read, so it promises nothing: a file that says otherwise would go round this check.
        return "names no system to apply it to: make the plan again" if _promises(saved) else ""
    return "" if was == now else f"is another system ({now}) than the plan was made for ({was})"


def _promises(saved: TargetPlan) -> bool:
    return bool(saved.changes or saved.messages or saved.unresolved)


def _bound_to_secrets(saved: TargetPlan, fresh: TargetPlan) -> Iterator[Change]:
    """Changes that the saved plan could not show, because they depend on a secret that it did not have."""
    changed = {change.name for change in _of_manifests(saved.changes)}
    unresolved: dict[str, list[SecretField]] = defaultdict(list)
    for item in saved.unresolved:
        unresolved[item.name].append(item)
    for change in _of_manifests(fresh.changes):
        fields = unresolved.get(change.name)
        if fields and change.name not in changed:
            yield Change(
                Action.UPDATE,
                change.target,
                change.kind,
                change.name,
                fields[0].id,
                (Reason.SECRET_DIFFERS,),
                updated=fields[0].updated,
                unresolved=tuple((item.path, item.reference) for item in fields),
            )


@dataclass(frozen=True, slots=True)
class _State:
    """What was matched, to be looked up: live ids, why names are refused, and matches by name."""

    ids: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)
    matches: Mapping[str, Match] = field(default_factory=dict)

    @classmethod
    def of(cls, matching: Matching) -> _State:
        """The state of a matching; if a name is refused twice, the first refusal counts."""
        return cls(
            frozenset(item.id for item in matching.found),
            {item.resource.name: item.message for item in reversed(matching.refusals)},
            {item.resource.name: item for item in reversed(matching.matches)},
        )


def _not_done(change: Change, state: _State, names: frozenset[str] | None) -> str:
    """Why a saved change that the fresh plan lacks is not done; "" if it is."""
    if change.action is Action.DELETE:
        there = change.id in state.ids
        return "is no longer to be deleted: a manifest names it, or its mark is gone" if there else ""
    if change.name in state.refused:
        return f"cannot be planned: {state.refused[change.name]}"
    match = state.matches.get(change.name)
    if match is None:
        return "is in no manifest any more"
    if names is not None and change.name not in names:
        return "is no longer among those that the plan's flags select"
    if match.resource.kind != change.kind:
        return f"is now a {match.resource.kind}"
    if match.found is None:
        return "cannot be planned any more"
    replaced = change.action is Action.REPLACE or change.id is None
    return "" if replaced or match.found.id == change.id else f"is now the object {match.found.id}, not {change.id}"


def _messages(fresh: TargetPlan, kept: tuple[Change, ...], shown: set[str]) -> tuple[Message, ...]:
    """The test messages of what is carried out, and of unchanged channels where the plan shows one."""
    changed = {change.name for change in _of_manifests(fresh.changes)}
    names = {change.name for change in _of_manifests(kept) if not change.held} | (shown - changed)
    return tuple(message for message in fresh.messages if message.name in names)


def _more_messages(message: Message, shown: dict[str, Message], unresolved: Collection[str]) -> Iterator[str]:
    before = shown.get(message.name)
    if before is None:
        if message.name not in unresolved:
            yield f'test message: would be sent for "{message.name}", which the plan does not show'
    elif before.channel != message.channel or set(message.recipients) - set(before.recipients):
        yield f'test message: "{message.name}" would reach others than the plan shows'


def _pending(change: Change) -> Pending:
    return Pending(change.action, change.kind, change.name, _NOT_IN_PLAN, change.id)
