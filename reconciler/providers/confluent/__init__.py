"""Confluent Cloud Notifications (`/notifications/v1`) as a provider.

`abilities` what it can hold · `codec` its integrations and subscriptions and our fields · `hidden` addresses that are
given back masked · `catalogue` its notification types · `client` the calls · `paging` its lists · `own_writes` what
its reads must show by now · `server` its identity · `delivery` what a test's answer means · `wording` its errors ·
`sts` its token exchange. Importing the package costs nothing of the network's: `make_provider` imports what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.providers.confluent.abilities import ABILITIES

if TYPE_CHECKING:
    from reconciler.providers.confluent.client import ConfluentProvider
    from reconciler.providers.connection import Connection
    from reconciler.providers.retries import Retries

__all__ = ["ABILITIES", "make_provider"]


def make_provider(connection: Connection, version: str = "", retries: Retries | None = None) -> ConfluentProvider:
    """The provider for one organisation. There is one version of the API, so `version` is passed over;
    ConfigurationError if the connection cannot be made as asked. Call it within the event loop that will use it."""
    from reconciler.providers.confluent.client import ConfluentProvider
    from reconciler.providers.confluent.wording import ConfluentDialect
    from reconciler.providers.http import HttpTarget

    del version
    return ConfluentProvider(HttpTarget(connection, ConfluentDialect(), retries))
