"""What this run wrote to an organisation, so that a read or a list that is late is known to be late."""

from __future__ import annotations

from dataclasses import field

from reconciler.model.dataclass import dataclass
from reconciler.model.resource import LiveObject
from reconciler.providers.confluent.codec import same_content


@dataclass(slots=True)
class _History:
    """An object's states as far as we made them, oldest first; None before it was created or after it was deleted."""

    states: list[LiveObject | None]
    was_seen: bool = False


@dataclass(slots=True)
class OwnWrites:
    """Every object that this run has written, by id. The server never gives an id twice."""

    _objects: dict[str, _History] = field(default_factory=dict)

    @property
    def ids(self) -> frozenset[str]:
        """The objects that were written."""
        return frozenset(self._objects)

    def note(self, object_id: str, before: LiveObject | None, after: LiveObject | None) -> None:
        """Remember a write: what was there, and what must be from now on."""
        history = self._objects.setdefault(object_id, _History([before]))
        history.states.append(after)

    def is_gone(self, object_id: str) -> bool:
        """Whether we deleted it."""
        return object_id in self._objects and self._objects[object_id].states[-1] is None

    def is_late_in_list(self, object_id: str, live: LiveObject | None) -> bool:
        """The same for a list, which may lack an object that a read by id has shown already."""
        return (live is None and not self.is_gone(object_id)) or self.is_late(object_id, live)

    def is_late(self, object_id: str, live: LiveObject | None) -> bool:
        """Whether what a read by id showed is older than our last write."""
        history = self._objects.get(object_id)
        if history is None:
            return False
        latest = history.states[-1]
        if live is None:
            return latest is not None and not history.was_seen and history.states[0] is None
        history.was_seen = True
        if latest is None:
            return True
        if same_content(live, latest):
            return False
        return any(state is not None and same_content(live, state) for state in history.states[:-1])
