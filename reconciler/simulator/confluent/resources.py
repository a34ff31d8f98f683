"""The two groups of one resource: its subscriptions, and the preference that silences it. Neither can be listed as a
whole; both are looked up by resource."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.confluent.behaviours import Behaviours, Unique
from reconciler.simulator.confluent.checking import check_preference, check_resource_subscription
from reconciler.simulator.confluent.errors import ApiError
from reconciler.simulator.confluent.references import conflict, missing
from reconciler.simulator.confluent.store import Store
from reconciler.simulator.confluent.subscriptions import Routes

__all__ = ["ResourcePreferences", "ResourceSubscriptions"]


class _OfResources:
    """What both groups share; `key` are the members that no two objects may have alike."""

    collection = ""
    word = ""
    key: tuple[str, ...] = ()

    def __init__(self, store: Store, behaviours: Behaviours) -> None:
        self._store = store
        self._behaviours = behaviours

    def of(self, resource: str, resource_type: str) -> list[dict[str, Any]]:
        """The subscriptions of one resource, oldest first."""
        asked = (resource, resource_type)
        found = self._store.visible(self.collection)
        return [one for one in found if (one["resource"], one["resource_type"]) == asked]

    def read(self, object_id: str) -> dict[str, Any]:
        """One object as the API shows it; ApiError if there is none."""
        document = self._store.visible_one(self.collection, object_id)
        if document is None:
            raise missing(self._behaviours.gone_code, self.word)
        return document

    async def remove(self, object_id: str) -> None:
        """Delete an object."""
        self._store.remove(self.collection, self._find(object_id))

    def _find(self, object_id: str) -> dict[str, Any]:
        document = self._store.find(self.collection, object_id)
        if document is None:
            raise missing(self._behaviours.gone_code, self.word)
        return document

    def _check_alone(self, document: dict[str, Any], own_id: str = "") -> None:
        for other in self._store.latest(self.collection):
            alike = all(other[name] == document[name] for name in self.key)
            if alike and other["id"] != own_id and self._behaviours.unique_subscriptions is not Unique.NO:
                raise conflict(self._behaviours.unique_subscriptions, other)


class ResourceSubscriptions(_OfResources):
    """Which integrations get the notifications of one type about one resource."""

    collection = "resource-subscriptions"
    word = "resource subscription"
    key = ("resource", "resource_type", "notification_type")
    required = ("resource", "resource_type", "notification_type", "integrations")

    def __init__(self, store: Store, behaviours: Behaviours) -> None:
        super().__init__(store, behaviours)
        self._routes = Routes(store, behaviours)

    async def create(self, content: dict[str, Any]) -> dict[str, Any]:
        """Create an object, and return it as the API shows it."""
        members = check_resource_subscription(content, whole=True)
        self._routes.type_for(members["notification_type"])
        document = self._routes.document(members)
        self._check_alone(document)
        return self._store.add(self.collection, document)

    def change(self, object_id: str, content: dict[str, Any]) -> dict[str, Any]:
        """Change members of an object, and return it; members that may not be set are ignored."""
        before = self._find(object_id)
        members = check_resource_subscription(content, whole=False)
        members |= self._routes.references(members)
        self._check_alone({**before, **members}, object_id)
        return self._store.change(self.collection, before, members)


class ResourcePreferences(_OfResources):
    """Whether one resource notifies at all."""

    collection = "resource-preferences"
    word = "resource preference"
    key = ("resource", "resource_type")
    required = ("resource", "resource_type")

    async def create(self, content: dict[str, Any]) -> dict[str, Any]:
        """Create an object, and return it as the API shows it."""
        document = {"current_state": "ENABLED", **check_preference(content, whole=True)}
        self._check_alone(document)
        return self._store.add(self.collection, document)

    def change(self, object_id: str, content: dict[str, Any]) -> dict[str, Any]:
        """Change members of an object, and return it as the API shows it."""
        before = self._find(object_id)
        members = check_preference(content, whole=False)
        self._check_alone({**before, **members}, object_id)
        return self._store.change(self.collection, before, members)

    def lookup(self, resource: str, resource_type: str) -> dict[str, Any]:
        """The one of a resource."""
        found = self.of(resource, resource_type)
        if not found:
            raise ApiError(404, "there is no preference of this resource")
        return found[0]
