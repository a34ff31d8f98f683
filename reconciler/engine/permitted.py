"""A provider that asks before each write and each test message whether it may still be sent.

For a caller whose right to write can end during a run, as a lease that another process took over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from reconciler.model.evidence import Delivery
from reconciler.model.provider import Abilities, Listing, Provider, UserListing
from reconciler.model.resource import LiveObject, Payload, Server

Permit = Callable[[], Awaitable[None]]
"""Returns if the next call may be sent, and raises a TargetError if not."""


class PermittedProvider:
    """The same provider, whose every call that changes or sends something waits for the permit first."""

    def __init__(self, provider: Provider, permit: Permit) -> None:
        self._provider = provider
        self._permit = permit

    @property
    def abilities(self) -> Abilities:
        """As the provider's."""
        return self._provider.abilities

    async def read_server(self) -> Server:
        """As the provider's."""
        return await self._provider.read_server()

    async def read_all(self) -> Listing:
        """As the provider's."""
        return await self._provider.read_all()

    async def read(self, object_id: str) -> LiveObject | None:
        """As the provider's."""
        return await self._provider.read(object_id)

    async def read_users(self, channels: Collection[str]) -> UserListing:
        """As the provider's."""
        return await self._provider.read_users(channels)

    async def create(self, payload: Payload) -> str:
        """As the provider's, if it is permitted."""
        await self._permit()
        return await self._provider.create(payload)

    async def update(self, object_id: str, payload: Payload, before: LiveObject) -> None:
        """As the provider's, if it is permitted."""
        await self._permit()
        await self._provider.update(object_id, payload, before)

    async def delete(self, object_id: str) -> bool:
        """As the provider's, if it is permitted."""
        await self._permit()
        return await self._provider.delete(object_id)

    async def send_test(self, object_id: str, payload: Payload | None = None) -> Delivery:
        """As the provider's, if it is permitted."""
        await self._permit()
        return await self._provider.send_test(object_id, payload)

    async def probe(self, payload: Payload) -> Delivery:
        """As the provider's, if it is permitted."""
        await self._permit()
        return await self._provider.probe(payload)

    async def close(self) -> None:
        """As the provider's."""
        await self._provider.close()
