"""Which of our kinds the API server serves: the watch is of those, and begins again when they change.

kopf looks once for what there is, and again when a definition changes; but the server serves a definition some time
after it is established, so that either look may come too early, and what is not there then is never watched.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from reconciler.model.errors import ReconcilerError
from reconciler.operator.crds import GROUP, VERSION
from reconciler.operator.kubernetes import Cluster
from reconciler.operator.resources import KINDS_BY_PLURAL

_LOG = logging.getLogger("reconciler.operator")
_OFTEN, _RARELY = 1.0, 30.0


async def served(cluster: Cluster) -> frozenset[str]:
    """The plurals of our kinds that are served now. ClusterError if the server does not answer."""
    found = await cluster.get(f"/apis/{GROUP}/{VERSION}")
    names = {str(item.get("name")) for item in (found or {}).get("resources") or ()}
    return frozenset(names & KINDS_BY_PLURAL.keys())


async def follow_definitions(
    cluster: Cluster, begin: Callable[[], None], wait: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Call `begin` once any of our kinds is served, and again whenever others are. Never returns."""
    watched: frozenset[str] = frozenset()
    while True:
        try:
            now = await served(cluster)
        except ReconcilerError as error:  # who we are may not be known now, either
            _LOG.info("cannot find out which kinds the API server serves: %s", error)
            now = watched
        if now != watched:
            watched = now
            begin()
            if lacking := KINDS_BY_PLURAL.keys() - now:
                _LOG.warning(
                    "no definition of %s is installed: apply what `reconciler operator manifests --crds-only` prints",
                    ", ".join(sorted(lacking)),
                )
        elif not watched:
            _LOG.warning("no definition is installed: apply what `reconciler operator manifests --crds-only` prints")
        await wait(_RARELY if watched == KINDS_BY_PLURAL.keys() else _OFTEN if not watched else _OFTEN * 5)
