"""Confluent's error bodies, read and put into plain words: the provider's `Dialect`. Pure.

Two shapes are in use, by the vendor's document: `errors`, a list, and for newer APIs `error`, an object. Gateways
answer in neither. A 404 in one of the two is the API's own, and only that is absence.
"""

from __future__ import annotations

from typing import Any

from reconciler.providers.http import Answer

_KEY_HINT = (
    "check the target's auth: it takes a Cloud API key (CONFLUENT_CLOUD_API_KEY, CONFLUENT_CLOUD_API_SECRET), "
    "not one of a cluster"
)
_ROLE_HINT = "writing takes the role OrganizationAdmin; other roles may only read"
_QUOTA = "the organisation's quota of integrations is used up"
_QUOTA_HINT = "delete one that is not needed, or have the quota integrations_per_org raised"
_MEANINGS = {
    401: ("the credentials were not accepted", _KEY_HINT),
    403: ("the credentials may not do this", _ROLE_HINT),
    429: ("too many requests", "lower the target's parallelism, or try again later"),
}


class ConfluentDialect:
    """How Confluent words its errors."""

    provider = "confluent"

    def read_reason(self, answer: Answer) -> str:
        """Every error of the answer, with the member that each is about."""
        return "; ".join(dict.fromkeys(text for text in map(_word, _errors(answer.json_or_none())) if text))

    def explain(self, answer: Answer, reason: str) -> tuple[str, str]:
        """What the error means and what to do, where that is known."""
        if is_about_quota(answer):
            return _QUOTA, _QUOTA_HINT
        if answer.status in _MEANINGS:
            return _MEANINGS[answer.status]
        if not reason and answer.body.lstrip().startswith(b"<"):
            return "the answer is HTML, not Confluent's", "is that the right address, or is a proxy between?"
        return "", ""

    def is_passing(self, answer: Answer) -> bool:
        """Busy (429), out of time (408), a fault inside (5xx), or an answer that does not say what it should."""
        if answer.ok:
            return answer.status != 204 and answer.json_or_none() is None
        return answer.status in (408, 429) or answer.status >= 500


def is_absence(answer: Answer) -> bool:
    """Whether the API itself says that there is no such object: a gateway's 404 must not pass for it."""
    return answer.status == 404 and bool(_errors(answer.json_or_none()))


def is_about_quota(answer: Answer) -> bool:
    """Whether there is no room: 402, but by the vendor's list of known issues some quota errors come as 400."""
    if answer.status == 402:
        return True
    return answer.status == 400 and any("quota" in str(error).lower() for error in _errors(answer.json_or_none()))


def _errors(body: Any) -> list[dict[str, Any]]:
    if not isinstance(body, dict):
        return []
    errors = body.get("errors")
    found = errors if isinstance(errors, list) else [body.get("error")]
    return [error for error in found if isinstance(error, dict)]


def _word(error: dict[str, Any]) -> str:
    source = error.get("source")
    place = (source.get("pointer") or source.get("parameter")) if isinstance(source, dict) else None
    said = [error.get("title"), error.get("detail") or error.get("message")]
    text = ": ".join(part for part in said if isinstance(part, str) and part)
    return f"{text} ({place})" if isinstance(place, str) else text
