"""Confluent Cloud Notifications (`/notifications/v1`) as a provider.

- `abilities`: what it can hold
- `codec`: integrations and subscriptions on the wire, and our fields; masked addresses too
- `catalogue`: its notification types, and the organisation's identity
- `client`: the provider
- `calls`: reading objects and lists, and what an answer means, a test's too
- `own_writes`: what reads must show after our own writes
- `wording`: its errors

Its token exchange is `reconciler.providers.sts`. `make_provider` imports what it needs, so that importing the package
does not load httpx.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.providers.confluent.abilities import ABILITIES

if TYPE_CHECKING:
    from reconciler.providers.confluent.client import ConfluentProvider
    from reconciler.providers.connection import Connection
    from reconciler.providers.pacing import Retries

__all__ = ["ABILITIES", "make_provider"]


def make_provider(connection: Connection, version: str = "", retries: Retries | None = None) -> ConfluentProvider:
    """The provider for one organisation. The API has only one version, so `version` is ignored. ConfigurationError if
    the connection's settings are unusable. Call it within the event loop that will use it."""
    from reconciler.providers.confluent.client import ConfluentProvider
    from reconciler.providers.confluent.wording import ConfluentDialect
    from reconciler.providers.http import HttpTarget

    del version
    return ConfluentProvider(HttpTarget(connection, ConfluentDialect(), retries))
