"""What is wrong with a connection is said before the first request, and shows no credential."""

from __future__ import annotations

import asyncio
import base64
import logging
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.ci.forges import CommentError, put_comment
from reconciler.ci.jobs import Thread
from reconciler.model.errors import ConfigurationError
from reconciler.model.proxies import wrong_proxy
from reconciler.model.values import SecretText
from reconciler.providers.connection import (
    Basic,
    Bearer,
    ClientCertificate,
    Connection,
    SigV4,
    Tls,
    make_client,
    with_credentials,
)

BASIC = Basic(SecretText("user"), SecretText("S3CR3TPASSWORD"))


def sent_headers(connection: Connection) -> httpx.Headers:
    """The headers of a request over this connection."""
    seen: list[httpx.Headers] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(200)

    async def run() -> None:
        made = Connection(connection.url, auth=connection.auth, headers=connection.headers, transport=_mock(handler))
        async with make_client(made) as client:
            await client.get("/x")

    asyncio.run(run())
    return seen[0]


def _mock(handler: Any) -> httpx.MockTransport:
    return httpx.MockTransport(handler)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("search.example:9200", "must start with https://"),
        ("ftp://search.example", "must start with https://"),
        ("https://", "name a host"),
        ("https://[::1", "is not an address"),
        ("https://search.example:port", "is not an address"),
        ("https://user:S3CR3T@search.example", "holds credentials"),
        ("https://search.example/?S3CR3T=1", "has a query"),
    ],
)
def test_an_address_that_cannot_be_used_is_reported_without_being_shown(url: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        make_client(Connection(url, name="search"))
    assert 'target "search"' in str(caught.value)
    assert "S3CR3T" not in str(caught.value)


@pytest.mark.parametrize("secret", [{"auth": BASIC}, {"headers": {"x-api-key": SecretText("k")}}])
def test_credentials_over_plain_http_go_to_loopback_alone_unless_that_is_wanted(secret: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="credentials over plain http"):
        make_client(Connection("http://search.example:9200", **secret))
    for url in ("http://localhost:9200", "http://127.0.0.1:9200", "http://[::1]:9200", "https://search.example"):
        make_client(Connection(url, **secret))
    make_client(Connection("http://search.example:9200", insecure=True, **secret))
    make_client(Connection("http://search.example:9200"))


def test_credentials_go_out_as_the_scheme_wants_and_show_nowhere() -> None:
    sent = sent_headers(Connection("https://search.example", auth=BASIC))["authorization"]
    assert sent == "Basic " + base64.b64encode(b"user:S3CR3TPASSWORD").decode()
    bearer = Connection("https://search.example", auth=Bearer(SecretText("S3CR3TTOKEN")))
    assert sent_headers(bearer)["authorization"] == "Bearer S3CR3TTOKEN"
    headers: dict[str, str | SecretText] = {"x-key": SecretText("S3CR3TKEY"), "x-tenant-id": "acme"}
    keyed = Connection("https://search.example", headers=headers)
    assert (sent_headers(keyed)["x-key"], sent_headers(keyed)["x-tenant-id"]) == ("S3CR3TKEY", "acme")
    assert "S3CR3T" not in repr([BASIC, bearer, keyed])
    assert keyed.secrets == ("S3CR3TKEY",)


@pytest.mark.parametrize(
    "settings",
    [
        {"headers": {"x-key": SecretText("S3CR3T\nx")}},
        {"headers": {"x-key": SecretText("S3CR3Tü")}},
        {"headers": {"bad name": "S3CR3T"}},
        {"auth": Bearer(SecretText("S3CR3T\n"))},
    ],
)
def test_what_cannot_be_sent_in_a_header_is_reported_by_its_place(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make_client(Connection("https://search.example", **settings))
    assert "S3CR3T" not in str(caught.value)


def test_tls_files_that_are_missing_or_wrong_are_named_by_their_field(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("hello")
    for path, words in ((str(tmp_path / "none.pem"), "not there"), (str(wrong), "PEM"), (str(tmp_path), "tls.ca_file")):
        with pytest.raises(ConfigurationError, match=words):
            make_client(Connection("https://search.example", tls=Tls(ca_file=path)))
        with pytest.raises(ConfigurationError, match=r"auth\.client_cert"):
            make_client(Connection("https://search.example", auth=ClientCertificate(path)))


def test_proxies_of_the_environment_are_used_but_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    assert make_client(Connection("https://search.example")).trust_env
    assert not make_client(Connection("http://127.0.0.1:9200")).trust_env


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("value", ["http://[::1", "http://S3CR3T@host:port", "ftp://S3CR3T", "://", "http://", "h:0"])
def test_a_proxy_variable_that_holds_no_address_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """For targets and for comments alike; httpx has it end in a ValueError that names nothing."""
    monkeypatch.setenv(variable, value)
    words = rf"{variable.upper()} \(or {variable.lower()}\) is not the address of a proxy: write http://host:port"
    with pytest.raises(ConfigurationError, match=words) as one:
        make_client(Connection("https://search.example"))
    with pytest.raises(CommentError, match=words) as other:
        put_comment(Thread("github", "https://api.example", "a/b", "7", "robot", SecretText("a-token")), "line", "text")
    assert "S3CR3T" not in f"{one.value} {other.value}"
    assert not make_client(Connection("http://127.0.0.1:9200")).trust_env


def test_what_httpx_takes_for_a_proxy_is_taken() -> None:
    for value in ("http://proxy:3128", "https://u:p@proxy", "proxy:3128", "proxy", "", "  "):
        assert wrong_proxy({"https": value}) == "", value
    assert "the package socksio is needed" in wrong_proxy({"all": "socks5://proxy"})
    assert wrong_proxy({"all": "socks5h://proxy"}, takes_socks=True) == ""


def test_the_address_that_is_shown_has_no_path() -> None:
    assert Connection("https://search.example:9200/S3CR3T").address == "https://search.example:9200"


def test_the_loggers_below_us_do_not_tell_addresses() -> None:
    logging.getLogger("httpx").setLevel(logging.DEBUG)
    make_client(Connection("http://127.0.0.1:9200"))
    assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)


def test_requests_are_signed_with_the_credentials_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "S3CR3TKEY")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "S3CR3TSESSION")
    headers = sent_headers(Connection("https://search.eu-west-1.es.amazonaws.com", auth=SigV4("eu-west-1")))
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/eu-west-1/es/aws4_request" in headers["authorization"]
    assert headers["x-amz-security-token"] == "S3CR3TSESSION"
    assert "S3CR3TKEY" not in str(headers)


def test_a_blank_in_a_query_is_signed_as_the_cloud_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "S3CR3TKEY")
    from reconciler.providers.sigv4 import SigV4Auth

    request = httpx.Request("GET", "https://search.example/configs", params={"query": "a b+c", "size": "1"})

    async def sign() -> httpx.Request:
        return await anext(SigV4Auth("eu-west-1", "es").async_auth_flow(request))

    assert asyncio.run(sign()).url.raw_path == b"/configs?query=a%20b%2Bc&size=1"


def test_signing_without_credentials_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(ConfigurationError, match="found no AWS credentials"):
        make_client(Connection("https://search.example", auth=SigV4("eu-west-1")))


def test_credentials_to_sign_with_are_found_off_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.session import Session

    found_in: list[threading.Thread] = []

    def find(_session: Session) -> object:
        found_in.append(threading.current_thread())
        return object()

    monkeypatch.setattr(Session, "get_credentials", find)
    assert isinstance(asyncio.run(with_credentials(SigV4("eu-west-1"))), httpx.Auth)
    assert threading.main_thread() not in found_in
    assert len(found_in) == 1


def test_signing_without_its_extra_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(__import__("sys").modules, "reconciler.providers.sigv4", raising=False)
    monkeypatch.setitem(__import__("sys").modules, "botocore.auth", None)
    with pytest.raises(ConfigurationError, match=r"reconciler\[aws\]"):
        make_client(Connection("https://search.example", auth=SigV4("eu-west-1")))
