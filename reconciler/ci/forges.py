"""What both sites have in common: find our comment, update it or write a first one, and heed the site's limits.

Reads are repeated on trouble; a write only where the site said that it did not do it (429, or 403 with a time to wait).
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.nap import sleep as nap

from reconciler.ci.place import Place
from reconciler.model.errors import ReconcilerError
from reconciler.model.version import __version__

_ATTEMPTS = 4
_LONGEST_WAIT = 60.0  # seconds: a job should not wait for a limit that is reset in an hour
_MOST_PAGES = 50
_TIMEOUT = 30.0


class CommentError(ReconcilerError):
    """The comment could not be written; the message says why, and never holds the token."""


class NoTokenError(CommentError):
    """There is no token that may comment, as in a pull request from a fork."""


class _LaterError(Exception):
    """The site asks to come back after `seconds`."""

    def __init__(self, seconds: float, error: CommentError) -> None:
        super().__init__(str(error))
        self.seconds = seconds
        self.error = error


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment as a site gives it."""

    id: str
    author: str
    body: str


class Site(Protocol):
    """The calls of one site, as paths and members."""

    def headers(self, token: str) -> dict[str, str]:
        """The headers that carry the token."""
        ...

    def comments_path(self, place: Place) -> str:
        """Where the request's comments are listed and written."""
        ...

    def comment_path(self, place: Place, comment_id: str) -> str:
        """Where one comment is."""
        ...

    @property
    def update_method(self) -> str:
        """How a comment is changed."""
        ...

    def read(self, item: dict[str, object]) -> Comment:
        """One entry of the list."""
        ...

    @property
    def name_field(self) -> str:
        """The member of `/user` that holds our name."""
        ...


def marker(*parts: str) -> str:
    """The hidden first line by which a comment is found again; equal parts give equal markers."""
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
    return f"<!-- reconciler:comment {key} -->"


def put_comment(place: Place, line: str, text: str, transport: httpx.BaseTransport | None = None) -> str:
    """Write `text` under the marker `line`: over our own earlier comment, else as a new one. `created` or `updated`."""

    if place.token is None:
        raise NoTokenError(f"no token for {place.site}, as in a job for a fork: the comment is not written")
    site = SITES[place.site]
    headers = {"user-agent": f"reconciler/{__version__}", **site.headers(place.token.reveal())}
    with httpx.Client(base_url=place.api, headers=headers, timeout=_TIMEOUT, transport=transport) as client:
        return Forge(client, site, place).put(line, text)


class Forge:
    """One site's comments on one request."""

    def __init__(self, client: httpx.Client, site: Site, place: Place, sleep: Callable[[float], None] = nap) -> None:
        self._client = client
        self._site = site
        self._place = place
        self._sleep = sleep

    def put(self, line: str, text: str) -> str:
        """As `put_comment`."""
        author = self._place.author or str(self._call("GET", "/user").json().get(self._site.name_field, ""))
        body = {"body": f"{line}\n{text}"}
        for comment in self._comments():
            if comment.body.startswith(line) and comment.author == author:
                self._call(self._site.update_method, self._site.comment_path(self._place, comment.id), body)
                return "updated"
        self._call("POST", self._site.comments_path(self._place), body)
        return "created"

    def _comments(self) -> Iterator[Comment]:
        path: str | None = f"{self._site.comments_path(self._place)}?per_page=100"
        for _ in range(_MOST_PAGES):
            if path is None:
                return
            answer = self._call("GET", path)
            yield from (self._site.read(item) for item in answer.json())
            path = answer.links.get("next", {}).get("url")

    def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> httpx.Response:
        retrying = Retrying(
            retry=retry_if_exception_type(_LaterError),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=_told,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, body)
        except _LaterError as later:
            raise later.error from None

    def _once(self, method: str, path: str, body: dict[str, str] | None) -> httpx.Response:
        try:
            answer = self._client.request(method, path, json=body)
        except httpx.HTTPError as error:
            failure = CommentError(f"{self._place.site} did not answer ({type(error).__name__})")
            raise (_LaterError(1.0, failure) if method == "GET" else failure) from None
        if answer.is_success:
            return answer
        raise self._explained(method, answer)

    def _explained(self, method: str, answer: httpx.Response) -> Exception:
        status = answer.status_code
        wait = _wait_seconds(answer)
        error = CommentError(f"{self._place.site} answered {method} with {status}")
        if wait is not None and status in (403, 429):
            limit = CommentError(f"{self._place.site} limits how many calls we make ({status})")
            return _LaterError(wait, limit) if wait <= _LONGEST_WAIT else limit
        if status in (401, 403, 404):
            return NoTokenError(
                f"{self._place.site} answered {status}: the token may not comment on request {self._place.request} of "
                f"{self._place.repository}, or there is none (a fork's job gets a token that only reads)"
            )
        return _LaterError(1.0, error) if method == "GET" and status >= 500 else error


def _told(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.seconds if isinstance(error, _LaterError) else 0.0


def _wait_seconds(answer: httpx.Response) -> float | None:
    """How long the site asks us to wait; None where it does not."""
    told = answer.headers.get("retry-after", "")
    if told.isdigit():
        return float(told)
    if answer.headers.get("x-ratelimit-remaining", answer.headers.get("ratelimit-remaining")) == "0":
        reset = answer.headers.get("x-ratelimit-reset", answer.headers.get("ratelimit-reset", ""))
        return max(1.0, float(reset) - time.time()) if reset.isdigit() else 1.0
    return 1.0 if answer.status_code == 429 else None


class _GitHub:
    update_method = "PATCH"
    name_field = "login"

    def headers(self, token: str) -> dict[str, str]:
        return {
            "authorization": f"Bearer {token}",
            "accept": "application/vnd.github+json",
            "x-github-api-version": "2022-11-28",
        }

    def comments_path(self, place: Place) -> str:
        return f"/repos/{quote(place.repository)}/issues/{quote(place.request, safe='')}/comments"

    def comment_path(self, place: Place, comment_id: str) -> str:
        return f"/repos/{quote(place.repository)}/issues/comments/{comment_id}"

    def read(self, item: dict[str, object]) -> Comment:
        return Comment(str(item.get("id")), _name(item.get("user"), "login"), str(item.get("body") or ""))


class _GitLab:
    update_method = "PUT"
    name_field = "username"

    def headers(self, token: str) -> dict[str, str]:
        return {"private-token": token}

    def comments_path(self, place: Place) -> str:
        return f"/projects/{quote(place.repository, safe='')}/merge_requests/{quote(place.request, safe='')}/notes"

    def comment_path(self, place: Place, comment_id: str) -> str:
        return f"{self.comments_path(place)}/{comment_id}"

    def read(self, item: dict[str, object]) -> Comment:
        return Comment(str(item.get("id")), _name(item.get("author"), "username"), str(item.get("body") or ""))


def _name(user: object, field: str) -> str:
    return str(user.get(field) or "") if isinstance(user, dict) else ""


SITES: Mapping[str, Site] = {"github": _GitHub(), "gitlab": _GitLab()}
"""The sites by the word of `--comment`."""
