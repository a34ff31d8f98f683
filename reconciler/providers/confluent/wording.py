"""Reads Confluent's error bodies and puts them into plain words: the provider's `Dialect`. Pure.

There are several forms: a list `errors` (vendor's document), an object `error` (same document, for newer APIs),
`error_code` with `message`, and a bare `message` (both by the vendor's own clients). Gateways use the last form, or
none of them. A 404 in one of the others is from the API itself, and only that means that the object does not exist.
"""

from __future__ import annotations

import re
from typing import Any

from reconciler.model.errors import QuotaError, TargetError, UnauthorizedError, UnexpectedError
from reconciler.providers.http import Answer

_KEY = "the credentials were not accepted"
_KEY_HINT = (
    "check the target's auth: it takes a Cloud API key (CONFLUENT_CLOUD_API_KEY, CONFLUENT_CLOUD_API_SECRET), "
    "not one of a cluster"
)
_READ_HINT = "reading takes a role in the organisation; if what was asked for was deleted meanwhile, plan again"
_WRITE_HINT = (
    "writing takes the role OrganizationAdmin; other roles may only read. If what was to be written was deleted "
    "meanwhile, plan again"
)
_TEST_HINT = "a test message takes the right to write integrations: the role OrganizationAdmin"
_QUOTA = "the organisation's quota of integrations is used up"
_QUOTA_HINT = "delete one that is not needed, or have the quota integrations_per_org raised"
_QUOTA_WORDS = re.compile(r"quota|\bintegrations_per_org\b", re.IGNORECASE)  # the latter is the quota's id
_LIMITED = re.compile(r"\bis currently limited to\b", re.IGNORECASE)  # what the vendor's command line looks for
_WRONG_KEY = re.compile(r"\binvalid api key\b", re.IGNORECASE)  # what the vendor's Terraform provider looks for


class ConfluentDialect:
    """How Confluent words its errors."""

    provider = "confluent"

    def read_reason(self, answer: Answer) -> str:
        """Every error of the answer, each with the member that it is about."""
        return "; ".join(dict.fromkeys(text for text in map(_word, _errors(answer.json_or_none())) if text))

    def explain(self, answer: Answer, reason: str) -> tuple[str, str]:
        """What the error means, and what to do; ("", "") if that is not known."""
        if is_about_quota(answer):
            return _QUOTA, _QUOTA_HINT
        if answer.status == 401 or is_about_key(answer):
            return _KEY, _KEY_HINT
        if answer.status == 403:
            return "the credentials may not do this", _hint_of_right(answer)
        if answer.status == 429:
            return "too many requests", "lower the target's parallelism, or try again later"
        if not reason and answer.body.lstrip().startswith(b"<"):
            return "the answer is HTML, not Confluent's", "is that the right address, or is a proxy between?"
        return "", ""

    def refuses_credentials(self, answer: Answer) -> bool:
        """Whether it is a 401; a 403 is about a role."""
        return answer.status == 401

    def is_transient(self, answer: Answer) -> bool:
        """Busy (429), out of time (408), a failure of the server (5xx), or a 2xx that should have JSON and does not."""
        if answer.ok:
            return answer.status != 204 and answer.json_or_none() is None
        return answer.status in (408, 429) or answer.status >= 500


def _hint_of_right(answer: Answer) -> str:
    if answer.call.path.endswith(":test"):
        return _TEST_HINT
    return _READ_HINT if answer.call.method == "GET" else _WRITE_HINT


def is_absence(answer: Answer) -> bool:
    """Whether the API itself says that there is no such object; a gateway's 404 does not count."""
    return answer.status == 404 and any(set(error) - {"message"} for error in _errors(answer.json_or_none()))


def may_be_absence(answer: Answer) -> bool:
    """Whether an answer leaves it open if there is such an object: a 404 that may be a gateway's, or a 403, which the
    vendor's clients take for a deleted object or a lost right (or, by its words, for a wrong key: not here)."""
    if answer.status == 404:
        return not is_absence(answer) and bool(_errors(answer.json_or_none()))
    return answer.status == 403 and not is_about_key(answer)


def is_about_key(answer: Answer) -> bool:
    """Whether the answer is a 403 about the key itself, not about its rights."""
    return answer.status == 403 and bool(_WRONG_KEY.search(_text(answer)))


def is_about_quota(answer: Answer) -> bool:
    """Whether a quota is used up: a 402; a 400 about a quota, by the vendor's list of known issues; or any 4xx that
    says what something `is currently limited to`, by the vendor's command line."""
    if answer.status == 400 and _QUOTA_WORDS.search(_text(answer)):
        return True
    return answer.status == 402 or (400 <= answer.status < 500 and bool(_LIMITED.search(_text(answer))))


def error_kind(answer: Answer) -> type[TargetError] | None:
    """The class of the error if the status alone does not decide it; else None."""
    if is_about_quota(answer):
        return QuotaError
    if is_about_key(answer):
        return UnauthorizedError
    # The API says in its own form that an object does not exist; any other 404 means a wrong address or a proxy.
    return UnexpectedError if answer.status == 404 and not is_absence(answer) else None


def _text(answer: Answer) -> str:
    return " ".join(str(error) for error in _errors(answer.json_or_none()))


def _errors(body: Any) -> list[dict[str, Any]]:
    if not isinstance(body, dict):
        return []
    errors = body.get("errors")
    found = errors if isinstance(errors, list) else [body.get("error")]
    bare = {name: body[name] for name in ("error_code", "message") if isinstance(body.get(name), str | int)}
    return [error for error in found if isinstance(error, dict)] or ([bare] if "message" in bare else [])


def _word(error: dict[str, Any]) -> str:
    source = error.get("source")
    place = (source.get("pointer") or source.get("parameter")) if isinstance(source, dict) else None
    said = [error.get("title"), error.get("detail") or error.get("message")]
    text = ": ".join(part for part in said if isinstance(part, str) and part)
    text = f"{text} ({place})" if isinstance(place, str) else text
    resolution = error.get("resolution")
    return "; ".join(part for part in (text, resolution) if isinstance(part, str) and part)
