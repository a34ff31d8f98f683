"""Confluent Cloud Notifications (`/notifications/v1`) as a provider.

`abilities` what it can hold · `codec` its integrations and subscriptions and our fields, masked addresses among them ·
`catalogue` its notification types and its identity · `client` the provider · `own_writes` what its reads must show by
now · `calls` its lists, what an answer means and what a test's means · `wording` its errors · `sts` its token exchange.
Importing the package costs nothing of the network's: `make_provider` imports what it needs.
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
    """The provider for one organisation. There is one version of the API, so `version` is ignored;
    ConfigurationError if the connection cannot be made as asked. Call it within the event loop that will use it."""
    from reconciler.providers.confluent.client import ConfluentProvider
    from reconciler.providers.confluent.wording import ConfluentDialect
    from reconciler.providers.http import HttpTarget

    del version
    return ConfluentProvider(HttpTarget(connection, ConfluentDialect(), retries))
