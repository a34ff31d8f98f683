"""Who may call: API keys, tokens from the exchange, and what a lost role forbids."""

from __future__ import annotations

import base64
import hmac
from enum import StrEnum
from secrets import token_hex
from urllib.parse import parse_qs

from reconciler.simulator.calls import Call
from reconciler.simulator.clock import Clock
from reconciler.simulator.confluent.behaviours import WrongKeyCode
from reconciler.simulator.confluent.errors import ApiError

__all__ = ["Access", "Rights"]

_LIFE = 900  # seconds
_WRONG_KEY = "invalid API key: make sure you're using a Cloud API Key and not a Cluster API Key"
_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"


class Rights(StrEnum):
    """What the caller's role allows."""

    ALL = "all"
    READ = "read"
    NONE = "none"


class Access:
    """`credentials` is a key and its secret; without them any key is accepted. Only `subject_tokens` are exchanged;
    without them any but an empty one. `rights` may be changed while the simulator runs."""

    def __init__(
        self,
        clock: Clock,
        credentials: tuple[str, str] | None = None,
        subject_tokens: frozenset[str] = frozenset(),
        wrong_key: WrongKeyCode = WrongKeyCode.UNAUTHENTICATED,
    ) -> None:
        self._clock = clock
        self._credentials = ":".join(credentials) if credentials else ""
        self._subject_tokens = subject_tokens
        self._wrong_key = wrong_key
        self._tokens: dict[str, float] = {}
        self.rights = Rights.ALL

    def check(self, call: Call) -> None:
        """Refuse a call without valid credentials, or beyond the role's rights."""
        scheme, _, value = call.headers.get("authorization", "").partition(" ")
        if not self._is_known(scheme.lower(), value.strip()):
            if scheme.lower() == "basic" and self._wrong_key is WrongKeyCode.FORBIDDEN:
                raise ApiError(403, _WRONG_KEY, code="forbidden_access")
            headers = {"WWW-Authenticate": 'Basic error="invalid_key"'}
            raise ApiError(401, "credentials are missing or wrong", headers=headers)
        if self.rights is Rights.NONE or (self.rights is Rights.READ and call.method != "GET"):
            raise ApiError(403, "role is missing")

    def _is_known(self, scheme: str, value: str) -> bool:
        if scheme == "bearer":
            return self._tokens.get(value, 0.0) > self._clock.now()
        if scheme != "basic":
            return False
        try:
            given = base64.b64decode(value, validate=True)
        except ValueError:
            return False
        return hmac.compare_digest(given, self._credentials.encode()) if self._credentials else b":" in given

    def exchange(self, body: bytes) -> dict[str, object]:
        """The answer to a token exchange."""
        form = {name: values[-1] for name, values in parse_qs(body.decode(errors="replace")).items()}
        for name in ("subject_token", "subject_token_type", "requested_token_type", "identity_pool_id"):
            if not form.get(name):
                raise ApiError(400, f"{name} is required", f"/{name}")
        if form.get("grant_type") != _GRANT:
            raise ApiError(400, "is not supported", "/grant_type")
        if self._subject_tokens and form["subject_token"] not in self._subject_tokens:
            raise ApiError(401, "the subject token is not valid")
        asked = form.get("expires_in", "")
        life = int(asked) if asked.isdecimal() else _LIFE
        token = token_hex(16)
        self._tokens[token] = self._clock.now() + life
        kind = "urn:ietf:params:oauth:token-type:access_token"
        return {"access_token": token, "issued_token_type": kind, "token_type": "Bearer", "expires_in": life}
