"""How a run is stopped: softly, when nothing new starts and what is unproved is undone, or hard, at once.

The signals are the command's; here is what they lead to, and how long tasks may still take to clean up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TypeVar

__all__ = ["Stop", "finish"]

T = TypeVar("T")

_LAST_SECONDS = 0.4  # for a cancelled task to remove what it made, before it is cancelled once more


@dataclass(slots=True)
class Stop:
    """`soft` starts nothing new and undoes what is unproved, `hard` ends the run at once."""

    soft: asyncio.Event = field(default_factory=asyncio.Event)
    hard: asyncio.Event = field(default_factory=asyncio.Event)


async def finish(tasks: Collection[asyncio.Task[T]], stop: Stop) -> None:
    """Wait until all tasks are done; after a hard stop they are cancelled, and not waited for much longer."""
    ended = asyncio.create_task(stop.hard.wait())
    waiting: set[asyncio.Task[T]] = set(tasks)
    while waiting and not ended.done():
        await asyncio.wait([*waiting, ended], return_when=asyncio.FIRST_COMPLETED)
        waiting = {task for task in waiting if not task.done()}
    ended.cancel()
    for _ in range(2):  # the first stops the work, the second the cleaning up after it
        for task in waiting:
            task.cancel()
        if waiting:
            _, waiting = await asyncio.wait(waiting, timeout=_LAST_SECONDS)
