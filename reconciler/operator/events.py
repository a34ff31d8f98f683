"""Which Events a new status is worth: transitions only, so that a steady state has none. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.operator.entries import FALSE, TRUE
from reconciler.operator.status import condition_of


@dataclass(frozen=True, slots=True)
class Event:
    """An Event of an object. A `warning` is one that somebody should look at."""

    reason: str
    message: str
    warning: bool = False


def events_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Event]:
    """The Events of a status that follows another. What is applied and verified at once is one Event."""
    ready, verified, drifted = (condition_of(after, kind) for kind in ("Ready", "Verified", "Drifted"))
    is_tested = before.get("lastTestTime") != after.get("lastTestTime")  # else it is only looked at again
    is_verified = is_tested and verified.get("status") == TRUE and _moved(condition_of(before, "Verified"), verified)
    if is_verified:
        yield Event("Verified", f"{ready.get('message', '')}; {verified['message']}".removeprefix("; "))
    if _moved(condition_of(before, "Ready"), ready):
        if ready.get("status") == TRUE and not is_verified:
            yield Event(ready["reason"], ready["message"])
        elif ready.get("status") == FALSE:
            yield Event(ready["reason"], ready["message"], warning=True)
    failed = verified.get("status") == FALSE and _moved(condition_of(before, "Verified"), verified)
    if failed and verified["reason"] != ready.get("reason"):
        yield Event(verified["reason"], verified["message"], warning=True)
    if drifted.get("status") == TRUE and condition_of(before, "Drifted").get("status") != TRUE:
        yield Event("Drifted", drifted["message"], warning=True)


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a condition says something else than before; other words for the same are no transition."""
    return (before.get("status"), before.get("reason")) != (after.get("status"), after.get("reason"))
