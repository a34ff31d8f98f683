"""The words of the domain, as frozen values: kinds and their fields, secrets, resources, live objects, deliveries.

Everything else in the package speaks in these. Nothing here reads, writes, prints or knows a provider; what a
provider's wire calls these things stays inside that provider.
"""

from reconciler.resources.deliveries import Delivery, Outcome, RecipientDelivery
from reconciler.resources.kinds import KINDS, Field, Kind, Role
from reconciler.resources.live import Draft, LiveObject, Server
from reconciler.resources.resource import Expect, OnFailure, Resource, Settings, TestPolicy, When
from reconciler.resources.values import (
    BUILT_IN_SOURCES,
    PUBLIC_HEADERS,
    RESERVED_NAMES,
    SecretReference,
    SecretText,
    Value,
)

__all__ = [
    "BUILT_IN_SOURCES",
    "KINDS",
    "PUBLIC_HEADERS",
    "RESERVED_NAMES",
    "Delivery",
    "Draft",
    "Expect",
    "Field",
    "Kind",
    "LiveObject",
    "OnFailure",
    "Outcome",
    "RecipientDelivery",
    "Resource",
    "Role",
    "SecretReference",
    "SecretText",
    "Server",
    "Settings",
    "TestPolicy",
    "Value",
    "When",
]
