"""A call on its way to a plugin: routed, its parameters read, its caller known. And what a plugin is.

`api` makes requests and asks the plugin whose route fits; a plugin raises `ApiError` or `PlainError` for
everything that is not a success.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from reconciler.simulator.calls import TEXT_TYPE, Call, Reply
from reconciler.simulator.opensearch.parameters import shape_body
from reconciler.simulator.opensearch.routing import Route, Table
from reconciler.simulator.opensearch.security.caller import Access

__all__ = ["Plugin", "Request", "encode", "shaped", "text_reply"]


@dataclass(frozen=True, slots=True)
class Request:
    """`parameters` are those of the query, decoded; `access` is what the caller may do and see."""

    call: Call
    route: Route
    parameters: Mapping[str, str]
    access: Access


class Plugin(Protocol):
    """A part of the server with routes of its own."""

    @property
    def routes(self) -> Table: ...

    async def answer(self, request: Request) -> Reply: ...


def encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def shaped(request: Request, text: str, status: int = 200) -> Reply:
    """A JSON reply, cut and indented as the request's parameters ask."""
    return Reply(status, encode(shape_body(text, request.parameters)))


def text_reply(status: int, text: str) -> Reply:
    return Reply(status, encode(text), TEXT_TYPE)
