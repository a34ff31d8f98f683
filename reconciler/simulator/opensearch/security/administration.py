"""The administrator's REST API of the security plugin, as far as it makes users and roles.

`internalusers`, `roles`, `rolesmapping`, `authfailurelisteners`: read, put, delete, and patch a mapping. Changes count
from the next call on. Only `all_access` and the admin's certificate may use it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reconciler.simulator.calls import Reply
from reconciler.simulator.opensearch.request import Request, encode, shaped
from reconciler.simulator.opensearch.routing import Table
from reconciler.simulator.opensearch.security.caller import ALL_ACCESS
from reconciler.simulator.opensearch.security.lockout import Limit, Lockout
from reconciler.simulator.opensearch.security.people import People, RoleMapping, User

__all__ = ["Administration"]

_KINDS = ("internalusers", "roles", "rolesmapping")


class Administration:
    """The API over these people and this lock-out."""

    def __init__(self, people: People, lockout: Lockout) -> None:
        self._people = people
        self._lockout = lockout

    @staticmethod
    def routes(base: str) -> Table:
        named = {"GET": "get", "PUT": "put", "DELETE": "delete", "PATCH": "patch"}
        rows: list[tuple[str, Mapping[str, str]]] = []
        for kind in _KINDS:
            rows.append((f"{base}/{kind}", {"GET": f"security.list.{kind}"}))
            rows.append((f"{base}/{kind}/{{}}", {m: f"security.{verb}.{kind}" for m, verb in named.items()}))
        rows.append((f"{base}/authfailurelisteners", {"GET": "security.list.limits"}))
        limits = {"PUT": "security.put.limits", "DELETE": "security.delete.limits"}
        rows.append((f"{base}/authfailurelisteners/{{}}", limits))
        return rows

    def answer(self, request: Request) -> Reply:
        caller = request.access.caller
        if not caller.is_admin_certificate and ALL_ACCESS not in caller.roles:
            return _reply(403, "FORBIDDEN", _no_access(caller.name, caller.roles))
        _, verb, kind = request.route.handler.split(".")
        if kind == "limits":
            return self._answer_limits(request, verb)
        if verb in ("list", "get"):
            return self._show(request, kind)
        if verb == "delete":
            return self._delete(kind, request.route.name or "")
        try:
            content = json.loads(request.call.body)
        except ValueError:
            return _reply(400, "BAD_REQUEST", "Could not parse content of request.")
        name = request.route.name or ""
        try:
            return self._patch(kind, name, content) if verb == "patch" else self._put(kind, name, content)
        except (KeyError, TypeError, ValueError, AttributeError):
            return _reply(400, "BAD_REQUEST", "Invalid configuration")

    # -- users, roles, mappings

    def _shown(self, kind: str) -> dict[str, dict[str, Any]]:
        """All of a kind, as the API shows them; passwords are never shown."""
        flags = {"reserved": False, "hidden": False}
        people = self._people
        if kind == "internalusers":
            return {
                name: {**flags, "hash": "", "backend_roles": user.backend_roles, "attributes": {}, "static": False}
                for name, user in people.users.items()
            }
        if kind == "roles":
            empty: dict[str, Any] = {"index_permissions": [], "tenant_permissions": [], "static": False}
            return {
                name: {
                    "reserved": name not in people.own_roles,
                    "hidden": False,
                    "cluster_permissions": granted,
                    **empty,
                }
                for name, granted in people.roles.items()
            }
        return {
            name: {**flags, "backend_roles": mapping.backend_roles, "hosts": [], "users": mapping.users}
            for name, mapping in people.mappings.items()
        }

    def _show(self, request: Request, kind: str) -> Reply:
        shown, name = self._shown(kind), request.route.name
        if name is not None and name not in shown:
            return _reply(404, "NOT_FOUND", f"Resource '{name}' not found.")
        return shaped(request, json.dumps(shown if name is None else {name: shown[name]}))

    def _delete(self, kind: str, name: str) -> Reply:
        stored: dict[str, Any] = self._stored(kind)
        if name not in stored:
            return _reply(404, "NOT_FOUND", f"Resource '{name}' not found.")
        del stored[name]
        return _reply(200, "OK", f"'{name}' deleted.")

    def _stored(self, kind: str) -> dict[str, Any]:
        people = self._people
        stored: dict[str, dict[str, Any]] = {
            "internalusers": people.users,
            "roles": people.roles,
            "rolesmapping": people.mappings,
        }
        return stored[kind]

    def _put(self, kind: str, name: str, content: Mapping[str, Any]) -> Reply:
        is_new = name not in self._stored(kind)
        if kind == "internalusers":
            roles = tuple(content.get("opendistro_security_roles", ()))
            former = self._people.users.get(name)
            password = content.get("password") or (former.password if former else "")
            if not password:
                return _reply(
                    400, "BAD_REQUEST", "Please specify either 'hash' or 'password' when creating a new internal user."
                )
            self._people.put_user(
                name, User(password=password, backend_roles=tuple(content.get("backend_roles", ())), roles=roles)
            )
        elif kind == "roles":
            self._people.roles[name] = tuple(content.get("cluster_permissions", ()))
            self._people.own_roles.add(name)
        else:
            self._people.mappings[name] = RoleMapping(
                tuple(content.get("users", ())), tuple(content.get("backend_roles", ()))
            )
        return _reply(201, "CREATED", f"'{name}' created.") if is_new else _reply(200, "OK", f"'{name}' updated.")

    def _patch(self, kind: str, name: str, operations: list[Mapping[str, Any]]) -> Reply:
        """JSON patch of one member at a time, `add` and `replace` only."""
        shown = self._shown(kind)
        if name not in shown:
            return _reply(404, "NOT_FOUND", f"Resource '{name}' not found.")
        content = shown[name]
        for operation in operations:
            if operation["op"] not in ("add", "replace"):
                raise ValueError(operation["op"])
            content = {**content, operation["path"].removeprefix("/"): operation["value"]}
        return self._put(kind, name, content)

    # -- limits

    def _answer_limits(self, request: Request, verb: str) -> Reply:
        name = request.route.name or ""
        if verb == "delete":
            self._lockout.drop(name)
        elif verb == "put":
            try:
                self._lockout.set(_read_limit(name, json.loads(request.call.body)))
            except (TypeError, ValueError):
                return _reply(400, "BAD_REQUEST", "Could not parse content of request.")
        shown = {name: limit.as_json() for name, limit in self._lockout.limits().items()}
        return shaped(request, json.dumps(shown))


def _read_limit(name: str, content: Mapping[str, Any]) -> Limit:
    return Limit(name=name, **{**content, "ignore_hosts": tuple(content.get("ignore_hosts", ()))})


def _no_access(name: str, roles: tuple[str, ...]) -> str:
    return (
        f"No permission to access REST API: User {name} with Security roles [{', '.join(roles)}] "
        "does not have any role privileged for admin access. No client TLS certificate found in request"
    )


def _reply(status: int, word: str, message: str) -> Reply:
    return Reply(status, encode(json.dumps({"status": word, "message": message})))
