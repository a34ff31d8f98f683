"""Subscriptions: which integrations get the notifications of one type; REQUIRED types cannot be without one."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.confluent.behaviours import Behaviours, Unique
from reconciler.simulator.confluent.catalogue import TYPES, NotificationType
from reconciler.simulator.confluent.checking import check_subscription
from reconciler.simulator.confluent.errors import ApiError
from reconciler.simulator.confluent.integrations import Integrations, conflict, reference_to
from reconciler.simulator.confluent.store import Store

__all__ = ["Subscriptions"]

COLLECTION = "subscriptions"


class Subscriptions:
    """The subscriptions of one organisation."""

    def __init__(self, store: Store, behaviours: Behaviours, integrations: Integrations) -> None:
        self._store = store
        self._behaviours = behaviours
        self._integrations = integrations
        self._types = {one.id: one for one in TYPES}

    def seed(self) -> None:
        """Every REQUIRED and RECOMMENDED type goes to the organisation's admins from the start."""
        for one in TYPES:
            if one.priority != "OPTIONAL":
                self._store.add(COLLECTION, "s", _document(one.id, ["i-0role"], "ENABLED"))

    def shown(self) -> list[dict[str, Any]]:
        """All, oldest first."""
        return self._store.visible(COLLECTION)

    def read(self, object_id: str) -> dict[str, Any]:
        """One."""
        document = self._store.visible_one(COLLECTION, object_id)
        if document is None:
            raise ApiError(404, "there is no such subscription")
        return document

    def create(self, content: dict[str, Any]) -> dict[str, Any]:
        """A new one."""
        members = check_subscription(content, whole=True)
        one = self._type_of(members["notification_type"])
        if not one.is_included:
            raise ApiError(self._behaviours.refusal_code, "not included in your plan", "/notification_type")
        self._check_integrations(members["integrations"])
        self._check_state(one, members)
        if self._behaviours.unique_subscriptions is not Unique.NO:
            for other in self._store.latest(COLLECTION):
                if other["notification_type"]["id"] == one.id:
                    raise conflict(self._behaviours.unique_subscriptions, other)
        state = members.get("current_state", "ENABLED")
        return self._store.add(COLLECTION, "s", _document(one.id, members["integrations"], state))

    def change(self, object_id: str, content: dict[str, Any]) -> dict[str, Any]:
        """New members for one; the notification type is passed over, as everything that may not be set."""
        before = self._find(object_id)
        members = check_subscription(content, whole=False)
        self._check_state(self._type_of(before["notification_type"]["id"]), members)
        if "integrations" in members:
            self._check_integrations(members["integrations"])
            members["integrations"] = [reference_to("integrations", one) for one in members["integrations"]]
        return self._store.change(COLLECTION, before, members)

    def remove(self, object_id: str) -> None:
        """The end of one."""
        document = self._find(object_id)
        if self._type_of(document["notification_type"]["id"]).priority == "REQUIRED":
            raise ApiError(self._behaviours.refusal_code, "the subscription of a required type cannot be deleted")
        self._store.remove(COLLECTION, document)

    def referring_to(self, integration_id: str) -> list[dict[str, Any]]:
        """Those that an integration gets messages of."""
        return [one for one in self._store.latest(COLLECTION) if integration_id in _ids(one)]

    def take_out(self, integration_id: str, users: list[dict[str, Any]]) -> None:
        """Take a deleted integration out of these; one with none left ends too."""
        for user in users:
            rest = [reference_to("integrations", one) for one in _ids(user) if one != integration_id]
            if rest:
                self._store.change(COLLECTION, user, {"integrations": rest})
            else:
                self._store.remove(COLLECTION, user)

    def _find(self, object_id: str) -> dict[str, Any]:
        document = self._store.find(COLLECTION, object_id)
        if document is None:
            raise ApiError(404, "there is no such subscription")
        return document

    def _type_of(self, type_id: str) -> NotificationType:
        if type_id not in self._types:
            raise ApiError(422, "there is no such notification type", "/notification_type")
        return self._types[type_id]

    def _check_integrations(self, ids: list[str]) -> None:
        for index, one in enumerate(ids):
            if not self._integrations.exists(one):
                raise ApiError(422, "there is no such integration", f"/integrations/{index}")

    def _check_state(self, one: NotificationType, members: dict[str, Any]) -> None:
        if one.priority == "REQUIRED" and members.get("current_state") == "DISABLED":
            raise ApiError(self._behaviours.refusal_code, "a required type cannot be disabled", "/current_state")


def _document(type_id: str, integrations: list[str], state: str) -> dict[str, Any]:
    return {
        "current_state": state,
        "notification_type": reference_to("notification-types", type_id),
        "integrations": [reference_to("integrations", one) for one in integrations],
    }


def _ids(document: dict[str, Any]) -> list[str]:
    return [one["id"] for one in document["integrations"]]
