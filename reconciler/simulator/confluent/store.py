"""What is there, and since when: every object with its versions, so that a late read can be given an older one.

Writes and checks go by the latest version, reads by the one that is visible by now. Time is the simulator's clock.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from reconciler.simulator.clock import Clock
from reconciler.simulator.confluent.behaviours import Behaviours, DeletedAt, Deletion, Late

__all__ = ["ENDING_SECONDS", "LATE_SECONDS", "ORGANISATION", "Store"]

ORGANISATION = "9d0c1f4e-2b7a-4c55-8f0e-1a2b3c4d5e6f"
LATE_SECONDS = 2.0
ENDING_SECONDS = 4.0
_WORDS = {  # by collection: the kind of its objects, and how their resource names and ids begin
    "integrations": ("Integration", "integration", "i"),
    "subscriptions": ("Subscription", "subscription", "s"),
    "resource-subscriptions": ("ResourceSubscription", "resource-subscription", "rs"),
    "resource-preferences": ("ResourcePreference", "resource-preference", "rp"),
}
_ZERO_TIME = "0001-01-01T00:00:00Z"
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"

Document = dict[str, Any]


@dataclass(slots=True)
class _Versions:
    """An object's versions with the time from which each holds; None: it is gone. `closed`: a delete was accepted."""

    states: list[tuple[float, Document | None]] = field(default_factory=list)
    closed: bool = False

    def at(self, moment: float) -> Document | None:
        held = [document for since, document in self.states if since <= moment]
        return held[-1] if held else None


class Store:
    """Objects of one organisation by collection (`integrations`, `subscriptions`, ...) and id."""

    def __init__(self, clock: Clock, behaviours: Behaviours) -> None:
        self._clock = clock
        self._behaviours = behaviours
        self._collections: dict[str, dict[str, _Versions]] = {name: {} for name in _WORDS}
        self._random = random.Random(7)  # noqa: S311 - ids that are the same in every run
        self.write_count = 0

    def latest(self, collection: str) -> list[Document]:
        """Every object as it really is, without those whose delete was accepted; oldest first."""
        now = self._clock.now()
        versions = [one for one in self._collections[collection].values() if not one.closed]
        return [document for one in versions if (document := one.at(now)) is not None]

    def find(self, collection: str, object_id: str) -> Document | None:
        """One object as it really is."""
        versions = self._collections[collection].get(object_id)
        return None if versions is None or versions.closed else versions.at(self._clock.now())

    def visible(self, collection: str) -> list[Document]:
        """Every object as lists show it, oldest first."""
        late = self._behaviours.late is not Late.NOTHING
        moment = self._clock.now() - (LATE_SECONDS if late else 0)
        found = (versions.at(moment) for versions in self._collections[collection].values())
        return [deepcopy(document) for document in found if document is not None]

    def visible_one(self, collection: str, object_id: str) -> Document | None:
        """One object as a read by id shows it."""
        moment = self._clock.now() - (LATE_SECONDS if self._behaviours.late is Late.READS else 0)
        versions = self._collections[collection].get(object_id)
        return deepcopy(versions.at(moment)) if versions else None

    def add(self, collection: str, document: Document, object_id: str = "") -> Document:
        """A new object, with an id and metadata."""
        kind, word, prefix = _WORDS[collection]
        object_id = object_id or self._new_id(collection, prefix)
        stamp = self.stamp()
        whole: Document = {
            "api_version": "notifications/v1",
            "kind": kind,
            "id": object_id,
            "metadata": {
                "self": f"https://api.confluent.cloud/notifications/v1/{collection}/{object_id}",
                "resource_name": f"crn://confluent.cloud/organization={ORGANISATION}/{word}={object_id}",
                "created_at": stamp,
                "updated_at": stamp,
                **self._never_deleted(stamp),
            },
            **document,
        }
        self._collections[collection][object_id] = _Versions([(self._clock.now(), whole)])
        self.write_count += 1
        return deepcopy(whole)

    def _never_deleted(self, created: str) -> Document:
        match self._behaviours.deleted_at:
            case DeletedAt.ZERO:
                return {"deleted_at": _ZERO_TIME}
            case DeletedAt.AS_CREATED:
                return {"deleted_at": created}
            case DeletedAt.ABSENT:
                return {}

    def _new_id(self, collection: str, prefix: str) -> str:
        while True:
            object_id = f"{prefix}-{''.join(self._random.choices(_LETTERS, k=5))}"
            if object_id not in self._collections[collection]:
                return object_id

    def change(self, collection: str, before: Document, members: Document) -> Document:
        """An object with new members."""
        after = deepcopy(before) | deepcopy(members)
        after["metadata"] = {**after["metadata"], "updated_at": self.stamp()}
        self._collections[collection][after["id"]].states.append((self._clock.now(), after))
        self.write_count += 1
        return deepcopy(after)

    def remove(self, collection: str, document: Document) -> None:
        """The end of an object, at once or later."""
        versions = self._collections[collection][document["id"]]
        versions.closed = True
        now = self._clock.now()
        end = now if self._behaviours.deletion is Deletion.AT_ONCE else now + ENDING_SECONDS
        if self._behaviours.deletion is Deletion.ANNOUNCED:
            dying = deepcopy(document)
            dying["metadata"]["deleted_at"] = _written(end)
            versions.states.append((now, dying))
        versions.states.append((end, None))
        self.write_count += 1

    def stamp(self) -> str:
        """The time of a write, each later than the one before."""
        return _written(self._clock.stamp() / 1000)

    def settle(self) -> None:
        """Make what is there to have been there all along."""
        for collection in self._collections.values():
            for versions in collection.values():
                versions.states = [(0.0, versions.states[-1][1])]

    def as_json(self) -> dict[str, list[Document]]:
        """All objects as they really are, to be kept."""
        return {name: self.latest(name) for name in self._collections}

    def load(self, collections: dict[str, Iterable[Document]]) -> None:
        """Start again from what was kept."""
        for name, documents in collections.items():
            kept = {one["id"]: _Versions([(0.0, one)]) for one in documents}
            self._collections[name] = kept


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
