"""Calls side by side, none of them left running: what asyncio's TaskGroup gives, with one error instead of a group."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def side_by_side(calls: Iterable[Coroutine[Any, Any, T]], most: int = 0) -> list[T]:
    """The results in the order of the calls, at most so many of which run at once; 0: all of them. The first error
    cancels the others, is waited for, and raised alone."""
    places = asyncio.Semaphore(most) if most else None
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_in_turn(call, places) if places else call) for call in calls]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


async def _in_turn(call: Coroutine[Any, Any, T], places: asyncio.Semaphore) -> T:
    try:
        async with places:
            return await call
    finally:
        call.close()  # one whose turn never came would be complained of; one that ended is none the worse
