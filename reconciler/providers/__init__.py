"""The providers, by the name that a project file gives them. Only `cli` reads these tables.

Each entry imports its provider when it is asked for, since start-up counts and most projects use one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.providers.base import Abilities, Provider
    from reconciler.providers.connection import Connection
    from reconciler.providers.retries import Retries

__all__ = ["ABILITIES", "PROVIDERS", "Factory"]

Factory = Callable[["Connection", str, "Retries | None"], "Provider"]
"""Makes a provider of a connection, the version that the project file gives ("" for none), and the run's retries."""


def _opensearch_abilities() -> Abilities:
    from reconciler.providers.opensearch import ABILITIES as OPENSEARCH

    return OPENSEARCH


def _opensearch(connection: Connection, version: str, retries: Retries | None) -> Provider:
    from reconciler.providers.opensearch import make_provider

    return make_provider(connection, version, retries)


ABILITIES: Mapping[str, Callable[[], Abilities]] = {"opensearch": _opensearch_abilities}
"""What each provider can do, known without a connection."""

PROVIDERS: Mapping[str, Factory] = {"opensearch": _opensearch}
"""How each provider is made."""
