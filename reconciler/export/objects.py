"""What an export starts from: one target's live objects, with their marks read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.ownership import Found, Ownership

__all__ = ["LiveObjectAt", "LiveTarget"]


@dataclass(frozen=True, slots=True)
class LiveTarget:
    """Everything that a target holds. `aliases` name what the platform made itself, by id (`role:Admin`)."""

    target: str
    about: str
    ownership: Ownership
    found: tuple[Found, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LiveObjectAt:
    """One live object and where it is."""

    place: LiveTarget
    found: Found

    @property
    def target(self) -> str:
        """The target's name in the project file."""
        return self.place.target

    @property
    def owned(self) -> bool:
        """Whether it bears our mark."""
        return self.place.ownership.owns(self.found.mark)

    def __str__(self) -> str:
        kind = self.found.live.kind or self.found.live.native_type or "object"
        return f"{kind} {self.found.id} on {self.target}"
