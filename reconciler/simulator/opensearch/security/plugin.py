"""The security plugin of one cluster: it lets calls in, and answers for its own routes under `/_plugins/_security`.

Besides what tells a user about themselves, it has as much of the administrator's REST API as it takes to make users
and roles: `internalusers`, `roles`, `rolesmapping` and `authfailurelisteners`, in `administration`.
"""

from __future__ import annotations

import json
from typing import Any

from reconciler.simulator.calls import Call, Reply
from reconciler.simulator.clock import Clock
from reconciler.simulator.opensearch.request import Request, shaped, text_reply
from reconciler.simulator.opensearch.routing import Route, Table, no_handler
from reconciler.simulator.opensearch.security.administration import Administration
from reconciler.simulator.opensearch.security.authentication import authenticate
from reconciler.simulator.opensearch.security.caller import ALL_ACCESS, Caller
from reconciler.simulator.opensearch.security.lockout import Lockout
from reconciler.simulator.opensearch.security.people import UsersFile, make_people

__all__ = ["Security"]

_BASE = "/_plugins/_security"
_OPEN = frozenset(("security.health", "security.whoami"))
_ENDPOINTS = (
    *("VALIDATE", "MIGRATE", "PERMISSIONSINFO", "ALLOWLIST", "ACCOUNT", "ROLESMAPPING", "CONFIG", "TENANTS", "AUDIT"),
    *("ROLES", "ACTIONGROUPS", "RATELIMITERS", "ROLLBACK_VERSION", "VIEW_VERSION", "NODESDN", "SYSTEMINFO"),
    *("AUTHTOKEN", "SSL", "RESOURCE_SHARING", "INTERNALUSERS", "CACHE"),
)
_METHODS = ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "CONNECT")
_RULE = (
    "Password should be at least 8 characters long and contain at least one uppercase letter, "
    "one lowercase letter, one digit, and one special character."
)


class Security:
    """The plugin, with the people of a document; raises ValueError for a document that makes no sense."""

    routes: Table = (
        (f"{_BASE}/authinfo", {"GET": "security.authinfo", "POST": "security.authinfo"}),
        (f"{_BASE}/health", {"GET": "security.health", "POST": "security.health"}),
        (f"{_BASE}/whoami", {"GET": "security.whoami", "POST": "security.whoami"}),
        (f"{_BASE}/dashboardsinfo", {"GET": "security.dashboardsinfo", "POST": "security.dashboardsinfo"}),
        (f"{_BASE}/tenantinfo", {"GET": "security.tenantinfo", "POST": "security.tenantinfo"}),
        (f"{_BASE}/configupdate", {"PUT": "security.configupdate"}),
        (f"{_BASE}/api/account", {"GET": "security.account"}),
        (f"{_BASE}/api/permissionsinfo", {"GET": "security.permissionsinfo"}),
        *Administration.routes(f"{_BASE}/api"),
    )

    def __init__(self, document: UsersFile, clock: Clock) -> None:
        self.people = make_people(document)
        self.lockout = Lockout(clock)
        limit = document.limit()
        if limit:
            self.lockout.set(limit)
        self._administration = Administration(self.people, self.lockout)

    def is_open(self, route: Route) -> bool:
        """Whether the route takes no credentials."""
        return route.handler in _OPEN

    def authenticate(self, call: Call) -> Caller | Reply:
        return authenticate(call, self.people, self.lockout)

    async def answer(self, request: Request) -> Reply:
        caller = request.access.caller
        match request.route.handler.removeprefix("security."):
            case "authinfo":
                return shaped(request, json.dumps(_auth_info(caller)))
            case "health":
                settings = {"plugins.security.cache.ttl_minutes": 60}
                return shaped(
                    request, json.dumps({"message": None, "mode": "strict", "status": "UP", "settings": settings})
                )
            case "whoami":
                subject = request.call.certificate
                is_admin = subject in self.people.admin_certificates
                answer = {"dn": subject, "is_admin": is_admin, "is_node_certificate_request": False}
                return shaped(request, json.dumps(answer))
            case "dashboardsinfo":
                return shaped(request, json.dumps(_dashboards_info(caller)))
            case "tenantinfo":
                return text_reply(403, "")
            case "configupdate":
                raise no_handler(request.call)
            case "account":
                return shaped(request, json.dumps(self._account(caller)))
            case "permissionsinfo":
                return shaped(request, json.dumps(_permissions_info(caller)))
        return self._administration.answer(request)

    def _account(self, caller: Caller) -> dict[str, Any]:
        return {
            "user_name": caller.name,
            "is_reserved": False,
            "is_hidden": False,
            "is_internal_user": caller.name in self.people.users,
            "user_requested_tenant": None,
            "backend_roles": caller.backend_roles,
            "custom_attribute_names": caller.attributes,
            "tenants": {caller.name: True},
            "roles": caller.roles,
        }


def _auth_info(caller: Caller) -> dict[str, Any]:
    return {
        "user": str(caller),
        "user_name": caller.name,
        "user_requested_tenant": None,
        "remote_address": None if caller.is_admin_certificate else "127.0.0.1:49152",
        "backend_roles": caller.backend_roles,
        "custom_attribute_names": caller.attributes,
        "roles": caller.roles,
        "tenants": {caller.name: True},
        "principal": caller.principal,
        "peer_certificates": "1" if caller.principal else "0",
        "sso_logout_url": None,
    }


def _dashboards_info(caller: Caller) -> dict[str, Any]:
    return {
        "user_name": caller.name,
        "not_fail_on_forbidden_enabled": False,
        "opensearch_dashboards_mt_enabled": True,
        "opensearch_dashboards_index": ".kibana",
        "opensearch_dashboards_server_user": "kibanaserver",
        "multitenancy_enabled": True,
        "private_tenant_enabled": True,
        "default_tenant": "",
        "sign_in_options": ["BASIC"],
        "password_validation_error_message": _RULE,
        "password_validation_regex": r"(?=.*[A-Z])(?=.*[^a-zA-Z\d])(?=.*[0-9])(?=.*[a-z]).{8,}",
        "resource_sharing_enabled": False,
    }


def _permissions_info(caller: Caller) -> dict[str, Any]:
    has_access = caller.is_admin_certificate or ALL_ACCESS in caller.roles
    disabled = {} if has_access else dict.fromkeys(_ENDPOINTS, _METHODS)
    return {
        "user": str(caller),
        "user_name": caller.name,
        "has_api_access": has_access,
        "disabled_endpoints": disabled,
    }
