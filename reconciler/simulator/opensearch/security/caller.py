"""One caller, and what a call of theirs may do and see.

The refusals are the security plugin's own (no permission) and those of the Notifications plugin's `UserAccessManager`
(role filtering).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.simulator.opensearch.errors import ApiError, status_error
from reconciler.simulator.opensearch.security.roles import permits

__all__ = ["ALL_ACCESS", "ANYONE", "Access", "Caller"]

ALL_ACCESS = "all_access"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: `roles` are the mapped security roles, `permissions` what these allow.

    `principal` is the subject of a client certificate; `is_admin_certificate` says that it is one of the admin's,
    which may do everything and belongs to nobody.
    """

    name: str
    backend_roles: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    principal: str | None = None
    is_admin_certificate: bool = False

    def __str__(self) -> str:
        return f"User [name={self.name}, backend_roles=[{', '.join(self.backend_roles)}], requestedTenant=null]"

    @property
    def sees_all(self) -> bool:
        """`all_access` is exempt from role filtering; the admin certificate carries no roles and is not."""
        return ALL_ACCESS in self.roles


ANYONE = Caller("", permissions=("*",))


@dataclass(frozen=True, slots=True)
class Access:
    """A caller's access to the configs of the Notifications plugin; `filtering` is whether role filtering is on."""

    caller: Caller = ANYONE
    filtering: bool = False

    def require(self, action: str) -> None:
        """Raises the 403 of the security plugin unless the caller may do this."""
        if not permits(self.caller.permissions, action):
            raise ApiError(403, "security_exception", f"no permissions for [{action}] and {self.caller}")

    def enter(self, action: str) -> None:
        """As `require`; and under role filtering nobody gets in without backend roles."""
        self.require(action)
        if self.filtering and not self.caller.backend_roles:
            raise status_error(403, "User doesn't have backend roles configured. Contact administrator.")

    def sees(self, stored_roles: Sequence[str]) -> bool:
        """Whether the caller may know of a document that was made by somebody with these backend roles."""
        if not self.filtering or self.caller.sees_all or not stored_roles:
            return True
        return bool(set(stored_roles) & set(self.caller.backend_roles))

    def check(self, config_id: str, stored_roles: Sequence[str]) -> None:
        if not self.sees(stored_roles):
            raise status_error(403, f"Permission denied for NotificationConfig {config_id}")
