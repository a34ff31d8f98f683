"""The harness itself: another server than the shared one, which is killed, paused and started again."""

from __future__ import annotations

import httpx
import pytest

from tests.operator.apiserver import ApiServer, wait_until


def test_a_server_comes_back_with_what_it_had() -> None:
    with ApiServer() as server:
        namespace = server.namespace()
        server.kill("apiserver")
        with pytest.raises(httpx.TransportError):
            server.client().get("/readyz")
        server.kill("etcd")
        server.start("etcd")
        server.start("apiserver")
        assert server.client().get(f"/api/v1/namespaces/{namespace}").is_success
        server.pause("apiserver")
        with pytest.raises(httpx.TimeoutException):
            server.client().get("/readyz", timeout=0.5)
        server.go_on("apiserver")
        wait_until(lambda: server.client().get("/readyz").is_success, "it does not go on")
        folder = server.folder
    assert not folder.exists()


def test_who_has_no_rights_is_refused(apiserver: ApiServer) -> None:
    assert apiserver.client("alice").get("/api/v1/namespaces").status_code == httpx.codes.FORBIDDEN
