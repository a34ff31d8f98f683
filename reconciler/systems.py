"""What Linux, macOS and Windows do differently; no other module asks what the system can do, except for signals.

What a system cannot do is refused with a reason, never done in a less safe way. Signals are handled in `cli.main`.
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
    """Open a file for reading, as bytes, and return its descriptor. It does not wait at a pipe that nobody writes to.
    Raises OSError as `os.open` does."""
    return os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))


def open_below(folder: Path, path: str) -> int:
    """Open a file below a folder for reading, step by step and without following any link; returns its descriptor.

    `path` must not have a step `..`. Raises OSError as `os.open` does, with ELOOP or ENOTDIR if a step is a link, and
    ConfigurationError on a system that cannot do this.
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
    """SecretError on a system that cannot end a command together with its children."""
    if not hasattr(os, "killpg"):
        raise SecretError(f"this system cannot end a command with all its children in time: {_ELSEWHERE}")


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a command and its children, unless it has ended: another process may have its number by then."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
