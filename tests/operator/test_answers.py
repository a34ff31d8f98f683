"""What is passed on of the API server's answers: what helps, and no value of an object."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from reconciler.operator.kubernetes import Cluster, ClusterError
from tests.operator.fake import Login

VALUE = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop"


def refused(status: int, content: Any) -> str:
    """The error of a call that the server answers so."""

    async def call() -> str:
        def answer(_request: httpx.Request) -> httpx.Response:
            return httpx.Response(status, **({"text": content} if isinstance(content, str) else {"json": content}))

        cluster = Cluster(Login, transport=httpx.MockTransport(answer))
        with pytest.raises(ClusterError) as caught:
            await cluster.patch("/apis/x", {})
        await cluster.close()
        assert caught.value.status == status
        return str(caught.value)

    return asyncio.run(call())


INVALID = {
    "message": f'SlackChannel "oncall" is invalid: spec.webhook_url: Invalid value: "{VALUE}": must be an object',
    "reason": "Invalid",
    "details": {
        "causes": [
            {"field": "spec.webhook_url", "message": f'Invalid value: "{VALUE}"', "reason": "FieldValueInvalid"},
            {"field": f"spec.headers[{VALUE}]", "reason": "FieldValueInvalid"},
        ]
    },
}


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (422, INVALID),
        (403, {"message": f"denied by policy: {VALUE} is not allowed", "reason": "Forbidden"}),
        (403, {"message": f'User "x" cannot patch resource "slackchannels" in API group "g": {VALUE}'}),
        (400, {"message": f'unable to decode: {{"last-applied-configuration": "{VALUE}"}}', "reason": VALUE}),
        (500, {"message": f"Internal error occurred: {VALUE}", "details": VALUE}),
        (500, {"message": {"text": VALUE}, "details": {"causes": [VALUE]}}),
        (502, f"<html>{VALUE}</html>"),
        (503, [VALUE]),
    ],
)
def test_no_value_of_an_object_is_passed_on(status: int, content: Any) -> None:
    said = refused(status, content)
    assert said.startswith(f"PATCH /apis/x: {status}")
    assert "hooks.slack.com" not in said
    assert "abcdefghijklmnop" not in said


def test_what_helps_is_passed_on() -> None:
    assert refused(422, INVALID) == "PATCH /apis/x: 422 Invalid, spec.webhook_url"
    right = (
        'User "system:serviceaccount:operator:operator" cannot patch resource "slackchannels/status" in API group '
        '"channels.gitops" in the namespace "team"'
    )
    message = f'slackchannels.channels.gitops "oncall" is forbidden: {right}'
    assert refused(403, {"message": message, "reason": "Forbidden"}) == f"PATCH /apis/x: 403 Forbidden: {right}"
