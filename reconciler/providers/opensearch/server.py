"""What a cluster says of itself: is it OpenSearch, which version and how that is known, which cluster. Pure.

A version comes, in this order, from the answers themselves (`X-OpenSearch-Version`, which every answer of a server from
3.0 on has, 401 and 403 included), from `GET /`, from what the features list shows, from the project file. The calls are
`client`'s.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import RejectedError, TargetError
from reconciler.model.resource import Server, VersionSource
from reconciler.providers.failures import explain_status
from reconciler.providers.http import Answer
from reconciler.providers.opensearch.abilities import OLDEST, is_before, numbers, read_version

VERSION_HEADER = "x-opensearch-version"

_TAGLINE = "The OpenSearch Project"
_NO_UUID = ("", "_na_")  # a node that has not joined a cluster yet
_HEADER = re.compile(r"OpenSearch/(\S{1,40})")
_CORRECT = "correct targets.X.version"
_FEATURES_SINCE = (("mattermost", "3.5"), ("microsoft_teams", "2.10"))  # newest first


def version_of_answer(headers: Mapping[str, str]) -> str:
    """The version of the node that gave an answer; "" where the answer does not say."""
    match = _HEADER.match(headers.get(VERSION_HEADER, ""))
    return read_version(match[1]) if match else ""


@dataclass(slots=True)
class SeenVersions:
    """The versions that a cluster's answers named, lowest first: during a rolling upgrade its nodes differ."""

    lowest: str = ""
    highest: str = ""

    def see(self, answer: Answer) -> None:
        """Take in what one more answer names."""
        version = version_of_answer(answer.headers)
        if not version:
            return
        if not self.lowest or is_before(version, self.lowest):
            self.lowest = version
        if not self.highest or is_before(self.highest, version):
            self.highest = version


def lowest_by_features(listed: Collection[object]) -> str:
    """The version that a server at least has which offers these types; "" where they show nothing."""
    return next((version for name, version in _FEATURES_SINCE if name in listed), "")


@dataclass(frozen=True, slots=True)
class Root:
    """What `GET /` says: the version and the cluster's id, "" for what it does not say, and why it does not."""

    version: str = ""
    uuid: str = ""
    why_not: str = "GET / may not be read"


def parse_root(answer: Answer) -> Root:
    """The answer to `GET /`; RejectedError if it is another product, or an OpenSearch too old."""
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


def conclude(root: Root, seen: SeenVersions, at_least: str, claimed: str, address: str) -> Server:
    """What is known of the server, and from where; a claim that the server contradicts is reported and not used.

    `at_least` is what the features list shows, `claimed` what the project file says, `address` the identity of a
    cluster that tells none.
    """
    version, source = _known(root, seen)
    notes = [*_about_nodes(root, seen), *_about_claim(claimed, version, at_least, source)]
    if not version and claimed and not is_before(claimed, at_least):
        version, source = claimed, VersionSource.PROJECT
    if not version:
        known = f"{at_least} or newer by its features; " if at_least else ""
        notes.append(
            f"the version is unknown ({known}{root.why_not}): tests and lists are judged with care; "
            "set targets.X.version, or grant cluster:monitor/main"
        )
    if not root.uuid:
        notes.append(f"{root.why_not}: the address is used as the cluster's id")
    return Server("OpenSearch", root.uuid or address, version, source, at_least, notes=tuple(notes))


def _known(root: Root, seen: SeenVersions) -> tuple[str, VersionSource]:
    """The server's own word; of several versions the lowest, since any node may answer the next call."""
    if seen.lowest and not (root.version and is_before(root.version, seen.lowest)):
        return seen.lowest, VersionSource.ANSWERS
    return root.version, VersionSource.ROOT if root.version else VersionSource.UNKNOWN


def _about_nodes(root: Root, seen: SeenVersions) -> Iterator[str]:
    versions = sorted({version for version in (root.version, seen.lowest, seen.highest) if version}, key=numbers)
    if len(versions) > 1:
        yield f"its nodes answer as {' and '.join(versions)}: a rolling upgrade? the lowest counts"


def _about_claim(claimed: str, version: str, at_least: str, source: VersionSource) -> Iterator[str]:
    if not claimed:
        return
    if version and not f"{version}.".startswith(f"{claimed}."):
        yield f"the project file says version {claimed}, and {source.value} {version}, which counts: {_CORRECT}"
    elif not version and is_before(claimed, at_least):
        yield f"the project file says version {claimed}, but its features are of {at_least} or newer: {_CORRECT}"
    elif not version and not is_before(claimed, "3.0"):
        yield (
            f"the project file says version {claimed}, but no answer has {VERSION_HEADER}, which servers from 3.0 on "
            f"send: does a proxy take it away? else {_CORRECT}"
        )


def _is_opensearch(body: Mapping[str, Any], said: Mapping[str, Any]) -> bool:
    return said.get("distribution") == "opensearch" or str(body.get("tagline", "")).startswith(_TAGLINE)


def _refuse(answer: Answer, reason: str, hint: str) -> TargetError:
    return explain_status(answer.call, answer.status, reason=reason, hint=hint, kind=RejectedError)
