"""A simulated Confluent Cloud organisation: the API `/notifications/v1` and the token exchange.

`api` the entry · `access` credentials · `integrations`, `subscriptions`, `resources`, `catalogue` the objects ·
`references` between them · `checking` what bodies must be · `sending` tests · `lists` filters, order and pages ·
`store` what is there and since when · `errors` · `behaviours` a switch for everything that the vendor's documents
leave open.

The wire is that of the vendor's document of October 2026. Nothing here knows the provider that it tests.
"""

from reconciler.simulator.confluent.api import ConfluentApi
from reconciler.simulator.confluent.behaviours import Behaviours

__all__ = ["Behaviours", "ConfluentApi"]
