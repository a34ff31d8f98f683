"""How much one run may read, whatever a project holds: whoever may propose manifests could else keep it busy for ever.

The limits are far above what people write (the largest project that is measured has 10,000 manifests) and far below
what a job cannot take. Each single file and document has limits of its own besides these.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import field

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError

_MOST = {
    "files": 25_000,
    "folders": 10_000,
    "entries": 500_000,  # of folders, whatever they are
    "documents": 50_000,
    "values": 2_000_000,  # of lists and mappings, those that aliases repeat included
    "characters": 128 * 2**20,
    "problems": 20_000,
}
SECONDS = 120.0
"""How long reading and checking the manifests may take."""


class TooMuchError(ConfigurationError):
    """The project holds more than a run reads."""


@dataclass()
class Budget:
    """What is left for one run."""

    deadline: float = field(default_factory=lambda: time.monotonic() + SECONDS)
    spent: Counter[str] = field(default_factory=Counter)

    def spend(self, what: str, amount: int = 1) -> None:
        """Count some more; TooMuchError over a limit, or when the time is over."""
        self.spent[what] += amount
        if self.spent[what] > _MOST[what]:
            raise TooMuchError(
                f"the manifests hold more than {_MOST[what]:,} {what}: nothing was compared; split the project, or "
                "take out what does not belong there"
            )
        if time.monotonic() > self.deadline:
            raise TooMuchError(
                f"reading the manifests took more than {SECONDS:g} seconds: nothing was compared; split the "
                "project, or take out what does not belong there"
            )
