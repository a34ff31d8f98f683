"""Users, roles and who has which: read from a document, or changed one by one by the plugin's REST API.

The document is what `--users FILE`, `Simulator(users=...)` and `PUT /_simulator/users` take; `docs/simulator.md` shows
it. Passwords stand in it as they are: use no real ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from reconciler.simulator.opensearch.security.caller import ALL_ACCESS, Caller
from reconciler.simulator.opensearch.security.lockout import BY_ADDRESS, BY_USER_NAME, Limit
from reconciler.simulator.opensearch.security.roles import SHIPPED_ROLES

__all__ = ["People", "RoleMapping", "Token", "User", "UsersFile", "make_people", "one_administrator", "read_users"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class User(_Part):
    """An internal user; `roles` are security roles, mapped to the user by name."""

    password: str
    backend_roles: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


class Token(_Part):
    """What a bearer token says: a user, whom no internal user needs to back, and the names of its claims."""

    user: str
    backend_roles: tuple[str, ...] = ()
    claims: tuple[str, ...] = ("sub",)


class _Role(_Part):
    cluster_permissions: tuple[str, ...] = ()


class _Lockout(_Part):
    by: Literal["user_name", "address"]
    tries: int = 3
    block_seconds: int = 60
    window_seconds: int = 60


class UsersFile(_Part):
    """The document. `roles` are your own besides those that ship; `admin_certificates` are subjects, as `CN=admin`."""

    users: dict[str, User]
    roles: dict[str, _Role] = {}
    tokens: dict[str, Token] = {}
    admin_certificates: tuple[str, ...] = ()
    filter_by_backend_roles: bool | None = None
    lockout: _Lockout | None = None

    def limit(self) -> Limit | None:
        """The lock-out as the plugin's own listener."""
        if self.lockout is None:
            return None
        return Limit(
            "lockout",
            BY_ADDRESS if self.lockout.by == "address" else BY_USER_NAME,
            allowed_tries=self.lockout.tries,
            time_window_seconds=self.lockout.window_seconds,
            block_expiry_seconds=self.lockout.block_seconds,
        )


@dataclass(frozen=True, slots=True)
class RoleMapping:
    """Who has a role: users by name, and everybody with one of the backend roles."""

    users: tuple[str, ...] = ()
    backend_roles: tuple[str, ...] = ()

    def covers(self, name: str, backend_roles: tuple[str, ...]) -> bool:
        return name in self.users or bool(set(backend_roles) & set(self.backend_roles))


@dataclass
class People:
    """Everybody the cluster knows, by name; `all_access` goes to the backend role `admin`, as it is shipped.

    `own_roles` are the names of those roles that did not ship.
    """

    users: dict[str, User] = field(default_factory=dict)
    roles: dict[str, tuple[str, ...]] = field(default_factory=lambda: dict(SHIPPED_ROLES))
    mappings: dict[str, RoleMapping] = field(
        default_factory=lambda: {ALL_ACCESS: RoleMapping(backend_roles=("admin",))}
    )
    own_roles: set[str] = field(default_factory=set)
    tokens: dict[str, Token] = field(default_factory=dict)
    admin_certificates: tuple[str, ...] = ()

    def caller(
        self, name: str, backend_roles: tuple[str, ...], claims: tuple[str, ...] = (), principal: str | None = None
    ) -> Caller:
        """The user of this name with the roles that are mapped to it now."""
        roles = tuple(sorted(role for role, mapping in self.mappings.items() if mapping.covers(name, backend_roles)))
        permissions = tuple(permission for role in roles for permission in self.roles.get(role, ()))
        return Caller(
            name, backend_roles, roles, permissions, tuple(f"attr.jwt.{claim}" for claim in claims), principal
        )

    def put_user(self, name: str, user: User) -> bool:
        """Add or replace; true when new. Its `roles` are mapped to it besides those that it has."""
        is_new = name not in self.users
        self.users[name] = user
        for role in user.roles:
            mapping = self.mappings.get(role, RoleMapping())
            self.mappings[role] = RoleMapping((*mapping.users, name), mapping.backend_roles)
        return is_new


def read_users(content: object) -> UsersFile:
    """The document from JSON or YAML values; raises ValueError that says where it is wrong and why."""
    try:
        return UsersFile.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the document"
        raise ValueError(f"users: {place}: {first['msg']}") from None


def load_users(path: Path) -> Mapping[str, Any]:
    """The document in a YAML or JSON file, checked; raises ValueError that names the file."""
    try:
        content = yaml.safe_load(path.read_bytes())
        make_people(read_users(content))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ValueError(f"{path}: neither YAML nor JSON") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    found: Mapping[str, Any] = content
    return found


def make_people(document: UsersFile) -> People:
    """Raises ValueError for a role that nothing defines."""
    people = People(tokens=dict(document.tokens), admin_certificates=document.admin_certificates)
    people.own_roles |= set(document.roles)
    people.roles |= {name: role.cluster_permissions for name, role in document.roles.items()}
    for name, user in document.users.items():
        unknown = sorted(set(user.roles) - set(people.roles))
        if unknown:
            raise ValueError(f"users: users.{name}.roles: {unknown[0]} is no role; known are {', '.join(people.roles)}")
        people.put_user(name, user)
    return people


def one_administrator(name: str, password: str) -> Mapping[str, Any]:
    """The document of a cluster with a single user, who may do everything."""
    return {"users": {name: {"password": password, "backend_roles": ["admin"]}}}
