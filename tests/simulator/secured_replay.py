"""Playing a recording of a node with the security plugin: users, tokens and client certificates over TLS.

What had been set up before the recording began (users, roles, the first channel) is set up here by their names.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import trustme
from cryptography import x509

from reconciler.simulator import Receiver, Simulator, Timings
from tests.simulator.settling import observed, recorded, settle

HEADERS = ("content-type", "allow", "www-authenticate", "x-opensearch-version")
NOTIFICATIONS = "cluster:admin/opensearch/notifications"
FULL, READ = "notifications_full_access", "notifications_read_access"
TOKENS = {
    "jwt": {"user": "notif", "backend_roles": ["team-j", "team-a"], "claims": ["roles", "sub", "exp"]},
    "jwt of a user that has no role": {"user": "facts_jwt", "claims": ["sub", "exp"]},
}


def user(*roles: str, backend_roles: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"password": "right", "backend_roles": list(backend_roles), "roles": list(roles)}


@dataclass(frozen=True)
class Certificates:
    """A server's TLS context that asks for client certificates, and a client's context by common name."""

    server: ssl.SSLContext
    clients: Mapping[str | None, ssl.SSLContext]
    subjects: Mapping[str, str]


def make_certificates(*names: str) -> Certificates:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(server)
    server.verify_mode = ssl.CERT_OPTIONAL
    clients: dict[str | None, ssl.SSLContext] = {None: ssl.create_default_context()}
    subjects = {}
    for name in names:
        certificate = authority.issue_cert(common_name=name, organization_name="test")
        clients[name] = ssl.create_default_context()
        certificate.configure_cert(clients[name])
        parsed = x509.load_pem_x509_certificate(certificate.cert_chain_pems[0].bytes())
        subjects[name] = ",".join(part.rfc4514_string() for part in reversed(list(parsed.subject.rdns)))
    for context in clients.values():
        authority.configure_trust(context)
    return Certificates(server, clients, subjects)


class SecuredReplay:
    """A recording against a simulator with these users and roles, over TLS."""

    def __init__(self, simulator: Simulator, receiver: Receiver, certificates: Certificates) -> None:
        self.simulator = simulator
        self.receiver = receiver
        self._certificates = certificates
        self._clients = {
            name: httpx.Client(base_url=simulator.url, verify=context, timeout=30)
            for name, context in certificates.clients.items()
        }
        self.names = {
            f"127.0.0.1:{receiver.port}": "127.0.0.1:SINK",
            "127.0.0.1:49152": "127.0.0.1:PORT",
            '"testbed"': '"NODE"',
            "opensearch-testbed": "CLUSTER",
            "D-DjMqyjQVC0e5dektCauA": "CLUSTER_UUID",
            '"build_type": "zip"': '"build_type": "tar"',
            **{subject: f"CN={name},O=test" for name, subject in certificates.subjects.items()},
        }

    def play(self, exchange: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """As it was recorded, and as it went now."""
        then, now = self.play_raw(exchange)
        return settle(then, {}), settle(now, self.names)

    def play_raw(self, exchange: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The same, with nothing put aside."""
        self.receiver.clear()
        client = self._clients[_certificate_of(exchange)]
        response = client.send(self._request(client, exchange))
        return recorded(exchange, HEADERS), observed(response, self.receiver.received, HEADERS)

    def _mine(self, text: str) -> str:
        """A recorded request with the ports and ids of this run."""
        for mine, theirs in self.names.items():
            text = text.replace(theirs, mine) if theirs.endswith("SINK") or theirs.isupper() else text
        return text

    def close(self) -> None:
        for client in self._clients.values():
            client.close()

    def _request(self, client: httpx.Client, exchange: Mapping[str, Any]) -> httpx.Request:
        asked = exchange["request"]
        content = self._mine(json.dumps(asked["body"])) if "body" in asked else asked.get("raw")
        headers = {"Content-Type": "application/json"} if content is not None else {}
        headers |= asked.get("headers", {})
        if headers.get("Authorization") == "Bearer JWT":
            headers["Authorization"] = f"Bearer {exchange['label'].rpartition(':')[0].replace(' ', '-')}"
        request = client.build_request(asked["method"], self._mine(asked["path"]), content=content, headers=headers)
        if "user" in asked:
            is_wrong = "wrong password" in exchange["label"] or "wrong basic" in exchange["label"]
            auth = httpx.BasicAuth(asked["user"], "wrong" if is_wrong else "right")
            return next(auth.auth_flow(request))
        return request


def _certificate_of(exchange: Mapping[str, Any]) -> str | None:
    """Whose certificate was sent: the recording names one of the admin's only, the label says when it was another's."""
    if "client_certificate" not in exchange["request"]:
        return None
    return "notif" if exchange["label"].startswith("client certificate CN=notif") else "admin"


@contextmanager
def secured(users: Mapping[str, Any], roles: Mapping[str, list[str]]) -> Iterator[SecuredReplay]:
    """A simulator with these users and own roles, and the admin's certificate."""
    certificates = make_certificates("admin", "notif")
    document = {
        "users": users,
        "roles": {name: {"cluster_permissions": permissions} for name, permissions in roles.items()},
        "tokens": {label.replace(" ", "-"): token for label, token in TOKENS.items()},
        "admin_certificates": [certificates.subjects["admin"]],
    }
    with (
        Simulator(users=document, ssl_context=certificates.server, timings=Timings(resend=0.0)) as simulator,
        Receiver(slow_seconds=0.05) as receiver,
    ):
        replay = SecuredReplay(simulator, receiver, certificates)
        yield replay
        replay.close()
