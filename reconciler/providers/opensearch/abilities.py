"""What OpenSearch can hold, by version, known without a connection. Pure.

The rules say what a server refuses, and also what it accepts but can never use (an unknown `method` silently becomes
another one). If the version is not known, only what every version refuses is refused. Sources: the plugin's model
classes and `ConfigIndexingActions`, 2.0 to 3.8.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult, urlsplit

from reconciler.model.errors import Level, Problem
from reconciler.model.provider import HarmlessWrites, VerificationMethod
from reconciler.model.resource import Payload
from reconciler.model.text import not_an_address
from reconciler.model.values import SecretText, Value
from reconciler.providers.opensearch.codec import NATIVE_TYPES

OLDEST = "2.0.0"
"""The first version with the plugin's API that this tool uses."""

_NUMBER = re.compile(r"([1-9][0-9]?)(?:\.([0-9]{1,3}))?(?:\.([0-9]{1,3}))?(?![0-9A-Za-z])")
_COMPATIBILITY = (7, 10)  # what compatibility.override_main_response_version shows; OpenSearch has no such version


def read_version(text: object) -> str:
    """The version at the start of a text, as `3.6.0`; "" if OpenSearch has no such version (7.10.2, 0.x, words)."""
    match = _NUMBER.match(text) if isinstance(text, str) else None
    if match is None:
        return ""
    major, minor, patch = (int(part or 0) for part in match.groups())
    return "" if (major, minor) == _COMPATIBILITY else f"{major}.{minor}.{patch}"


def is_before(version: str, threshold: str) -> bool:
    """Whether a version is older than another; False if it is not known ("")."""
    return bool(version) and numbers(version) < numbers(threshold)


def numbers(version: str) -> tuple[int, ...]:
    """A version as three numbers, to compare by; () for a text that is not a version."""
    found = re.match(r"([0-9]{1,9})(?:\.([0-9]{1,9}))?(?:\.([0-9]{1,9}))?", version)
    return tuple(int(part or 0) for part in found.groups()) if found else ()


LONGEST_TEXT = 32766
"""The most UTF-8 bytes of a text: every text is indexed as a keyword too, and Lucene accepts no longer term."""

MOST_RECIPIENTS = 10_000
"""The most nested entries in one document, by the engine's default."""

_SINCE = {"MicrosoftTeamsChannel": "2.10", "MattermostChannel": "3.5"}
_ENUMS = {
    ("WebhookChannel", "method"): ("POST", "PUT", "PATCH"),
    ("SmtpAccount", "encryption"): ("none", "ssl", "start_tls"),
}
_ADDRESSES = {"webhook_url", "url"}
_MAILBOX = r"[^\s@<>,;]+@[^\s@<>,;]+"
_ARNS = {
    "topic_arn": r"arn:aws(-[^:]+)?:sns:[a-zA-Z0-9-]+:[0-9]{12}:[a-zA-Z0-9_+=,.@/-]+",
    "role_arn": r"arn:aws(-[^:]+)?:iam::[0-9]{12}:[a-zA-Z0-9_+=,.@/-]+",
}
_ID = r"[A-Za-z0-9+/_-]{1,512}"
_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SLACK = ("https://hooks.slack.com/services", "https://hooks.gov-slack.com/services")
_CHIME = r"https://hooks\.chime\.aws/incomingwebhooks/.*\?token="
_WORKFLOWS = (".logic.azure.com", ".powerplatform.com", ".powerautomate.com")
_INTERNAL = (".local", ".localhost", ".internal", ".intranet", ".lan", ".corp", ".home", ".private", ".svc")


_USE_A_WEBHOOK = (
    "give it to a WebhookChannel with the header Content-Type: application/json; the monitors' messages are then the "
    "JSON of a card"
)
_WORKFLOWS_HINT = f"make a Workflows webhook in Teams, and {_USE_A_WEBHOOK}"
_MATTERMOST_SINCE = _SINCE["MattermostChannel"]
_DOTS_SINCE, _FIFO_SINCE = "2.7", "2.10"  # in the names of SNS topics; publishing to a FIFO topic
_KEYSTORE_PART = r"[A-Za-z0-9_-]+"


def _is_at_least(version: str, threshold: str) -> bool:
    return bool(version) and not is_before(version, threshold)


class OpenSearchAbilities:
    """The Abilities of the OpenSearch provider."""

    provider = "opensearch"
    kinds = frozenset(NATIVE_TYPES)
    verification = VerificationMethod.CANARY
    chooses_ids = True

    def check(self, kind: str, fields: Mapping[str, Value], version: str) -> list[Problem]:
        """What a server of `version` ("": not known) refuses in these fields, and what it accepts but cannot use."""
        if kind not in self.kinds:
            return [Problem(("kind",), "OpenSearch has no such kind", "unsupported-kind", "leave this target out")]
        return [
            *_check_kind(kind, version),
            *_check_texts(kind, fields),
            *_check_topic(fields, version),
            *_check_account(kind, fields),
            *_check_addresses(kind, fields, version),
        ]

    def check_id(self, object_id: str) -> list[Problem]:
        """What is wrong with an id that we would choose or that a manifest pins."""
        if re.fullmatch(_ID, object_id):
            return []
        hint = "use letters, digits, _ and -, at most 512"
        return [Problem(("id",), "OpenSearch does not accept this id", "invalid-id", hint)]

    def expects_json(self, kind: str) -> bool:
        """Whether receivers may refuse the form of a test: a webhook is sent the bare test text, which a receiver that
        wants JSON refuses (plugin issues 817, 989)."""
        return kind == "WebhookChannel"

    def harmless_writes(self, missing: str) -> HarmlessWrites:
        """An email channel with an account that does not exist, for which the plugin looks before it writes, and an
        update of a group that does not exist: the server answers both with 404 (seen on 2.19.5 and 3.6.0)."""
        fields: dict[str, Value] = {
            "display_name": missing,
            "enabled": False,
            "recipients": frozenset({"doctor@example.org"}),
        }
        mail = fields | {"sender": f"{missing}_account", "groups": frozenset()}
        return HarmlessWrites(Payload("EmailChannel", mail, missing), Payload("EmailGroup", fields, missing))


ABILITIES = OpenSearchAbilities()


def _check_kind(kind: str, version: str) -> Iterator[Problem]:
    since = _SINCE.get(kind, "")
    if since and is_before(version, since):
        message = f"OpenSearch {version} has no {kind}: it came with {since}"
        yield Problem(("kind",), message, "unsupported-kind", "leave this target out, or upgrade it")
    if kind == "MicrosoftTeamsChannel":
        message = "OpenSearch accepts only Office 365 connector addresses for Teams, which Microsoft has retired"
        yield Problem(("kind",), message, "teams-connector-retired", _WORKFLOWS_HINT, level=Level.WARNING)


def _check_texts(kind: str, fields: Mapping[str, Value]) -> Iterator[Problem]:
    for name, value in fields.items():
        yield from _check_length(name, value)
        if (words := _ENUMS.get((kind, name))) and value not in words:
            yield Problem((name,), "is not known to OpenSearch", "invalid-value", f"use one of {', '.join(words)}")
        if (arn := _ARNS.get(name)) and isinstance(value, str) and not re.fullmatch(arn, value):
            yield Problem((name,), "is not an ARN of the right form", "invalid-arn", "copy it from the AWS console")
    if "display_name" in fields and not fields["display_name"]:
        yield Problem(("display_name",), "must not be empty", "empty-name")
    yield from _check_mail(fields)
    headers = fields.get("headers")
    if isinstance(headers, Mapping):
        yield from _check_headers(headers)


def _check_length(name: str, value: Value) -> Iterator[Problem]:
    texts = value if isinstance(value, frozenset) else (_text(value),)
    if any(text is not None and len(text) > LONGEST_TEXT // 4 and _is_too_long(text) for text in texts):
        yield Problem((name,), f"is longer than {LONGEST_TEXT} bytes", "too-long", "shorten it")


def _is_too_long(text: str) -> bool:
    return len(text.encode()) > LONGEST_TEXT


def _check_mail(fields: Mapping[str, Value]) -> Iterator[Problem]:
    hint = "write name@example.org, without a display name"
    sender = fields.get("from_address")
    if isinstance(sender, str) and not re.fullmatch(_MAILBOX, sender):
        yield Problem(("from_address",), "is not a mail address", "invalid-mail-address", hint)
    recipients = fields.get("recipients")
    if isinstance(recipients, frozenset):
        if not all(re.fullmatch(_MAILBOX, recipient) for recipient in recipients):
            yield Problem(("recipients",), "has one that is not a mail address", "invalid-mail-address", hint)
        if len(recipients) > MOST_RECIPIENTS:
            yield Problem(("recipients",), f"are more than {MOST_RECIPIENTS}", "too-many", "split them over several")


def _check_topic(fields: Mapping[str, Value], version: str) -> Iterator[Problem]:
    """What came to SNS topics after 2.0: dots in their names, and FIFO topics, whose names end in `.fifo`."""
    arn = fields.get("topic_arn")
    topic = arn.rpartition(":")[2] if isinstance(arn, str) else ""
    if "." in topic and is_before(version, _DOTS_SINCE):
        message = f"OpenSearch {version} does not accept a topic with a dot in its name: that came with {_DOTS_SINCE}"
        yield Problem(("topic_arn",), message, "invalid-arn", "use a topic without one, or upgrade")
    elif topic.endswith(".fifo") and is_before(version, _FIFO_SINCE):
        message = f"OpenSearch {version} stores a FIFO topic, and cannot publish to it: that came with {_FIFO_SINCE}"
        yield Problem(
            ("topic_arn",), message, "sns-fifo-topic", "use a standard topic, or upgrade", level=Level.WARNING
        )


def _check_account(kind: str, fields: Mapping[str, Value]) -> Iterator[Problem]:
    """Warnings for an SMTP account: a keystore that cannot hold its credentials, and mail that may go in plain text."""
    encryption, name = fields.get("encryption"), fields.get("display_name")
    if kind != "SmtpAccount" or encryption == "none":
        return
    if isinstance(name, str) and name and not re.fullmatch(_KEYSTORE_PART, name):
        message = "no keystore can hold credentials under this name, so the account sends without any"
        hint = "use letters, digits, _ and - only, if its mail server asks for a login"
        yield Problem(("display_name",), message, "keystore-name", hint, level=Level.WARNING)
    if encryption == "start_tls":
        message = "mail goes in plain text to a server that does not offer STARTTLS"
        hint = "use ssl, on the port that the mail server has for it"
        yield Problem(("encryption",), message, "start-tls-not-required", hint, level=Level.WARNING)


def _check_headers(headers: Mapping[str, Value]) -> Iterator[Problem]:
    for name, value in headers.items():
        if not re.fullmatch(_HEADER_NAME, name):
            yield Problem(("headers",), "a name has a character that HTTP does not allow", "invalid-header")
        text = _text(value)
        if text is not None and any(ord(mark) < 32 and mark != "\t" for mark in text):
            yield Problem(("headers", name), "the value must be one line", "invalid-header")


def _text(value: Value) -> str | None:
    """The text of a value; None if it is not a text, or is a secret that is not resolved."""
    if isinstance(value, SecretText):
        return value.reveal()
    return value if isinstance(value, str) else None


def _check_addresses(kind: str, fields: Mapping[str, Value], version: str) -> Iterator[Problem]:
    for name in _ADDRESSES & fields.keys():
        text = _text(fields[name])
        if text is not None:
            yield from _check_address(kind, name, text, version)


def _check_address(kind: str, name: str, text: str, version: str) -> Iterator[Problem]:
    parts = _split(text)
    if parts is None:
        message, fix = not_an_address(text)
        yield Problem((name,), message, "invalid-address", fix)
        return
    host = parts.hostname or ""
    if kind == "SlackChannel" and _is_at_least(version, "3.0") and not text.startswith(_SLACK):
        message = "OpenSearch accepts only Slack's own addresses from 3.0 on"
        yield Problem((name,), message, "wrong-service", _hint_for_slack(text, version))
    elif kind == "ChimeChannel" and _is_at_least(version, "3.0") and not re.match(_CHIME, text):
        hint = (
            "it starts with https://hooks.chime.aws/incomingwebhooks/ and has ?token=; use a WebhookChannel for others"
        )
        yield Problem((name,), "OpenSearch accepts only Chime's own addresses from 3.0 on", "wrong-service", hint)
    elif kind == "MicrosoftTeamsChannel":
        yield from _check_teams(name, parts, host)
    elif kind == "MattermostChannel" and "/hooks/" not in text:
        yield Problem((name,), "is not a Mattermost address", "wrong-service", "it has /hooks/ in its path")
    elif kind == "WebhookChannel" and _is_mattermost(parts) and _is_at_least(version, _MATTERMOST_SINCE):
        message = "looks like an incoming webhook of Mattermost, which refuses the bare text that a webhook is sent"
        yield Problem((name,), message, "mattermost-by-webhook", "make it a MattermostChannel", level=Level.WARNING)
    elif kind == "WebhookChannel" and _is_bare(parts, host):
        message = "OpenSearch stores a bare internal host or IP address, but does not send to it"
        yield Problem((name,), message, "bare-host", "add a port or a path", level=Level.WARNING)


def _is_mattermost(parts: SplitResult) -> bool:
    """Whether the path is `/hooks/` and an id of 26 letters and digits, as Mattermost's webhooks have it."""
    return re.search(r"/hooks/[a-z0-9]{26}$", parts.path) is not None


def _hint_for_slack(text: str, version: str) -> str:
    """What to do with an address that is not Slack's; a Mattermost server accepts the messages that Slack does."""
    if "/hooks/" in text and _is_at_least(version, _MATTERMOST_SINCE):
        return "make it a MattermostChannel, which sends the same, if it is a Mattermost server's"
    return f"it starts with {_SLACK[0]}/; use a WebhookChannel for others, which is sent the bare text of a message"


def _check_teams(name: str, parts: SplitResult, host: str) -> Iterator[Problem]:
    if parts.scheme == "https" and host.endswith(".webhook.office.com"):
        return
    if host.endswith(_WORKFLOWS):
        message = "is a Teams Workflows address, which OpenSearch does not accept"
        yield Problem((name,), message, "workflows-address", _USE_A_WEBHOOK)
    else:
        hint = "it looks like https://TENANT.webhook.office.com/..."
        yield Problem((name,), "OpenSearch accepts only webhook.office.com addresses for Teams", "wrong-service", hint)


def _split(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    is_clean = text == text.strip() and not any(ord(mark) <= 32 for mark in text)
    return parts if is_whole and is_clean and parts.scheme in ("http", "https") else None


def _is_bare(parts: SplitResult, host: str) -> bool:
    """No port, no path, and not a public name: what the plugin's `ValidationHelpers` refuses when it sends."""
    if parts.port is not None or parts.path or parts.query:
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(_INTERNAL) or ".svc." in host
    return True
