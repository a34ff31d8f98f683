"""The vendor's document as a judge of single requests and answers: the only place that knows openapi-core."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import yaml
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from werkzeug.datastructures import Headers, ImmutableMultiDict

from reconciler.simulator import Simulator
from reconciler.simulator.calls import Call, Reply

__all__ = ["DOCUMENT", "check_reply", "check_request", "held_to_the_document", "load_document"]

DOCUMENT = Path(__file__).parents[2] / "data" / "confluent-openapi.yaml"
_HOST = "https://api.confluent.cloud"


def load_document() -> dict[str, Any]:
    """The document as it is in the file."""
    document: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    return document


@cache
def _contract() -> OpenAPI:
    document = load_document()
    # openapi-core does not know oauth2; on the wire its token is a bearer token.
    bearer = {"type": "http", "scheme": "bearer"}
    document["components"]["securitySchemes"]["confluent-sts-access-token"] = bearer
    return OpenAPI.from_dict(document)


_MEMBERS = {
    "integrations": {"display_name", "description", "target"},
    "integrations:test": {"display_name", "description", "target"},
    "subscriptions": {"notification_type", "integrations", "current_state"},
}
_TARGET_MEMBERS = {"kind", "webhook_url", "url"}
_PARAMETERS = {"page_size", "page_token"}


def _check_names(call: Call) -> None:
    body: dict[str, Any] = json.loads(call.body) if call.body else {}
    collection = call.path.removeprefix("/notifications/v1/").partition("/")[0]
    assert set(body) <= _MEMBERS.get(collection, set()), f"{call.method} {call.path} has members {sorted(body)}"
    assert set(body.get("target", {})) <= _TARGET_MEMBERS, f"{call.method} {call.path}: odd members in the target"
    assert {name for name, _ in parse_qsl(call.query)} <= _PARAMETERS, f"{call.method} {call.uri}: odd parameters"


class _Request:
    """A call in the form that openapi-core reads."""

    def __init__(self, call: Call) -> None:
        query = ImmutableMultiDict(parse_qsl(call.query))
        self.parameters = RequestParameters(query=query, header=Headers(dict(call.headers)))
        self.host_url = _HOST
        self.path = call.path
        self.path_pattern = None
        self.method = call.method.lower()
        self.body = call.body or None
        self.content_type = call.headers.get("content-type", "")


class _Response:
    """A reply in the form that openapi-core reads."""

    def __init__(self, reply: Reply) -> None:
        self.data = reply.body or None
        self.status_code = reply.status
        self.content_type = reply.content_type
        self.headers = Headers(dict(reply.headers))


@contextmanager
def held_to_the_document(simulator: Simulator) -> Iterator[list[str]]:
    """Hold everything that goes over a running simulator's socket to the document; the calls so far, in words.

    AssertionError at the end, with all that the document does not allow."""
    calls: list[str] = []
    faults: list[str] = []
    answer = simulator.confluent.answer

    async def judged(call: Call) -> Reply:
        if call.path.startswith("/sts/"):
            return await answer(call)
        calls.append(f"{call.method} {call.path.removeprefix('/notifications/v1/')}")
        reply = await answer(call)
        try:
            check_request(call)
            check_reply(call, reply)
        except AssertionError as error:
            faults.append(str(error))
        return reply

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulator.confluent, "answer", judged)
        yield calls
    assert not faults, "\n".join(faults)


_TIMES = re.compile(rb'"20[0-9-]{8}T[0-9:.]+Z"')
_allowed: set[tuple[object, ...]] = set()
"""What was found right already: the same exchange, but for times and request ids, is not judged twice."""


def check_request(call: Call) -> None:
    """AssertionError if the document does not allow the request, or has no such member or parameter: the real server
    passes over what it does not know, so that a wrong name would go unnoticed."""
    scheme = call.headers.get("authorization", "").partition(" ")[0]
    key = (call.method, call.uri, call.headers.get("content-type"), scheme, call.body)
    if key in _allowed:
        return
    _check_names(call)
    try:
        _contract().validate_request(_Request(call))
    except Exception as error:
        raise AssertionError(f"{call.method} {call.uri}: {_causes(error)}") from error
    _allowed.add(key)


def check_reply(call: Call, reply: Reply) -> None:
    """AssertionError if the document does not describe such an answer."""
    headers = tuple(sorted((name, text) for name, text in reply.headers.items() if name != "X-Request-Id"))
    key = (call.method, call.path, reply.status, reply.content_type, headers, _TIMES.sub(b'""', reply.body))
    if key in _allowed:
        return
    try:
        _contract().validate_response(_Request(call), _Response(reply))
    except Exception as error:
        raise AssertionError(f"{call.method} {call.uri} -> {reply.status}: {_causes(error)}") from error
    _allowed.add(key)


def _causes(error: BaseException) -> str:
    texts: list[str] = []
    waiting = deque([error])
    while waiting:
        one = waiting.popleft()
        texts.append(f"{type(one).__name__}: {one}")
        waiting.extend(getattr(one, "schema_errors", None) or ())
        if one.__cause__ is not None:
            waiting.append(one.__cause__)
    return " / ".join(texts)
