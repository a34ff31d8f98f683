"""A stand-in for Vault on loopback, which answers as the key-value API does.

The answers' form: Vault's API pages for KV version 1 and 2, and for `sys/internal/ui/mounts`, Vault 1.20.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "hvs.plantedtoken"


class Vault(ThreadingHTTPServer):
    """A Vault with `secret/` (version 2), `old/kv/` (version 1) and `older/` (1, without options)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.requests: list[tuple[str, str | None]] = []
        self.secrets: dict[str, object] = {
            "/v1/secret/data/team/slack": version_2({"url": "planted-v2", "port": 25}),
            "/v1/secret/data/with%20space/%C3%A9": version_2({"url": "planted-quoted"}),
            "/v1/secret/data/scalar": "planted, not a secret's form",
            "/v1/old/kv/team/slack": {"url": "planted-v1", "a.b": "planted-dotted"},
            "/v1/older/slack": {"url": "planted-v0"},
        }
        self.broken: dict[str, int] = {}
        self.moved: dict[str, str] = {}
        self.authorizations: list[str | None] = []
        self.error_text = "planted"
        self.text: str | None = None

    def mount(self, path: str) -> dict[str, object] | None:
        mounts = {"secret/": {"version": "2"}, "old/kv/": {"version": "1"}, "older/": None}
        found = next((mount for mount in mounts if f"{path}/".startswith(mount)), None)
        return {"path": found, "type": "kv", "options": mounts[found]} if found else None


def version_2(data: dict[str, object]) -> dict[str, object]:
    return {"data": data, "metadata": {"version": 3, "deletion_time": "", "destroyed": False}}


class Answer(BaseHTTPRequestHandler):
    server: Vault

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers.get("X-Vault-Namespace")))
        self.server.authorizations.append(self.headers.get("Authorization"))
        mounts = "/v1/sys/internal/ui/mounts/"
        if self.path in self.server.moved:
            return self.send(307, "{}", location=self.server.moved[self.path])
        if self.server.text is not None:
            return self.send(200, self.server.text, "text/html")
        if self.headers.get("X-Vault-Token") != TOKEN:
            return self.refuse(403)
        if self.path in self.server.broken:
            return self.refuse(self.server.broken[self.path])
        if self.path.startswith(mounts):
            mount = self.server.mount(self.path.removeprefix(mounts))
            return self.data(mount) if mount else self.refuse(403)
        if self.path in self.server.secrets:
            return self.data(self.server.secrets[self.path])
        return self.refuse(404)

    def data(self, data: object) -> None:
        self.send(200, json.dumps({"request_id": "1", "lease_id": "", "data": data}))

    def refuse(self, status: int) -> None:
        self.send(status, json.dumps({"errors": [] if status == 404 else [self.server.error_text]}))

    def send(self, status: int, text: str, kind: str = "application/json", location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Say nothing: the tests read what is printed."""


@contextmanager
def served(server: Vault) -> Iterator[Vault]:
    """Serve in a thread until the end of the block."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
