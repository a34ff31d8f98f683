"""What two real nodes made of receivers of many kinds, played against the simulator's sender and its own receivers."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import trustme

from reconciler.simulator import Receiver, Simulator, Timings
from reconciler.simulator.oddities import ODDITIES
from tests.simulator.settling import load_exchanges, observed, recorded, settle

VERSIONS = ("3.6.0", "2.19.5")
HEADERS = {  # what the channel's header_params held; the labels say so, the recordings do not
    "header with a line end": {"X-A": "a\r\nX-B: b"},
    "header Host": {"Host": "example.org"},
    "header Content-Length": {"Content-Length": "3"},
    "header Authorization": {"Authorization": "Bearer x"},
}
AFTER = {"1.2 s": 1.2, "1.8 s": 1.8, "2.5 s": 2.5, "4 s": 4.0}
NOT_PLAYED = {
    # 3.x sends the path as raw Latin-1 bytes; httpcore's parser, like most, refuses to send what RFC 9110 forbids.
    "3.6.0": {"non-ASCII path"},
    "2.19.5": set[str](),
}
TOO_LATE = ("200 after 60 s", "https to a plain http port")
"""What a node gave up, played by one that gives up soon; all else by one for which no machine is too slow."""

COMPARED = ("content-type",)


@contextmanager
def silent_port(answer: str) -> Iterator[int]:
    """A port where nobody speaks the protocol that is asked: it hears, and says nothing, or resets the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    if answer == "reset":
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    else:
                        connection.settimeout(5)
                        connection.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


class Played:
    """One version's recording being played."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.differing: dict[str, Any] = {}
        self.count = 0

    def play(self) -> None:
        certificate = trustme.CA().issue_cert("127.0.0.1")
        patient = Timings(connect=60, response=60, resend=0.05, longest_pause=0.05)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        with (
            Simulator(opensearch_version=self.version, timings=patient) as simulator,
            Simulator(opensearch_version=self.version, timings=Timings(connect=0.5, response=0.5)) as hasty,
            Simulator(ssl_context=context) as secure,
            Receiver(slow_seconds=0.72) as receiver,
            silent_port("silence") as silent,
            silent_port("reset") as resetting,
            httpx.Client(timeout=90) as client,
        ):
            self.simulator, self.hasty, self.receiver, self.client = simulator, hasty, receiver, client
            simulator.clock.stop()
            self.ports = {
                "https with a self-signed certificate": urlsplit(secure.url).port,
                "https to a plain http port": silent,
                "http to a TLS port": resetting,
            }
            for exchange in load_exchanges(f"opensearch-receivers-{self.version}"):
                if exchange["label"] not in NOT_PLAYED[self.version]:
                    self._play(exchange)

    def _play(self, exchange: dict[str, Any]) -> None:
        label = exchange["label"]
        port = str(self.ports.get(label, self.receiver.port))
        url = _address(exchange).replace("SINK", port).replace("TLS", port)
        webhook = {"url": url, "header_params": HEADERS.get(label, {}), "method": "POST"}
        config = {"name": "facts recv", "config_type": "webhook", "webhook": webhook}
        simulator = self.hasty if label in TOO_LATE else self.simulator
        simulator.seed([{"config_id": "facts_recv", "config": config}])
        simulator.clock.advance(_pause(label))
        self.receiver.clear()
        request = exchange["request"]
        response = self.client.request(request["method"], f"{simulator.url}{request['path']}")
        names = {f"127.0.0.1:{port}": "127.0.0.1:SINK", "x" * 1048576: "<1048576 times x>", "/odd/": "/"}
        then = settle(recorded(exchange, COMPARED), {})
        now = settle(observed(response, self.receiver.received, COMPARED), names)
        if "keep-alive" in label:
            now = json.loads(json.dumps(now).replace("/closes", "/get"))
        if any(method == "TLS" for method, *_ in then["delivered"]):
            then["delivered"] = []  # a handshake that came to nothing is not a delivery
        self.count += 1
        if now != then:
            self.differing[label] = (then, now)


def _address(exchange: dict[str, Any]) -> str:
    """The recorded address, with the path at which our receiver behaves like that one."""
    parts = urlsplit(exchange["url"])
    name = parts.path.strip("/")
    if name in ODDITIES:
        return str(exchange["url"]).replace(f"/{name}", f"/odd/{name}")
    if "keep-alive" in exchange["label"]:
        return str(exchange["url"]).replace("/get", "/odd/closes")
    return str(exchange["url"])


def _pause(label: str) -> float:
    """Seconds between this test and the one before: those about kept connections were made at once, or say when."""
    if "keep-alive" not in label:
        return 10.0
    return next((seconds for text, seconds in AFTER.items() if label.endswith(f"next test after {text}")), 0.0)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_receiver_is_answered_as_by_the_real_node(version: str) -> None:
    played = Played(version)
    played.play()

    assert played.count == 79 - len(NOT_PLAYED[version])
    assert played.differing == {}
