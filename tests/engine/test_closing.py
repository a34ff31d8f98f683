"""Closing a connection changes nothing of what was done before, whatever a provider does then."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from reconciler.engine import read
from reconciler.model.provider import Provider


class Closing:
    """A provider, as far as it is closed."""

    def __init__(self, close: Callable[[], Awaitable[None]]) -> None:
        self.close = close


async def _fail() -> None:
    raise ValueError("a value")


async def _cancel_itself() -> None:
    raise asyncio.CancelledError


async def _hang() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("close", [_fail, _cancel_itself, _hang])
def test_what_goes_wrong_there_ends_no_run(
    close: Callable[[], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "_CLOSE_SECONDS", 0.01)
    asyncio.run(read.give_back(cast(Provider, Closing(close))))


def test_who_is_cancelled_meanwhile_is_cancelled() -> None:
    async def run() -> bool:
        began = asyncio.Event()

        async def close() -> None:
            began.set()
            await _hang()

        task = asyncio.create_task(read.give_back(cast(Provider, Closing(close))))
        await began.wait()
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(run())
