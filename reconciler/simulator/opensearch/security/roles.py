"""Permissions: action names with `*`, the action groups that stand for several, and the roles that ship.

Source: `config/roles.yml` and `static_config/static_action_groups.yml` of the security plugin, cut to what the
simulated plugins ask for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

__all__ = ["SHIPPED_ROLES", "permits"]

_NOTIFICATIONS = "cluster:admin/opensearch/notifications"
_LEGACY_ALERTING = "cluster:admin/opendistro/alerting"
_ALERTING = "cluster:admin/opensearch/alerting"

_ACTION_GROUPS: Mapping[str, tuple[str, ...]] = {
    "cluster_all": ("cluster:*",),
    "cluster_monitor": ("cluster:monitor/*",),
    "cluster_composite_ops_ro": (
        *("indices:data/read/mget", "indices:data/read/msearch", "indices:data/read/mtv"),
        *("indices:admin/aliases/exists*", "indices:admin/aliases/get*", "indices:data/read/scroll"),
        "indices:admin/resolve/index",
    ),
    "unlimited": ("*",),
}

SHIPPED_ROLES: Mapping[str, tuple[str, ...]] = {
    "all_access": ("*",),
    "notifications_full_access": (f"{_NOTIFICATIONS}/*",),
    "notifications_read_access": (
        f"{_NOTIFICATIONS}/channels/get",
        f"{_NOTIFICATIONS}/configs/get",
        f"{_NOTIFICATIONS}/features",
    ),
    "alerting_full_access": (
        "cluster_monitor",
        f"{_LEGACY_ALERTING}/*",
        f"{_ALERTING}/*",
        f"{_NOTIFICATIONS}/feature/publish",
        "indices:admin/aliases/get",
        "indices:monitor/*",
    ),
    "alerting_read_access": (
        f"{_LEGACY_ALERTING}/alerts/get",
        f"{_LEGACY_ALERTING}/destination/get",
        f"{_LEGACY_ALERTING}/monitor/get",
        f"{_LEGACY_ALERTING}/monitor/search",
        f"{_ALERTING}/findings/get",
        f"{_ALERTING}/workflow/get",
        f"{_ALERTING}/workflow_alerts/get",
    ),
    "alerting_ack_alerts": (f"{_LEGACY_ALERTING}/alerts/*", f"{_ALERTING}/workflow_alerts/*"),
}


def permits(permissions: Iterable[str], action: str) -> bool:
    """Whether one of the permissions, action groups among them, covers the action."""
    return any(
        fnmatchcase(action, pattern)
        for permission in permissions
        for pattern in _ACTION_GROUPS.get(permission, (permission,))
    )
