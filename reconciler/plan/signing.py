"""Signatures of saved plans, and the key under which they pin secrets: HMAC-SHA256 under the key of the pipeline.

Apart from `document` so that what is secret here, the key, is in no other module. Pure: the key is handed in.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

from reconciler.errors import ConfigurationError, RefusedError
from reconciler.resources import SecretText

__all__ = ["PLAN_KEY", "check_signature", "pin_key", "plan_key", "signed"]

PLAN_KEY = "RECONCILER_PLAN_KEY"
"""The environment variable that holds the key."""

_SHORTEST = 16
_PREFIX = "hmac-sha256:"


def plan_key(environ: Mapping[str, str]) -> SecretText | None:
    """The key of this environment, or None; a key that could be guessed is a ConfigurationError."""
    key = environ.get(PLAN_KEY, "")
    if not key:
        return None
    if len(key) < _SHORTEST:
        raise ConfigurationError(
            f"{PLAN_KEY} is shorter than {_SHORTEST} characters: make one, as with openssl rand -hex 32"
        )
    return SecretText(key)


def pin_key(key: SecretText | None) -> bytes:
    """The key under which secrets are pinned; another than that of signatures. Empty: they are not pinned."""
    return _derived(key, b"pin") if key else b""


def signed(document: Mapping[str, Any], key: SecretText | None) -> dict[str, Any]:
    """The document with its signature, if there is a key."""
    bare = {name: value for name, value in document.items() if name != "signature"}
    return {**bare, "signature": _PREFIX + _signature(bare, key)} if key else bare


def check_signature(document: Mapping[str, Any], key: SecretText | None, name: str) -> bool:
    """Whether the file `name` was verified; without a key nothing is. RefusedError if it should be signed and is not
    as it was when it was signed."""
    if key is None:
        return False
    found = document.get("signature")
    if not isinstance(found, str):
        raise RefusedError(f"{name}: is not signed, though {PLAN_KEY} is set: make the plan where that key is set too")
    bare = {part: value for part, value in document.items() if part != "signature"}
    if not hmac.compare_digest(found.encode(), (_PREFIX + _signature(bare, key)).encode()):
        raise RefusedError(f"{name}: was edited since it was signed, or signed under another {PLAN_KEY}: make it again")
    return True


def _signature(document: Mapping[str, Any], key: SecretText) -> str:
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hmac.new(_derived(key, b"signature"), canonical.encode(), "sha256").hexdigest()


def _derived(key: SecretText, purpose: bytes) -> bytes:
    return hmac.new(key.reveal().encode(), b"reconciler plan " + purpose, "sha256").digest()
