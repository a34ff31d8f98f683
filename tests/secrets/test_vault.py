"""Vault, by hvac against a stand-in on loopback."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from reconciler.model.values import SecretReference
from reconciler.secrets import resolver
from reconciler.secrets.resolver import Resolution
from tests.secrets.conftest import Resolve
from tests.secrets.vault_server import TOKEN, Vault, served


@pytest.fixture
def vault() -> Iterator[Vault]:
    with served(Vault()) as server:
        yield server


@pytest.fixture
def environ(vault: Vault, tmp_path: Path) -> dict[str, str]:
    return {
        "VAULT_ADDR": f"http://127.0.0.1:{vault.server_port}",
        "VAULT_TOKEN": TOKEN,
        "HOME": str(tmp_path),
    }


def read(resolve: Resolve, environ: dict[str, str], path: str = "secret/team/slack", key: str = "url") -> str:
    reference = SecretReference("vault", path, key)
    resolution: Resolution = resolve(reference, environ=environ)
    return resolution.values[reference].reveal() if resolution.values else "FAILED " + resolution.failures[reference]


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        ("secret/team/slack", "url", "planted-v2"),
        ("/secret/team/slack/", "url", "planted-v2"),
        ("secret/team/slack", "port", "25"),
        ("secret/with space/é", "url", "planted-quoted"),
        ("old/kv/team/slack", "url", "planted-v1"),
        ("old/kv/team/slack", "a.b", "planted-dotted"),
        ("older/slack", "url", "planted-v0"),
    ],
)
def test_a_key_of_a_secret(resolve: Resolve, environ: dict[str, str], path: str, key: str, value: str) -> None:
    assert read(resolve, environ, path, key) == value


def test_a_path_is_sent_as_it_is_written(resolve: Resolve, environ: dict[str, str], vault: Vault) -> None:
    assert "does not exist" in read(resolve, environ, "secret/100%41?list=true#x")
    quoted = "100%2541%3Flist%3Dtrue%23x"
    assert [path for path, _ in vault.requests] == [
        f"/v1/sys/internal/ui/mounts/secret/{quoted}",
        f"/v1/secret/data/{quoted}",
    ]


def test_a_secret_is_read_once_for_all_its_keys(resolve: Resolve, environ: dict[str, str], vault: Vault) -> None:
    references = [SecretReference("vault", "secret/team/slack", key) for key in ("url", "port", "nothing")]
    assert len(resolve(*references, environ=environ).values) == 2
    assert [path for path, _ in vault.requests] == [
        "/v1/sys/internal/ui/mounts/secret/team/slack",
        "/v1/secret/data/team/slack",
    ]


def test_the_namespace_is_sent(resolve: Resolve, environ: dict[str, str], vault: Vault) -> None:
    assert read(resolve, environ) == "planted-v2"
    assert read(resolve, {**environ, "VAULT_NAMESPACE": "team-a"}) == "planted-v2"
    assert [namespace for _, namespace in vault.requests] == [None, None, "team-a", "team-a"]


def test_the_token_may_be_in_the_home_folder(resolve: Resolve, environ: dict[str, str], tmp_path: Path) -> None:
    del environ["VAULT_TOKEN"]
    assert "set VAULT_TOKEN" in read(resolve, environ)
    (tmp_path / ".vault-token").write_text(TOKEN + "\n")
    assert read(resolve, environ) == "planted-v2"


def test_settings_of_the_process_are_not_used(
    resolve: Resolve, environ: dict[str, str], vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "another")
    monkeypatch.setenv("VAULT_NAMESPACE", "another")
    assert read(resolve, environ) == "planted-v2"
    assert {namespace for _, namespace in vault.requests} == {None}


@pytest.mark.parametrize("path", ["/v1/sys/internal/ui/mounts/secret/team/slack", "/v1/secret/data/team/slack"])
def test_a_redirect_is_not_followed(resolve: Resolve, environ: dict[str, str], vault: Vault, path: str) -> None:
    with served(Vault()) as thief:
        vault.moved[path] = f"http://127.0.0.1:{thief.server_port}{path}"
        assert read(resolve, environ).startswith("FAILED ")
        assert thief.requests == []


@pytest.mark.parametrize("way", ["NETRC", "HOME"])
def test_no_netrc_file_is_read(
    resolve: Resolve, environ: dict[str, str], vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    file = tmp_path / (".netrc" if way == "HOME" else "elsewhere")
    file.write_text("machine 127.0.0.1 login planted password planted\n")
    file.chmod(0o600)
    monkeypatch.setenv(way, str(file if way == "NETRC" else tmp_path))
    assert read(resolve, environ) == "planted-v2"
    assert vault.authorizations == [None, None]


@pytest.mark.parametrize(
    ("path", "key", "fault"),
    [
        ("secret/team/slack", "", "key: K"),
        ("secret/team/slack", "uri", 'has no key "uri"'),
        ("secret/nowhere", "url", "does not exist"),
        ("secret/data/team/slack", "url", "without data/"),
        ("secret", "url", "is a mount"),
        ("nowhere/team", "url", "let its policy read this path"),
        ("secret/scalar", "url", "the answer is not Vault's"),
        ("secret/../sys/seal-status", "url", "not a path"),
        ("", "url", "not a path"),
    ],
)
def test_what_cannot_be_had(resolve: Resolve, environ: dict[str, str], path: str, key: str, fault: str) -> None:
    failure = read(resolve, environ, path, key)
    assert failure.startswith("FAILED ")
    assert fault in failure
    assert "planted" not in failure


@pytest.mark.parametrize(
    ("status", "fault"),
    [(403, "Vault refused the token"), (503, "sealed or down"), (500, "InternalServerError"), (404, "does not exist")],
)
def test_an_error_is_worded_without_the_servers_text(
    resolve: Resolve, environ: dict[str, str], vault: Vault, status: int, fault: str
) -> None:
    vault.broken["/v1/secret/data/team/slack"] = status
    failure = read(resolve, environ)
    assert fault in failure
    assert "planted" not in failure


def test_a_wrong_token(resolve: Resolve, environ: dict[str, str]) -> None:
    failure = read(resolve, {**environ, "VAULT_TOKEN": "hvs.plantedwrong"})
    assert "Vault refused the token" in failure
    assert "planted" not in failure


@pytest.mark.parametrize("text", ["<html>planted</html>", "[]", '{"data": null}', '{"data": {}}'])
def test_something_else_than_vault(resolve: Resolve, environ: dict[str, str], vault: Vault, text: str) -> None:
    vault.text = text
    assert "the answer is not Vault's; check VAULT_ADDR" in read(resolve, environ)


def test_no_address(resolve: Resolve) -> None:
    assert "set VAULT_ADDR" in read(resolve, {"VAULT_TOKEN": TOKEN})


@pytest.mark.parametrize("address", ["http://user:planted@{closed}", "planted", "http://[planted", "unix://planted"])
def test_an_address_where_nobody_answers(resolve: Resolve, environ: dict[str, str], address: str) -> None:
    with socket.socket() as closed:  # bound, but not listening
        closed.bind(("127.0.0.1", 0))
        host, port = closed.getsockname()
        failure = read(resolve, {**environ, "VAULT_ADDR": address.format(closed=f"{host}:{port}")})
    assert failure.startswith("FAILED Vault secret")
    assert "planted" not in failure


def test_a_vault_that_says_nothing(resolve: Resolve, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "GRACE_SECONDS", 300.0)  # the source ends itself, however long hvac takes to load
    reference = SecretReference("vault", "secret/team/slack", "url")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environ["VAULT_ADDR"] = f"http://127.0.0.1:{silent.getsockname()[1]}"
        failures = resolve(reference, environ=environ, timeout_seconds=0.2).failures
    assert "did not answer in time" in failures[reference]


def test_certificates_are_checked_against_the_given_authority(
    resolve: Resolve, environ: dict[str, str], tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    server = Vault()
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with served(server):
        environ["VAULT_ADDR"] = f"https://localhost:{server.server_port}"
        trusting = read(resolve, {**environ, "VAULT_CACERT": str(tmp_path / "ca.pem")})
        doubting = read(resolve, environ)
        missing = read(resolve, {**environ, "VAULT_CACERT": str(tmp_path / "nowhere.pem")})
    assert trusting == "planted-v2"
    assert "set VAULT_CACERT" in doubting
    assert missing.startswith("FAILED Vault secret")


def test_a_client_certificate_is_shown_to_a_vault_that_asks_for_one(
    resolve: Resolve, environ: dict[str, str], tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    own = authority.issue_cert("client@example.org")
    own.private_key_and_cert_chain_pem.write_to_path(tmp_path / "both.pem")
    own.cert_chain_pems[0].write_to_path(tmp_path / "own.pem")
    own.private_key_pem.write_to_path(tmp_path / "own.key")
    server = Vault()
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with served(server):
        environ |= {
            "VAULT_ADDR": f"https://localhost:{server.server_port}",
            "VAULT_CACERT": str(tmp_path / "ca.pem"),
        }
        apart = {"VAULT_CLIENT_CERT": str(tmp_path / "own.pem"), "VAULT_CLIENT_KEY": str(tmp_path / "own.key")}
        in_two_files = read(resolve, {**environ, **apart})
        in_one_file = read(resolve, {**environ, "VAULT_CLIENT_CERT": str(tmp_path / "both.pem")})
        without = read(resolve, environ)
    assert (in_two_files, in_one_file) == ("planted-v2", "planted-v2")
    assert without.startswith("FAILED Vault secret")


def test_without_the_library(resolve: Resolve, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hvac", None)
    assert "pip install 'channel-reconciler[vault]'" in read(resolve, environ)


def test_a_server_that_does_not_tell_its_mounts_is_taken_for_version_1(
    resolve: Resolve, environ: dict[str, str], vault: Vault
) -> None:
    """As `vault kv get` does with a server that is older than the question."""
    vault.broken["/v1/sys/internal/ui/mounts/older/slack"] = 404
    assert read(resolve, environ, "older/slack") == "planted-v0"


def test_a_setting_that_trusts_anybody_is_refused_with_the_way_out(resolve: Resolve, environ: dict[str, str]) -> None:
    assert "VAULT_CACERT" in read(resolve, {**environ, "VAULT_SKIP_VERIFY": "true"})
    assert read(resolve, {**environ, "VAULT_SKIP_VERIFY": "false"}) == "planted-v2"


def test_a_client_certificate_that_is_not_there_is_said(resolve: Resolve, environ: dict[str, str]) -> None:
    secure = {**environ, "VAULT_ADDR": environ["VAULT_ADDR"].replace("http:", "https:")}
    assert "FAILED" in read(resolve, {**secure, "VAULT_CLIENT_CERT": "/nowhere/client.pem"})
