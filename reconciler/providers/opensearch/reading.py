"""Reads all configs of a cluster, in one list call if possible, and what the cluster says about itself.

The list has traps that single reads do not have: a window of 10,000, and results that are silently cut when a search
runs out of time. (A stored document that the plugin cannot parse makes the whole call fail; `salvage` reads around it.)

About itself a cluster says whether it is OpenSearch, in which version, and which cluster it is. The version is taken
from the answers themselves (`X-OpenSearch-Version`, which servers from 3.0 on send with every answer, 401 and 403
included), else from `GET /`, else from the project file; the list of features only shows how old it can be at most.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import field
from typing import Any, NamedTuple

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import RejectedError, TargetError, UnexpectedError
from reconciler.model.resource import LiveObject, Server, VersionSource
from reconciler.providers.http import Answer, HttpTarget
from reconciler.providers.opensearch.abilities import OLDEST, is_before, numbers, read_version
from reconciler.providers.opensearch.codec import decode

CONFIGS = "/_plugins/_notifications/configs"
PAGE = 10_000
"""The most entries that one list call returns: the index's `max_result_window`."""

_FAR_FUTURE = 9_999_999_999_999
_MOST_OBJECTS = 500_000  # far more than any cluster holds; a longer list is not a real one


@dataclass(slots=True)
class Found:
    """The objects read so far, by id, and the reasons why some may be missing."""

    objects: dict[str, LiveObject] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)

    def add(self, items: list[Any]) -> int:
        """Add the entries of one page; returns how many objects are new."""
        before = len(self.objects)
        for item in items:
            live = decode(item)
            if live is None:
                self.gaps.append("an entry of the server's list has no id")
            else:
                self.objects[live.id] = live
        return len(self.objects) - before

    def all(self) -> tuple[tuple[LiveObject, ...], str]:
        """The objects, and why some may be missing ("" if none can be)."""
        return tuple(self.objects.values()), "; ".join(dict.fromkeys(self.gaps))


class Page(NamedTuple):
    """One page of the list: its entries, how many there are in all, and whether that number is exact."""

    items: list[Any]
    total: int
    is_exact: bool

    @property
    def is_short(self) -> bool:
        """Whether the server left entries out, as it does without saying so when a search runs out of time."""
        return len(self.items) < min(self.total, PAGE)

    @property
    def is_last(self) -> bool:
        """Whether no page can follow."""
        return (self.is_exact and len(self.items) >= self.total) or len(self.items) < PAGE


async def list_configs(http: HttpTarget, answer: Answer) -> tuple[tuple[LiveObject, ...], str]:
    """All configs, those of other owners included, and why some may be missing ("" if none can be).

    `answer` is the successful one to the first page. A TargetError if another page cannot be read, or one stays short.
    """
    found = Found()
    page = await _complete(http, first_page(), answer)
    found.add(page.items)
    while not page.is_last:
        since = _latest_creation(page.items)
        path = _page_path(since)
        page = await _complete(http, path, _checked(http, await http.read(path)))
        if len(found.objects) > _MOST_OBJECTS:
            reason = f"the list does not end: more than {_MOST_OBJECTS} objects"
            raise answer.as_error(reason, kind=UnexpectedError)
        if not found.add(page.items) and not page.is_last:
            found.gaps.append(
                f"more than {PAGE} objects have the same time of creation, and the server lists no more of them"
            )
            break
    return found.all()


def first_page() -> str:
    """The path of the first list call."""
    return _page_path()


def _page_path(since: int | None = None) -> str:
    # Sorted by the time of creation, which never changes; in the default order, an update between two calls moves
    # entries.
    path = f"{CONFIGS}?max_items={PAGE}&sort_field=created_time_ms"
    return path if since is None else f"{path}&created_time_ms={since}..{_FAR_FUTURE}"


def _checked(http: HttpTarget, answer: Answer) -> Answer:
    if not answer.ok:
        raise http.error(answer)
    return answer


def _latest_creation(items: list[Any]) -> int:
    times = [item.get("created_time_ms") for item in items if isinstance(item, dict)]
    return max((moment for moment in times if isinstance(moment, int)), default=0)


async def _complete(http: HttpTarget, path: str, answer: Answer) -> Page:
    """The page of this answer, read again while it is short; UnexpectedError if it stays so."""

    async def again() -> Page:
        return parse_page(_checked(http, await http.read(path)))

    page = await http.retries.repeat(parse_page(answer), again, lambda page: page.is_short)
    if page.is_short:
        reason = f"the list is incomplete: {len(page.items)} of {page.total}"
        hint = "the search may have run out of time; try again when the cluster is less busy"
        raise answer.as_error(reason, hint=hint, kind=UnexpectedError)
    return page


def parse_page(answer: Answer) -> Page:
    """The page of a list call's answer; UnexpectedError if that is not a list."""
    body = answer.json()
    items = body.get("config_list") if isinstance(body, dict) else None
    total = body.get("total_hits") if isinstance(body, dict) else None
    if not isinstance(items, list) or not isinstance(total, int):
        reason = "the answer is JSON, but not a list of notification configs; is that an OpenSearch address?"
        raise answer.as_error(reason, kind=UnexpectedError)
    return Page(items, total, body.get("total_hit_relation", "eq") == "eq")


VERSION_HEADER = "x-opensearch-version"

_TAGLINE = "The OpenSearch Project"
_NO_UUID = ("", "_na_")  # a node that has not joined a cluster yet
_HEADER = re.compile(r"OpenSearch/(\S{1,40})")
_FEATURES_SINCE = (("mattermost", "3.5"), ("microsoft_teams", "2.10"))  # newest first


def version_of_answer(headers: Mapping[str, str]) -> str:
    """The version of the node that answered; "" if the answer does not name it."""
    match = _HEADER.match(headers.get(VERSION_HEADER, ""))
    return read_version(match[1]) if match else ""


@dataclass(slots=True)
class SeenVersions:
    """The lowest and the highest version that answers named; during a rolling upgrade a cluster's nodes differ."""

    lowest: str = ""
    highest: str = ""

    def see(self, answer: Answer) -> None:
        """Note the version that an answer names, if any."""
        version = version_of_answer(answer.headers)
        if not version:
            return
        if not self.lowest or is_before(version, self.lowest):
            self.lowest = version
        if not self.highest or is_before(self.highest, version):
            self.highest = version


def lowest_by_features(listed: Collection[object]) -> str:
    """The oldest version that offers all of these config types; "" if they show nothing."""
    return next((version for name, version in _FEATURES_SINCE if name in listed), "")


@dataclass(frozen=True, slots=True)
class Root:
    """What `GET /` says: the version and the cluster's id, "" for what it does not say, and why it does not say it."""

    version: str = ""
    uuid: str = ""
    why_not: str = "GET / may not be read"


def parse_root(answer: Answer) -> Root:
    """What the answer to `GET /` says; RejectedError if it is another product, or OpenSearch before 2.0."""
    body = answer.json()
    said = body.get("version") if isinstance(body, dict) else None
    number = said.get("number") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(number, str):
        raise _refuse(answer, "JSON, but not what OpenSearch says of itself", "is that the right address?")
    if not _is_opensearch(body, said):
        raise _refuse(answer, "this is not OpenSearch (Elasticsearch has no such plugin)", "is that the right address?")
    uuid = body.get("cluster_uuid")
    identity = uuid if isinstance(uuid, str) and uuid not in _NO_UUID else ""
    version = read_version(number)
    if said.get("distribution") != "opensearch" or not version:
        why = "GET / hides the version (compatibility.override_main_response_version)"
        return Root("", identity, why)
    if is_before(version, OLDEST):
        raise _refuse(answer, f"OpenSearch {version} is too old", f"this tool needs {OLDEST} or newer")
    return Root(version, identity)


def conclude(root: Root, seen: SeenVersions, at_least: str, claimed: str, target: str, address: str) -> Server:
    """What is known about the server, and from where. A claim that the server contradicts is reported and not used.

    `at_least` is the oldest version that the list of features fits, `claimed` the version that the project file gives
    for `target` (both "" if there is none), `address` the identity of a cluster that does not tell its id.
    """
    version, source = _known(root, seen)
    notes = [
        *_about_nodes(root, seen),
        *_about_claim(claimed, f"correct targets.{target}.version", version, at_least, source),
    ]
    if not version and claimed and not is_before(claimed, at_least):
        version, source = claimed, VersionSource.PROJECT
    if not version:
        known = f"{at_least} or newer by its features; " if at_least else ""
        notes.append(
            f"the version is unknown ({known}{root.why_not}): tests and lists are judged with care; "
            f"set targets.{target}.version, or grant cluster:monitor/main"
        )
    if not root.uuid:
        notes.append(f"{root.why_not}: the address is used as the cluster's id")
    return Server("OpenSearch", root.uuid or address, version, source, at_least, notes=tuple(notes))


def _known(root: Root, seen: SeenVersions) -> tuple[str, VersionSource]:
    """The version by the server's own word, and its source; of several versions the lowest, since any node may answer
    the next call."""
    if seen.lowest and not (root.version and is_before(root.version, seen.lowest)):
        return seen.lowest, VersionSource.ANSWERS
    return root.version, VersionSource.ROOT if root.version else VersionSource.UNKNOWN


def _about_nodes(root: Root, seen: SeenVersions) -> Iterator[str]:
    versions = sorted({version for version in (root.version, seen.lowest, seen.highest) if version}, key=numbers)
    if len(versions) > 1:
        yield f"its nodes answer as {' and '.join(versions)}: a rolling upgrade? the lowest counts"


def _about_claim(claimed: str, fix: str, version: str, at_least: str, source: VersionSource) -> Iterator[str]:
    if not claimed:
        return
    if version and not f"{version}.".startswith(f"{claimed}."):
        yield f"the project file says version {claimed}, and {source.value} {version}, which counts: {fix}"
    elif not version and is_before(claimed, at_least):
        yield f"the project file says version {claimed}, but its features are of {at_least} or newer: {fix}"
    elif not version and not is_before(claimed, "3.0"):
        yield (
            f"the project file says version {claimed}, but no answer has {VERSION_HEADER}, which servers from 3.0 on "
            f"send: does a proxy take it away? else {fix}"
        )


def _is_opensearch(body: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    return said.get("distribution") == "opensearch" or str(body.get("tagline", "")).startswith(_TAGLINE)


def _refuse(answer: Answer, reason: str, hint: str) -> TargetError:
    return answer.as_error(reason, hint=hint, kind=RejectedError)
