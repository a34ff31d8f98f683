"""The workspace of a verb, with what is to be noted about it printed."""

from __future__ import annotations

from reconciler.cli.terminal import note
from reconciler.engine.load import Workspace
from reconciler.engine.plan import Flags, load_sound


def load_with_notes(flags: Flags) -> Workspace:
    """The workspace that the flags select; errors as `load_sound`."""
    workspace, notes = load_sound(flags)
    for text in notes:
        note(text)
    return workspace
