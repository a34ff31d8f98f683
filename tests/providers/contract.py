"""The contract that every provider keeps: what the tour in `test_contract` asks of it, and what it is asked with.

To add a provider: write a `LiveTarget` for it (how to reach a live one, which kinds it holds, an address that takes
messages) and put it into the list in `test_contract`. Nothing else; a provider that needs an exception here is not
what the rest of the tool believes it to be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from reconciler.model.kinds import KINDS
from reconciler.model.provider import Provider
from reconciler.model.resource import LiveObject, Payload
from reconciler.model.values import SecretText, Value

T = TypeVar("T")


@dataclass(frozen=True)
class LiveTarget:
    """A live target to try a provider on. `sink` is an address that takes messages, `mail_host` and `mail_port` a mail
    server's. `tells_secrets`: the system gives secrets back in clear. `fixed` holds the fields that it has no place
    for, with what they would have to be; it never gives them back. Where others use the target too, `prefix` begins
    every id, and `owner` is in every mark."""

    name: str
    open: Callable[[], Provider]
    kinds: frozenset[str]
    sink: str = "http://127.0.0.1:9/hooks/x"
    mail_port: int = 25
    mail_host: str = "127.0.0.1"
    prefix: str = ""
    owner: str = "acme"
    tells_secrets: bool = True
    fixed: Mapping[str, Value] = field(default_factory=dict)

    def visit(self, tour: Callable[[Provider], Coroutine[Any, Any, T]]) -> T:
        """Have the provider do something, in an event loop of its own, and close it."""

        async def run() -> T:
            provider = self.open()
            try:
                return await tour(provider)
            finally:
                await provider.close()

        return asyncio.run(run())

    def id(self, name: str) -> str:
        """An id that is ours to use."""
        return f"{self.prefix}{name}"

    def holds(self, kind: str) -> bool:
        """Whether it has this kind; one that it lacks its abilities must know of."""
        if kind in self.kinds:
            return True
        assert self.open().abilities.check(kind, {}, "2.19.5")
        return False

    def need_receiver(self) -> None:
        """Called before a message is sent to `sink`: a place without one leaves the check out here."""

    def need_mail_server(self) -> None:
        """The same before a mail is sent."""

    def payload(self, kind: str, object_id: str, refers: Mapping[str, Value] | None = None) -> Payload:
        """A complete payload of that kind; `refers` gives its references."""
        fields = _common(self) | _samples(self)[kind] | dict(refers or {})
        return Payload(kind, fields | self._held(fields), object_id)

    def dangling(self) -> Payload:
        """A payload that refers to what is not there."""
        if "EmailChannel" in self.kinds:
            return self.payload(
                "EmailChannel", self.id("dangling"), {"sender": self.id("nobody"), "groups": frozenset()}
            )
        fields: dict[str, Value] = {
            "notification_type": "Connector recovered",
            "channels": frozenset({"nobody"}),
            "state": "ENABLED",
        }
        return Payload("Subscription", fields)

    def _held(self, fields: Mapping[str, Value]) -> dict[str, Value]:
        return {name: value for name, value in self.fixed.items() if name in fields}

    def changed(self, payload: Payload) -> Payload:
        """The same object with every field of its own changed but its references."""
        fields = dict(payload.fields) | _common_changed(self) | _changes(self)[payload.kind]
        return Payload(payload.kind, fields | self._held(fields), payload.id)

    def shown(self, payload: Payload) -> dict[str, Value]:
        """The payload's fields as the system gives them back."""
        fields = {name: value for name, value in payload.fields.items() if name not in self.fixed}
        return fields if self.tells_secrets else {name: _hide(value) for name, value in fields.items()}

    def fields_of(self, kind: str) -> set[str]:
        """The names of the fields of a kind that it has a place for."""
        return all_fields(kind) - self.fixed.keys()


def _hide(value: Value) -> Value:
    if isinstance(value, Mapping):
        return {name: _hide(item) for name, item in value.items()}
    return None if isinstance(value, SecretText) else value


def _common(place: LiveTarget) -> dict[str, Value]:
    return {"display_name": "On-call ü", "description": f"Pages us [{place.owner}/x]", "enabled": True}


def _common_changed(place: LiveTarget) -> dict[str, Value]:
    return {"display_name": "On-call 2", "description": f"[{place.owner}/x unverified]", "enabled": False}


def _samples(place: LiveTarget) -> dict[str, dict[str, Value]]:
    role = "arn:aws:iam::012345678912:role/r"
    return {
        "SlackChannel": {"webhook_url": SecretText("https://hooks.slack.com/services/T0/B0/x")},
        "MicrosoftTeamsChannel": {"webhook_url": SecretText("https://acme.webhook.office.com/webhookb2/1")},
        "ChimeChannel": {"webhook_url": SecretText("https://hooks.chime.aws/incomingwebhooks/1?token=t")},
        "MattermostChannel": {"webhook_url": SecretText(place.sink)},
        "WebhookChannel": {
            "url": SecretText(place.sink),
            "method": "POST",
            "headers": {"X-Key": SecretText("k"), "Content-Type": "text/plain"},
        },
        "EmailChannel": {"recipients": frozenset({"b@example.org", "a@example.org"})},
        "SmtpAccount": {
            "host": place.mail_host,
            "port": place.mail_port,
            "encryption": "none",
            "from_address": "ops@example.org",
        },
        "SesAccount": {"region": "eu-west-1", "role_arn": role, "from_address": "ops@example.org"},
        "EmailGroup": {"recipients": frozenset({"d@example.org", "c@example.org"})},
        "SnsChannel": {"topic_arn": "arn:aws:sns:eu-west-1:012345678912:topic", "role_arn": None},
    }


def _changes(place: LiveTarget) -> dict[str, dict[str, Value]]:
    return {
        "SlackChannel": {"webhook_url": SecretText("https://hooks.slack.com/services/T0/B0/y")},
        "MicrosoftTeamsChannel": {"webhook_url": SecretText("https://acme.webhook.office.com/webhookb2/2")},
        "ChimeChannel": {"webhook_url": SecretText("https://hooks.chime.aws/incomingwebhooks/2?token=t")},
        "MattermostChannel": {"webhook_url": SecretText(place.sink + "y")},
        "WebhookChannel": {"url": SecretText(place.sink + "y"), "method": "PUT", "headers": {}},
        "EmailChannel": {"recipients": frozenset()},
        "SmtpAccount": {"host": "mail.example.org", "port": 465, "encryption": "ssl", "from_address": "b@example.org"},
        "SesAccount": {"region": "us-east-1", "role_arn": None, "from_address": "b@example.org"},
        "EmailGroup": {"recipients": frozenset({"e@example.org"})},
        "SnsChannel": {
            "topic_arn": "arn:aws:sns:eu-west-1:012345678912:topic2.fifo",
            "role_arn": "arn:aws:iam::012345678912:role/r",
        },
    }


async def create_with_references(
    place: LiveTarget, provider: Provider, kind: str, object_id: str
) -> tuple[str, Payload]:
    """Create an object of that kind, and first what it refers to; its id, and the payload that it was made of."""
    refers: dict[str, Value] = {}
    if kind == "EmailChannel":
        refers["sender"] = await provider.create(place.payload("SmtpAccount", f"{object_id}_account"))
        refers["groups"] = frozenset({await provider.create(place.payload("EmailGroup", f"{object_id}_group"))})
    payload = place.payload(kind, object_id, refers)
    return await provider.create(payload), payload


async def read_existing(provider: Provider, object_id: str) -> LiveObject:
    """An object that must be there."""
    live = await provider.read(object_id)
    assert live is not None, object_id
    return live


def all_fields(kind: str) -> set[str]:
    """The names of a kind's fields."""
    return {own.name for own in KINDS[kind].fields}
