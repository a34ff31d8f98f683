"""Errors as Alerting words them: `alerting_exception` around the cause."""

from __future__ import annotations

from reconciler.simulator.opensearch.errors import ApiError

__all__ = ["INDEX", "alerting_error", "index_missing", "shards_failed"]

INDEX = ".opendistro-alerting-config"


def alerting_error(status: int, reason: str, cause: str = "org.opensearch.OpenSearchStatusException") -> ApiError:
    """`AlertingException.wrap` around an exception of this class."""
    caused_by = {"type": "exception", "reason": f"{cause}: {reason}"}
    return ApiError(status, "alerting_exception", reason, caused_by=caused_by)


def index_missing() -> ApiError:
    """What a read says before the first monitor was made, where it does not take that for none."""
    caused_by = {
        "type": "exception",
        "reason": f"org.opensearch.index.IndexNotFoundException: no such index [{INDEX}]",
    }
    reason = f"Configured indices are not found: [{INDEX}]"
    return ApiError(404, "alerting_exception", reason, caused_by=caused_by)


def shards_failed() -> ApiError:
    return alerting_error(500, "all shards failed", "org.opensearch.action.search.SearchPhaseExecutionException")
