"""The entrance of the command, for `python -m reconciler` and for its script.

It imports nothing of its own until signals have their meaning: loading takes some tenths of a second, in which Ctrl-C
would otherwise print a traceback.
"""

import gc
import os
import signal
from collections.abc import Sequence

_codes: list[int] = []
"""The exit code, once the command has ended."""


def _end_at_once(_number: int, _frame: object) -> None:
    """Before the command began, and after it ended, when all is printed and only the interpreter is left to end."""
    if not _codes:
        os.write(2, b"interrupted: nothing was written\n")
    os._exit(_codes[0] if _codes else 130)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and end the process with the code of the contract."""
    # A short process makes little garbage: collecting while modules load, and once more at the end, costs a fifth of
    # a `plan`. The limit still holds for a long one.
    gc.set_threshold(100_000, 50, 100)
    _codes.clear()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end_at_once)
    from reconciler.cli.main import main as run

    run(arguments, _codes.append)


if __name__ == "__main__":
    main()
