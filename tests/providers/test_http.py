"""Calls over real loopback sockets: deadlines, bounds, TLS, and every failure as one sentence without a secret."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from reconciler.model.errors import ConfigurationError, TargetError, TimedOutError, UnexpectedError, UnreachableError
from reconciler.model.values import SecretText
from reconciler.providers import http as http_module
from reconciler.providers.connection import Basic, ClientCertificate, Connection, Tls
from reconciler.providers.http import Answer, HttpTarget
from reconciler.providers.opensearch.client import OpenSearchDialect
from tests.providers.support import Counting, Script, Waits

SECRET = "S3CR3TPASSWORD"
SECONDS = 40.0
"""A limit that is met by moving the loop's clock; no machine is so slow that it would be met otherwise."""
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on loopback that does to each connection what `serve` does; its port."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(once, "127.0.0.1", 0, ssl=context)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


async def answer_ok(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}")
    await writer.drain()


async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until the client has had enough


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the clock of the running event loop, by which all limits of a call are kept."""

    def move(seconds: float) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time
        monkeypatch.setattr(loop, "time", lambda: now() + seconds)

    return move


async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"400\r\n" + b" " * 0x400 + b"\r\n")
        await writer.drain()


def call(
    serve: Serve,
    *,
    conversation: Callable[[HttpTarget], Coroutine[Any, Any, Answer]] = lambda target: target.read("/x?token=T0KEN"),
    context: ssl.SSLContext | None = None,
    scheme: str = "http",
    waits: Waits | None = None,
    **settings: Any,
) -> Answer:
    """One call to a server that behaves so."""

    async def run() -> Answer:
        async with (
            asyncio.timeout(10 * SECONDS),
            server(serve, context) as port,
        ):  # a call without an end is a failed test
            connection = Connection(f"{scheme}://localhost:{port}/base", name="search", **settings)
            async with HttpTarget(connection, OpenSearchDialect(), (waits or Waits()).retries()) as target:
                return await conversation(target)

    return asyncio.run(run())


def error_of(transport: httpx.AsyncBaseTransport, *, method: str = "GET") -> TargetError:
    """The error of a call over this network, after a look at all that its traceback would print."""

    async def run() -> TargetError:
        auth = Basic(SecretText("user"), SecretText(SECRET))
        connection = Connection("https://search.example/S3CR3TPATH", name="search", auth=auth, transport=transport)
        async with HttpTarget(connection, OpenSearchDialect(), Waits().retries()) as target:
            with pytest.raises(TargetError) as caught:
                await (target.read("/x") if method == "GET" else target.send_once(method, "/x"))
            error = caught.value
            assert (error.__cause__, error.__context__) == (None, None)
            assert "S3CR3T" not in "".join(traceback.format_exception(error))
            return error

    return asyncio.run(run())


def raising(exc: Exception, cause: BaseException | None = None) -> httpx.MockTransport:
    """A network where every call fails so."""

    def handler(_: httpx.Request) -> httpx.Response:
        raise exc from cause

    return httpx.MockTransport(handler)


def test_a_call_goes_to_the_base_path_and_brings_the_answer_home() -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-request-id: r1\r\n\r\n{}")
        await writer.drain()

    answer = call(serve, headers={"x-tenant-id": "acme"})
    assert (answer.status, answer.json(), answer.request_id) == (200, {}, "r1")
    assert seen[0].startswith(b"GET /base/x?token=T0KEN HTTP/1.1")
    assert b"x-tenant-id: acme" in seen[0]


def test_a_server_that_hangs_ends_in_a_timeout(pass_time: Callable[[float], None]) -> None:
    async def hang_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        pass_time(SECONDS)
        await hang(reader, writer)

    waits = Waits()
    with pytest.raises(TimedOutError, match="no complete answer"):
        call(hang_on, timeout_seconds=SECONDS, waits=waits)
    assert waits.waits == []


def test_an_answer_that_trickles_ends_at_the_deadline_though_each_byte_is_in_time(
    pass_time: Callable[[float], None],
) -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"1\r\n \r\n")
            await writer.drain()
            pass_time(SECONDS / 8)
            await asyncio.sleep(0)

    with pytest.raises(TimedOutError, match=f"within {SECONDS:g} s"):
        call(trickle, timeout_seconds=SECONDS)


def test_an_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "LARGEST_BODY", 100_000)
    with pytest.raises(UnexpectedError, match="larger than"):
        call(pour)


def test_a_connection_that_is_dropped_is_said_to_have_been_sent() -> None:
    with pytest.raises(UnreachableError, match="closed before the answer was complete") as caught:
        call(drop)
    assert caught.value.sent


def test_a_port_where_nobody_listens_is_said_not_to_have_been_reached() -> None:
    waits = Waits()

    async def run(port: int) -> None:
        connection = Connection(f"http://127.0.0.1:{port}", name="search")
        async with HttpTarget(connection, OpenSearchDialect(), waits.retries()) as target:
            await target.read("/x")

    with socket.socket() as bound:  # and kept, so that nobody else comes to listen there
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        with pytest.raises(UnreachableError, match=f"127.0.0.1:{port} refused the connection") as caught:
            asyncio.run(run(port))
    assert not caught.value.sent
    assert len(waits.waits) == 4


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def server_context(authority: trustme.CA, *, name: str = "localhost", asks: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
    return context


def test_a_certificate_is_checked_against_the_authority_that_was_named(authority: trustme.CA, ca_file: str) -> None:
    context = server_context(authority)
    assert call(answer_ok, context=context, scheme="https", tls=Tls(ca_file=ca_file)).status == 200
    assert call(answer_ok, context=context, scheme="https", tls=Tls(verify=False)).status == 200
    in_pem = SecretText(authority.cert_pem.bytes().decode())
    assert call(answer_ok, context=context, scheme="https", tls=Tls(ca=in_pem)).status == 200
    other = SecretText(trustme.CA().cert_pem.bytes().decode())
    with pytest.raises(UnreachableError, match="not trusted"):
        call(answer_ok, context=context, scheme="https", tls=Tls(ca=other), waits=Waits())
    with pytest.raises(ConfigurationError, match=r"tls\.ca is not PEM; give certificates"):
        call(answer_ok, context=context, scheme="https", tls=Tls(ca=SecretText("hunter2")))
    waits = Waits()
    with pytest.raises(UnreachableError, match=r"not trusted .* tls\.ca_file") as caught:
        call(answer_ok, context=context, scheme="https", waits=waits)
    assert (caught.value.sent, waits.waits) == (False, [])


def test_a_certificate_for_another_host_is_refused(authority: trustme.CA, ca_file: str) -> None:
    context = server_context(authority, name="other.example")
    with pytest.raises(UnreachableError, match=r"(?i)hostname mismatch"):
        call(answer_ok, context=context, scheme="https", tls=Tls(ca_file=ca_file))


def test_a_client_certificate_is_shown_to_a_server_that_asks(
    authority: trustme.CA, ca_file: str, tmp_path: Path
) -> None:
    context = server_context(authority, asks=True)
    own = tmp_path / "own.pem"
    authority.issue_cert("client@example.org").private_key_and_cert_chain_pem.write_to_path(str(own))
    auth = ClientCertificate(str(own))
    assert call(answer_ok, context=context, scheme="https", tls=Tls(ca_file=ca_file), auth=auth).status == 200
    with pytest.raises(UnreachableError):
        call(answer_ok, context=context, scheme="https", tls=Tls(ca_file=ca_file))


def test_https_to_a_plain_port_says_so() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(5)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    with pytest.raises(UnreachableError, match="does that port speak https"):
        call(plain, scheme="https")


@pytest.mark.parametrize(
    ("transport", "words", "sent"),
    [
        (raising(httpx.ConnectTimeout("S3CR3T")), "no connection to https://search.example in time", False),
        (raising(httpx.ProxyError("S3CR3T")), "HTTP_PROXY", False),
        (raising(httpx.ConnectError("x"), socket.gaierror(socket.EAI_NONAME, "S3CR3T")), "is unknown", False),
        (raising(httpx.ConnectError("x"), OSError("S3CR3T")), "no connection", False),
        (
            raising(httpx.ConnectError("x"), ExceptionGroup("x", [ConnectionRefusedError("S3CR3T")])),
            "refused the connection",
            False,
        ),
        (raising(httpx.LocalProtocolError("Illegal header value S3CR3T")), "could not be formed", False),
        (raising(httpx.UnsupportedProtocol("S3CR3T")), "could not be formed", False),
        (raising(httpx.WriteError("S3CR3T")), "closed before", True),
        (raising(httpx.RemoteProtocolError("S3CR3T")), "closed before", True),
    ],
)
def test_what_keeps_an_answer_away_is_said_in_words(transport: httpx.MockTransport, words: str, sent: bool) -> None:
    error = error_of(transport)
    assert isinstance(error, UnreachableError)
    assert words in str(error)
    assert error.sent is sent
    assert str(error).startswith("search: GET /x")


def test_an_answer_that_cannot_be_decoded_is_damaged() -> None:
    error = error_of(
        httpx.MockTransport(lambda _: httpx.Response(200, headers={"content-encoding": "gzip"}, content=b"S3CR3T"))
    )
    assert isinstance(error, UnexpectedError)


def test_what_must_not_be_repeated_is_sent_once() -> None:
    script = Script([httpx.ConnectError("x")])
    error_of(httpx.MockTransport(script), method="POST")
    assert len(script.requests) == 1


def test_no_more_calls_run_at_once_than_were_allowed() -> None:
    server = Counting()

    async def run() -> None:
        connection = Connection("https://search.example", parallelism=3, transport=httpx.MockTransport(server))
        async with HttpTarget(connection, OpenSearchDialect()) as target:
            await asyncio.gather(*(target.read("/x") for _ in range(20)))

    asyncio.run(run())
    assert server.most == 3


def test_a_call_that_is_cancelled_gives_its_place_back() -> None:
    async def run() -> int:
        asked = asyncio.Event()

        async def hang_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            asked.set()
            await hang(reader, writer)

        async with server(hang_on) as port:
            connection = Connection(f"http://127.0.0.1:{port}", parallelism=1)
            async with HttpTarget(connection, OpenSearchDialect(), Waits().retries()) as target:
                task = asyncio.create_task(target.read("/x"))
                await asyncio.wait_for(asked.wait(), SECONDS)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                with pytest.raises(TimedOutError):
                    await target.send_once("GET", "/x", deadline=0.05)
                return target._slots.under_way

    assert asyncio.run(run()) == 0


def test_the_log_tells_method_path_status_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="reconciler")
    auth = Basic(SecretText("user"), SecretText(SECRET))
    call(answer_ok, auth=auth, headers={"x-key": SecretText("S3CR3TKEY")})
    lines = [record.getMessage() for record in caplog.records if record.name != "asyncio"]
    assert len(lines) == 1
    assert lines[0].startswith("GET /x -> 200, ")
    assert "T0KEN" not in caplog.text


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!doctype html>", "HTML"),
        (b'{"a": ', "cut off"),
        (b"", "empty"),
        (b"hello S3CR3T", "not JSON"),
        (b"[" * 100_000, "cut off"),
        (b'{"a": "\xff"}', "damaged"),
    ],
)
def test_a_body_that_is_no_json_is_reported_without_quoting_it(body: bytes, words: str) -> None:
    async def run() -> None:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, content=body))
        async with HttpTarget(Connection("https://x.example", transport=transport), OpenSearchDialect()) as target:
            (await target.send_once("GET", "/x")).json()

    with pytest.raises(UnexpectedError, match=words) as caught:
        asyncio.run(run())
    assert "S3CR3T" not in "".join(traceback.format_exception(caught.value))
