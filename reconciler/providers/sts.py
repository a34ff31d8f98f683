"""Confluent's token exchange as an `httpx.Auth`: a token of your identity provider in exchange for one of Confluent's.

The exchange is `POST /sts/v1/oauth2/token`, form-encoded (vendor's SDK, sts/v1). A token is valid for minutes, and is
renewed before it expires. The call goes through the same client as all others, and its answer is never shown.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any
from urllib.parse import urlencode

import httpx

from reconciler.model.errors import UnauthorizedError, UnexpectedError
from reconciler.model.values import SecretText

TOKEN_PATH = "/sts/v1/oauth2/token"  # noqa: S105 - a path
_TYPE = "urn:ietf:params:oauth:token-type:"
_DEFAULT_LIFE = 900  # seconds
_USED_PART = 0.8  # of a token's life; the rest is a margin for clocks that differ and for slow calls


class StsAuth(httpx.Auth):
    """Sends a token that it gets in exchange for `subject_token`, and renews it. `expires_in` is the life to ask for,
    in seconds; 0 leaves it to the server."""

    def __init__(
        self,
        subject_token: SecretText,
        identity_pool_id: str,
        expires_in: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._subject_token = subject_token
        self._pool = identity_pool_id
        self._expires_in = expires_in
        self._clock = clock
        self._token: SecretText | None = None
        self._renew_at = 0.0
        self._lock = asyncio.Lock()

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must not appear in any message."""
        return tuple(text.reveal() for text in (self._subject_token, self._token) if text is not None)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send the token; calls that wait for one share a single exchange."""
        was = self._token
        async with self._lock:
            if self._token is None or self._clock() >= self._renew_at:
                await self._accept((yield self._exchange(request)))
            token = self._authorize(request)
        response = yield request
        if response.status_code != httpx.codes.UNAUTHORIZED or token is not was:
            return
        async with self._lock:  # expired early; a refused call was not carried out, so this one may be sent again
            if self._token is token:
                await self._accept((yield self._exchange(request)))
            self._authorize(request)
        yield request

    def _authorize(self, request: httpx.Request) -> SecretText | None:
        text = self._token.reveal() if self._token else ""
        request.headers["authorization"] = f"Bearer {text}"
        return self._token

    def _exchange(self, request: httpx.Request) -> httpx.Request:
        form = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": self._subject_token.reveal(),
            "subject_token_type": f"{_TYPE}jwt",
            "requested_token_type": f"{_TYPE}access_token",
            "identity_pool_id": self._pool,
        }
        if self._expires_in:
            form["expires_in"] = str(self._expires_in)
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        address = request.url.copy_with(raw_path=TOKEN_PATH.encode())
        return httpx.Request("POST", address, headers=headers, content=urlencode(form).encode())

    async def _accept(self, response: httpx.Response) -> None:
        await response.aread()  # responses are streamed, and nobody else reads this one
        if response.status_code in (400, 401, 403):
            fix = "check subject_token (has it expired?) and identity_pool_id under the target's auth.sts"
            raise UnauthorizedError(
                f"POST {TOKEN_PATH} was answered {response.status_code}: the token exchange was refused; {fix}",
                status=response.status_code,
                fix=fix,
            )
        body = _parse(response)
        token, life = body.get("access_token"), body.get("expires_in")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise UnexpectedError(
                f"POST {TOKEN_PATH} was answered {response.status_code} without a token; try again later",
                status=response.status_code,
                fix="try again later",
            )
        self._token = SecretText(token)
        lifetime = life if isinstance(life, int) and life > 0 else _DEFAULT_LIFE
        self._renew_at = self._clock() + _USED_PART * lifetime


def _parse(response: httpx.Response) -> dict[str, Any]:
    try:
        body = json.loads(response.content) if response.status_code == httpx.codes.OK else {}
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
