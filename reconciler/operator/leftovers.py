"""Canaries that remain on a target, and since when they are known: what a killed run left, nobody else removes.

Only the server's answer to a write tells its time, so that a look with nothing to write cannot tell how old a canary
is. What was there at two looks so far apart by our own clock is old, whoever's clock is right. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field

from reconciler.model.dataclass import dataclass

OLD_SECONDS = 900.0
"""A younger canary may be that of a run under way, such as a CI job's; as the command line has it."""


@dataclass(slots=True)
class Leftovers:
    """The canaries of one target by id, with the time at which each was seen first; `now` is in seconds of any clock
    that only goes forward."""

    _since: dict[str, float] = field(default_factory=dict)

    def see(self, ids: Iterable[str], now: float) -> None:
        """These are there now, and no others."""
        self._since = {item: self._since.get(item, now) for item in ids}

    def old(self, now: float) -> tuple[str, ...]:
        """Those that no run under way can have made."""
        return tuple(sorted(item for item, since in self._since.items() if now >= since + OLD_SECONDS))

    def tried(self, ids: Iterable[str], now: float) -> None:
        """They were to be removed: one that is there still is not tried again at once."""
        self._since |= dict.fromkeys(ids, now)

    def due_in(self, now: float) -> float | None:
        """The seconds until the first of them is old; None if there is none."""
        return max(0.0, min(self._since.values()) + OLD_SECONDS - now) if self._since else None
