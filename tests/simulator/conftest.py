"""A running simulator and a client for it; the calls that many tests make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from reconciler.simulator import Simulator, Timings

BASE = "/_plugins/_notifications"


class Client:
    """The simulator's API as a test speaks to it."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=10)

    def call(self, method: str, path: str, **details: Any) -> httpx.Response:
        return self.http.request(method, f"{BASE}{path}", **details)

    def create(self, config_id: str, kind: str, block: dict[str, Any], **config: Any) -> httpx.Response:
        content = {"name": config_id, "config_type": kind, kind: block, **config}
        return self.call("POST", "/configs", json={"config_id": config_id, "config": content})

    def update(self, config_id: str, kind: str, block: dict[str, Any], **config: Any) -> httpx.Response:
        content = {"name": config_id, "config_type": kind, kind: block, **config}
        return self.call("PUT", f"/configs/{config_id}", json={"config": content})

    def post_raw(self, body: bytes, **headers: str) -> httpx.Response:
        return self.call("POST", "/configs", content=body, headers={"Content-Type": "application/json", **headers})

    def config(self, config_id: str) -> dict[str, Any]:
        content: dict[str, Any] = self.call("GET", f"/configs/{config_id}").json()["config_list"][0]["config"]
        return content

    def listed(self, query: str = "") -> list[str]:
        response = self.call("GET", f"/configs{query}")
        assert response.status_code == 200, response.text
        return [entry["config_id"] for entry in response.json()["config_list"]]

    def test(self, config_id: str) -> httpx.Response:
        return self.call("POST", f"/feature/test/{config_id}")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(receivers=True, slow_seconds=0.05, timings=Timings(response=5, resend=0)) as running:
        yield running


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    connected = Client(simulator.url)
    yield connected
    connected.http.close()


def reason(response: httpx.Response) -> str:
    """The error's reason."""
    text: str = response.json()["error"]["reason"]
    return text
