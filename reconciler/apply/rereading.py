"""The end of an apply: all that was written is read once more, to name what somebody else wrote in between.

Neither system can refuse a write to what has changed, so two applies at once are told of each other only here.
"""

from __future__ import annotations

from reconciler.apply.session import Session
from reconciler.drafts import differing_fields
from reconciler.errors import TargetError
from reconciler.resources import Draft, LiveObject

__all__ = ["find_overwritten"]


async def find_overwritten(session: Session) -> tuple[str, ...]:
    """A line for each object that is no longer as this run left it."""
    if not session.written:
        return ()
    try:
        now = await _read_again(session)
    except TargetError as error:
        return (f"what was written could not be read again: {error}",)
    lines = (_compare(object_id, draft, now.get(object_id)) for object_id, draft in sorted(session.written.items()))
    return tuple(line for line in lines if line)


def _compare(object_id: str, draft: Draft | None, live: LiveObject | None) -> str:
    if draft is None:
        return f"{object_id} was deleted, and somebody else made it again" if live is not None else ""
    if live is None:
        return f"{object_id} was deleted by somebody else"
    fields = differing_fields(draft, live)
    return f"{object_id} was overwritten by somebody else ({', '.join(fields)})" if fields else ""


async def _read_again(session: Session) -> dict[str, LiveObject]:
    """One list; where the server's list lags behind its writes, each object by its id."""
    listing = await session.provider.read_all()
    objects = {item.id: item for item in listing.objects}
    if not listing.stale:
        return objects
    for object_id in session.written:
        live = await session.provider.read(object_id)
        if live is None:
            objects.pop(object_id, None)
        else:
            objects[object_id] = live
    return objects
