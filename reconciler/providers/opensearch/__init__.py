"""The OpenSearch Notifications plugin, 2.0 to 3.x, as a provider.

- `abilities`: what it can hold, by version
- `codec`: configs on the wire, and our fields
- `client`: the provider
- `reading`: the list of configs, the version, and the cluster's identity
- `salvage`: reading the list although a stored document makes it fail
- `users`: who sends through channels
- `delivery`: what the answer to a test means
- `wording`: its errors

`make_provider` imports what it needs, so that importing the package does not load httpx.
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
    """The provider for one cluster. `version` is what the project file says ("" for nothing). ConfigurationError if the
    connection's settings are unusable. Call it within the event loop that will use it."""
    from reconciler.providers.http import HttpTarget
    from reconciler.providers.opensearch.client import OpenSearchDialect, OpenSearchProvider

    return OpenSearchProvider(HttpTarget(connection, OpenSearchDialect(), retries), version)
