"""The login for the cluster: what cannot be used is an error that says what to do, and holds nothing of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
import yaml

from reconciler.model.errors import ConfigurationError
from reconciler.operator.kubernetes import Cluster, ClusterError
from reconciler.operator.release import release_finalizers
from reconciler.operator.watch import log_in
from tests.operator.fake import Login

EXEC = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "cloud", "args": ["get-token"]}}


def write(path: Path, user: object, server: str = "https://127.0.0.1:6443") -> None:
    content = {
        "current-context": "here",
        "clusters": [{"name": "here", "cluster": {"server": server}}],
        "users": [{"name": "here", "user": user}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "here"}}],
    }
    path.write_text(yaml.safe_dump(content), "utf-8")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    return tmp_path / "config"


@pytest.mark.parametrize(
    "user", [{"token": "t"}, {"username": "u", "password": "p"}, {"client-certificate-data": "YQ=="}]
)
def test_a_login_is_a_token_a_password_or_a_certificate(config: Path, user: object) -> None:
    write(config, user)
    assert log_in().server == "https://127.0.0.1:6443"


def test_a_proxy_of_this_machine_needs_none(config: Path) -> None:
    write(config, {}, "http://127.0.0.1:8001")
    assert log_in().server == "http://127.0.0.1:8001"


@pytest.mark.parametrize("user", [EXEC, {}])
def test_a_login_by_a_program_is_not_taken_for_one(config: Path, user: object) -> None:
    write(config, user)
    with pytest.raises(ConfigurationError, match=r"has no token.*kubectl create token"):
        log_in()


def test_a_file_that_is_not_there_is_named(config: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"{config}, the login for the cluster, cannot be read: No such file"):
        log_in()


@pytest.mark.parametrize("text", ["token: [SECRET", "[SECRET]", "current-context: SECRET", "users: SECRET", ""])
def test_a_file_of_another_form_is_no_internal_error_and_is_not_printed(config: Path, text: str) -> None:
    config.write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match="kubectl config view --minify") as raised:
        log_in()
    assert "SECRET" not in str(raised.value)


def test_no_cluster_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with pytest.raises(ConfigurationError, match="there is no API server"):
        log_in()
    cluster = Cluster(log_in)
    with pytest.raises(ClusterError, match="GET /a: there is no API server"):
        asyncio.run(cluster.get("/a"))


def test_nothing_is_released_in_a_namespace_that_is_not_there() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v1/namespaces/paymnets"
        return httpx.Response(404, json={})

    cluster = Cluster(Login, transport=httpx.MockTransport(answer))
    with pytest.raises(ConfigurationError, match="--namespace paymnets: the cluster has no such namespace"):
        asyncio.run(release_finalizers(cluster, ("paymnets",)))


def test_who_may_not_read_namespaces_may_release() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        is_namespace = request.url.path == "/api/v1/namespaces/payments"
        return httpx.Response(403 if is_namespace else 200, json={"items": []})

    cluster = Cluster(Login, transport=httpx.MockTransport(answer))
    assert asyncio.run(release_finalizers(cluster, ("payments",))) == []
