"""A verb's run, prepared from its options and this process, with what is to be noted about it printed."""

from __future__ import annotations

import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from reconciler.cli.terminal import note
from reconciler.engine.options import ProjectOptions, Surroundings

if TYPE_CHECKING:
    from reconciler.engine.run import Run

T = TypeVar("T")

UNKNOWN = 100
"""How many targets to expect where the project was not read yet."""

_FEW_TARGETS = 4
_MOST_THREADS = 128


def surroundings() -> Surroundings:
    """This process, as far as a run needs it."""
    return Surroundings(os.environ, Path.cwd(), sys.stdin.buffer if sys.stdin is not None else None)


def prepared(options: ProjectOptions) -> Run:
    """The run that the options ask for; errors as `prepare`."""
    from reconciler.engine.run import prepare  # `validate` does without: it only loads

    run = prepare(options, surroundings())
    for text in run.notes:
        note(text)
    return run


def run_async(call: Coroutine[Any, Any, T], targets: int) -> T:
    """Carry out what a verb does on so many targets, in an event loop of its own.

    Host names are looked up in the loop's threads, of which there are six on two cores: for a fleet there are more, so
    that names whose lookup hangs do not keep the others from being looked up in time.
    """

    import asyncio  # `validate` does without

    async def with_threads() -> T:
        if targets > _FEW_TARGETS:
            from concurrent.futures import ThreadPoolExecutor

            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(_MOST_THREADS))
        return await call

    return asyncio.run(with_threads())
