"""Integrations: create, read, change, delete, test, and what the open questions make of each."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from reconciler.simulator.confluent.behaviours import (
    Addresses,
    Behaviours,
    DeleteInUse,
    Description,
    InApp,
    KindChange,
    Probe,
    Unique,
    UnknownKind,
)
from reconciler.simulator.confluent.checking import ADDRESS_MEMBERS, check_integration
from reconciler.simulator.confluent.errors import ApiError
from reconciler.simulator.confluent.sending import Messenger
from reconciler.simulator.confluent.store import ORGANISATION, Store

__all__ = ["Integrations", "reference_to"]

COLLECTION = "integrations"
USER = "u-4kd82"


def reference_to(collection: str, object_id: str) -> dict[str, str]:
    """How one object refers to another."""
    word = {"integrations": "integration", "notification-types": "notification-type", "users": "user"}[collection]
    return {
        "id": object_id,
        "related": f"https://api.confluent.cloud/notifications/v1/{collection}/{object_id}",
        "resource_name": f"crn://confluent.cloud/organization={ORGANISATION}/{word}={object_id}",
    }


class Integrations:
    """The integrations of one organisation. `quota` counts those that users make."""

    def __init__(self, store: Store, behaviours: Behaviours, messenger: Messenger, quota: int) -> None:
        self._store = store
        self._behaviours = behaviours
        self._messenger = messenger
        self.quota = quota

    def seed(self) -> None:
        """What the platform makes by itself."""
        role = {"kind": "RoleEmail", "role_name": "OrganizationAdmin"}
        user = {"kind": "UserEmail", "user": reference_to("users", USER)}
        self._store.add(COLLECTION, "i", {"display_name": "Organization admins", "target": role}, "i-0role")
        self._store.add(COLLECTION, "i", {"display_name": "Ada", "target": user}, "i-0user")
        if self._behaviours.unknown_kind is UnknownKind.YES:
            pager = {"kind": "Pager", "number": "555-0100"}
            self._store.add(COLLECTION, "i", {"display_name": "Pager", "target": pager}, "i-0pager")

    def shown(self) -> list[dict[str, Any]]:
        """All, oldest first, as they are shown."""
        shown = [self._masked(document) for document in self._store.visible(COLLECTION)]
        if self._behaviours.in_app is InApp.BY_READING and self._store.find(COLLECTION, "i-0inapp") is None:
            target = {"kind": "InApp", "user": reference_to("users", USER)}
            self._store.add(COLLECTION, "i", {"display_name": "In-app", "target": target}, "i-0inapp")
        return shown

    def read(self, object_id: str) -> dict[str, Any]:
        """One, as it is shown."""
        document = self._store.visible_one(COLLECTION, object_id)
        if document is None:
            raise ApiError(404, "there is no such integration")
        return self._masked(document)

    async def create(self, content: dict[str, Any]) -> dict[str, Any]:
        """A new one."""
        members = check_integration(content, self._behaviours.refusal_code, whole=True)
        if self._count() >= self.quota:
            raise ApiError(self._behaviours.quota_code, "integrations_per_org", code="quota_exceeded")
        self._check_unique(members, "")
        if self._behaviours.probe is Probe.YES:
            await self._messenger.send(members, self._store.stamp())
        return self._masked(self._store.add(COLLECTION, "i", members))

    def change(self, object_id: str, content: dict[str, Any]) -> dict[str, Any]:
        """New members for one."""
        before = self._store.find(COLLECTION, object_id)
        if before is None:
            raise ApiError(404, "there is no such integration")
        if before["target"]["kind"] not in ADDRESS_MEMBERS:
            raise ApiError(self._behaviours.refusal_code, "this integration is read-only")
        members = check_integration(content, self._behaviours.refusal_code, whole=False)
        self._settle_kind(before, members)
        self._settle_description(members)
        self._check_unique(members, object_id)
        return self._masked(self._store.change(COLLECTION, before, members))

    def _settle_kind(self, before: dict[str, Any], members: dict[str, Any]) -> None:
        if "target" not in members or members["target"]["kind"] == before["target"]["kind"]:
            return
        if self._behaviours.kind_change is KindChange.REFUSED:
            raise ApiError(self._behaviours.refusal_code, "the kind of a target is immutable", "/target/kind")
        if self._behaviours.kind_change is KindChange.IGNORED:
            del members["target"]

    def _settle_description(self, members: dict[str, Any]) -> None:
        if members.get("description") != "" or self._behaviours.description is Description.CLEARS:
            return
        if self._behaviours.description is Description.REFUSED:
            raise ApiError(422, "must not be empty", "/description")
        del members["description"]

    async def remove(self, object_id: str, users: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The end of one. `users` are the subscriptions that refer to it; those to take it out of are returned."""
        document = self._store.find(COLLECTION, object_id)
        if document is None:
            raise ApiError(404, "there is no such integration")
        if document["target"]["kind"] not in ADDRESS_MEMBERS:
            raise ApiError(self._behaviours.refusal_code, "this integration is read-only")
        if users and self._behaviours.delete_in_use is DeleteInUse.REFUSE:
            raise ApiError(409, "the integration is in use", code="resource_in_use")
        self._store.remove(COLLECTION, document)
        return users if self._behaviours.delete_in_use is DeleteInUse.CASCADE else []

    async def test(self, content: dict[str, Any]) -> None:
        """Send a test message through what is not stored. Of 4xx, the document has 400, 401, 403 and 404 for it."""
        try:
            members = check_integration(content, 400, whole=True)
        except ApiError as error:
            raise ApiError(400, error.detail, error.pointer) from None
        await self._messenger.send(members, self._store.stamp())

    def exists(self, object_id: str) -> bool:
        """Whether a subscription may refer to it."""
        return self._store.find(COLLECTION, object_id) is not None

    def _count(self) -> int:
        return sum(1 for one in self._store.latest(COLLECTION) if one["target"]["kind"] in ADDRESS_MEMBERS)

    def _check_unique(self, members: dict[str, Any], own_id: str) -> None:
        others = [one for one in self._store.latest(COLLECTION) if one["id"] != own_id]
        for setting, of in ((self._behaviours.unique_names, _name), (self._behaviours.unique_addresses, _address)):
            if setting is Unique.NO or of(members) is None:
                continue
            for other in others:
                if of(other) == of(members):
                    raise conflict(setting, other)

    def _masked(self, document: dict[str, Any]) -> dict[str, Any]:
        member = ADDRESS_MEMBERS.get(document["target"]["kind"])
        if member is None or self._behaviours.addresses is Addresses.CLEAR:
            return document
        masked = _mask(document["target"][member], self._behaviours.addresses)
        return {**document, "target": {**document["target"], member: masked}}


def conflict(setting: Unique, other: dict[str, Any]) -> ApiError:
    """The refusal of a second one of what may be there once."""
    headers = {"Location": other["metadata"]["self"]} if setting is Unique.YES else {}
    return ApiError(409, "one like this exists already", headers=headers)


def _name(document: dict[str, Any]) -> object:
    return document.get("display_name")


def _address(document: dict[str, Any]) -> object:
    target: dict[str, Any] = document.get("target", {})
    return target.get(ADDRESS_MEMBERS.get(str(target.get("kind")), ""))


def _mask(address: str, how: Addresses) -> str:
    parts = urlsplit(address)
    if how is Addresses.STARS:
        return f"{parts.scheme}://{parts.netloc}/*****"
    return f"{parts.scheme}://{parts.netloc}{re.sub('[^/]+', 'XXXXX', parts.path) or '/XXXXX'}"
