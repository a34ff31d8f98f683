"""Which of our kinds the API server serves, and whether their definitions are as new as this operator.

kopf looks once for what there is, and again when a definition changes; but the server serves a definition some time
after it is established, so that either look may come too early, and what is not there then is never watched. So the
watch is of what is served, and begins again when that changes.

Both are looked at together, by two calls each time, whatever number of resources and projects there is; the second is
answered without a body until a definition changes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from reconciler.model.errors import ReconcilerError
from reconciler.model.kinds import API_VERSION
from reconciler.operator.crds import GROUP, build_crds
from reconciler.operator.kubernetes import Cluster, ClusterError
from reconciler.operator.published import APPLY_DEFINITIONS, DEFINITIONS_PATH, Published, lacking_fields
from reconciler.operator.resources import KINDS_BY_PLURAL

_LOG = logging.getLogger("reconciler.operator")
_OFTEN, _LESS_OFTEN, _RARELY = 1.0, 5.0, 30.0
"""Seconds between the looks: until any kind is served, until nothing is wrong, and then."""

_MOST_FAILURES = 3
"""Looks at what is published that fail in a row until what an earlier one found does not count any more."""


async def served(cluster: Cluster) -> frozenset[str]:
    """The plurals of our kinds that are served now. ClusterError if the server does not answer."""
    found = await cluster.get(f"/apis/{API_VERSION}")
    names = {str(item.get("name")) for item in (found or {}).get("resources") or ()}
    return frozenset(names & KINDS_BY_PLURAL.keys())


async def why_none(cluster: Cluster) -> str:
    """Why none of our kinds is served, and what to do. ClusterError if the server does not answer."""
    found = await cluster.get(f"/apis/{GROUP}")
    others = sorted(str(item.get("version")) for item in (found or {}).get("versions") or ())
    if not others:
        return f"no definition is installed: {APPLY_DEFINITIONS}"
    return (
        f"the definitions that are installed serve {GROUP} in {', '.join(others)} and not in {API_VERSION}, which this "
        f"operator reads: run the operator of their version, or {APPLY_DEFINITIONS}"
    )


async def follow_definitions(
    cluster: Cluster,
    begin: Callable[[], None],
    tell: Callable[[Published], None],
    failures: Callable[[], int],
    wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Call `begin` once any of our kinds is served, and again whenever others are, or `failures` has counted one more
    of the watch: it restarted by itself, and a kind may have been away just then. Before that, and whenever something
    else is known of the definitions, call `tell`. Never returns."""
    reader, watched = _Reader(cluster), frozenset[str]()
    published, said, failed = Published(), list[str](), 0
    while True:
        try:
            now = await served(cluster)
            found = await reader.read() if now else published
            troubles = _troubles(now, found) if now else [await why_none(cluster)]
        except ReconcilerError as error:  # who we are may not be known now, either
            _LOG.info("cannot find out which kinds the API server serves: %s", error)
        else:
            for trouble in troubles:
                if trouble not in said:
                    _LOG.warning("%s", trouble)
            if found != published:
                tell(found)
            count = failures()
            if now != watched or count != failed:
                begin()
            watched, published, said, failed = now, found, troubles, count
        await wait(_OFTEN if not watched else _LESS_OFTEN if said else _RARELY)


def _troubles(plurals: frozenset[str], published: Published) -> list[str]:
    """What is wrong with the definitions where these are served, and what to do."""
    lacking = sorted(KINDS_BY_PLURAL.keys() - plurals)
    missing = f"no definition of {', '.join(lacking)} in {API_VERSION} is installed: {APPLY_DEFINITIONS}"
    kinds = [kind for plural, kind in KINDS_BY_PLURAL.items() if plural in plurals]
    return [*filter(None, (missing if lacking else "", published.outdated, published.unknown(kinds)))]


def _what_to_do(error: ReconcilerError) -> str:
    if not isinstance(error, ClusterError) or error.status != HTTPStatus.FORBIDDEN:
        return ""
    return "; allow the operator's account to read it, as the ClusterRole system:discovery does for all accounts"


class _Reader:
    """Reads what is published of the definitions, in full only when that has changed."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._etag = ""
        self._last = Published()
        self._failures = 0

    async def read(self) -> Published:
        """What is known now. What an earlier look found counts until as many failed as are too many."""
        try:
            newer = await self._cluster.get_newer(DEFINITIONS_PATH, self._etag)
        except ReconcilerError as error:
            self._failures += 1
            if self._failures == (_MOST_FAILURES if self._last.lacks else 1):  # another reason later is no news
                self._etag, self._last = "", Published(why=f"{error}{_what_to_do(error)}")
            return self._last
        self._failures = 0
        if newer is not None:
            document, self._etag = newer
            lacks = await asyncio.to_thread(lambda: lacking_fields(document, build_crds()))
            self._last = Published(lacks, "the API server does not publish them yet")
        return self._last
