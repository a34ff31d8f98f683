"""The providers, by the name that a project file gives them. Only `cli` reads these tables.

Each entry imports its provider when it is asked for, since start-up counts and most projects use one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.provider import Abilities, Provider
    from reconciler.providers.connection import Connection
    from reconciler.providers.retries import Retries

if "httpx" not in sys.modules:
    # httpx would import its own command line, with rich and pygments where they are installed: 40 ms at every start.
    # An entry of None makes that import fail, and httpx then does without, as it does where its extra is not installed.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # None is how Python spells this

__all__ = ["ABILITIES", "PROVIDERS", "Factory"]

Factory = Callable[["Connection", str, "Retries | None"], "Provider"]
"""Makes a provider of a connection, the version that the project file gives ("" for none), and the run's retries."""


def _opensearch_abilities() -> Abilities:
    from reconciler.providers.opensearch.abilities import ABILITIES as OPENSEARCH

    return OPENSEARCH


def _opensearch(connection: Connection, version: str, retries: Retries | None) -> Provider:
    from reconciler.providers.opensearch import make_provider

    return make_provider(connection, version, retries)


def _confluent_abilities() -> Abilities:
    from reconciler.providers.confluent.abilities import ABILITIES as CONFLUENT

    return CONFLUENT


def _confluent(connection: Connection, version: str, retries: Retries | None) -> Provider:
    from reconciler.providers.confluent import make_provider

    return make_provider(connection, version, retries)


ABILITIES: Mapping[str, Callable[[], Abilities]] = {
    "confluent": _confluent_abilities,
    "opensearch": _opensearch_abilities,
}
"""What each provider can do, known without a connection."""

PROVIDERS: Mapping[str, Factory] = {"confluent": _confluent, "opensearch": _opensearch}
"""How each provider is made."""
