"""What a cluster says of itself: is it OpenSearch, which version, which cluster. Pure; the call is `client`'s."""

from __future__ import annotations

from typing import Any

from reconciler.model.errors import RejectedError, TargetError
from reconciler.model.resource import Server
from reconciler.providers.failures import explain_status
from reconciler.providers.http import Answer, HttpTarget
from reconciler.providers.opensearch.abilities import is_before

OLDEST = "2.0.0"
"""The first version with this plugin's API."""

_TAGLINE = "The OpenSearch Project"
_NO_UUID = ("", "_na_")  # a node that has not joined a cluster yet


def assume_server(address: str, version: str) -> Server:
    """The server where `GET /` may not be read: the project file's version, and the address for the identity."""
    if version:
        note = f"GET / may not be read: version {version} is taken from the project file, the address for the identity"
    else:
        note = (
            "GET / may not be read: the version is unknown and the server is treated as the oldest, the address stands "
            "for the identity; set targets.X.version, or grant cluster:monitor/main"
        )
    return Server("OpenSearch", address, version, certain=False, notes=(note,))


def parse_server(http: HttpTarget, answer: Answer, version: str) -> Server:
    """The server from the answer to `GET /`; RejectedError if it is another product or too old."""
    body = answer.json()
    said = body.get("version") if isinstance(body, dict) else None
    number = said.get("number") if isinstance(said, dict) else None
    if not isinstance(said, dict) or not isinstance(number, str):
        raise _refuse(answer, "JSON, but not what OpenSearch says of itself", "is that the right address?")
    if not _is_opensearch(body, said):
        raise _refuse(answer, "this is not OpenSearch (Elasticsearch has no such plugin)", "is that the right address?")
    notes: tuple[str, ...] = ()
    if said.get("distribution") != "opensearch":  # compatibility.override_main_response_version hides the real number
        number, notes = version, ("the server hides its version (compatibility.override_main_response_version)",)
    if is_before(number, OLDEST):
        raise _refuse(answer, f"OpenSearch {number} is too old", f"this tool needs {OLDEST} or newer")
    uuid = body.get("cluster_uuid")
    identity = uuid if isinstance(uuid, str) and uuid not in _NO_UUID else http.connection.address
    return Server("OpenSearch", identity, number, certain=not notes, notes=notes)


def _is_opensearch(body: dict[str, Any], said: dict[str, Any]) -> bool:
    return said.get("distribution") == "opensearch" or str(body.get("tagline", "")).startswith(_TAGLINE)


def _refuse(answer: Answer, reason: str, hint: str) -> TargetError:
    return explain_status(answer.call, answer.status, reason=reason, hint=hint, kind=RejectedError)
