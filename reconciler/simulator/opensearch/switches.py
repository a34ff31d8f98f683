"""The node's own pages under `/_simulator/`: users, how the version is hidden, seeding.

Each takes the body as JSON values (None without one) and gives JSON values; ValueError is a 400.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from reconciler.simulator.calls import Page
from reconciler.simulator.opensearch.cluster import Disguise
from reconciler.simulator.opensearch.errors import ApiError
from reconciler.simulator.opensearch.node import Node

__all__ = ["node_pages"]


def node_pages(node: Node) -> Mapping[tuple[str, str], Page]:
    """The pages by method and name."""
    return {
        ("GET", "users"): lambda _: _shown_users(node),
        ("PUT", "users"): lambda content: _set_users(node, content),
        ("DELETE", "users"): lambda _: _set_users(node, None),
        ("GET", "version"): lambda _: asdict(node.api.disguise),
        ("PUT", "version"): lambda content: _hide_version(node, content),
        ("POST", "configs"): lambda content: _seed(node, content),
        ("POST", "monitors"): lambda content: _seed_monitors(node, content),
    }


def _shown_users(node: Node) -> dict[str, Any]:
    """Names only: passwords are not shown."""
    if node.security is None:
        return {"security": False}
    people = node.security.people
    users = {name: {"backend_roles": user.backend_roles, "roles": user.roles} for name, user in people.users.items()}
    return {"security": True, "users": users, "filter_by_backend_roles": node.settings.notifications_filter}


def _set_users(node: Node, content: object) -> dict[str, Any]:
    if content is not None and not isinstance(content, Mapping):
        raise ValueError("users: the body must be an object")
    node.set_users(content)
    return _shown_users(node)


def _hide_version(node: Node, content: object) -> dict[str, Any]:
    known = {field.name for field in fields(Disguise)}
    if not isinstance(content, Mapping) or set(content) - known:
        raise ValueError(f"the body must be an object of {', '.join(sorted(known))}")
    if not all(isinstance(value, bool) for value in content.values()):
        raise ValueError("each must be true or false")
    node.hide(Disguise(**content))
    return asdict(node.api.disguise)


def _seed(node: Node, content: object) -> dict[str, Any]:
    if not isinstance(content, list):
        raise ValueError('the body must be a list of {"config_id": ..., "config": {...}}')
    try:
        node.store.seed(content)
    except (AttributeError, KeyError, TypeError):
        raise ValueError('each must be {"config_id": ..., "config": {...}}') from None
    return {"configs": len(node.store)}


def _seed_monitors(node: Node, content: object) -> dict[str, Any]:
    if node.alerting is None:
        raise ValueError("there is no Alerting on this node")
    if not isinstance(content, list) or not all(isinstance(one, Mapping) for one in content):
        raise ValueError("the body must be a list of monitors and workflows, as for creating them")
    try:
        node.alerting.monitors.seed(content)
    except (ApiError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"a monitor could not be read: {error}") from None
    return {"monitors": len(node.alerting.monitors)}
