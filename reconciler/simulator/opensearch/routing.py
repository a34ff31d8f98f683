"""The REST layer in front of the plugin: which handler a method and path lead to, and what else is said.

Plays `RestController`: empty path segments are dropped, a known path with another method is 405 with `Allow`, OPTIONS
is always answered, an unknown path is 400, and a body needs a content type that the server can read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from reconciler.simulator.calls import Call
from reconciler.simulator.opensearch.errors import ApiError, PlainError

__all__ = ["Route", "check_content_type", "check_line_length", "find_route"]

_BASE = ("_plugins", "_notifications")
_LONGEST_LINE = 4096
_ROUTES: tuple[tuple[tuple[str, ...], Mapping[str, str]], ...] = (
    ((), {"GET": "root", "HEAD": "root"}),
    ((*_BASE, "features"), {"GET": "features"}),
    ((*_BASE, "channels"), {"GET": "channels"}),
    ((*_BASE, "configs"), {"GET": "get", "POST": "create", "DELETE": "delete"}),
    ((*_BASE, "configs", "{}"), {"GET": "get", "PUT": "update", "DELETE": "delete"}),
    ((*_BASE, "feature", "test", "{}"), {"POST": "test", "GET": "test"}),
)
_MEDIA_TYPE = re.compile(r"[\w!#$%&'*+.^`|~-]+/[\w!#$%&'*+.^`|~-]+\s*(;.*)?", re.ASCII)
_READABLE = frozenset(("application/json", "application/x-ndjson", "application/vnd.opensearch+json"))


@dataclass(frozen=True, slots=True)
class Route:
    """The handler's name and the id in the path, decoded, if it has one."""

    handler: str
    config_id: str | None


def find_route(call: Call) -> Route:
    """Raises PlainError where no handler is: 405 for the method, 400 for the path. OPTIONS leads to `options`."""
    segments = [unquote(segment) for segment in call.path.split("/") if segment]
    for pattern, handlers in _ROUTES:
        if len(pattern) == len(segments) and all(p in ("{}", s) for p, s in zip(pattern, segments, strict=True)):
            return _choose(call, handlers, segments[-1] if "{}" in pattern else None)
    if call.method == "OPTIONS":
        return Route("options", "")
    text = f"no handler found for uri [{call.uri}] and method [{call.method}]"
    raise PlainError(400, text, with_status=False)


def _choose(call: Call, handlers: Mapping[str, str], config_id: str | None) -> Route:
    allowed = list(handlers)
    if call.method in handlers:
        return Route(handlers[call.method], config_id)
    if call.method == "OPTIONS":
        return Route("options", ",".join(allowed))
    text = f"Incorrect HTTP method for uri [{call.uri}] and method [{call.method}], allowed: [{', '.join(allowed)}]"
    raise PlainError(405, text, headers={"Allow": ",".join(allowed)})


def check_content_type(call: Call) -> None:
    """A body must be of a type the server reads; a header that is no media type at all is refused otherwise."""
    given = call.headers.get("content-type")
    if given is not None and not _MEDIA_TYPE.fullmatch(given.strip()):
        cause = {"type": "illegal_argument_exception", "reason": f"invalid Content-Type header [{given}]"}
        reason = f"java.lang.IllegalArgumentException: {cause['reason']}"
        raise ApiError(400, "content_type_header_exception", reason, caused_by=cause)
    if not call.body:
        return
    if given is None:
        raise PlainError(406, "Content-Type header is missing")
    if given.partition(";")[0].strip().lower() not in _READABLE:
        raise PlainError(406, f"Content-Type header [{given}] is not supported")


def check_line_length(call: Call) -> None:
    """The request line may have 4096 bytes (`http.max_initial_line_length`)."""
    if len(call.method) + len(call.uri) + len("  HTTP/1.1") > _LONGEST_LINE:
        reason = f"An HTTP line is larger than {_LONGEST_LINE} bytes."
        raise ApiError(400, "too_long_http_line_exception", reason)
