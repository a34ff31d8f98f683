"""Errors as the API words them: a list of errors, the object that newer APIs give, or what older ones gave."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from reconciler.simulator.calls import Reply
from reconciler.simulator.confluent.behaviours import ErrorShape

__all__ = ["JSON", "ApiError", "error_reply"]

JSON = "application/json"
_CODES = {
    400: "invalid_request",
    401: "user_unauthenticated",
    402: "quota_exceeded",
    403: "user_unauthorized",
    409: "resource_already_exists",
    422: "invalid_configuration",
}


@dataclass(eq=False)
class ApiError(Exception):
    """A refusal. `pointer` is a place in the body, `parameter` one in the query."""

    status: int
    detail: str
    pointer: str = ""
    parameter: str = ""
    code: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


def error_reply(error: ApiError, shape: ErrorShape, request_id: str) -> Reply:
    """The answer that an error makes. A 429 has no body."""
    headers = {"X-Request-Id": request_id, **error.headers}
    if error.status == HTTPStatus.TOO_MANY_REQUESTS:
        return Reply(error.status, b"", JSON, headers)
    match shape:
        case ErrorShape.OBJECT:
            body = _as_object(error, request_id)
        case ErrorShape.MESSAGE:
            body = {"message": error.detail}
        case ErrorShape.ERROR_CODE:
            body = {"error_code": error.status, "message": error.detail}
        case ErrorShape.LIST | ErrorShape.RESOLUTION:
            body = _as_list(error, request_id)
    if shape is ErrorShape.RESOLUTION:
        body["errors"][0]["resolution"] = "Look at the request, and send it again."
    return Reply(error.status, json.dumps(body).encode(), JSON, headers)


def _as_list(error: ApiError, request_id: str) -> dict[str, Any]:
    one: dict[str, Any] = {"id": request_id, "status": str(error.status), "title": HTTPStatus(error.status).phrase}
    code = error.code or _CODES.get(error.status)
    if code:
        one["code"] = code
    one["detail"] = error.detail
    source = {"pointer": error.pointer, "parameter": error.parameter}
    if any(source.values()):
        one["source"] = {name: text for name, text in source.items() if text}
    return {"errors": [one]}


def _as_object(error: ApiError, request_id: str) -> dict[str, Any]:
    code = error.code or _CODES.get(error.status, "not_found")
    return {
        "status": "error",
        "error": {"code": code.upper(), "message": error.detail, "details": error.pointer or error.parameter},
        "requestId": request_id,
    }
