"""Which parts of a secret may be shown: only those on a closed list, and only if they depend on the whole value alone.

This is the only place that turns field values into something printable. Whoever proposes a manifest decides what a
secret is combined with and in which field it is used, so nothing of a composed value, a header or an unusual value is
shown. If an address comes whole from one source, its scheme is shown, its host if it is a known receiver's, and Slack's
team and channel ids. An unknown host can be the secret itself, so it is shown only if the manifest contains the address
literally. No hashes are shown, since a secret could be guessed from them. Pure: the caller passes the keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING

from typing_extensions import TypeAliasType

from reconciler.model.dataclass import dataclass
from reconciler.model.values import MaskedText, SecretReference, SecretText, Value

if TYPE_CHECKING:
    from hmac import HMAC

Json = TypeAliasType("Json", "str | int | bool | list[Json] | dict[str, Json] | None")
"""What a shown value is made of. A secret is `{"secret": text, "reference": "env:NAME"}`."""

HIDDEN = "•••"

PLAN_KEY = "RECONCILER_PLAN_KEY"
"""The environment variable of the key that outlives a run: it signs saved plans, and pins the secrets in them."""

KNOWN_HOSTS = frozenset(
    {
        "hooks.slack.com",
        "hooks.slack-gov.com",
        "hooks.chime.aws",
        "outlook.office.com",
        "outlook.office365.com",
        "discord.com",
        "discordapp.com",
        "chat.googleapis.com",
        "events.pagerduty.com",
        "events.eu.pagerduty.com",
        "api.opsgenie.com",
        "api.eu.opsgenie.com",
    }
)
"""Receivers that many people use, so their names reveal nothing."""

KNOWN_DOMAINS = (".webhook.office.com", ".logic.azure.com", ".api.powerplatform.com")
"""Domains of receivers with one host per customer; the customer's part is not shown."""

_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)(?P<port>:\d{1,5})?(?P<path>/[!-~]*)?"
)
_SLACK_HOSTS = frozenset({"hooks.slack.com", "hooks.slack-gov.com"})
_SLACK_IDS = re.compile(r"/(services|workflows|triggers)/([TE][A-Z0-9]{2,19})/([AB][A-Z0-9]{2,19})/[A-Za-z0-9/]+")
_ID_SHOWN = 5  # enough to recognise a team or channel by, too little to be of use


def mask_address(text: str, *, written: bool = False) -> str:
    """The part of an address that may be shown. `written`: a manifest contains it literally, so its host is no
    secret."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        return HIDDEN
    scheme, host, port, path = found["scheme"], found["host"], found["port"] or "", found["path"] or ""
    if written:
        place = f"{scheme}://{host}{port}"
    elif port:
        return f"{scheme}://{HIDDEN}"
    elif host in KNOWN_HOSTS:
        place = f"{scheme}://{host}"
    else:
        domain = next((domain for domain in KNOWN_DOMAINS if host.endswith(domain)), None)
        return f"{scheme}://{HIDDEN}{domain}/{HIDDEN}" if domain else f"{scheme}://{HIDDEN}"
    slack = _SLACK_IDS.fullmatch(path) if host in _SLACK_HOSTS else None
    if slack is None:
        return f"{place}/{HIDDEN}"
    return f"{place}/{slack[1]}/{_shorten(slack[2])}/{_shorten(slack[3])}/{HIDDEN}"


def _shorten(identifier: str) -> str:
    return identifier if len(identifier) <= _ID_SHOWN else f"{identifier[:_ID_SHOWN]}…"


def is_secret(shown: Json) -> bool:
    """Whether a shown value stands for a secret."""
    return isinstance(shown, dict) and "secret" in shown


def _hash(key: bytes, text: str) -> HMAC:
    from hmac import new  # only where a hash is asked for: start-up counts

    return new(key, text.encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Masker:
    """Shows values, and compares secrets under the random key of one run.

    With `pin_key`, which outlives the run, a secret also gets a `pin`: equal for equal secrets under that key, so that
    an apply can check that a saved plan was made with the same values.
    """

    key: bytes = field(repr=False)
    pin_key: bytes = field(default=b"", repr=False)

    def within(self, *steps: str) -> Masker:
        """A Masker for one part of the plan. Its pins differ from those of every other part, so that a plan does not
        reveal that two channels or targets share a secret."""
        if not self.pin_key:
            return self
        return replace(self, pin_key=_hash(self.pin_key, json.dumps(steps)).digest())

    def digest(self, secret: SecretText) -> str:
        """Equal for equal secrets in this run: for comparisons alone, it never leaves the process."""
        return _hash(self.key, secret.reveal()).hexdigest()

    def _pin(self, secret: SecretText) -> str:
        return _hash(self.pin_key, secret.reveal()).hexdigest()[:32]

    def show(
        self,
        value: Value,
        reference: SecretReference | None = None,
        *,
        is_address: bool = False,
        is_desired: bool = False,
    ) -> Json:
        """A value as it may be printed: sets as sorted lists, secrets masked, references by their names.

        `is_address`: the field is the address of a channel, not a header. `is_desired`: the value comes from the
        manifest; without a `reference` the manifest contains it literally.
        """
        if isinstance(value, MaskedText):
            value = value.shown
        if isinstance(value, SecretText):
            is_composed = reference is not None and bool(reference.form)
            written = is_desired and reference is None
            text = mask_address(value.reveal(), written=written) if is_address and not is_composed else HIDDEN
            pin: dict[str, Json] = {"pin": self._pin(value)} if self.pin_key else {}
            shown: dict[str, Json] = {"secret": text}
            return shown | pin | ({"reference": str(reference)} if reference else {})
        if isinstance(value, SecretReference):
            return {"secret": HIDDEN, "reference": str(value)}
        if isinstance(value, frozenset):
            return [*sorted(value)]
        if isinstance(value, Mapping):
            return {name: self.show(item) for name, item in sorted(value.items())}
        return value
