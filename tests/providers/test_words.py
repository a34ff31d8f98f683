"""The other side's own words for a refusal are added to ours, never replaced by them: on every provider."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from reconciler.model.errors import TargetError
from reconciler.model.values import SecretText
from reconciler.providers.confluent.wording import ConfluentDialect
from reconciler.providers.connection import Basic, Connection
from reconciler.providers.http import Dialect, HttpTarget
from reconciler.providers.opensearch.client import OpenSearchDialect

SECRET = "a-secret-of-a-key"


def opensearch(reason: str) -> dict[str, Any]:
    return {"error": {"type": "security_exception", "reason": reason}, "status": 403}


def confluent(detail: str) -> dict[str, Any]:
    return {"errors": [{"title": "Refused", "detail": detail}]}


def refusal(dialect: Dialect, status: int, body: dict[str, Any], method: str = "GET") -> TargetError:
    """The error of a call that is answered so."""
    auth = Basic(SecretText("user"), SecretText(SECRET))
    transport = httpx.MockTransport(lambda request: httpx.Response(status, json=body))

    async def conversation() -> TargetError:
        async with HttpTarget(Connection("https://target.example", auth=auth, transport=transport), dialect) as http:
            return http.error(await http.send_once(method, "/x"))

    return asyncio.run(conversation())


@pytest.mark.parametrize(
    ("dialect", "body", "ours"),
    [
        (OpenSearchDialect(), opensearch("no permissions for [cluster:x] and User [name=ann]"), "lacks the permission"),
        (ConfluentDialect(), confluent("ann may not"), "the credentials may not do this"),
    ],
    ids=["opensearch", "confluent"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_lost_right_is_reported_in_our_words_and_theirs(dialect: Dialect, body: Any, ours: str, method: str) -> None:
    text = str(refusal(dialect, 403, body, method))
    assert ours in text
    assert "ann" in text


@pytest.mark.parametrize("status", [400, 401, 403, 409, 422, 429])
@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        (OpenSearchDialect(), opensearch("for the reason of 17")),
        (ConfluentDialect(), confluent("for the reason of 17")),
        (ConfluentDialect(), {"message": "for the reason of 17"}),
        (ConfluentDialect(), {"error_code": 40017, "message": "for the reason of 17"}),
        (ConfluentDialect(), {"error": {"code": "X", "message": "for the reason of 17"}}),
    ],
)
def test_whatever_the_code_the_reason_that_was_given_is_passed_on(dialect: Dialect, body: Any, status: int) -> None:
    assert "for the reason of 17" in str(refusal(dialect, status, body))


@pytest.mark.parametrize("status", [401, 403, 422])
@pytest.mark.parametrize(
    ("dialect", "body"),
    [(OpenSearchDialect(), opensearch(f"odd: {SECRET}")), (ConfluentDialect(), confluent(f"odd: {SECRET}"))],
)
def test_words_that_repeat_a_secret_are_withheld_and_that_is_said(dialect: Dialect, body: Any, status: int) -> None:
    text = str(refusal(dialect, status, body))
    assert SECRET not in text
    assert "withheld" in text


def test_writing_and_reading_take_other_roles() -> None:
    body = confluent("role is missing")
    assert "writing takes" not in str(refusal(ConfluentDialect(), 403, body))
    assert "writing takes the role OrganizationAdmin" in str(refusal(ConfluentDialect(), 403, body, "PATCH"))
