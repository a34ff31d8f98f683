"""Reads OpenSearch's error bodies and puts them into plain words, for the provider's `Dialect` in `client`. Pure.

There are four forms: an object with `error.reason` (from 3.1 on with the engine's own words under `caused_by`), `error`
as a string, the router's string without a status, and plain text. Reasons can repeat what was sent, addresses included,
so known ones are reworded here, and the others go through `quotable`. Imported only when an answer is an error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from reconciler.providers.http import Answer

_GRANT = (
    "the roles notifications_read_access (plan) and notifications_full_access (apply, test) have all that is needed"
)
_CHECK_AUTH = "check the target's auth"
_LOCKED_OUT = "this address is locked out after too many failed logins"
_WAIT = "wait until the lock-out ends, then correct the target's auth"

# What AWS itself answers, before the request reaches the domain; its words are passed on.
_AWS_CREDENTIALS: Sequence[tuple[str, str]] = (
    (
        r"security token included in the request is|ExpiredToken|UnrecognizedClient|security token .* expired",
        "renew the AWS credentials (aws sso login, or a new session), and run again",
    ),
    (
        r"signature we calculated does not match|Signature (expired|not yet)|(Incomplete|Invalid)Signature|be scoped",
        "check AWS_SECRET_ACCESS_KEY, auth.sigv4.region and service, and this machine's clock",
    ),
    (
        r"User: anonymous is not authorized",
        "the request came unsigned: set auth.sigv4 for this target, or let the domain's access policy allow it",
    ),
)
_AWS_RIGHTS = (
    "allow es:ESHttpGet, es:ESHttpPost, es:ESHttpPut and es:ESHttpDelete in the IAM policy and the domain's access "
    "policy, then map the role in the domain's own security (docs/permissions.md)"
)

_KNOWN: Sequence[tuple[str, str, str]] = (
    (
        r"no handler found for uri|invalid_index_name",
        "this server has no Notifications plugin at this address",
        "is it OpenSearch with the notifications plugin, and is the path in url right?",
    ),
    (r"User doesn't have backend roles", "role filtering is on, and this user has no backend role", "give it one"),
    (
        r"Permission denied for NotificationConfig",
        "your roles may not see or change this object",
        "use a user that shares a backend role with it",
    ),
    (r"Config IDs not found", "it refers to an account or group that does not exist", "plan again"),
    (r"configId .* is not a valid", "it refers to an object of another kind", "plan again"),
    (r"is in both emailAccountID", "an account cannot be among the groups", "fix the manifest"),
    (r"Config type cannot be changed", "an object's kind cannot be changed", "it takes a replace: plan again"),
    (
        r"type NONE is not acceptable",
        "this server's version does not know this kind",
        "set targets.{target}.version, so that validate can tell",
    ),
    (
        r"Wrong (Slack|Chime|Microsoft Teams|webhook) url",
        "this server does not take such an address for this kind",
        "check the address",
    ),
    (
        r"no protocol|unknown protocol|Invalid URL or unsupported|URL is null",
        "the address is not an http or https one",
        "check the address",
    ),
    (r"Invalid email address", "a mail address is not valid", "write name@example.org"),
    (r"Invalid AWS", "an ARN is not valid", "copy it from the AWS console"),
    (r"circuit_breaking|Data too large", "the server is short of memory", "try again later"),
    (r"maxClauseCount|immense term", "a text is too long for the index", "shorten it"),
)
_PERMISSION = r"no permissions for \[([\w:/*, -]+)\]"
# In answers of 424 and 5xx, which are transient otherwise: what was sent, or a stored document, cannot be parsed.
_PERMANENT_FAULT = r"no protocol|unknown protocol|Can't get text on|Validation Failed|immense term"


def is_about_reference(reason: str) -> bool:
    """Whether a 404 is about an account or group that the object refers to, not about the object itself."""
    return "Config IDs not found" in reason


def read_reason(answer: Answer) -> str:
    """The reason in the server's words, followed by the engine's own if there is one; "" if there is none."""
    body = answer.json_or_none()
    if body is None:
        is_plain = answer.headers.get("content-type", "").startswith("text/plain")
        return answer.body[:500].decode(errors="replace") if is_plain else ""
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, str):
        return error
    return " / ".join(dict.fromkeys(_reasons(error))) or _message(body)


def explain(answer: Answer, reason: str) -> tuple[str, str]:
    """What the error means, and what to do; "" for what is not known."""
    if answer.status == 401 and "Authentication finally failed" in reason:
        return _LOCKED_OUT, _WAIT
    if answer.status == 401:
        return "the credentials were not accepted", _CHECK_AUTH
    if answer.status == 403 and (fix := _aws_fix(reason)):
        return "", fix
    if lacking := re.search(_PERMISSION, reason):
        return f"this user lacks the permission {lacking[1]}", _GRANT
    for pattern, meaning, fix in _KNOWN:
        if re.search(pattern, reason):
            return meaning, fix.replace("{target}", answer.call.where)
    if not reason and answer.body.lstrip().startswith(b"<"):
        return "the answer is HTML, not OpenSearch's", "is that the right address, or is a proxy between?"
    return "", ""


def is_of_credentials(answer: Answer) -> bool:
    """Whether a 403 is AWS's, for an expired token or a wrong or missing signature."""
    return bool(_find(_AWS_CREDENTIALS, read_reason(answer)))


def is_permanent(answer: Answer) -> bool:
    """Whether a failure of the server (424, 5xx) is about what was sent, or about a stored document."""
    return bool(re.search(_PERMANENT_FAULT, read_reason(answer)))


def _aws_fix(reason: str) -> str:
    fix = _find(_AWS_CREDENTIALS, reason)
    return fix or (_AWS_RIGHTS if re.search(r"is not authorized to perform: \w+:", reason) else "")


def _find(table: Sequence[tuple[str, str]], text: str) -> str:
    return next((words for pattern, words in table if re.search(pattern, text)), "")


def _message(body: Any) -> str:
    """The words of a gateway or of AWS, whose bodies are `{"message": ...}` or `{"Message": ...}`; else ""."""
    found = [body.get(name) for name in ("message", "Message")] if isinstance(body, dict) else []
    return next((text for text in found if isinstance(text, str)), "")


def _reasons(error: Any) -> list[str]:
    found: list[str] = []
    while isinstance(error, dict) and len(found) < 5:
        if isinstance(reason := error.get("reason"), str):
            found.append(reason)
        error = error.get("caused_by")
    return found
