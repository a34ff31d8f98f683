"""What is known of each target -> the status of a resource, by the conventions of kstatus. Pure.

`Ready` says True only if the resource is applied on all its targets; `Stalled` that nothing more is tried by itself,
`Reconciling` that it is. `Verified` and `Drifted` are ours. A condition's time moves only with its status.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.model.kinds import KINDS
from reconciler.operator.entries import FALSE, TRUE, UNKNOWN, Entry
from reconciler.operator.outcomes import NOT_TESTED, PROGRESSING, TARGET_UNREAD
from reconciler.operator.resources import CustomResource

Status = dict[str, Any]
"""A status as the API has it."""

_LONGEST_MESSAGE = 1024
SUSPENDED, NOT_RECONCILED, DEFINITION_UNREAD = "Suspended", "NotReconciled", "DefinitionUnread"
NAMESPACE_UNREAD = "NamespaceUnread"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A condition without its bookkeeping."""

    type: str
    status: str
    reason: str
    message: str = ""


def condition_of(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The condition of that type, {} if there is none."""
    conditions = status.get("conditions")
    items = conditions if isinstance(conditions, list) else []
    return next((item for item in items if isinstance(item, Mapping) and item.get("type") == kind), {})


def resource_status(resource: CustomResource, entries: Mapping[str, Entry], wish: str, now: str) -> Status:
    """The status of a resource whose targets are these, each with what is known of it. `wish` is what was asked for
    meanwhile (`requested-at`), and is handled now."""
    current = {name: _as_current(entry, resource) for name, entry in entries.items()}
    values = list(current.values())
    sends = resource.kind in KINDS and KINDS[resource.kind].sends
    verdicts = [*_ready(values), _verified([*map(as_verified, values)], sends=sends), _drifted(values)]
    tests = sorted((entry.test_time, entry.test_outcome) for entry in values if entry.test_time)
    heard = sorted({entry.test_requested_at for entry in values if entry.test_requested_at})
    status: Status = {
        "observedGeneration": resource.generation,
        "target": ", ".join(current),
        "lastHandledRequestedAt": wish,
        "lastHandledTestRequestedAt": heard[-1] if heard else "",
        "lastTestTime": tests[-1][0] if tests else "",
        "lastTestOutcome": tests[-1][1] if tests else "",
        "conditions": conditions_of(resource, verdicts, now),
        "targets": [entry.to_json() for entry in current.values()],
    }
    return {name: value for name, value in status.items() if value != ""}


def _as_current(entry: Entry, resource: CustomResource) -> Entry:
    """An entry of another generation says nothing of this one yet."""
    if entry.generation == resource.generation:
        return entry
    return replace(entry, applied=False, reason=PROGRESSING, message="not planned yet", stalled=False)


def as_verified(entry: Entry) -> Entry:
    """The entry as far as a test speaks of it: where what is written is not live, one that passed was of something
    else."""
    if entry.applied or entry.verified != TRUE:
        return entry
    text = "the spec is not live, so the last test message says nothing about it"
    return replace(entry, verified=UNKNOWN, verified_reason=NOT_TESTED, verified_message=text)


def _ready(entries: Collection[Entry]) -> Iterable[Verdict]:
    failing = [entry for entry in entries if not entry.applied]
    if not entries:
        yield from blocked_verdicts("NoTarget", "names no target that this project has", stalled=True)
        return
    if not failing:
        text = f"applied on {', '.join(entry.name for entry in entries)}"
        yield Verdict("Ready", TRUE, "Applied", text)
        yield Verdict("Reconciling", FALSE, "Applied", "")
        yield Verdict("Stalled", FALSE, "Applied", "")
        return
    worst = min(failing, key=lambda entry: (not entry.stalled, entry.reason == PROGRESSING))
    text = "; ".join(f"{entry.name}: {entry.message}" for entry in failing)
    stalled = any(entry.stalled for entry in failing)
    yield from blocked_verdicts(worst.reason or PROGRESSING, text, stalled=stalled)


def blocked_verdicts(reason: str, message: str, *, stalled: bool) -> list[Verdict]:
    """Ready, Reconciling and Stalled of what is not as desired."""
    return [
        Verdict(
            "Ready", UNKNOWN if reason in (PROGRESSING, DEFINITION_UNREAD, NAMESPACE_UNREAD) else FALSE, reason, message
        ),
        Verdict("Reconciling", FALSE if stalled else TRUE, reason, "" if stalled else message),
        Verdict("Stalled", TRUE if stalled else FALSE, reason, message if stalled else ""),
    ]


def _verified(entries: Collection[Entry], *, sends: bool) -> Verdict:
    if not sends and all(entry.verified == UNKNOWN for entry in entries):
        return Verdict("Verified", UNKNOWN, "Indirect", "only channels can be tested; it is tested through them")
    return _worst(
        "Verified",
        [(entry.name, entry.verified, entry.verified_reason, entry.verified_message) for entry in entries],
        good=TRUE,
        bad=FALSE,
        default="NotTested",
    )


def _drifted(entries: Collection[Entry]) -> Verdict:
    def reason(entry: Entry) -> str:
        if entry.drifted == UNKNOWN:
            return TARGET_UNREAD if entry.reason == TARGET_UNREAD else "NotCompared"
        return "Drifted" if entry.drifted == TRUE else "InSync"

    return _worst(
        "Drifted",
        [(entry.name, entry.drifted, reason(entry), entry.drifted_message) for entry in entries],
        good=FALSE,
        bad=TRUE,
        default="NotCompared",
    )


def _worst(kind: str, parts: list[tuple[str, str, str, str]], *, good: str, bad: str, default: str) -> Verdict:
    """`bad` if it is anywhere, else Unknown if that is, else `good`; with the texts of the targets where it is so."""
    statuses = {status for _, status, _, _ in parts}
    status = bad if bad in statuses else UNKNOWN if UNKNOWN in statuses or not parts else good
    telling = [(name, reason, text) for name, found, reason, text in parts if found == status]
    reason = next((reason for _, reason, _ in telling if reason), default)
    return Verdict(kind, status, reason, "; ".join(f"{name}: {text}" for name, _, text in telling if text))


def conditions_of(resource: CustomResource, verdicts: Iterable[Verdict], now: str) -> list[Status]:
    """The conditions with their bookkeeping; the time of one moves only if its status does."""
    made: list[Status] = []
    for verdict in verdicts:
        before = condition_of(resource.status, verdict.type)
        since = before.get("lastTransitionTime") if before.get("status") == verdict.status else None
        made.append(
            {
                "type": verdict.type,
                "status": verdict.status,
                "reason": verdict.reason,
                "message": verdict.message[:_LONGEST_MESSAGE],
                "observedGeneration": resource.generation,
                "lastTransitionTime": since or now,
            }
        )
    return made


def blocked_status(resource: CustomResource, reason: str, message: str, now: str, *, stalled: bool) -> Status:
    """The status of a resource that cannot even be looked at, as where there is no project. What was known of its
    targets stays there."""
    return _with_verdicts(resource, blocked_verdicts(reason, message, stalled=stalled), now)


def suspended_status(resource: CustomResource, message: str, now: str) -> Status:
    """The status of a resource of which nobody looks whether its spec is live, until the suspension ends."""
    return _with_verdicts(resource, suspended_verdicts(message), now)


def suspended_verdicts(message: str) -> list[Verdict]:
    """Ready, Reconciling and Stalled of what is suspended."""
    return [
        Verdict("Ready", UNKNOWN, SUSPENDED, message),
        Verdict("Reconciling", FALSE, SUSPENDED),
        Verdict("Stalled", FALSE, SUSPENDED),
    ]


def _with_verdicts(resource: CustomResource, verdicts: list[Verdict], now: str) -> Status:
    """The status with these verdicts. Nobody looks at the resource any more, so that what was verified, and how live
    was, may be so no longer; a test that failed has failed."""
    unknown = [
        Verdict(kind, UNKNOWN, NOT_RECONCILED, "not reconciled; Ready says why")
        for kind, staying in (("Verified", FALSE), ("Drifted", ""))
        if condition_of(resource.status, kind).get("status", "") not in ("", staying)
    ]
    said = {verdict.type for verdict in (*verdicts, *unknown)}
    others = [item for item in resource.status.get("conditions") or () if item.get("type") not in said]
    status = {**resource.status, "observedGeneration": resource.generation}
    status["conditions"] = [*conditions_of(resource, [*verdicts, *unknown], now), *others]
    return status


def is_reconciled(status: Mapping[str, Any]) -> bool:
    """Whether what a status has of its targets is of the last look, and not of one before its resource was left
    alone."""
    return condition_of(status, "Drifted").get("reason") != NOT_RECONCILED


def is_same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether writing a status would change nothing."""
    return dict(before) == dict(after)
