"""The live state before a run, and what is wanted of it: plain values that the cases choose from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.model.resource import Resource, Settings, TestPolicy, When
from reconciler.model.values import SecretText
from tests.plan.builders import resource

__all__ = ["AFTER", "BEFORE", "DEAD", "GONE", "OTHERS", "SECRET", "WORDLESS", "hook", "live_object", "slack"]

SECRET = "s3cr3tT0ken"
"""Part of every secret value: it may be printed nowhere."""

DEAD = "down.example.org"
"""A host whose receiver answers 404."""

WORDLESS = "quiet.example.org"
"""A host whose receiver answers an error, in words that say nothing."""

GONE = "gone"
"""A name of the start that some manifests name no more."""


def slack(name: str, version: int = 1, **fields: Any) -> Resource:
    url = SecretText(f"https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/{SECRET}{version}")
    return resource("SlackChannel", name, **{"webhook_url": url, **fields})


def hook(name: str, version: int = 1, host: str = "up.example.org", **fields: Any) -> Resource:
    url = SecretText(f"https://{host}/{SECRET}{version}")
    return resource("WebhookChannel", name, **{"url": url, **fields})


def smtp(sender: str) -> Resource:
    fields: dict[str, Any] = {"host": "mail.example.org", "port": 25, "encryption": "none", "from_address": sender}
    return resource("SmtpAccount", "smtp", **fields)


def team(*people: str) -> Resource:
    return resource("EmailGroup", "team", recipients=frozenset(people))


_ALWAYS = Settings(test=TestPolicy(when=When.ALWAYS))
_MAIL = resource(
    "EmailChannel", "mail", sender="smtp", recipients=frozenset({"a@example.org"}), groups=frozenset({"team"})
)
_SAME = (
    slack("keep"),
    slack("canary-birds"),  # only a name: it is no canary
    _MAIL,
    replace(slack("ticks"), settings=_ALWAYS),
)

BEFORE = (
    *_SAME,
    hook("address"),
    hook("words"),
    slack("kind"),
    slack("gone"),
    hook("gone-too"),
    smtp("one@example.org"),
    team("b@example.org"),
)
"""What is live at the start, each under its name."""

AFTER = (
    *_SAME,
    hook("address", 2),
    hook("words", display_name="Words"),
    hook("kind", 3),
    smtp("two@example.org"),
    team("b@example.org", "c@example.org"),
    hook("new", 3),
    slack("new-too", 3),
)
"""What is wanted: an address, words, a kind, an account and a group changed, two new, two pruned, the rest the same."""


def live_object(config_id: str, description: str, name: str, version: str) -> dict[str, Any]:
    """A Slack channel as the server lists it, which no run has made."""
    block = {"url": f"https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/{SECRET}{version}"}
    config = {"name": name, "description": description, "config_type": "slack", "is_enabled": True, "slack": block}
    times = {"created_time_ms": 1_600_000_000_000, "last_updated_time_ms": 1_600_000_000_000}
    return {"config_id": config_id, "config": config, **times}


def _of_others(config_id: str, description: str) -> dict[str, Any]:
    return live_object(config_id, description, "theirs", "x")


OTHERS = (
    _of_others("theirs", ""),
    _of_others("acme_address_canary_0badcafe", "not marked, whatever its id says"),
    _of_others("other_address", "[other/address]"),
)
"""What belongs to others, one with an id that looks like a canary of ours."""
