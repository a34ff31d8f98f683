"""The OpenSearch Notifications plugin, 2.0 to 3.x, as a provider.

`abilities` what it can hold · `codec` its configs and our fields · `client` the calls · `reading` the list, version and
identity · `salvage` the list where a stored document fails it · `users` who sends through channels · `delivery` what a
test's answer means · `wording` its errors. Importing the package costs nothing of the network's: `make_provider`
imports what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.providers.opensearch.abilities import ABILITIES

if TYPE_CHECKING:
    from reconciler.providers.connection import Connection
    from reconciler.providers.opensearch.client import OpenSearchProvider
    from reconciler.providers.pacing import Retries

__all__ = ["ABILITIES", "make_provider"]


def make_provider(connection: Connection, version: str = "", retries: Retries | None = None) -> OpenSearchProvider:
    """The provider for one cluster. `version` is what the project file says; ConfigurationError if the connection
    cannot be made as asked. Call it within the event loop that will use it."""
    from reconciler.providers.http import HttpTarget
    from reconciler.providers.opensearch.client import OpenSearchDialect, OpenSearchProvider

    return OpenSearchProvider(HttpTarget(connection, OpenSearchDialect(), retries), version)
