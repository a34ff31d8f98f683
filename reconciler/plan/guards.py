"""What must be held back: deletes and replaces that could hurt. Each guard has its own flag, named in its words.

Pure: a plan goes in, the same plan comes out with `held` set on the changes that are stopped. The rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from reconciler.model.errors import RefusedError
from reconciler.model.kinds import KINDS
from reconciler.model.resource import Resource
from reconciler.plan.changes import Action, Change, Plan, TargetPlan
from reconciler.plan.marks import PROTECTED, Matching
from reconciler.plan.references import references

_FROM_OWNED = 10  # below this many owned objects a percentage says nothing


@dataclass(frozen=True, slots=True)
class GuardOptions:
    """How far deletes may go. `max_deletes` given by flag overrides both the number and the percentage.

    `prune_confirmed`: deletes are wanted by whoever runs this, not only by a plan file that anybody may have edited.
    """

    max_deletes: int = 5
    max_delete_percent: int = 30
    max_deletes_flag: int | None = None
    allow_replace: bool = False
    allow_in_use: frozenset[str] = frozenset()
    prune_confirmed: bool = True


def hold_back(plan: TargetPlan, matching: Matching, options: GuardOptions) -> TargetPlan:
    """Set `held` on every delete or replace that a guard stops, and drop the messages of what is held."""
    held = _hold(plan, lambda change: _protected(change, matching))
    held = _hold(held, lambda change: _replace(change, options))
    held = _hold(held, lambda change: _unconfirmed(change, options))
    held = _hold(held, lambda change: _in_use(change, held, matching, options))
    held = _hold(held, lambda change: _last_channel(change, held, matching))
    held = _hold(held, _too_many(held, matching, options))  # the last, since it holds all that is left or nothing
    stopped = {change.name for change in held.changes if change.held}
    return replace(held, messages=tuple(message for message in held.messages if message.name not in stopped))


def check_messages(plan: Plan, max_messages: int) -> None:
    """Refuse an apply that would mail too many people, before its first message."""
    count = sum(message.count for message in plan.messages)
    if count > max_messages:
        raise RefusedError(
            f"this apply would send test messages to {count} recipients, more than {max_messages}: "
            f"pass --max-messages {count}, or --test-when never"
        )


def _hold(plan: TargetPlan, judge: Callable[[Change], str]) -> TargetPlan:
    return replace(
        plan, changes=tuple(change if change.held else replace(change, held=judge(change)) for change in plan.changes)
    )


def _removes(change: Change) -> bool:
    return change.action in (Action.DELETE, Action.REPLACE) and not change.held


def _protected(change: Change, matching: Matching) -> str:
    if not _removes(change):
        return ""
    marked = any(item.id == change.id and item.mark and PROTECTED in item.mark.flags for item in matching.found)
    wanted = any(match.resource.name == change.name and match.resource.settings.protected for match in matching.matches)
    return "protected: apply it once with spec.protected: false first" if marked or wanted else ""


def _replace(change: Change, options: GuardOptions) -> str:
    if change.action is not Action.REPLACE or options.allow_replace:
        return ""
    return "a replace deletes the live object first: pass --allow-replace"


def _unconfirmed(change: Change, options: GuardOptions) -> str:
    if change.action is not Action.DELETE or options.prune_confirmed:
        return ""
    return "a delete in a saved plan needs --prune again, or a file signed under RECONCILER_PLAN_KEY"


def _in_use(change: Change, plan: TargetPlan, matching: Matching, options: GuardOptions) -> str:
    if not _removes(change) or change.name in options.allow_in_use or change.kind not in KINDS:
        return ""
    if KINDS[change.kind].rank != 0:
        return ""
    users = sorted(set(_users_after(change.id or "", plan, matching)))
    return f"still in use by {', '.join(users)}: pass --allow-in-use {change.name}" if users else ""


def _last_channel(change: Change, plan: TargetPlan, matching: Matching) -> str:
    """A list of an object that bears no mark may lose an element by a delete, but never its last one."""
    if change.action is not Action.DELETE or change.held:
        return ""
    gone = {other.id for other in plan.due if other.action is Action.DELETE}
    changed = {other.id for other in plan.due if other.action is Action.UPDATE}
    for item in matching.found:
        if item.live.kind is None or not KINDS[item.live.kind].key_field or item.id in changed:
            continue
        channels = references(item.live.fields, item.live.kind)
        if change.id in channels and channels <= gone:
            key = item.live.fields.get(KINDS[item.live.kind].key_field)
            return f'the {item.live.kind} of "{key}" would be left without any channel: give it another one first'
    return ""


def _users_after(object_id: str, plan: TargetPlan, matching: Matching) -> Iterable[str]:
    """Who will refer to a live object once all that is not held back was applied."""
    gone = {change.id for change in plan.due if change.action is Action.DELETE}
    changed = {change.id for change in plan.due if change.action in (Action.UPDATE, Action.REPLACE)}
    name = matching.names.get(object_id, "")
    for match in matching.matches:
        if match.found is not None and match.found.id in changed and name in _references_of(match.resource):
            yield match.resource.name
    for item in matching.found:
        if item.id in gone or item.id in changed or item.live.kind is None:
            continue
        if object_id in references(item.live.fields, item.live.kind):
            yield matching.names.get(item.id, item.id)


def _references_of(resource: Resource) -> frozenset[str]:
    return references(resource.fields, resource.kind)


def _too_many(plan: TargetPlan, matching: Matching, options: GuardOptions) -> Callable[[Change], str]:
    removed = sum(1 for change in plan.changes if _removes(change))
    owned = sum(1 for match in matching.matches if match.found is not None) + len(matching.candidates)
    reason = _limit_reason(removed, owned, options)
    return lambda change: reason if _removes(change) else ""


def _limit_reason(removed: int, owned: int, options: GuardOptions) -> str:
    if options.max_deletes_flag is not None:
        allowed = options.max_deletes_flag
        return f"{removed} deletes are more than --max-deletes {allowed}" if removed > allowed else ""
    if removed > options.max_deletes:
        return f"{removed} deletes are more than max_deletes {options.max_deletes}: pass --max-deletes {removed}"
    if owned >= _FROM_OWNED and removed * 100 > owned * options.max_delete_percent:
        return (
            f"{removed} of {owned} owned objects are more than max_delete_percent {options.max_delete_percent}: "
            f"pass --max-deletes {removed}"
        )
    return ""
