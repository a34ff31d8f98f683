"""One read after the other, or rather side by side: each distinct one once, a few at a time, bounded in time.

A source blocks, so it is read in a thread of its own. Daemon threads rather than an executor's: an executor's are
waited for when the process ends, and a source that hangs would keep it from ending.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.errors import SecretError
from reconciler.resources import SecretText
from reconciler.secrets.settings import SecretSettings
from reconciler.secrets.sources import Sources
from reconciler.secrets.values import check_value

__all__ = ["Failure", "Reader"]

AT_ONCE = 8
"""How many reads are under way at the same time: kind to a Vault, a KMS or a password agent."""

GRACE_SECONDS = 5.0
"""How much longer than its own time limit a source may take: built-in sources end themselves, with better words."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no value, and what to do."""

    words: str


Reading = SecretText | Failure
"""The end of a read. Never a bare string: futures and tasks show their results in the event loop's debug log."""


class Reader:
    """Reads from sources and remembers; a read that several ask for at the same time is shared."""

    def __init__(self, settings: SecretSettings) -> None:
        self._sources = Sources(settings)
        self._seconds = settings.timeout_seconds
        self._reads: dict[tuple[str, str, str], asyncio.Task[Reading]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def read(self, source: str, argument: str, key: str) -> Reading:
        """The value, or why there is none."""
        asked = (source, argument, key)
        task = self._reads.get(asked)
        if task is None or task.cancelled():
            task = self._reads[asked] = asyncio.create_task(self._read_in_turn(*asked))
        # One caller's cancellation must not take the value from the others.
        return await asyncio.shield(task)

    async def _read_in_turn(self, source: str, argument: str, key: str) -> Reading:
        def read() -> str:
            return self._sources.get(source).read(argument, key)

        async with self._turns_of_this_loop():
            try:
                return await asyncio.wait_for(_in_thread(read, source), self._seconds + GRACE_SECONDS)
            except TimeoutError:
                return Failure(f'source "{source}" gave no answer in {self._seconds:g} seconds; see why it hangs')
            except asyncio.CancelledError:
                self._sources.stop()
                raise

    def _turns_of_this_loop(self) -> asyncio.Semaphore:
        # A run may use several event loops one after the other, and a semaphore belongs to one.
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._turns = loop, asyncio.Semaphore(AT_ONCE)
        return self._turns


def _in_thread(read: Callable[[], str], source: str) -> asyncio.Future[Reading]:
    future: concurrent.futures.Future[Reading] = concurrent.futures.Future()
    # Running from the start: a future that gave up waiting is then not cancelled under the thread's hands.
    future.set_running_or_notify_cancel()
    threading.Thread(target=lambda: future.set_result(_read(read, source)), name="secret", daemon=True).start()
    return asyncio.wrap_future(future)


def _read(read: Callable[[], str], source: str) -> Reading:
    try:
        return SecretText(check_value(read(), f'source "{source}"'))
    except SecretError as error:
        return Failure(str(error))
    except Exception as error:  # a library's or a plug-in's: any kind, and its text may quote the value
        return Failure(f'source "{source}" failed unexpectedly ({type(error).__name__})')
