"""The inbox: what the simulator delivered or captured, and what its loopback receivers got.

It only keeps the records; `page` shows them, `delivery` and `mail` send messages.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from reconciler.simulator.clock import Clock

__all__ = ["Delivery", "Inbox", "Received"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message that left a channel. `captured`: it was kept here and not sent; `ok`: it was accepted.

    `method` is the HTTP method, or SMTP, SES or SNS; `outcome` is the receiver's answer in words; `at` is in UTC.
    """

    number: int
    at: str
    config_id: str
    config_name: str
    config_type: str
    method: str
    address: str
    content_type: str
    payload: str
    outcome: str
    ok: bool
    captured: bool


@dataclass(frozen=True, slots=True)
class Received:
    """One HTTP request or mail as a loopback receiver got it. A mail has method SMTP and its recipients in `path`."""

    number: int
    at: str
    method: str
    path: str
    content_type: str
    body: str
    sender: str = ""
    recipients: tuple[str, ...] = ()
    headers: Mapping[str, str] | None = None


class Inbox:
    """Deliveries and received messages, oldest first when iterated; the newest `limit` of each are kept."""

    def __init__(self, clock: Clock, limit: int = 10_000) -> None:
        self.clock = clock
        self._numbers = count(1)
        self.deliveries: deque[Delivery] = deque(maxlen=limit)
        self.received: deque[Received] = deque(maxlen=limit)

    def __iter__(self) -> Iterator[Delivery]:
        return iter(list(self.deliveries))

    def __len__(self) -> int:
        return len(self.deliveries)

    def deliver(self, **fields: Any) -> Delivery:
        """Record a delivery; takes all fields of `Delivery` but number and time."""
        delivery = Delivery(number=next(self._numbers), at=self._now(), **fields)
        self.deliveries.append(delivery)
        return delivery

    def receive(self, **fields: Any) -> Received:
        """Record what a receiver got; takes all fields of `Received` but number and time."""
        received = Received(number=next(self._numbers), at=self._now(), **fields)
        self.received.append(received)
        return received

    def clear(self) -> None:
        self.deliveries.clear()
        self.received.clear()

    def as_json(self) -> dict[str, Any]:
        """`{"deliveries": [...], "received": [...]}`, newest first."""
        return {
            "deliveries": [asdict(delivery) for delivery in reversed(list(self.deliveries))],
            "received": [asdict(received) for received in reversed(list(self.received))],
        }

    def _now(self) -> str:
        moment = datetime.fromtimestamp(self.clock.now(), UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
