"""The notification types of the simulated organisation. The real ones are published nowhere: these are made up, after
the families that the vendor's documentation names."""

from __future__ import annotations

from typing import Any, NamedTuple

from reconciler.simulator.confluent.store import ORGANISATION

__all__ = ["TYPES", "NotificationType", "type_document"]


class NotificationType(NamedTuple):
    """One type. REQUIRED and RECOMMENDED ones are subscribed to from the start."""

    id: str
    display_name: str
    priority: str
    severity: str = "INFO"
    category: str = "SERVICE"
    is_included: bool = True
    resource_type: str = ""


TYPES = (
    NotificationType("nt-7q2mk", "Dedicated cluster shrink failed", "REQUIRED", "CRITICAL", resource_type="CLUSTER"),
    NotificationType("nt-c94xd", "Service quota reached", "REQUIRED", "CRITICAL", "ACCOUNT", True, "ORGANIZATION"),
    NotificationType("nt-33aa1", "Connector failed", "RECOMMENDED", "CRITICAL", resource_type="CONNECTOR"),
    NotificationType("nt-5hw8r", "Service quota at 90 percent", "RECOMMENDED", "WARN", "ACCOUNT", True, "ORGANIZATION"),
    NotificationType("nt-k1v6z", "Connector recovered", "OPTIONAL", resource_type="CONNECTOR"),
    NotificationType("nt-9bn3t", "Cluster upgrade planned", "OPTIONAL", resource_type="CLUSTER"),
    NotificationType("nt-e6p0s", "Free trial ends", "OPTIONAL", "WARN", "BILLING_LICENSING"),
    NotificationType("nt-w8y4f", "Cluster link failed", "OPTIONAL", "WARN", is_included=False, resource_type="CLUSTER"),
)


def type_document(one: NotificationType) -> dict[str, Any]:
    """A type as the API gives it."""
    document: dict[str, Any] = {
        "api_version": "notifications/v1",
        "kind": "NotificationType",
        "id": one.id,
        "metadata": {
            "self": f"https://api.confluent.cloud/notifications/v1/notification-types/{one.id}",
            "resource_name": f"crn://confluent.cloud/organization={ORGANISATION}/notification-type={one.id}",
        },
        "display_name": one.display_name,
        "category": one.category,
        "description": f"{one.display_name}.",
        "subscription_priority": one.priority,
        "is_included_in_plan": one.is_included,
        "severity": one.severity,
    }
    return document | ({"resource_type": one.resource_type} if one.resource_type else {})
