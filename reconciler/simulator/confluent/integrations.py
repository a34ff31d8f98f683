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
    KindNames,
    Probe,
    QuotaWords,
    Unique,
    UnknownKind,
    Users,
)
from reconciler.simulator.confluent.checking import (
    ADDRESS_MEMBERS,
    READ_ONLY,
    SCHEMA_NAME_END,
    Rules,
    check_integration,
)
from reconciler.simulator.confluent.errors import ApiError
from reconciler.simulator.confluent.references import (
    conflict,
    ids_of,
    missing,
    reference_to,
    referring_to,
    take_out,
)
from reconciler.simulator.confluent.sending import Messenger
from reconciler.simulator.confluent.store import Store

__all__ = ["Integrations"]

COLLECTION = "integrations"
USER = "u-4kd82"


class Integrations:
    """The integrations of one organisation. `quota` counts those that users make."""

    required = ("display_name", "target")

    def __init__(self, store: Store, behaviours: Behaviours, messenger: Messenger, quota: int) -> None:
        self._store = store
        self._behaviours = behaviours
        self._messenger = messenger
        self._rules = Rules(behaviours.refusal_code, behaviours.kind_names is not KindNames.DOCUMENT)
        self.quota = quota

    def seed(self) -> None:
        """What the platform makes by itself."""
        role = {"kind": "RoleEmail", "role_name": "OrganizationAdmin"}
        user = {"kind": "UserEmail", "user": reference_to("users", USER)}
        self._store.add(COLLECTION, {"display_name": "Organization admins", "target": role}, "i-0role")
        self._store.add(COLLECTION, {"display_name": "Ada", "target": user}, "i-0user")
        if self._behaviours.unknown_kind is UnknownKind.YES:
            pager = {"kind": "Pager", "number": "555-0100"}
            self._store.add(COLLECTION, {"display_name": "Pager", "target": pager}, "i-0pager")

    def shown(self) -> list[dict[str, Any]]:
        """All objects as the API shows them, oldest first."""
        shown = [self._shown(document) for document in self._store.visible(COLLECTION)]
        if self._behaviours.in_app is InApp.BY_READING and self._store.find(COLLECTION, "i-0inapp") is None:
            target = {"kind": "InApp", "user": reference_to("users", USER)}
            self._store.add(COLLECTION, {"display_name": "In-app", "target": target}, "i-0inapp")
        return shown

    def used_by(self, resource: str, resource_type: str) -> list[dict[str, Any]]:
        """The integrations that get messages of a resource, or of resources of a type; "" stands for any."""
        routes = [
            route
            for route in self._store.visible("resource-subscriptions")
            if resource in ("", route["resource"]) and resource_type in ("", route["resource_type"])
        ]
        used = {one for route in routes for one in ids_of(route)}
        return [document for document in self.shown() if document["id"] in used]

    def read(self, object_id: str) -> dict[str, Any]:
        """One object as the API shows it; ApiError if there is none."""
        document = self._store.visible_one(COLLECTION, object_id)
        if document is None:
            raise missing(self._behaviours.gone_code, "integration")
        return self._shown(document)

    async def create(self, content: dict[str, Any]) -> dict[str, Any]:
        """Create an object, and return it as the API shows it."""
        members = check_integration(content, self._rules, whole=True)
        if self._count() >= self.quota:
            raise self._over_quota()
        self._check_unique(members, "")
        if self._behaviours.probe is Probe.YES:
            await self._messenger.send(members, self._store.stamp())
        return self._shown(self._store.add(COLLECTION, members))

    def _over_quota(self) -> ApiError:
        if self._behaviours.quota_words is QuotaWords.ID:
            return ApiError(self._behaviours.quota_code, "integrations_per_org", code="quota_exceeded")
        words = f"Your organization is currently limited to {self.quota} integrations."
        return ApiError(self._behaviours.quota_code, words, code="limit_reached")

    def change(self, object_id: str, content: dict[str, Any]) -> dict[str, Any]:
        """Change members of an object, and return it as the API shows it."""
        before = self._store.find(COLLECTION, object_id)
        if before is None:
            raise missing(self._behaviours.gone_code, "integration")
        if before["target"]["kind"] not in ADDRESS_MEMBERS:
            raise ApiError(self._behaviours.refusal_code, "this integration is read-only")
        members = check_integration(content, self._rules, whole=False)
        self._settle_kind(before, members)
        self._settle_description(members)
        self._check_unique(members, object_id)
        return self._shown(self._store.change(COLLECTION, before, members))

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

    async def remove(self, object_id: str) -> None:
        """Delete an object, and treat the subscriptions that refer to it as the behaviours say."""
        document = self._store.find(COLLECTION, object_id)
        if document is None:
            raise missing(self._behaviours.gone_code, "integration")
        if document["target"]["kind"] not in ADDRESS_MEMBERS:
            status = self._behaviours.delete_refusal(self._behaviours.refusal_code)
            raise ApiError(status, "this integration is read-only")
        users = referring_to(self._store, object_id)
        if users and self._behaviours.delete_in_use is DeleteInUse.REFUSE:
            raise ApiError(self._behaviours.delete_refusal(409), "the integration is in use", code="resource_in_use")
        self._store.remove(COLLECTION, document)
        if self._behaviours.delete_in_use is DeleteInUse.CASCADE:
            take_out(self._store, object_id, users)

    async def test(self, content: dict[str, Any]) -> None:
        """Send a test message through what is not stored. Of 4xx, the document has 400, 401, 403 and 404 for it."""
        try:
            members = check_integration(content, self._rules, whole=True)
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

    def _shown(self, document: dict[str, Any]) -> dict[str, Any]:
        target = dict(document["target"])
        kind, member = target["kind"], ADDRESS_MEMBERS.get(target["kind"])
        if member is not None and self._behaviours.addresses is not Addresses.CLEAR:
            target[member] = _mask(target[member], self._behaviours.addresses)
        if kind == "UserEmail" and self._behaviours.users is Users.STRING:
            target["user"] = target["user"]["id"]
        if self._behaviours.kind_names is KindNames.SCHEMA and kind in (*ADDRESS_MEMBERS, *READ_ONLY):
            target["kind"] = kind + SCHEMA_NAME_END
        return {**document, "target": target}


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
