"""The permit of a run to write: asked for each sending, so that what waited does not go out once it has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from reconciler.model.errors import TargetError, UnreachableError
from reconciler.providers.connection import Connection
from reconciler.providers.http import Answer, HttpTarget
from reconciler.providers.opensearch.client import OpenSearchDialect
from tests.providers.support import Script, Waits

OK = httpx.Response(200, json={})
Talk = Callable[[HttpTarget], Awaitable[object]]


class Lease:
    """A permit that ends after it was asked so often."""

    def __init__(self, times: int) -> None:
        self.left = times

    async def permit(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise TargetError("the lease ended: nothing was sent", fix="wait")


async def _not_done() -> bool:
    return False


async def _is_there() -> bool:
    return True


def write(method: str, is_done: Callable[[], Awaitable[bool]] = _not_done) -> Callable[[HttpTarget], Awaitable[Answer]]:
    return lambda target: target.write(method, "/x", {}, is_done)


def talk(script: Script, lease: Lease, conversation: Talk, parallelism: int = 10) -> None:
    async def run() -> None:
        connection = Connection(
            "https://search.example",
            transport=httpx.MockTransport(script),
            permit=lease.permit,
            parallelism=parallelism,
        )
        async with HttpTarget(connection, OpenSearchDialect(), Waits().retries()) as target:
            await conversation(target)

    asyncio.run(run())


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (httpx.Response(503, headers={"retry-after": "20"}), None),
        (httpx.ConnectError("x"), UnreachableError),
        (httpx.ReadError("x"), UnreachableError),
    ],
)
def test_a_write_is_not_repeated_once_the_permit_has_ended_and_its_first_failure_stands(
    method: str, first: httpx.Response | Exception, kind: type[TargetError] | None
) -> None:
    script, came = Script([first, OK]), []

    async def conversation(target: HttpTarget) -> None:
        came.append(await write(method)(target))

    if kind is None:
        talk(script, Lease(1), conversation)
        assert [answer.status for answer in came] == [503]
    else:
        with pytest.raises(kind):
            talk(script, Lease(1), conversation)
    assert len(script.requests) == 1


def test_a_write_that_a_look_finds_done_needs_no_permit_any_more() -> None:
    script = Script([httpx.ReadError("x"), OK])
    talk(script, Lease(1), write("PUT", _is_there))
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    "conversation",
    [
        write("PUT"),
        lambda target: target.write("DELETE", "/x", None, _not_done),
        lambda target: target.send_once("POST", "/test"),
    ],
)
def test_what_may_not_be_sent_says_why_with_what_to_do(conversation: Talk) -> None:
    script = Script([OK])
    with pytest.raises(TargetError, match="the lease ended: nothing was sent") as caught:
        talk(script, Lease(0), conversation)
    assert caught.value.fix == "wait"
    assert not script.requests


def test_a_write_that_waited_for_its_turn_is_not_sent_once_the_permit_has_ended() -> None:
    script = Script([OK])

    async def conversation(target: HttpTarget) -> None:
        ended = await asyncio.gather(write("PUT")(target), write("PUT")(target), return_exceptions=True)
        assert [type(item).__name__ for item in ended] == ["Answer", "NotPermittedError"]

    talk(script, Lease(1), conversation, parallelism=1)
    assert len(script.requests) == 1


def test_a_read_needs_no_permit() -> None:
    script = Script([httpx.Response(503), OK])
    talk(script, Lease(0), lambda target: target.read("/x"))
    assert len(script.requests) == 2
