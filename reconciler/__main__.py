"""The entrance of the command, for `python -m reconciler` and for its script.

It imports nothing of its own until signals have their meaning: loading takes some tenths of a second, in which Ctrl-C
would otherwise print a traceback.
"""

import gc
import os
import signal
from collections.abc import Sequence


def _end_at_once(_number: int, _frame: object) -> None:
    os.write(2, b"interrupted: nothing was written\n")
    os._exit(130)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and end the process with the code of the contract."""
    # A short process makes little garbage: collecting while modules load, and once more at the end, costs a fifth of
    # a `plan`. The limit still holds for a long one.
    gc.set_threshold(100_000, 50, 100)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end_at_once)
    from reconciler.cli.main import main as run

    run(arguments)


if __name__ == "__main__":
    main()
