"""The token exchange: one for many calls, renewed in time, refused in plain words."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

import httpx
import pytest

from reconciler.model.errors import TargetError, UnauthorizedError, UnexpectedError
from reconciler.model.values import SecretText
from reconciler.providers.confluent.client import ConfluentProvider
from reconciler.providers.connection import Connection
from reconciler.providers.sts import TOKEN_PATH, StsAuth
from reconciler.simulator.calls import Call, Reply
from tests.providers.confluent.organisation import Organisation

SUBJECT = "header.a-token-of-our-own.signature"


def organisation(expires_in: int = 0) -> Organisation:
    made = Organisation()
    made.auth = StsAuth(SecretText(SUBJECT), "pool-abc12", expires_in, made.clock.now)
    return made


def exchanges(made: Organisation) -> list[Call]:
    return [call for call in made.calls if call.path == TOKEN_PATH]


def test_one_exchange_serves_all_calls() -> None:
    made = organisation()

    async def conversation(provider: ConfluentProvider) -> None:
        await asyncio.gather(*(provider.read_all() for _ in range(3)))

    made.talk(conversation)
    (exchange,) = exchanges(made)
    assert "authorization" not in exchange.headers
    form = {name: values[0] for name, values in parse_qs(exchange.body.decode()).items()}
    assert form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": SUBJECT,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "identity_pool_id": "pool-abc12",
    }


def test_a_token_is_renewed_before_its_end() -> None:
    made = organisation(expires_in=600)

    async def conversation(provider: ConfluentProvider) -> None:
        for _ in range(4):
            await provider.read("i-0role")
            made.clock.advance(250)

    made.talk(conversation)
    assert len(exchanges(made)) == 2
    assert all(b"expires_in=600" in call.body for call in exchanges(made))


def test_a_token_that_ended_before_its_time_is_renewed_once() -> None:
    made = organisation()

    async def conversation(provider: ConfluentProvider) -> None:
        await provider.read("i-0role")
        made.api.access._tokens.clear()
        assert await provider.read("i-0role") is not None
        made.trouble = lambda call: None if call.path == TOKEN_PATH else Reply(401, b"{}")
        with pytest.raises(UnauthorizedError):
            await provider.read("i-0role")

    made.talk(conversation)
    assert len(exchanges(made)) == 3


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Reply(401, b"no"), UnauthorizedError, "has it expired"),
        (Reply(400, b"no"), UnauthorizedError, "identity_pool_id"),
        (Reply(503, b"no"), UnexpectedError, "without a token"),
        (Reply(200, b"{}"), UnexpectedError, "without a token"),
        (Reply(200, b"[]"), UnexpectedError, "without a token"),
        (Reply(200, b"<html>"), UnexpectedError, "without a token"),
        (Reply(200, b'{"access_token": "two\\nlines"}'), UnexpectedError, "without a token"),
    ],
)
def test_a_refused_exchange_is_said_in_plain_words(answer: Reply, error: type[TargetError], words: str) -> None:
    made = organisation()
    made.trouble = lambda call: answer if call.path == TOKEN_PATH else None
    with pytest.raises(error, match=words) as caught:
        made.talk(lambda provider: provider.read_all())
    assert SUBJECT not in str(caught.value)


def test_a_cut_connection_frees_the_exchange_for_the_next_call() -> None:
    made = organisation()
    cuts: list[Exception] = [httpx.ReadError("cut")]
    made.trouble = lambda call: cuts.pop() if cuts and call.path == TOKEN_PATH else None
    listing = made.talk(lambda provider: provider.read_all())
    assert listing.objects


def test_neither_token_is_ever_quoted() -> None:
    made = organisation()
    made.talk(lambda provider: provider.read_server())
    secrets = Connection("https://api.confluent.cloud", auth=made.auth).secrets
    assert set(secrets) == {SUBJECT, *made.api.access._tokens}
