"""Calls that a test makes by itself: to loopback, past any proxy, and with the time that a busy machine takes.

httpx gives an answer five seconds. A machine that runs three tests at once has taken longer.
"""

from __future__ import annotations

from typing import Any

import httpx

__all__ = ["client", "get", "post", "put"]

_SECONDS = 300.0


def client(**more: Any) -> httpx.Client:
    """A client as httpx's own, which waits."""
    return httpx.Client(trust_env=False, timeout=_SECONDS, **more)


def get(url: str, **more: Any) -> httpx.Response:
    """The answer to a GET."""
    return _ask("GET", url, **more)


def post(url: str, **more: Any) -> httpx.Response:
    """The answer to a POST."""
    return _ask("POST", url, **more)


def put(url: str, **more: Any) -> httpx.Response:
    """The answer to a PUT."""
    return _ask("PUT", url, **more)


def _ask(method: str, url: str, **more: Any) -> httpx.Response:
    return httpx.request(method, url, trust_env=False, timeout=_SECONDS, **more)
