"""A simulated Confluent Cloud organisation: the API `/notifications/v1` and the token exchange.

- `api`: where calls come in; `access`: credentials and rights
- `integrations`, `subscriptions`, `resources`, `catalogue`: the objects; `references`: how they refer to each other
- `checking`: what bodies must be; `errors`: how errors are worded
- `sending`: test messages; `lists`: filters, order and pages
- `store`: the objects with their versions
- `behaviours`: a switch for everything that the vendor's documents leave open

The wire form is that of the vendor's document of October 2026. Nothing here knows the provider that it tests.
"""

from reconciler.simulator.confluent.api import ConfluentApi
from reconciler.simulator.confluent.behaviours import Behaviours

__all__ = ["Behaviours", "ConfluentApi"]
