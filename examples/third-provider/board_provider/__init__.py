"""A provider from a package of its own: a message board, whose rooms are Slack-like channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.provider import ProviderSettings
from reconciler.providers import Provided

if TYPE_CHECKING:
    from reconciler.model.provider import Abilities, Provider
    from reconciler.providers.connection import Connection
    from reconciler.providers.pacing import Retries


def _abilities() -> Abilities:
    from board_provider.abilities import ABILITIES

    return ABILITIES


def _make(connection: Connection, _version: str, _retries: Retries | None) -> Provider:
    from board_provider.client import Board

    return Board(connection)


PROVIDED = Provided(
    ProviderSettings(auth=frozenset({"bearer"}), title="Board", one_address_is_one_system=True), _abilities, _make
)
"""What the entry point `board` names."""
