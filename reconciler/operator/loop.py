"""The loop: what is due is looked at, side by side, until the process is to end."""

from __future__ import annotations

import asyncio
import logging
import random
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

from reconciler.model.errors import ReconcilerError
from reconciler.operator.rounds import After
from reconciler.operator.schedule import Key, Queue, jittered

_AT_ONCE = 50
"""Looks under way at once: most of them wait for a target, and one that hangs must not keep the others waiting."""

_LOG = logging.getLogger("reconciler.operator")


class Loop:
    """Gives the keys that are due to `look`, none of them twice at a time. All calls come from one event loop."""

    def __init__(
        self,
        look: Callable[[Key], Awaitable[After]],
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        queue: Queue | None = None,
    ) -> None:
        self.queue = queue or Queue()
        self._look = look
        self._clock = clock
        self._chance = chance
        self._woken = asyncio.Event()
        self._running: dict[Key, asyncio.Task[None]] = {}
        self._ending = False

    def mark(self, namespace: str) -> None:
        """Something happened in a namespace: its project and all its known targets are to be looked at."""
        for key in {Key(namespace), *self.queue.keys(namespace)}:
            self.queue.mark(key, self._clock())
        self._woken.set()

    def wake(self, key: Key) -> None:
        """Look at a key at once if it is not known yet."""
        if key not in self.queue.keys(key.namespace):
            self.queue.soon(key, self._clock())
            self._woken.set()

    def end(self) -> None:
        """Begin nothing new; `run` returns once all that is under way has ended."""
        self._ending = True
        self._woken.set()

    async def run(self) -> None:
        """Until `end` was called."""
        while not self._ending:
            while len(self._running) < _AT_ONCE and (key := self.queue.take(self._clock())) is not None:
                self._running[key] = asyncio.create_task(self._one(key))
            self._woken.clear()
            wait = self.queue.waits(self._clock()) if len(self._running) < _AT_ONCE else None
            try:
                await asyncio.wait_for(self._woken.wait(), wait)
            except TimeoutError:
                continue
        await asyncio.gather(*self._running.values())

    async def _one(self, key: Key) -> None:
        try:
            after = await self._look(key)
        except ReconcilerError as error:
            _LOG.warning("%s: %s", _shown(key), error)
            after = After(failed=True)
        except Exception as error:  # one project's trouble must not end the others; the text may hold a value
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            _LOG.error("%s: internal error (%s at %s): please report it", _shown(key), type(error).__name__, where)
            after = After(failed=True)
        now = self._clock()
        if after.failed:
            self.queue.failed(key, now, self._chance())
        elif after.seconds is None:
            self.queue.forget(key)
        else:
            self.queue.done(key, now, jittered(after.seconds, self._chance()))
        del self._running[key]
        self._woken.set()


def _shown(key: Key) -> str:
    return f"{key.namespace}/{key.target}" if key.target else key.namespace
