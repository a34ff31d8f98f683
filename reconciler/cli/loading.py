"""A verb's run, prepared from its options and this process, with what is to be noted about it printed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.terminal import note
from reconciler.engine.options import ProjectOptions, Surroundings

if TYPE_CHECKING:
    from reconciler.engine.run import Run


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
