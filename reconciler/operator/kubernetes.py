"""The API server over HTTP: lists, single objects, patches. Who we are comes from kopf's logins; watching is `watch`'s.

One call, one answer: what fails is tried again by the next look at the project, not here.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import re
import ssl
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import httpx

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, ReconcilerError
from reconciler.operator.crds import GROUP, VERSION, plural_of

Document = dict[str, Any]
_PAGE = 500
_SECONDS = 30.0
CALLS_AT_ONCE = 10
"""Calls under way at once, each over a connection of its own. The others wait here and not for the client's pool: that
looks at all its connections for each call that waits, and the time there would count as the API server's silence."""


class ClusterError(ReconcilerError):
    """The API server did not do it; `status` is its HTTP status, 0 where there was no answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status

    @property
    def is_refusal(self) -> bool:
        """Whether it was about this one call: the server is there, and not too busy."""
        return 400 <= self.status < 500 and self.status != httpx.codes.TOO_MANY_REQUESTS


class LoginInfo(Protocol):
    """What is used of kopf's ConnectionInfo."""

    @property
    def server(self) -> str: ...
    @property
    def ca_path(self) -> Any: ...
    @property
    def ca_data(self) -> Any: ...
    @property
    def insecure(self) -> bool | None: ...
    @property
    def certificate_path(self) -> Any: ...
    @property
    def certificate_data(self) -> Any: ...
    @property
    def private_key_path(self) -> Any: ...
    @property
    def private_key_data(self) -> Any: ...
    def as_http_headers(self) -> dict[str, str]: ...


def path_of(kind: str, namespace: str = "", name: str = "", part: str = "") -> str:
    """The address of a kind of ours: its list, in a namespace or in all, or one object or a part of it."""
    inside = f"/namespaces/{namespace}" if namespace else ""
    steps = [f"/apis/{GROUP}/{VERSION}{inside}/{plural_of(kind)}", name, part]
    return "/".join(step for step in steps if step)


@dataclass(slots=True)
class _Session:
    """A client with one login. When that is no longer taken, the last of the `calls` under way closes it: to close it
    under the others would break theirs, and nobody knew whether their writes had arrived."""

    client: httpx.AsyncClient
    calls: int = 0


class Cluster:
    """One API server, over connections of its own. `login` is asked again when the server no longer takes who we are:
    tokens of pods expire. `seconds`: how long an answer may take. `calls` counts the calls by their method."""

    def __init__(
        self,
        login: Callable[[], LoginInfo],
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        seconds: float = _SECONDS,
    ) -> None:
        self.calls = Counter[str]()
        self._places = asyncio.Semaphore(CALLS_AT_ONCE)
        self._login = login
        self._seconds = seconds
        self._transport = transport
        self._session: _Session | None = None

    async def list(self, path: str, *, selector: str = "") -> list[Document]:
        """All objects of a list, page by page."""
        found: list[Document] = []
        following = ""
        while True:
            params = {"limit": str(_PAGE), "labelSelector": selector, "continue": following}
            answer = await self._call("GET", path, params={name: value for name, value in params.items() if value})
            found += answer.get("items") or []
            following = (answer.get("metadata") or {}).get("continue") or ""
            if not following:
                return found

    async def get(self, path: str) -> Document | None:
        """One object; None if there is none."""
        try:
            return await self._call("GET", path)
        except ClusterError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise

    async def get_newer(self, path: str, etag: str) -> tuple[Document, str] | None:
        """An object with its ETag; None if it is still the one of this ETag. ClusterError also if there is none."""
        answer = await self._answer("GET", path, headers={"if-none-match": etag} if etag else {})
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return None
        return _document(answer), answer.headers.get("etag", "")

    async def patch(self, path: str, body: Mapping[str, Any]) -> Document:
        """Merge a patch (RFC 7386) into an object; the object."""
        headers = {"content-type": "application/merge-patch+json"}
        return await self._call("PATCH", path, json=body, headers=headers)

    async def create(self, path: str, body: Mapping[str, Any]) -> Document:
        """Create an object in a list; the object."""
        return await self._call("POST", path, json=body)

    async def replace(self, path: str, body: Mapping[str, Any]) -> Document:
        """Replace an object; a conflict (409) if its resourceVersion is no longer that of the body."""
        return await self._call("PUT", path, json=body)

    async def close(self) -> None:
        """Give the connections back."""
        used, self._session = self._session, None
        if used is not None:
            await used.client.aclose()

    async def _call(self, method: str, path: str, **how: Any) -> Document:
        return _document(await self._answer(method, path, **how))

    async def _answer(self, method: str, path: str, **how: Any) -> httpx.Response:
        answer = await self._send(method, path, how)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            return await self._send(method, path, how)
        return answer

    async def _send(self, method: str, path: str, how: Mapping[str, Any]) -> httpx.Response:
        async with self._places:
            self.calls[method] += 1
            used = self._session = self._session or self._log_in(f"{method} {path}")
            used.calls += 1
            try:
                answer = await used.client.request(method, path, **how)
            except httpx.HTTPError as error:
                kind = type(error).__name__
                raise ClusterError(f"{method} {path}: the API server cannot be reached ({kind})") from None
            else:
                if answer.status_code == httpx.codes.UNAUTHORIZED and self._session is used:
                    self._session = None
                return answer
            finally:
                used.calls -= 1
                if not used.calls and self._session is not used:
                    await used.client.aclose()

    def _log_in(self, call: str) -> _Session:
        """A client of who we are now. That may fail for a moment, as while a token's file is replaced."""
        try:
            return _Session(client_of(self._login(), self._transport, self._seconds))
        except ConfigurationError as error:
            raise ClusterError(f"{call}: {error}") from None
        except Exception as error:  # of files, of TLS, or kopf's: any kind, and its text may hold a value
            raise ClusterError(f"{call}: logging in to the API server failed ({type(error).__name__})") from None


def _document(answer: httpx.Response) -> Document:
    call = f"{answer.request.method} {answer.request.url.path}"
    if answer.is_success:
        with suppress(ValueError):
            found = answer.json()
            if isinstance(found, dict):
                return found
        raise ClusterError(f"{call}: the API server's answer is not a JSON object")
    raise ClusterError(f"{call}: {_reason(answer)}", answer.status_code)


_RIGHT = re.compile(r'User "[^"]{1,200}" cannot [a-z]+ resource "[\w/.-]+" in API group "[\w.-]*"[^:{}]{0,200}')
_NAME = re.compile(r"[A-Za-z][\w.\[\]-]{0,99}")


def _reason(answer: httpx.Response) -> str:
    """Why the API server refused, without its message: that may repeat values of the object, as those of an Invalid, of
    a quota or of an admission policy do. Of it there is left which right is missing; the fields have names alone."""
    try:
        status = answer.json()
        details = status.get("details") or {}
        names = [status.get("reason"), *(cause.get("field") for cause in details.get("causes") or ())]
        right = _RIGHT.search(str(status.get("message", "")))
    except (ValueError, AttributeError, TypeError):
        return str(answer.status_code)
    words = [name for name in names if isinstance(name, str) and _NAME.fullmatch(name)]
    said = [" ".join([str(answer.status_code), ", ".join(dict.fromkeys(words))]).rstrip()]
    return ": ".join([*said, right[0]] if right else said)


def client_of(
    login: LoginInfo, transport: httpx.AsyncBaseTransport | None = None, seconds: float = _SECONDS
) -> httpx.AsyncClient:
    """A client for the API server that the login leads to."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)  # they log every call
    return httpx.AsyncClient(
        base_url=login.server,
        headers=login.as_http_headers(),
        verify=login.server.startswith("https:") and _trust(login),  # plain http needs no authorities to be loaded
        timeout=seconds,
        limits=httpx.Limits(max_connections=CALLS_AT_ONCE),
        transport=transport,
    )


def _trust(login: LoginInfo) -> ssl.SSLContext:
    authorities = _text(login.ca_data)
    context = ssl.create_default_context(cafile=login.ca_path, cadata=authorities)
    if login.insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if login.certificate_path:
        context.load_cert_chain(login.certificate_path, login.private_key_path)
    elif login.certificate_data:
        _load_certificate(context, _text(login.certificate_data) or "", _text(login.private_key_data) or "")
    return context


def _load_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """OpenSSL takes a client's certificate from a file only: it is there, readable by us alone, for this one call."""
    handle, name = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "w") as file:
            file.write(f"{certificate}\n{key}")
        context.load_cert_chain(name)
    finally:
        Path(name).unlink()


def _text(data: object) -> str | None:
    """PEM, of what a kubeconfig holds in base64."""
    if not data:
        return None
    raw = data if isinstance(data, bytes) else str(data).encode()
    return raw.decode() if raw.startswith(b"-----") else base64.b64decode(raw).decode()
