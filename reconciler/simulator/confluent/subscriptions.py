"""Subscriptions: which integrations get the notifications of one type; REQUIRED types cannot be without one."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.confluent.behaviours import Behaviours, Unique
from reconciler.simulator.confluent.catalogue import TYPES, NotificationType
from reconciler.simulator.confluent.checking import check_subscription
from reconciler.simulator.confluent.errors import ApiError
from reconciler.simulator.confluent.references import conflict, missing, reference_to
from reconciler.simulator.confluent.store import Store

__all__ = ["Routes", "Subscriptions"]

COLLECTION = "subscriptions"


class Routes:
    """What both sorts of subscriptions share: the type that they are of, and where its messages go."""

    def __init__(self, store: Store, behaviours: Behaviours) -> None:
        self._store = store
        self._behaviours = behaviours
        self._types = {one.id: one for one in TYPES}

    def document(self, members: dict[str, Any]) -> dict[str, Any]:
        """Checked members as an object holds them."""
        document = {"current_state": "ENABLED", **members}
        document["notification_type"] = reference_to("notification-types", members["notification_type"])
        return document | self.references(members)

    def references(self, members: dict[str, Any]) -> dict[str, Any]:
        """The member that names the integrations, if it is among these; each must be there."""
        if "integrations" not in members:
            return {}
        for index, one in enumerate(members["integrations"]):
            if self._store.find("integrations", one) is None:
                raise ApiError(422, "there is no such integration", f"/integrations/{index}")
        return {"integrations": [reference_to("integrations", one) for one in members["integrations"]]}

    def type_for(self, type_id: str) -> NotificationType:
        """A type that the organisation's plan lets it subscribe to."""
        one = self.type_of(type_id)
        if not one.is_included:
            raise ApiError(self._behaviours.refusal_code, "not included in your plan", "/notification_type")
        return one

    def type_of(self, type_id: str) -> NotificationType:
        """A type that there is."""
        if type_id not in self._types:
            raise ApiError(422, "there is no such notification type", "/notification_type")
        return self._types[type_id]


class Subscriptions:
    """The subscriptions of one organisation."""

    required = ("notification_type", "integrations")

    def __init__(self, store: Store, behaviours: Behaviours) -> None:
        self._store = store
        self._behaviours = behaviours
        self._routes = Routes(store, behaviours)

    def seed(self) -> None:
        """Every REQUIRED and RECOMMENDED type goes to the organisation's admins from the start."""
        for one in TYPES:
            if one.priority != "OPTIONAL":
                members = {"notification_type": one.id, "integrations": ["i-0role"]}
                self._store.add(COLLECTION, self._routes.document(members))

    def shown(self) -> list[dict[str, Any]]:
        """All objects as the API shows them, oldest first."""
        return self._store.visible(COLLECTION)

    def read(self, object_id: str) -> dict[str, Any]:
        """One object as the API shows it; ApiError if there is none."""
        document = self._store.visible_one(COLLECTION, object_id)
        if document is None:
            raise missing(self._behaviours.gone_code, "subscription")
        return document

    async def create(self, content: dict[str, Any]) -> dict[str, Any]:
        """Create an object, and return it as the API shows it."""
        members = check_subscription(content, whole=True)
        one = self._routes.type_for(members["notification_type"])
        document = self._routes.document(members)
        self._check_state(one, members)
        if self._behaviours.unique_subscriptions is not Unique.NO:
            for other in self._store.latest(COLLECTION):
                if other["notification_type"]["id"] == one.id:
                    raise conflict(self._behaviours.unique_subscriptions, other)
        return self._store.add(COLLECTION, document)

    def change(self, object_id: str, content: dict[str, Any]) -> dict[str, Any]:
        """Change members of an object, and return it; members that may not be set are ignored."""
        before = self._find(object_id)
        members = check_subscription(content, whole=False)
        self._check_state(self._routes.type_of(before["notification_type"]["id"]), members)
        return self._store.change(COLLECTION, before, members | self._routes.references(members))

    async def remove(self, object_id: str) -> None:
        """Delete an object."""
        document = self._find(object_id)
        if self._routes.type_of(document["notification_type"]["id"]).priority == "REQUIRED":
            status = self._behaviours.delete_refusal(self._behaviours.refusal_code)
            raise ApiError(status, "the subscription of a required type cannot be deleted")
        self._store.remove(COLLECTION, document)

    def _find(self, object_id: str) -> dict[str, Any]:
        document = self._store.find(COLLECTION, object_id)
        if document is None:
            raise missing(self._behaviours.gone_code, "subscription")
        return document

    def _check_state(self, one: NotificationType, members: dict[str, Any]) -> None:
        if one.priority == "REQUIRED" and members.get("current_state") == "DISABLED":
            raise ApiError(self._behaviours.refusal_code, "a required type cannot be disabled", "/current_state")
