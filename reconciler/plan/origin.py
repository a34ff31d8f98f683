"""Where each change comes from: somebody's intent since a commit, a secret's new value, or drift.

It compares two desired states, built in the same way from the files of a commit and from the present ones. Pure: git is
used elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Exit
from reconciler.model.kinds import KINDS
from reconciler.model.resource import Resource
from reconciler.plan.changes import (
    ADOPTING,
    Action,
    Change,
    Disabled,
    Origin,
    Pending,
    Plan,
    Reason,
    RefusedResource,
    TargetPlan,
)
from reconciler.plan.diff import FieldChange
from reconciler.plan.sending import OFF, ON

_AGAIN = "adopted again: the mark was removed since it was written, by hand or by another tool"

Resources = Mapping[str, Resource]


def with_origins(plan: TargetPlan, desired: Resources, base: Resources) -> TargetPlan:
    """The plan of a target with the origin of each change. `desired` and `base` are the resources wanted now, and
    wanted by the commit, on this target."""
    return replace(plan, changes=tuple(_with_origin(change, desired, base) for change in plan.changes))


def intent_only(plan: TargetPlan) -> TargetPlan:
    """The plan without the changes that nobody intended since the commit; those become pending."""
    rest = [change for change in plan.changes if change.origin is not Origin.INTENT]
    keys = {change.key for change in rest}
    pending = (Pending(item.action, item.kind, item.name, _words(item.origin), item.id) for item in rest)
    return replace(
        plan,
        changes=tuple(change for change in plan.changes if change.origin is Origin.INTENT),
        messages=tuple(message for message in plan.messages if message.key not in keys),
        possible_messages=tuple(message for message in plan.possible_messages if message.key not in keys),
        pending=(*plan.pending, *pending),
    )


def _words(origin: Origin | None) -> str:
    return {Origin.SECRET: "only a secret's value differs"}.get(origin or Origin.DRIFT, "drift: no manifest changed it")


def _with_origin(change: Change, desired: Resources, base: Resources) -> Change:
    now, before = desired.get(change.name), base.get(change.name)
    if change.action is Action.DELETE:
        return replace(change, origin=Origin.INTENT if before is not None else Origin.DRIFT)
    if now is None or before is None or _wanted(now) != _wanted(before):
        return replace(change, origin=Origin.INTENT, notes=(*change.notes, *_drift_too(change, now, before)))
    only_secrets = bool(change.fields) and all(field.secret for field in change.fields)
    is_secret = only_secrets and change.action is Action.UPDATE
    return replace(_adopted_again(change, now), origin=Origin.SECRET if is_secret else Origin.DRIFT)


def _adopted_again(change: Change, now: Resource) -> Change:
    """An object that was already pinned at the commit and has no mark lost it, to a person or to another tool that
    writes descriptions."""
    if Reason.ADOPTED not in change.reasons or now.settings.id is None:
        return change
    return replace(change, notes=tuple(_AGAIN if note == ADOPTING else note for note in change.notes))


def _wanted(resource: Resource) -> tuple[object, ...]:
    """What a person can change about a live object: how it is tested is not part of it."""
    settings = resource.settings
    return (
        resource.kind,
        dict(resource.fields),
        settings.id,
        settings.ignore,
        settings.protected,
        settings.renamed_from,
    )


def _drift_too(change: Change, now: Resource | None, before: Resource | None) -> tuple[str, ...]:
    """Notes that an intended change, which writes the whole object, also corrects drift in other fields."""
    if now is None or before is None or change.action is not Action.UPDATE:
        return ()
    meant = {name for name in {*now.fields, *before.fields} if now.fields.get(name) != before.fields.get(name)}
    drifted = sorted({field.path[0] for field in change.fields if field.path[0] in now.fields} - meant)
    return (f"drift in {', '.join(drifted)} is fixed with it",) if drifted else ()


_ASKED_FOR = frozenset({Reason.OWNER_CHANGED, Reason.RENAMED, Reason.UNVERIFIED})
"""Reasons that no edit of the live system can cause. `adopted` is not among them: a pinned object without a mark may
have been adopted before and have lost it."""


@dataclass(frozen=True, slots=True)
class Drifted:
    """One change with its target. Neither system tells who changed an object; `Change.updated` tells when."""

    target: str
    change: Change

    @property
    def is_missing(self) -> bool:
        """Whether there is no live object: it was deleted by hand, or never applied."""
        return self.change.action is Action.CREATE


@dataclass(frozen=True, slots=True)
class Drift:
    """What moved, and what is `pending`: asked for by a manifest and not applied yet. Both come from `plan`."""

    plan: Plan
    moved: tuple[Drifted, ...]
    pending: tuple[Drifted, ...]

    @property
    def not_compared(self) -> int:
        """The number of fields that could not be compared: their secret is not known here, or the target never shows
        it."""
        return sum(len(target.unresolved) + len(target.write_only) for target in self.plan.targets)

    def exit_code(self, *, asked_for_secrets: bool) -> Exit:
        """1 if something could not be read, 2 if something moved, 7 if nothing is known to have moved, but fields that
        should have been compared could not be."""
        if self.plan.problems:
            return Exit.ERROR
        if self.moved:
            return Exit.CHANGES
        return Exit.NOT_LOOKED_AT if self.not_compared and asked_for_secrets else Exit.DONE


def find_drift(plan: Plan) -> Drift:
    """Split a plan's changes into what moved and what is pending. What was disabled by hand, and an object that was to
    be kept and is gone, moved too."""
    changes = [Drifted(target.target, change) for target in plan.targets for change in target.changes]
    by_hand = [
        Drifted(target.target, _enabling(target.target, item))
        for target in plan.targets
        for item in target.disabled
        if item.by_hand
    ]
    moved = [*by_hand, *(item for item in changes if _is_drift(item.change))]
    pending = [item for item in changes if not _is_drift(item.change)]
    moved += [
        Drifted(target.target, _missing(target.target, item))
        for target in plan.targets
        for item in target.refusals
        if item.missing
    ]
    targets = (
        replace(
            target,
            refusals=tuple(item for item in target.refusals if not item.missing),
            disabled=tuple(item for item in target.disabled if not item.by_hand),
        )
        for target in plan.targets
    )
    return Drift(replace(plan, targets=tuple(targets)), tuple(moved), tuple(pending))


def _enabling(target: str, item: Disabled) -> Change:
    """The change that would enable an object that was disabled by hand."""
    has_state = item.kind in KINDS and any(field.name == "state" for field in KINDS[item.kind].fields)
    if has_state:
        fields = (FieldChange(("state",), before=OFF, after=ON),)
    else:
        fields = (FieldChange(("enabled",), before=False, after=True, delivery=True),)
    return Change(
        Action.UPDATE, target, item.kind, item.name, item.id, (Reason.DISABLED_BY_HAND,), fields, updated=item.updated
    )


def _missing(target: str, item: RefusedResource) -> Change:
    """The create that a manifest would need if it contained the values that it left to the live object."""
    return Change(Action.CREATE, target, item.kind, item.name, None, (Reason.CREATED,), notes=(item.message,))


def _is_drift(change: Change) -> bool:
    if change.origin is not None:
        return change.origin is Origin.DRIFT
    return bool(change.fields) or not set(change.reasons) <= _ASKED_FOR
