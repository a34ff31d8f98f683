"""What this run wrote to an organisation, to recognise reads and lists that do not show our writes yet."""

from __future__ import annotations

from dataclasses import field

from reconciler.model.dataclass import dataclass
from reconciler.model.resource import LiveObject
from reconciler.providers.confluent.codec import same_content


@dataclass(slots=True)
class _History:
    """An object's states, oldest first: before our first write, and after each. None: it did not exist. `was_seen`:
    a read has shown it."""

    states: list[LiveObject | None]
    was_seen: bool = False


@dataclass(slots=True)
class OwnWrites:
    """The history of every object that this run has written, by id. The server never uses an id twice."""

    _objects: dict[str, _History] = field(default_factory=dict)

    @property
    def ids(self) -> frozenset[str]:
        """The ids of the objects that were written."""
        return frozenset(self._objects)

    def note(self, object_id: str, before: LiveObject | None, after: LiveObject | None) -> None:
        """Remember a write: the state before it, and the state that reads must show from now on."""
        history = self._objects.setdefault(object_id, _History([before]))
        history.states.append(after)

    def is_gone(self, object_id: str) -> bool:
        """Whether this run deleted the object."""
        return object_id in self._objects and self._objects[object_id].states[-1] is None

    def is_late_in_list(self, object_id: str, live: LiveObject | None) -> bool:
        """Like `is_late`, for a list, which may lack an object that a read by id has already shown."""
        return (live is None and not self.is_gone(object_id)) or self.is_late(object_id, live)

    def is_late(self, object_id: str, live: LiveObject | None) -> bool:
        """Whether what a read by id showed (None: nothing) is from before our last write."""
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
