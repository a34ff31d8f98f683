"""The REST layer in front of the plugins: which handler a method and path lead to, and what else is said.

Plays `RestController`: empty path segments are dropped, a known path with another method is 405 with `Allow`, OPTIONS
is always answered, an unknown path is 400, and a body needs a content type that the server can read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from reconciler.simulator.calls import Call
from reconciler.simulator.opensearch.errors import ApiError, PlainError

__all__ = ["Route", "Router", "Table", "check_content_type", "check_line_length", "no_handler"]

_LONGEST_LINE = 4096
Table = Sequence[tuple[str, Mapping[str, str]]]
_MEDIA_TYPE = re.compile(r"[\w!#$%&'*+.^`|~-]+/[\w!#$%&'*+.^`|~-]+\s*(;.*)?", re.ASCII)
_READABLE = frozenset(("application/json", "application/x-ndjson", "application/vnd.opensearch+json"))


@dataclass(frozen=True, slots=True)
class Route:
    """The handler's name, and the parts of the path that are names, decoded. `allowed` is for OPTIONS.

    `row` is the place of its row in the table.
    """

    handler: str
    names: tuple[str, ...] = ()
    allowed: str = ""
    row: int = -1

    @property
    def name(self) -> str | None:
        """The first name in the path, if there is one."""
        return self.names[0] if self.names else None


class Router:
    """Finds the route of a call in a table of paths, where `{}` stands for any name. The first that fits is taken."""

    def __init__(self, table: Table) -> None:
        self._rows = [(_segments(path), handlers) for path, handlers in table]

    def find(self, call: Call) -> Route:
        """Raises PlainError where no handler is: 405 for the method, 400 for the path. OPTIONS leads to `options`."""
        segments = [unquote(segment) for segment in _segments(call.path)]
        for row, (pattern, handlers) in enumerate(self._rows):
            if len(pattern) == len(segments) and all(p in ("{}", s) for p, s in zip(pattern, segments, strict=True)):
                names = tuple(s for p, s in zip(pattern, segments, strict=True) if p == "{}")
                return _choose(call, handlers, names, row)
        if call.method == "OPTIONS":
            return Route("options")
        raise no_handler(call)


def no_handler(call: Call) -> PlainError:
    """What the server says where no plugin has the route."""
    text = f"no handler found for uri [{call.uri}] and method [{call.method}]"
    return PlainError(400, text, with_status=False)


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _choose(call: Call, handlers: Mapping[str, str], names: tuple[str, ...], row: int) -> Route:
    allowed = list(handlers)
    if call.method in handlers:
        return Route(handlers[call.method], names, row=row)
    if call.method == "OPTIONS":
        return Route("options", allowed=",".join(allowed))
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
