"""The calls of a board. A room is `{id, name, text, hook, on, changed}`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import httpx

from board_provider.abilities import ABILITIES, BoardAbilities
from reconciler.model.errors import NotFoundError, RejectedError, UnexpectedError, UnreachableError
from reconciler.model.evidence import Delivery, Outcome
from reconciler.model.provider import Listing, UserListing
from reconciler.model.resource import LiveObject, Payload, Server
from reconciler.model.values import SecretText
from reconciler.providers.connection import Connection, make_client


class Board:
    """One live board."""

    def __init__(self, connection: Connection) -> None:
        self._client = make_client(connection)
        self._name = connection.name

    @property
    def abilities(self) -> BoardAbilities:
        """What a board can hold."""
        return ABILITIES

    async def read_server(self) -> Server:
        """The board's name is its identity."""
        found = (await self._call("GET", "/")).json()
        return Server("Board", str(found["board"]), str(found["version"]))

    async def read_all(self) -> Listing:
        """All rooms."""
        return Listing(tuple(_live(room) for room in (await self._call("GET", "/rooms")).json()))

    async def read(self, object_id: str) -> LiveObject | None:
        """One room."""
        try:
            return _live((await self._call("GET", f"/rooms/{object_id}")).json())
        except NotFoundError:
            return None

    async def read_users(self, channels: Collection[str]) -> UserListing:
        """None: nothing on a board sends through its channels."""
        del channels
        return UserListing()

    async def create(self, payload: Payload) -> str:
        """A new room, under an id of the board's."""
        return str((await self._call("POST", "/rooms", _room(payload))).json()["id"])

    async def update(self, object_id: str, payload: Payload, before: LiveObject) -> None:
        """A room with new fields; a hook that the payload does not have stays."""
        await self._call("PUT", f"/rooms/{object_id}", _room(payload))

    async def delete(self, object_id: str) -> bool:
        """False if it was gone."""
        try:
            await self._call("DELETE", f"/rooms/{object_id}")
        except NotFoundError:
            return False
        return True

    async def send_test(self, object_id: str, payload: Payload | None = None) -> Delivery:
        """The board posts to the room's hook, and says what it answered."""
        answer = (await self._call("POST", f"/rooms/{object_id}/test")).json()
        outcome = Outcome.ACCEPTED if answer["status"] == 200 else Outcome.REFUSED
        return Delivery(outcome, f"the receiver answered {answer['status']}", answer["status"])

    async def probe(self, payload: Payload) -> Delivery:
        """A board tests only what is there."""
        raise RejectedError("a board has no probe")

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        try:
            answer = await self._client.request(method, path, json=body)
        except httpx.TransportError as error:
            sent = not isinstance(error, httpx.ConnectError)
            raise UnreachableError(f"{self._name} does not answer ({type(error).__name__})", sent=sent) from None
        if answer.status_code == 404 and "no such room" in answer.text:  # a gateway's own 404 says nothing of rooms
            raise NotFoundError(f"{self._name}: there is no such room", status=404)
        if not answer.is_success:
            raise UnexpectedError(f"{self._name} answered {answer.status_code}", status=answer.status_code)
        return answer


def _live(room: dict[str, Any]) -> LiveObject:
    fields = {
        "display_name": room["name"],
        "description": room["text"],
        "enabled": room["on"],
        "webhook_url": SecretText(room["hook"]),
    }
    return LiveObject(room["id"], "SlackChannel", fields, "room", room["changed"])


def _room(payload: Payload) -> dict[str, Any]:
    fields = payload.fields
    room = {"name": fields["display_name"], "text": fields.get("description", ""), "on": fields.get("enabled", True)}
    hook = fields.get("webhook_url")
    return room | ({"hook": hook.reveal()} if isinstance(hook, SecretText) else {})
