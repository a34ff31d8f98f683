"""How the plugin and the server word their failures: the exception, and the body it becomes.

The names of the exceptions are Java's, in the snake case of `OpenSearchException.getExceptionName`; which status each
one has follows `ExceptionsHelper.status`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "INDEX",
    "ApiError",
    "PlainError",
    "illegal_argument",
    "illegal_state",
    "json_error",
    "parsing_error",
    "status_error",
    "storage_error",
    "validation_error",
]

INDEX = ".opensearch-notifications-config"

_SOURCE = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]"


class ApiError(Exception):
    """An error in the usual shape: `error.root_cause`, `type`, `reason`, maybe `caused_by`, and `status`."""

    def __init__(
        self,
        status: int,
        kind: str,
        reason: str,
        *,
        details: Mapping[str, Any] | None = None,
        caused_by: Mapping[str, Any] | None = None,
        root: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.kind = kind
        self.reason = reason
        self.details = dict(details or {})
        self.caused_by = caused_by
        self.root = root

    def as_json(self) -> dict[str, Any]:
        cause: dict[str, Any] = {"type": self.kind, "reason": self.reason, **self.details}
        error = {"root_cause": [self.root or cause], **cause}
        if self.caused_by:
            error["caused_by"] = self.caused_by
        return {"error": error, "status": self.status}


class PlainError(Exception):
    """An error of the REST layer: `{"error": "text", "status": 405}`; `status` may be left out of the body."""

    def __init__(
        self, status: int, text: str, *, headers: Mapping[str, str] | None = None, with_status: bool = True
    ) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = dict(headers or {})
        self.with_status = with_status

    def as_json(self) -> dict[str, Any]:
        return {"error": self.text, "status": self.status} if self.with_status else {"error": self.text}


def status_error(status: int, reason: str) -> ApiError:
    return ApiError(status, "status_exception", reason)


def illegal_argument(reason: str) -> ApiError:
    return ApiError(400, "illegal_argument_exception", reason)


def illegal_state(reason: str) -> ApiError:
    return ApiError(500, "illegal_state_exception", reason)


def validation_error(reason: str) -> ApiError:
    """A request that its own `validate()` refuses before the action runs."""
    return ApiError(400, "action_request_validation_exception", f"Validation Failed: 1: {reason};")


def parsing_error(reason: str, line: int, column: int) -> ApiError:
    return ApiError(400, "parsing_exception", reason, details={"line": line, "col": column})


def location(line: int, column: int) -> str:
    """A place in the body, as Jackson shows it when the source itself is redacted."""
    return _SOURCE.format(line, column)


def json_error(reason: str, line: int, column: int, kind: str = "json_parse_exception") -> ApiError:
    return ApiError(400, kind, f"{reason}\n at {location(line, column)}")


def storage_error(verb: str, cause: Mapping[str, Any], status: int, *, wrapped: bool) -> ApiError:
    """An error of the index: wrapped as a 500 from 3.1 on, before that with its own status and message.

    `verb` completes "Failed to ... index".
    """
    if not wrapped:
        return status_error(status, str(cause["reason"]))
    return ApiError(500, "status_exception", f"Failed to {verb} index {INDEX}", caused_by=cause)
