"""How objects refer to each other, and the errors for an object that exists already or does not exist."""

from __future__ import annotations

from typing import Any

from reconciler.simulator.confluent.behaviours import GoneCode, Unique
from reconciler.simulator.confluent.errors import ApiError
from reconciler.simulator.confluent.store import ORGANISATION, Store

__all__ = ["conflict", "ids_of", "missing", "reference_to", "referring_to", "take_out"]

_REFERRING = ("subscriptions", "resource-subscriptions")


def reference_to(collection: str, object_id: str) -> dict[str, str]:
    """The reference to an object, as another one has it."""
    word = {"integrations": "integration", "notification-types": "notification-type", "users": "user"}[collection]
    return {
        "id": object_id,
        "related": f"https://api.confluent.cloud/notifications/v1/{collection}/{object_id}",
        "resource_name": f"crn://confluent.cloud/organization={ORGANISATION}/{word}={object_id}",
    }


def ids_of(document: dict[str, Any]) -> list[str]:
    """The ids of the integrations that a subscription refers to."""
    return [one["id"] for one in document["integrations"]]


def referring_to(store: Store, integration_id: str) -> list[tuple[str, dict[str, Any]]]:
    """The subscriptions that send to an integration, each with the name of its collection."""
    found = [(collection, one) for collection in _REFERRING for one in store.latest(collection)]
    return [(collection, one) for collection, one in found if integration_id in ids_of(one)]


def take_out(store: Store, integration_id: str, users: list[tuple[str, dict[str, Any]]]) -> None:
    """Take a deleted integration out of these subscriptions; one that has no integration left is deleted too."""
    for collection, user in users:
        rest = [reference_to("integrations", one) for one in ids_of(user) if one != integration_id]
        if rest:
            store.change(collection, user, {"integrations": rest})
        else:
            store.remove(collection, user)


def conflict(setting: Unique, other: dict[str, Any]) -> ApiError:
    """The error for a second object where only one may exist."""
    headers = {"Location": other["metadata"]["self"]} if setting is Unique.YES else {}
    return ApiError(409, "one like this exists already", headers=headers)


def missing(code: GoneCode, what: str) -> ApiError:
    """The error for a call for an object that does not exist."""
    if code is GoneCode.FORBIDDEN:
        return ApiError(code, "Forbidden Access", code="forbidden_access")
    return ApiError(code, f"there is no such {what}")
