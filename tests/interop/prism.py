"""The Confluent provider's round against Prism, which serves the vendor's document and judges every request by it.

Nothing of ours is on the other side. Prism keeps nothing, so the round is one of single calls: each must be accepted,
and each answer of the document's examples understood. Errors are forced by the header `Prefer: code=...`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx

from reconciler.model.errors import (
    ConflictError,
    ForbiddenError,
    QuotaError,
    RejectedError,
    TargetError,
    UnexpectedError,
)
from reconciler.model.evidence import Outcome
from reconciler.model.resource import Payload
from reconciler.model.values import SecretText, Value
from reconciler.providers.confluent import make_provider
from reconciler.providers.confluent.client import ConfluentProvider
from reconciler.providers.connection import Basic, Connection
from reconciler.providers.pacing import Retries, RetryBudget
from tests.interop.tools import NotRunError
from tests.providers.confluent.contract import DOCUMENT

__all__ = ["play_round"]

_PACKAGE = "@stoplight/prism-cli@5.16.0"
_PATIENCE = 180  # seconds for npx to fetch it and for it to listen
_FORCED: dict[int, type[TargetError]] = {
    402: QuotaError,
    403: ForbiddenError,
    409: ConflictError,
    422: RejectedError,
    429: UnexpectedError,
    500: UnexpectedError,
}


def play_round() -> list[str]:
    """The whole round; the names of its steps."""
    with _prism() as url:
        steps = asyncio.run(_calls(url))
        for status, error in _FORCED.items():
            asyncio.run(_forced(url, status, error))
            steps.append(str(status))
    return steps


@contextmanager
def _prism() -> Iterator[str]:
    command = _command()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [*command, "mock", "--host", "127.0.0.1", "--port", str(port), "--errors", str(DOCUMENT)]
    quiet = subprocess.DEVNULL
    try:
        process = subprocess.Popen(arguments, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    except OSError as error:
        raise NotRunError(f"{command[0]} cannot be run: {error.strerror}") from None
    try:
        _wait_for(process, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # npx has children; the session is theirs alone
        process.wait()


def _command() -> list[str]:
    if own := os.environ.get("PRISM") or shutil.which("prism"):
        return [own]
    if npx := shutil.which("npx"):
        return [npx, "--yes", _PACKAGE]
    raise NotRunError("neither prism nor npx is installed")


def _wait_for(process: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise NotRunError(f"it ended at once (exit code {process.returncode}); is the npm registry within reach?")
        try:
            httpx.get(url, timeout=1)
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise NotRunError(f"it did not listen within {_PATIENCE} s")


def _provider(url: str, headers: dict[str, str] | None = None) -> ConfluentProvider:
    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    connection = Connection(
        url, "prism", Basic(SecretText("key"), SecretText("secret")), headers=dict(headers or {}), timeout_seconds=20
    )
    return make_provider(connection, "", Retries(RetryBudget(), sleep=at_once))


def _hook(**fields: Value) -> Payload:
    common: dict[str, Value] = {"display_name": "platform-oncall", "description": "managed by gitops [acme/hook]"}
    address: dict[str, Value] = {"url": SecretText("https://hooks.example.net/ccloud/7k2p9")}
    return Payload("WebhookChannel", common | address | fields)


async def _calls(url: str) -> list[str]:
    provider = _provider(url)
    try:
        assert (await provider.read_server()).identity == "9d0c1f4e-2b7a-4c55-8f0e-1a2b3c4d5e6f"
        objects = {live.id: live for live in (await provider.read_all()).objects}
        assert objects["i-0role"].alias == "role:OrganizationAdmin"
        hook = objects["i-7k2p9"]
        assert hook.kind == "WebhookChannel"
        assert await provider.read("i-7k2p9") == hook
        assert (await provider.probe(_hook())).outcome is Outcome.ACCEPTED
        assert await provider.create(_hook()) == "i-7k2p9"
        await provider.update(hook.id, _hook(display_name="New", url=SecretText("https://hooks.example.net/2")), hook)
        await _subscribe(provider)
        assert await provider.delete("i-7k2p9") is True
    finally:
        await provider.close()
    return ["server", "lists", "read", "test", "create", "update", "subscribe", "delete"]


async def _subscribe(provider: ConfluentProvider) -> None:
    channels = frozenset({"i-7k2p9", "i-0role"})
    fields: dict[str, Value] = {"notification_type": "nt-33aa1", "channels": channels, "state": "ENABLED"}
    made = await provider.create(Payload("Subscription", fields))
    live = await provider.read(made)
    assert live is not None
    await provider.update(made, Payload("Subscription", fields | {"channels": frozenset({"i-0role"})}), live)


async def _forced(url: str, status: int, error: type[TargetError]) -> None:
    provider = _provider(url)
    await provider.read_all()  # the catalogue is kept, so that only the create meets the error
    refusing = _provider(url, {"Prefer": f"code={status}"})
    refusing._calls._catalogue = provider._calls._catalogue
    try:
        await refusing.create(_hook())
    except error:
        return
    finally:
        await provider.close()
        await refusing.close()
    raise AssertionError(f"a forced {status} was not reported as {error.__name__}")
