"""How a value is shown: addresses keep their host, secrets show only whether two of them differ.

The only place that turns field values into something printable. Everything that leaves the process (plans, reports,
prompts) is made of what this module returns. Pure: the key for the tags is given by the caller, fresh for each run.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from typing_extensions import TypeAliasType

from reconciler.model.values import MaskedText, SecretReference, SecretText, Value

Json = TypeAliasType("Json", "str | int | bool | list[Json] | dict[str, Json] | None")
"""What a shown value is made of. A secret is `{"secret": text, "tag": "#3fa1", "reference": "env:NAME"}`."""

HIDDEN = "•••"

_SLACK_IDS = re.compile(r"/(?:services|workflows|triggers)/([TE]\w*)/([AB]\w*)/")
_ID_SHOWN = 5  # enough to recognise a team or channel by, too little to be of use


def mask_address(text: str) -> str:
    """An address without its secret part: scheme, host and port; Slack's team and channel ids, shortened."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return HIDDEN
    if parts.scheme not in ("http", "https") or not host:
        return HIDDEN
    place = f"{parts.scheme}://{host}" + (f":{port}" if port else "")
    slack = _SLACK_IDS.match(parts.path) if host.startswith("hooks.") and "slack.com" in host else None
    if slack is None:
        return f"{place}/{HIDDEN}"
    return f"{place}/services/{_shorten(slack[1])}/{_shorten(slack[2])}/{HIDDEN}"


def _shorten(identifier: str) -> str:
    return identifier if len(identifier) <= _ID_SHOWN else f"{identifier[:_ID_SHOWN]}…"


def is_secret(shown: Json) -> bool:
    """Whether a shown value stands for a secret."""
    return isinstance(shown, dict) and "secret" in shown


@dataclass(frozen=True, slots=True)
class Masker:
    """Shows values under the random key of one run, so that tags tell nothing from one run to the next.

    With `pin_key`, which lasts longer, a secret also gets a `pin`: equal for equal secrets under that key, so that a
    saved plan can be held to the very values it was made with.
    """

    key: bytes = field(repr=False)
    pin_key: bytes = field(default=b"", repr=False)

    def digest(self, secret: SecretText) -> str:
        """Equal for equal secrets in this run, and useless without the key."""
        return hmac.new(self.key, secret.reveal().encode(), "sha256").hexdigest()

    def _pin(self, secret: SecretText) -> str:
        return hmac.new(self.pin_key, secret.reveal().encode(), "sha256").hexdigest()[:32]

    def show(self, value: Value, reference: SecretReference | None = None) -> Json:
        """A value as it may be printed: sets as sorted lists, secrets masked, references by their names."""
        if isinstance(value, MaskedText):
            value = value.shown
        if isinstance(value, SecretText):
            shown: dict[str, Json] = {"secret": mask_address(value.reveal()), "tag": f"#{self.digest(value)[:4]}"}
            pin: dict[str, Json] = {"pin": self._pin(value)} if self.pin_key else {}
            return shown | pin | ({"reference": str(reference)} if reference else {})
        if isinstance(value, SecretReference):
            return {"secret": HIDDEN, "reference": str(value)}
        if isinstance(value, frozenset):
            return [*sorted(value)]
        if isinstance(value, Mapping):
            return {name: self.show(item) for name, item in sorted(value.items())}
        return value
