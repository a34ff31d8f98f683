"""One simulated node, put together: documents, settings, sending, the plugins, and the way in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.simulator.clock import Clock
from reconciler.simulator.delivery import Courier
from reconciler.simulator.opensearch.alerting.plugin import Alerting
from reconciler.simulator.opensearch.api import OpenSearchApi
from reconciler.simulator.opensearch.cluster import Disguise
from reconciler.simulator.opensearch.security.caller import ANYONE, Caller
from reconciler.simulator.opensearch.security.people import one_administrator, read_users
from reconciler.simulator.opensearch.security.plugin import Security
from reconciler.simulator.opensearch.sending import TestSender
from reconciler.simulator.opensearch.settings import NOTIFICATIONS_FILTER, ClusterSettings
from reconciler.simulator.opensearch.store import Store
from reconciler.simulator.opensearch.versions import Version

__all__ = ["Node"]


class Node:
    """A node of a version. `credentials` (user, password) are those of its only user, who may do everything.

    `alerting` says whether the Alerting plugin is installed.
    """

    def __init__(
        self,
        version: Version,
        clock: Clock,
        store: Store,
        courier: Courier,
        *,
        cluster_id: str = "",
        deny_hosts: Sequence[str] = (),
        credentials: tuple[str, str] | None = None,
        users: Mapping[str, Any] | None = None,
        alerting: bool = True,
    ) -> None:
        self._clock = clock
        self.store = store
        self.settings = ClusterSettings()
        self.sender = TestSender(store, version, courier, deny_hosts)
        self.alerting = Alerting(version, clock, store, self.sender, self.settings) if alerting else None
        if self.alerting:
            self.alerting.runner.present = self._present
        self.api = OpenSearchApi(
            store, version, self.sender, cluster_id, settings=self.settings, alerting=self.alerting
        )
        document = users if users is not None else one_administrator(*credentials) if credentials else None
        self.set_users(document)

    @property
    def security(self) -> Security | None:
        """The security plugin, to look at or to change; None on a node without."""
        return self.api.security

    def _present(self, maker: Caller) -> Caller:
        """Whoever made a monitor, with the roles of today."""
        if self.security is None or maker.is_admin_certificate or maker == ANYONE:
            return maker
        return self.security.people.caller(maker.name, maker.backend_roles)

    def set_users(self, document: Mapping[str, Any] | None) -> None:
        """Put the security plugin in place with the users of this document; None takes it away.

        Raises ValueError for a document that is wrong, and then changes nothing.
        """
        if document is None:
            self.api.secure(None)
            return
        content = read_users(document)
        self.api.secure(Security(content, self._clock))
        if content.filter_by_backend_roles is not None:
            self.settings.set(NOTIFICATIONS_FILTER, str(content.filter_by_backend_roles).lower())

    def hide(self, disguise: Disguise) -> None:
        """Hide the version from now on, in these ways and no others."""
        self.api.disguise = disguise
