"""The cluster's settings, as far as the simulated plugins read any: `GET` and `PUT /_cluster/settings`.

Notifications has its own switch for role filtering, and follows Alerting's where that one is not set.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.simulator.opensearch.errors import ApiError, illegal_argument

__all__ = ["ALERTING_FILTER", "MAX_MONITORS", "NOTIFICATIONS_FILTER", "ClusterSettings"]

NOTIFICATIONS_FILTER = "opensearch.notifications.general.filter_by_backend_roles"
ALERTING_FILTER = "plugins.alerting.filter_by_backend_roles"
MAX_MONITORS = "plugins.alerting.monitor.max_monitors"
_KNOWN = frozenset((NOTIFICATIONS_FILTER, ALERTING_FILTER, MAX_MONITORS))
_DEFAULTS = {NOTIFICATIONS_FILTER: "false", ALERTING_FILTER: "false", MAX_MONITORS: "1000"}
_SCOPES = ("persistent", "transient")


class ClusterSettings:
    """Values by full name, as text; a transient one wins over a persistent one."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, str]] = {scope: {} for scope in _SCOPES}

    def get(self, name: str) -> str | None:
        return self._values["transient"].get(name, self._values["persistent"].get(name))

    def set(self, name: str, value: str | None) -> None:
        """Set a persistent value, or with None go back to the default."""
        if value is None:
            self._values["persistent"].pop(name, None)
        else:
            self._values["persistent"][name] = value

    @property
    def notifications_filter(self) -> bool:
        return (self.get(NOTIFICATIONS_FILTER) or self.get(ALERTING_FILTER)) == "true"

    @property
    def alerting_filter(self) -> bool:
        return self.get(ALERTING_FILTER) == "true"

    def shown(self, *, with_defaults: bool = False) -> str:
        """The answer to GET: what was set, nested; and the defaults of what was not, where they are asked for."""
        answer = {scope: _nested(self._values[scope]) for scope in _SCOPES}
        if with_defaults:
            answer["defaults"] = _nested({name: value for name, value in _DEFAULTS.items() if self.get(name) is None})
        return json.dumps(answer)

    def update(self, body: bytes) -> str:
        """Apply `{"persistent": {...}, "transient": {...}}`; raises ApiError, and then changes nothing."""
        content = _read(body)
        changes = {scope: dict(_flat(content.get(scope) or {})) for scope in _SCOPES}
        for scope, values in changes.items():
            unknown = [name for name in values if name not in _KNOWN]
            if unknown:
                raise ApiError(400, "settings_exception", f"{scope} setting [{unknown[0]}], not recognized")
        for scope, values in changes.items():
            for name, value in values.items():
                self._values[scope].pop(name, None)
                if value is not None:
                    self._values[scope][name] = value
        applied = {scope: _nested({n: v for n, v in changes[scope].items() if v is not None}) for scope in _SCOPES}
        return json.dumps({"acknowledged": True, **applied})


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise illegal_argument("the body must be an object of persistent and transient settings")
    return content


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str | None]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, bool):
            yield prefix + name, str(value).lower()
        else:
            yield prefix + name, None if value is None else str(value)


def _nested(values: Mapping[str, str | None]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        *above, last = name.split(".")
        inner = found
        for step in above:
            inner = inner.setdefault(step, {})
        inner[last] = value
    return found
