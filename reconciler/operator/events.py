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
    """The Events of a status that follows another."""
    ready, was_ready = condition_of(after, "Ready"), condition_of(before, "Ready")
    if _moved(was_ready, ready):
        if ready.get("status") == TRUE:
            yield Event(ready["reason"], ready["message"])
        elif ready.get("status") == FALSE:
            yield Event(ready["reason"], ready["message"], warning=True)
    verified, was_verified = condition_of(after, "Verified"), condition_of(before, "Verified")
    if _moved(was_verified, verified) and verified.get("reason") != ready.get("reason"):
        if verified.get("status") == TRUE:
            yield Event("Verified", verified["message"])
        elif verified.get("status") == FALSE:
            yield Event(verified["reason"], verified["message"], warning=True)
    drifted = condition_of(after, "Drifted")
    if drifted.get("status") == TRUE and condition_of(before, "Drifted").get("status") != TRUE:
        yield Event("Drifted", drifted["message"], warning=True)


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a condition says something else than before; other words for the same are no transition."""
    return (before.get("status"), before.get("reason")) != (after.get("status"), after.get("reason"))
