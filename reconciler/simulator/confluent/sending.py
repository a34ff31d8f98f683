"""Test messages: what each kind of target is sent, and how a receiver that refuses is answered.

A webhook gets JSON with `id`, `title`, `message` and `created_at`, as the vendor's documentation shows; what Slack and
Teams get is published nowhere, and here is the least that they take.
"""

from __future__ import annotations

import json
from typing import Any

from reconciler.simulator.confluent.checking import ADDRESS_MEMBERS
from reconciler.simulator.confluent.errors import ApiError
from reconciler.simulator.delivery import Courier, Sender
from reconciler.simulator.wire import HttpAnswer

__all__ = ["Messenger"]

_TITLE = "Test notification"


class Messenger:
    """Sends to receivers, through the simulator's courier. `failure` is the status for a receiver that refuses."""

    def __init__(self, courier: Courier, failure: int) -> None:
        self._courier = courier
        self._failure = failure
        self._count = 0

    async def send(self, integration: dict[str, Any], stamp: str) -> None:
        """Send one test message; an ApiError if it does not go through."""
        target = integration["target"]
        name = integration["display_name"]
        self._count += 1
        message = f"This is a test message for the integration {name}."
        content: dict[str, Any] = {"text": f"*{_TITLE}*\n{message}"}
        if target["kind"] == "Webhook":
            content = {"id": f"test-{self._count}", "title": _TITLE, "message": message, "created_at": stamp}
        answer = await self._courier.post(
            Sender(str(integration.get("id", "")), name, target["kind"]),
            "POST",
            target[ADDRESS_MEMBERS[target["kind"]]],
            {"Content-Type": "application/json"},
            json.dumps(content),
        )
        if not 200 <= answer.status < 300:
            raise ApiError(self._failure, _why(answer), "/target", code="test_failed")


def _why(answer: HttpAnswer) -> str:
    if answer.failure:
        return f"the receiver could not be reached: {answer.failure}"
    return f"the receiver answered {answer.status}"
