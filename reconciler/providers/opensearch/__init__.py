"""The OpenSearch Notifications plugin, 2.0 to 3.x, as a provider.

`abilities` what it can hold · `codec` its configs and our fields · `client` the calls · `listing` the list's traps ·
`delivery` what a test's answer means · `server` version and identity · `wording` its errors. Importing the package
costs nothing of the network's: `make_provider` imports what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.providers.opensearch.abilities import ABILITIES

if TYPE_CHECKING:
    from reconciler.providers.connection import Connection
    from reconciler.providers.opensearch.client import OpenSearchProvider
    from reconciler.providers.retries import Retries

__all__ = ["ABILITIES", "make_provider"]


def make_provider(connection: Connection, version: str = "", retries: Retries | None = None) -> OpenSearchProvider:
    """The provider for one cluster. `version` is what the project file says; ConfigurationError if the connection
    cannot be made as asked. Call it within the event loop that will use it."""
    from reconciler.providers.http import HttpTarget
    from reconciler.providers.opensearch.client import OpenSearchProvider
    from reconciler.providers.opensearch.wording import OpenSearchDialect

    return OpenSearchProvider(HttpTarget(connection, OpenSearchDialect(), retries), version)
