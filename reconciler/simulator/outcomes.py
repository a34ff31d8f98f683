"""The outcomes of messages that are captured and never sent, by host.

Only loopback addresses are really called. For every other host the simulator behaves as if it had answered what is set
here; the default is success, but names under `.invalid` never resolve (RFC 2606).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

from reconciler.simulator.wire import Failure

__all__ = ["Outcome", "Outcomes", "is_loopback"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of a host: `status` and `text` as an HTTP receiver gives them; `unresolved`: there is no such host.

    `reason` is the reason phrase (None: the usual one of the status; "": none), `failure` what happens instead of an
    answer. For mail and SNS the status is the delivery status itself: 200 is success.
    """

    status: int = 200
    text: str = "ok"
    unresolved: bool = False
    reason: str | None = None
    failure: Failure | None = None

    @property
    def phrase(self) -> str:
        if self.reason is not None:
            return self.reason
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return ""


class Outcomes:
    """Outcomes by host name, lower-case, without port."""

    def __init__(self, outcomes: Mapping[str, Outcome] | None = None) -> None:
        self._by_host = {host.lower(): outcome for host, outcome in (outcomes or {}).items()}

    def set(
        self,
        host: str,
        status: int = 200,
        text: str = "ok",
        *,
        unresolved: bool = False,
        reason: str | None = None,
        failure: Failure | None = None,
    ) -> None:
        self._by_host[host.lower()] = Outcome(status, text, unresolved, reason, failure)

    def clear(self) -> None:
        self._by_host.clear()

    def of(self, host: str) -> Outcome:
        default = Outcome(unresolved=host.lower().rstrip(".").endswith(".invalid"))
        return self._by_host.get(host.lower(), default)

    def as_json(self) -> dict[str, dict[str, Any]]:
        return {host: asdict(outcome) for host, outcome in self._by_host.items()}


def is_loopback(host: str) -> bool:
    """Whether the host, a name or an address, is this machine's loopback; names are not looked up."""
    name = host.strip("[]").lower().rstrip(".")
    if name == "localhost":
        return True
    try:
        return ip_address(int(name) if name.isdecimal() else name).is_loopback
    except ValueError:
        return False
