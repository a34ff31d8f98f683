"""Too many failed logins: the plugin's `auth_failure_listeners`, by user name or by address. There is none by default.

By user name, everything the user sends is an ordinary 401 until the block is over, right passwords too. By address,
everybody from there gets a 401 of another wording. Time is the simulator's clock.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from reconciler.simulator.clock import Clock

__all__ = ["BY_ADDRESS", "BY_USER_NAME", "Limit", "Lockout"]

BY_USER_NAME = "username"
BY_ADDRESS = "ip"


@dataclass(frozen=True, slots=True)
class Limit:
    """One listener, by the plugin's names."""

    name: str
    type: str
    ignore_hosts: tuple[str, ...] = ()
    authentication_backend: str | None = None
    allowed_tries: int = 10
    time_window_seconds: int = 3600
    block_expiry_seconds: int = 600
    max_blocked_clients: int = 100_000
    max_tracked_clients: int = 100_000

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ignore_hosts": list(self.ignore_hosts)}


@dataclass
class _Tries:
    failed_at: list[float] = field(default_factory=list)
    blocked_until: float = 0.0


class Lockout:
    """The limits in force, and who ran into them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limits: dict[str, Limit] = {}
        self._tries: dict[tuple[str, str], _Tries] = {}

    def limits(self) -> dict[str, Limit]:
        return dict(self._limits)

    def set(self, limit: Limit) -> None:
        """Put the limit in force; what was counted under its name is forgotten."""
        self.drop(limit.name)
        self._limits[limit.name] = limit

    def drop(self, name: str) -> None:
        self._limits.pop(name, None)
        self._tries = {key: tries for key, tries in self._tries.items() if key[0] != name}

    def is_blocked(self, kind: str, client: str) -> bool:
        now = self._clock.now()
        return any(
            self._tries_of(limit, client).blocked_until > now for limit in self._limits.values() if limit.type == kind
        )

    def failed(self, kind: str, client: str) -> None:
        """Count a failed login of this user name or address."""
        now = self._clock.now()
        for limit in self._limits.values():
            if limit.type != kind or client in limit.ignore_hosts:
                continue
            tries = self._tries_of(limit, client)
            tries.failed_at = [at for at in tries.failed_at if now - at < limit.time_window_seconds] + [now]
            if len(tries.failed_at) >= limit.allowed_tries:
                tries.failed_at = []
                tries.blocked_until = now + limit.block_expiry_seconds

    def _tries_of(self, limit: Limit, client: str) -> _Tries:
        return self._tries.setdefault((limit.name, client), _Tries())
