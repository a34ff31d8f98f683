"""The guards: they hold changes that could do harm. Each names what lifts it, a flag or a line in Git.

Pure: a plan goes in, the same plan comes out with `held` set on the changes that are stopped. The rest goes on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import RefusedError
from reconciler.model.gaps import GAPS
from reconciler.model.kinds import KINDS
from reconciler.model.resource import DUPLICATE, REPLACE, ChangeKey, same_named
from reconciler.model.text import few, plural
from reconciler.plan.changes import Action, Change, Plan, Reason, TargetPlan
from reconciler.plan.claims import listed, made_by_another_version
from reconciler.plan.diff import references
from reconciler.plan.marks import CANARY, PROTECTED, Found, Match, Matching

_FROM_OWNED = 10  # below this many owned objects a percentage says nothing

Judge = Callable[[Change], str]
"""Why a change is held, or "" if it is not."""


@dataclass(frozen=True, slots=True)
class GuardOptions:
    """How far deletes may go. `max_deletes_flag` overrides both the number and the percentage.

    `allow_duplicate` and `allow_in_use` contain NAME or NAME@ID; `consented` those that the project file allows to be
    deleted although they are in use. `prune_confirmed`: whoever runs this asked for deletes, not only a plan file that
    anybody may have edited. `must_see_users`: an object is removed only if it is known that nobody uses it.
    """

    max_deletes: int = 5
    max_delete_percent: int = 30
    max_deletes_flag: int | None = None
    allow_replace: bool = False
    allow_duplicate: frozenset[str] = frozenset()
    allow_in_use: frozenset[str] = frozenset()
    consented: frozenset[str] = frozenset()
    prune_confirmed: bool = True
    must_see_users: bool = False


def hold_back(plan: TargetPlan, matching: Matching, options: GuardOptions) -> TargetPlan:
    """Set `held` on every change that a guard stops, and drop the messages of what is held."""
    matches = {match.resource.name: match for match in matching.matches}
    found = {item.id: item for item in matching.found}

    def match_of(change: Change) -> Match | None:
        return None if change.action is Action.DELETE else matches.get(change.name)

    held = _hold(plan, lambda change: _unclear(change, match_of(change), found))
    held = _hold(held, lambda change: _protected(change, match_of(change), found))
    held = _hold(held, lambda change: _replace(change, match_of(change), options))
    held = _hold(held, lambda change: _alike(change, match_of(change), options))
    held = _hold(held, _probable_rename(held, matches, options))
    held = _hold(held, _counterpart(held))
    held = _hold(held, lambda change: _unconfirmed(change, options))
    held = _hold(held, _while_in_error(held))
    held = _hold(held, _in_use(held, matching, options))
    held = _hold(held, _last_channel(held, matching))
    limit, excess = _over_the_limit(held, matching, options)
    if limit:  # the last, since it holds all that is left or nothing
        held = _hold(held, lambda change: f"more than {limit}" if _removes(change) else "")
    held = _hold_what_needs(held)
    stopped = {change.key for change in held.changes if change.held}
    return replace(
        held,
        messages=tuple(message for message in held.messages if message.key not in stopped),
        possible_messages=tuple(message for message in held.possible_messages if message.key not in stopped),
        notes=(*held.notes, *((excess,) if excess else ())),
    )


def check_messages(plan: Plan, max_messages: int) -> None:
    """Refuse an apply that would mail too many people, before its first message."""
    count = sum(message.count for message in plan.messages)
    if count > max_messages:
        raise RefusedError(
            f"this apply would send test messages to {plural(count, 'recipient')}, more than {max_messages}: "
            f"pass --max-messages {count}, or --test-when never"
        )


def _hold(plan: TargetPlan, judge: Judge) -> TargetPlan:
    return replace(
        plan, changes=tuple(change if change.held else replace(change, held=judge(change)) for change in plan.changes)
    )


def _removes(change: Change) -> bool:
    return change.action in (Action.DELETE, Action.REPLACE) and not change.held


def _unclear(change: Change, match: Match | None, found: dict[str, Found]) -> str:
    """Held if it is not known which object is meant, or what its mark asks for."""
    if match is not None:
        return match.held
    item = found.get(change.id or "")
    flags = item.mark.unknown_flags if item is not None and item.mark is not None else frozenset()
    return made_by_another_version(change.id or "", flags) if flags else ""


def _protected(change: Change, match: Match | None, found: dict[str, Found]) -> str:
    if not _removes(change):
        return ""
    item = found.get(change.id or "")
    flags = item.mark.flags if item is not None and item.mark is not None else frozenset()
    if {PROTECTED, CANARY} <= flags:  # it is no manifest's
        return "protected, though it is a leftover: take the flag off its description by hand first"
    marked = PROTECTED in flags
    wanted = match is not None and match.resource.settings.protected
    return "protected: apply it once with spec.protected: false first" if marked or wanted else ""


def _replace(change: Change, match: Match | None, options: GuardOptions) -> str:
    if change.action is not Action.REPLACE or options.allow_replace or _allows(match, REPLACE):
        return ""
    return "a replace deletes the live object: pass --allow-replace, or write spec.allow: [replace]"


def _allows(match: Match | None, consent: str) -> bool:
    return match is not None and consent in match.resource.settings.allow


def _may_be_twice(key: ChangeKey, match: Match | None, options: GuardOptions) -> bool:
    return _allows(match, DUPLICATE) or key.is_among(options.allow_duplicate)


def _alike(change: Change, match: Match | None, options: GuardOptions) -> str:
    """An adopted object that lost its mark looks like one that was never ours. A second object created next to it would
    leave its users with one that nobody manages."""
    if (
        change.action is not Action.CREATE
        or match is None
        or not match.alike
        or _may_be_twice(change.key, match, options)
    ):
        return ""
    return (
        f"an unmanaged object looks like this one ({match.alike}): adopt it (spec.id or --adopt), give a "
        "display name of its own, or allow: [duplicate]"
    )


def _probable_rename(plan: TargetPlan, matches: dict[str, Match], options: GuardOptions) -> Judge:
    """Holds a create and a delete that are probably one object under a new name until somebody decides."""
    creates: dict[ChangeKey, str] = {}
    deletes: dict[str | None, str] = {}
    for rename in plan.renames:
        created = [key for key in rename.created if not _may_be_twice(key, matches.get(key.name), options)]
        if created:
            creates |= dict.fromkeys(created, _some(rename.candidates))
            deletes |= dict.fromkeys((key.id for key in rename.candidates), _some(created))

    def judge(change: Change) -> str:
        if former := creates.get(change.key):
            return (
                f"it sends to the same place as {former}, which no manifest names: write spec.renamed_from if "
                "it was renamed, or allow: [duplicate] if it was not"
            )
        if change.is_inferred and (new := deletes.get(change.id)):
            return (
                f"it sends to the same place as {new}, which may be its new name: write spec.renamed_from there "
                "if it is, or allow: [duplicate] if it is not"
            )
        return ""

    return judge


def _counterpart(plan: TargetPlan) -> Judge:
    """A create that is held, directly or through what it needs, may be the new name of an object that no manifest
    names: deleting that would leave nothing in its place. If the addresses tell which one, `_probable_rename` has held
    it."""
    paired = {key for rename in plan.renames for key in rename.created}
    waiting: dict[int, str] = {}
    for change in _hold_what_needs(plan).changes:
        if change.action is Action.CREATE and change.held and change.key not in paired and not _has_key(change.kind):
            waiting.setdefault(KINDS[change.kind].rank, str(change))

    def judge(change: Change) -> str:
        if not change.is_inferred or not waiting:
            return ""
        new = waiting.get(KINDS[change.kind].rank) if change.kind in KINDS else next(iter(waiting.values()))
        if new is None:
            return ""
        return f"{new} is held, and may be its new name: settle that first, or write spec.renamed_from there if it is"

    return judge


def _has_key(kind: str) -> bool:
    """Whether objects of this kind carry no mark; then none can be another under a new name."""
    return bool(KINDS[kind].key_field)


def _some(keys: Sequence[ChangeKey], shown: int = 3) -> str:
    """A few names, and how many more there are."""
    alike = same_named(keys)
    names = listed(f"{key.name}@{key.id}" if key in alike else key.name for key in keys[:shown])
    return f"{names} and {len(keys) - shown} more" if len(keys) > shown else names


def _unconfirmed(change: Change, options: GuardOptions) -> str:
    if change.action is not Action.DELETE or options.prune_confirmed or Reason.DUPLICATE in change.reasons:
        return ""
    return "a delete in a saved plan needs --prune or --destroy again, or a file signed under RECONCILER_PLAN_KEY"


def _while_in_error(plan: TargetPlan) -> Judge:
    """Holds deletes while a manifest cannot be planned: it may be the one that names the object."""
    names = sorted({refusal.name for refusal in plan.refusals})
    why = f"{plural(len(names), 'manifest')} of this target cannot be planned ({', '.join(names[:3])}): fix that first"
    return lambda change: why if names and change.is_inferred else ""


def _in_use(plan: TargetPlan, matching: Matching, options: GuardOptions) -> Judge:
    """Holds deletes of objects that something will still refer to, or send through, after the changes that are due."""
    users = _users_after(plan, matching)
    allowed = options.allow_in_use | options.consented
    kinds = {item.id: item.live.kind for item in matching.found}

    def judge(change: Change) -> str:
        if not _removes(change) or change.key.is_among(allowed):
            return ""
        if change.used_by is not None and change.used_by.users:
            from reconciler.plan.users import name_users  # a good plan needs no such words

            return f"still in use by {name_users(change.used_by.users)}: pass --allow-in-use {change.name}"
        is_only_referred_to = _is_only_referred_to(kinds.get(change.id or "") or change.kind)
        names = sorted(users.get(change.id or "", ())) if is_only_referred_to else []
        if names:
            return f"still in use by {few(names, 10)}: pass --allow-in-use {change.name}"
        if not options.must_see_users:
            return ""
        return _unseen_users(change, plan.incomplete if is_only_referred_to else "")

    return judge


def _is_only_referred_to(kind: str) -> bool:
    """Whether nothing sends through a live object of this kind but what refers to it: an account or group."""
    return kind in KINDS and not KINDS[kind].rank


def _unseen_users(change: Change, incomplete: str) -> str:
    """Why it is not known that nobody uses the object, if the project requires that; "" if it is known. `incomplete`:
    why the list may lack objects that refer to it."""
    gap = change.used_by.gap if change.used_by is not None else None
    if gap is not None:
        why, fix = gap.text, f"{GAPS[gap.reason].evidence}, or "
    elif incomplete:
        why, fix = incomplete, ""
    else:
        return ""
    return (
        f"safety.in_use is required, and who uses it cannot all be seen: {why}; {fix}pass --allow-in-use {change.name}"
    )


def _users_after(plan: TargetPlan, matching: Matching) -> dict[str, set[str]]:
    """The names of everything that will refer to an object after the changes that are due, by its live id."""
    gone = {change.id for change in plan.due if change.action is Action.DELETE}
    changed = {change.id for change in plan.due if change.action in (Action.UPDATE, Action.REPLACE)}
    ids: dict[str, list[str]] = defaultdict(list)
    for object_id, name in matching.names.items():
        ids[name].append(object_id)
    users: dict[str, set[str]] = defaultdict(set)
    for match in matching.matches:
        if match.found is not None and match.found.id in changed:
            for name in references(match.resource.fields, match.resource.kind):
                for object_id in ids.get(name, ()):
                    users[object_id].add(match.resource.name)
    for item in matching.found:
        if item.id in gone or item.id in changed or item.live.kind is None:
            continue
        for object_id in references(item.live.fields, item.live.kind):
            users[object_id].add(matching.names.get(item.id, item.id))
    return users


def _last_channel(plan: TargetPlan, matching: Matching) -> Judge:
    """A delete may remove an element from the list of an object that carries no mark, but never the last one."""
    gone = {change.id for change in plan.due if change.action is Action.DELETE}
    gone -= {change.id for change in plan.due if Reason.DUPLICATE in change.reasons}  # the one that stays takes over
    changed = {change.id for change in plan.due if change.action is Action.UPDATE}
    emptied: dict[str, str] = {}
    for item in matching.found:
        if item.live.kind is None or not KINDS[item.live.kind].key_field or item.id in changed:
            continue
        channels = references(item.live.fields, item.live.kind)
        if channels and channels <= gone:
            key = item.live.fields.get(KINDS[item.live.kind].key_field)
            why = f'the {item.live.kind} of "{key}" would be left without any channel: give it another one first'
            emptied |= dict.fromkeys(channels, why)
    return lambda change: emptied.get(change.id or "", "") if change.action is Action.DELETE else ""


def _over_the_limit(plan: TargetPlan, matching: Matching, options: GuardOptions) -> tuple[str, str]:
    """The limit that the deletes and replaces of a target exceed, and a sentence that says so; both "" if none."""
    removed = sum(1 for change in plan.changes if _removes(change))
    owned = sum(1 for match in matching.matches if match.found is not None)
    owned += len(matching.candidates) + len(matching.copies) + len(matching.duplicates)
    if options.max_deletes_flag is not None:
        limit, is_over = f"--max-deletes {options.max_deletes_flag}", removed > options.max_deletes_flag
    elif removed > options.max_deletes:
        limit, is_over = f"max_deletes {options.max_deletes}", True
    else:
        limit = f"max_delete_percent {options.max_delete_percent}"
        is_over = owned >= _FROM_OWNED and removed * 100 > owned * options.max_delete_percent
    if not is_over:
        return "", ""
    return (
        limit,
        f"{removed} of {owned} owned objects would be deleted, more than {limit}: pass --max-deletes {removed}",
    )


def _hold_what_needs(plan: TargetPlan) -> TargetPlan:
    """Hold changes that need a held change too, so that the plan shows it and not only the apply."""
    held = {change.key for change in plan.changes if change.held}
    changes: list[Change] = []
    for change in plan.changes:  # in their order, so what is needed comes first
        needed = [key.name for key in change.needs if key in held]
        if needed and not change.held:
            change = replace(change, held=f"needs {listed(needed)}, which is held")
            held.add(change.key)
        changes.append(change)
    return replace(plan, changes=tuple(changes))
