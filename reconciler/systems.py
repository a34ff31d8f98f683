"""What Linux, macOS and Windows do differently, in one place: nobody else asks what the system can do.

Signals, which every system has some of, are `cli.main`'s. What a system cannot do is refused with a reason; it is
never done in a way that promises less.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.errors import ConfigurationError, SecretError

if TYPE_CHECKING:
    import subprocess

_ELSEWHERE = "run this on Linux, macOS or the Windows Subsystem for Linux"


def open_without_waiting(path: Path | str) -> int:
    """A file opened for reading, its bytes as they are: its descriptor. A pipe that nobody writes to does not hold it
    up, where there are such pipes. OSError as `os.open` gives it."""
    return os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))


def open_below(folder: Path, path: str) -> int:
    """A file below a folder, opened for reading step by step, without following any link: its descriptor.

    `path` has no step like `..`. OSError as `os.open` gives it; ELOOP or ENOTDIR where a step is a link.
    ConfigurationError on a system that cannot promise that.
    """
    if os.open not in os.supports_dir_fd or not hasattr(os, "O_NOFOLLOW"):
        raise ConfigurationError(
            f"this system cannot open a file without following links, which --base promises: {_ELSEWHERE}"
        )
    steps = Path(path).parts
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for step in steps[:-1]:
            below = os.open(step, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = below
        return os.open(steps[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=here)
    finally:
        os.close(here)


def check_commands() -> None:
    """SecretError on a system where a command, its children and its time cannot be bounded."""
    if not hasattr(os, "killpg"):
        raise SecretError(f"this system cannot end a command with all its children in time: {_ELSEWHERE}")


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a command and its children, unless it ended by itself: its number may be another's by then."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
