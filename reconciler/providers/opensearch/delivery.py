"""What the answer to a test says about its delivery: whether the message arrived, and if not, why. Pure.

Success is only HTTP 200 with every status "200". Other answers are harder to read (the plugin's
`SendTestMessageRestHandler` and `core/transport`, 2.0 to 3.8): the status list may be a JSON document inside the
error's reason, a disabled channel shows as a number that cannot be parsed, a partial failure is an error with a 2xx.
The receiver's own words are never repeated, since they may echo secrets: servers from 3.0 on pass on its reason phrase,
older ones its whole answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from reconciler.model.evidence import Delivery, Outcome, RecipientDelivery
from reconciler.model.gaps import UnknownReason
from reconciler.model.text import plural
from reconciler.providers.http import Answer

_SENT = re.compile(r"Failed to send [\w ]*message (?P<rest>.*)", re.DOTALL)
_ANSWERED = "Failed: "
_STALE = "failed to respond"  # Apache HttpClient's NoHttpResponseException; often a stale connection of its own
_PAUSE = 3.0  # seconds, after which the server no longer uses a connection that the receiver has closed
_PHRASES = {status.phrase.lower(): status.value for status in HTTPStatus if status >= 300} | {
    "unprocessable entity": 422,
    "unprocessable content": 422,
    "payload too large": 413,
    "request entity too large": 413,
    "content too large": 413,
}
_TROUBLES: Sequence[tuple[str, str]] = (
    (r"denied|deny", "the cluster's host_deny_list forbids this address"),
    (
        r"could not be resolved|unknown ?host|name or service not known",
        "the cluster cannot resolve the receiver's host",
    ),
    (r"refused", "the receiver's host refused the connection"),
    (r"timed out|timeout", "the receiver did not answer in the cluster's time limit"),
    (
        r"certificate|pkix|ssl|tls",
        "the cluster could not agree on TLS with the receiver: does it trust the certificate?",
    ),
    (r"reset|closed|broken pipe|failed to respond", "the receiver closed the connection without an answer"),
    (r"unreachable|no route", "the cluster has no network route to the receiver"),
)
_MAIL: Mapping[int, str] = {
    413: "the mail is larger than the cluster's limit",
    424: "the mail server did not accept it: are the account's credentials in the cluster's keystore?",
    502: "the mail server refused to send it",
    503: "the cluster cannot connect to the mail server",
}
_AWS: Mapping[int, str] = {
    400: "AWS found the request wrong: check topic, region and role",
    401: "AWS did not accept the cluster's credentials",
    403: "AWS did not allow it: check the role's permissions",
    404: "AWS knows no such topic or endpoint",
    412: "the topic is in a state that takes no messages",
    423: "AWS found the endpoint or key disabled",
    429: "AWS is throttling",
    503: "AWS could not be reached",
}
_SKIPS: Sequence[tuple[str, UnknownReason]] = (
    (r'"LOCKED"', UnknownReason.DISABLED),
    (r'"NOT_FOUND"', UnknownReason.INDIRECT),
)
_REASONS: Sequence[tuple[str, Outcome, str]] = (
    (
        r"Invalid URL or unsupported",
        Outcome.FAILED,
        "the server does not send to a bare host name or IP address: add a port or a path",
    ),
    (r"Failed requirement", Outcome.FAILED, "the account that this email channel uses does not exist any more"),
    (r"List is empty", Outcome.FAILED, "the email channel has no recipients"),
    (r"Failed to send notification", Outcome.FAILED, "the server itself failed while sending"),
)
_MISSING_GROUP = "unknown-recipient@example.com"  # what the plugin puts in place of a group that does not exist


class _Status(NamedTuple):
    code: int
    text: str


def read_statuses(body: Any) -> list[dict[str, Any]] | None:
    """The status list of a test's answer, from the body itself or from the JSON inside its error's reason; None if it
    has none."""
    if not isinstance(body, dict):
        return None
    if "status_list" in body:
        return _entries(body["status_list"])
    error = body.get("error")
    reason = error.get("reason") if isinstance(error, dict) else None
    if not isinstance(reason, str) or not reason.lstrip().startswith("{"):
        return None
    try:
        inner = json.loads(reason)
    except (ValueError, RecursionError):
        return None
    return _entries(inner.get("event_status_list", inner.get("status_list"))) if isinstance(inner, dict) else None


def _entries(value: Any) -> list[dict[str, Any]] | None:
    if isinstance(value, list) and value and all(isinstance(entry, dict) for entry in value):
        return value
    return None


def judge_statuses(
    entries: list[dict[str, Any]], http_status: int, version: str, target: str = "X", *, is_old: bool
) -> Delivery:
    """The delivery, by a status list from `read_statuses`.

    `is_old`: the server is known to be older than 3.0, so it passes on the receiver's body instead of its reason
    phrase. `version` is the server's ("" if it is not known), and `target` its name in the project file, for messages.
    """
    entry = entries[0]  # one test, one channel
    status = _read_status(entry)
    listed = entry.get("email_recipient_status")
    recipients = tuple(_judge_recipient(item) for item in listed) if isinstance(listed, list) else ()
    failed = [recipient for recipient in recipients if recipient.outcome is not Outcome.ACCEPTED]
    if http_status == HTTPStatus.OK and status.code == HTTPStatus.OK and not failed:
        return Delivery(Outcome.ACCEPTED, "the receiver accepted the message", code=200, recipients=recipients)
    if recipients:
        return _judge_mail(status, recipients, failed)
    if entry.get("config_type") == "sns":
        return Delivery(Outcome.FAILED, _AWS.get(status.code, "AWS did not accept the message"))
    return _judge_receiver(status, version, target, is_old=is_old)


def _read_status(entry: Mapping[str, Any]) -> _Status:
    status = entry.get("delivery_status")
    code, text = (status.get("status_code"), status.get("status_text")) if isinstance(status, dict) else (None, None)
    number = str(code) if isinstance(code, str | int) else ""
    return _Status(int(number) if re.fullmatch(r"[0-9]{3}", number) else 0, text if isinstance(text, str) else "")


def _judge_receiver(status: _Status, version: str, target: str, *, is_old: bool) -> Delivery:
    """A webhook, Slack, Teams, Chime or Mattermost message that did not go through.

    A known reason phrase is taken for the receiver's answer, whatever the server's version is.
    """
    match = _SENT.match(status.text)
    rest = match["rest"] if match else status.text
    if not rest.startswith(_ANSWERED):
        text = _find(_TROUBLES, rest) or "the cluster could not deliver the message"
        return Delivery(Outcome.FAILED, text, again_after=_PAUSE if _STALE in rest else 0.0)
    code = _PHRASES.get(rest.removeprefix(_ANSWERED).strip().lower(), 0)
    if code:
        redirect = ", and redirects are not followed" if 300 <= code < 400 else ""
        return Delivery(Outcome.REFUSED, f"the receiver answered {code} {HTTPStatus(code).phrase}{redirect}", code=code)
    if is_old:
        text = "the receiver answered an error, and servers before 3.0 do not say which"
        return Delivery(Outcome.REFUSED, text, reason=UnknownReason.NOT_SAID)
    return Delivery(
        Outcome.REFUSED, f"the receiver answered an error in words that are not known; {_what_to_set(version, target)}"
    )


def _what_to_set(version: str, target: str) -> str:
    if not version:
        return f"if the server is older than 3.0, set targets.{target}.version; else look into the receiver's log"
    return (
        "it sends no known reason phrase: look into its log; if it only refuses the form of the test text, "
        "set test.when: never"
    )


def _judge_recipient(item: Any) -> RecipientDelivery:
    entry = item if isinstance(item, dict) else {}
    name = entry.get("recipient")
    recipient = name if isinstance(name, str) else ""
    status = _read_status(entry)
    if status.code == HTTPStatus.OK:
        return RecipientDelivery(recipient, Outcome.ACCEPTED, "the mail server accepted it")
    if recipient == _MISSING_GROUP:
        return RecipientDelivery("", Outcome.FAILED, "a group that this email channel uses does not exist any more")
    return RecipientDelivery(recipient, Outcome.FAILED, _MAIL.get(status.code, "the cluster could not send the mail"))


def _judge_mail(
    status: _Status, recipients: tuple[RecipientDelivery, ...], failed: Sequence[RecipientDelivery]
) -> Delivery:
    if not failed:  # the server reports a failure though no recipient failed, so it is not a success
        return Delivery(
            Outcome.FAILED, _MAIL.get(status.code, "the cluster could not send the mail"), recipients=recipients
        )
    reasons = "; ".join(dict.fromkeys(recipient.text for recipient in failed))
    text = f"{len(failed)} of {plural(len(recipients), 'recipient')} failed: {reasons}"
    return Delivery(Outcome.FAILED, text, recipients=recipients)


def judge_failure(reason: str) -> Delivery | None:
    """The delivery, by the reason of an error without a status list; None if the reason is not known."""
    for pattern, why in _SKIPS:
        if re.search(pattern, reason):
            return Delivery(Outcome.SKIPPED, reason=why)
    for pattern, outcome, text in _REASONS:
        if re.search(pattern, reason):
            return Delivery(outcome, text)
    return None


def _find(table: Sequence[tuple[str, str]], text: str) -> str:
    return next((words for pattern, words in table if re.search(pattern, text, re.IGNORECASE)), "")


def unknown_delivery(reason: UnknownReason, text: str = "") -> Delivery:
    """The delivery of a test whose outcome cannot be known."""
    return Delivery(Outcome.UNKNOWN, text, reason=reason)


def refuse_invalid(answer: Answer, entry: Mapping[str, Any]) -> None:
    """Raise an error if the server found no channel to test: it then calls it `invalid-config` or `invalid-access`."""
    match entry.get("config_name"):
        case "invalid-config":
            raise answer.as_error("there is no such config, or not one that can be tested", status=404)
        case "invalid-access":
            hint = "use a user that shares a backend role with it"
            raise answer.as_error("your roles may not use this object", hint=hint, status=403)
        case _:
            pass
