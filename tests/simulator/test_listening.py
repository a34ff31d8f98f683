"""Where the simulator listens: a client that connects at the moment at which it ends leaves nothing open."""

from __future__ import annotations

import gc
import socket
import threading
import warnings

import httpx

from reconciler.simulator import Simulator
from reconciler.simulator.listening import HOST

_ROUNDS = 12


def test_a_connection_that_is_accepted_as_it_ends_is_closed() -> None:
    port, over, answered = 0, threading.Event(), threading.Semaphore(0)

    def connect() -> None:
        while not over.is_set():
            try:
                with socket.create_connection((HOST, port), timeout=60) as client:
                    client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
                    client.recv(100)
                    answered.release()
            except OSError:
                continue

    clients = [threading.Thread(target=connect, daemon=True) for _ in range(3)]
    with warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always", ResourceWarning)
        for client in clients:
            client.start()
        try:
            for _ in range(_ROUNDS):
                with Simulator() as simulator:
                    port = httpx.URL(simulator.url).port or 0
                    assert answered.acquire(timeout=60)
        finally:
            over.set()
        for client in clients:
            client.join()
        gc.collect()
    assert [str(warning.message) for warning in left] == []
