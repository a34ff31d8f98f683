"""Who uses a channel: the lines below a change of a plan. Pure.

Names are what people typed into Alerting, so every line is made printable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.evidence import UsedBy, User
from reconciler.model.gaps import GAPS
from reconciler.model.text import few, printable
from reconciler.plan.changes import Action, Change
from reconciler.plan.sending import can_be_used
from reconciler.plan.users import name_users, short_name


def used_by_lines(change: Change) -> list[str]:
    """Who uses the change's object, and what the change takes from them or gives back; no lines if users were not
    looked at."""
    if change.used_by is None:
        return []
    if change.action is Action.CREATE:
        then = "works again with it"
        if _stays_mute(change):
            then = "it is created disabled, and their runs still end in an error"
        return [printable(f"named by {name_users(change.used_by.users)}: {then}")]
    return [printable(line) for line in (*describe_users(change.used_by), *_losses(change, change.used_by.users))]


def describe_users(used_by: UsedBy) -> Iterator[str]:
    """Who uses an object, or that nobody does, or why that is not known."""
    gap = used_by.gap
    if used_by.users:
        yield f"used by {name_users(used_by.users)}" + (f"; there may be more: {gap.text}" if gap else "")
    elif gap:
        yield f"users unknown: {gap.text}; to know them: {GAPS[gap.reason].evidence}"
    else:
        others = f"; not looked at: {', '.join(used_by.not_looked_at)}" if used_by.not_looked_at else ""
        yield f"no monitor or workflow uses it{others}"


def _losses(change: Change, users: Iterable[User]) -> Iterator[str]:
    """What the enabled users lose while the channel is missing or disabled (OpenSearch Alerting, seen on 3.6.0)."""
    enabled = [user for user in users if user.enabled]
    if not enabled:
        return
    is_gone = change.action is Action.DELETE or not can_be_used(change.kind)
    when = "between delete and create"
    if is_gone:
        when = "without it"
    elif _stays_mute(change):
        when = "while it is disabled"
    yield f"{when}, their runs end in an error and notify nobody through it"
    if is_gone:
        return
    if throttled := [short_name(user) for user in enabled if user.throttled]:
        yield f"a failed run counts for a throttle, which then holds back the next message: {few(throttled)}"
    if by_document := [short_name(user) for user in enabled if user.by_document]:
        yield f"documents of a failed run are never reported again: {few(by_document)}"


def _stays_mute(change: Change) -> bool:
    """Whether the channel is disabled after the change."""
    return any(item.path == ("enabled",) and item.after is False for item in change.fields)
