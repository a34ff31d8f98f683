"""What a killed run left: canaries, which are removed once they are old. Half-done replaces are `replacing`'s.

A young canary may be another run's, so it is only named. Age is told by the server's own clock, never by ours: by the
time that it gave our latest write, or any object.
"""

from __future__ import annotations

from reconciler.apply import writing
from reconciler.apply.session import Session
from reconciler.errors import TargetError
from reconciler.ownership import CANARY, Found, read_found

__all__ = ["remove_old_canaries", "tell_left_behind"]


def tell_left_behind(session: Session) -> list[str]:
    """A line for each canary of this run that could not be removed."""
    return [
        f"the canary {object_id} could not be removed: an apply that writes does so once it is "
        f"{session.options.leftover_minutes} minutes old"
        for object_id in sorted(session.left_behind)
    ]


async def remove_old_canaries(session: Session) -> list[str]:
    """Remove what is old, if this run wrote anything; a line for each canary of another run."""
    if not session.written:
        return []
    canaries = [item for item in session.matching.leftovers if item.mark and CANARY in item.mark.flags]
    if not canaries:
        return []
    now = max(session.server_time, *(writing.server_milliseconds(item.live) for item in session.matching.found))
    return [line for item in canaries for line in await _remove(session, item, now)]


async def _remove(session: Session, item: Found, now: int) -> list[str]:
    minutes = (now - writing.server_milliseconds(item.live)) / 60_000
    if minutes <= session.options.leftover_minutes:
        return [f"{item.id} is a canary of another run, {round(minutes)} minutes old: left alone"]
    try:
        live = await session.provider.read(item.id)
        if live is None or read_found(live).mark != item.mark:
            return []
        await writing.delete(session, item.name, item.id, step="delete left-over")
    except TargetError as error:
        return [f"the left-over canary {item.id} could not be removed: {error}"]
    return [f"removed {item.id}, a canary that an interrupted run left"]
