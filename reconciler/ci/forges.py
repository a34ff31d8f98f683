"""What both sites have in common: find our comment, update it or write a first one, and respect the site's limits.

Reads, updates and deletes are repeated when they fail. Creating a comment is repeated only if the site said that it did
not take it (429, or 403 with a limit), or if a second look shows that it is not there. Every failure is a CommentError,
since a comment is no reason for a run to fail. The token goes to the site's own address and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TypeVar
from urllib.request import getproxies

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.nap import sleep as nap

from reconciler.ci.jobs import Thread
from reconciler.ci.sites import SITES, Comment, Site
from reconciler.model import __version__
from reconciler.model.errors import ReconcilerError
from reconciler.model.proxies import wrong_proxy

T = TypeVar("T")

_ATTEMPTS = 4
_LONGEST_WAIT = 60.0  # seconds: a job should not wait for a limit that is reset in an hour
_SECONDARY_WAIT = 60.0
_MOST_PAGES = 50
_MOST_MOVES = 3
_TIMEOUT = 30.0


class CommentError(ReconcilerError):
    """The comment could not be written; the message says why, and never holds the token."""


class NoTokenError(CommentError):
    """There is no token that may comment, as in a pull request from a fork."""


class _UnclearError(CommentError):
    """It is not known whether a new comment was created."""


class _GoneError(CommentError):
    """The comment no longer exists."""


class _LaterError(Exception):
    """The call can be repeated after `seconds`; `error` is what to raise if it is not."""

    def __init__(self, seconds: float, error: CommentError) -> None:
        super().__init__(str(error))
        self.seconds = seconds
        self.error = error


def marker(*parts: str) -> str:
    """The hidden first line by which a comment is found again; equal parts give equal markers."""
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]
    return f"<!-- reconciler:comment {key} -->"


def put_comment(thread: Thread, line: str, text: str, transport: httpx.BaseTransport | None = None) -> str:
    """Write `text` below the marker `line`: over our earlier comment, or as a new one. Returns `updated` or `created`;
    CommentError if it could not be written."""
    return _with_forge(thread, transport, lambda forge: forge.put(line, text))


def replace_comment(thread: Thread, line: str, text: str, transport: httpx.BaseTransport | None = None) -> bool:
    """Like `put_comment`, but only over our earlier comment; returns whether there was one."""
    return _with_forge(thread, transport, lambda forge: forge.replace(line, text))


def _with_forge(thread: Thread, transport: httpx.BaseTransport | None, use: Callable[[Forge], T]) -> T:
    if thread.token is None:
        raise NoTokenError(f"no token for {thread.site}, as in a job for a fork")
    token = thread.token.reveal()
    if not (token.isascii() and token.isprintable()):
        raise CommentError(
            f"the token for {thread.site} has a character that is not allowed in a header: copy it again"
        )
    if wrong := wrong_proxy(getproxies(), takes_socks=find_spec("socksio") is not None):
        raise CommentError(wrong)
    site = SITES[thread.site]
    try:
        headers = {"user-agent": f"reconciler/{__version__}", **site.headers(token)}
        with httpx.Client(base_url=thread.api, headers=headers, timeout=_TIMEOUT, transport=transport) as client:
            return use(Forge(client, site, thread))
    except CommentError:
        raise
    except json.JSONDecodeError:
        raise CommentError(
            f"{thread.site} did not answer with JSON: is {thread.api} the address of its API, without a "
            "login page before it?"
        ) from None
    except OSError as error:
        raise CommentError(
            f"{thread.site} cannot be reached at {thread.api} ({type(error).__name__}): check SSL_CERT_FILE, "
            "SSL_CERT_DIR and the proxy variables"
        ) from None
    except Exception as error:
        # For example an address or a proxy variable that is not a URL. It must not fail the run, and its message is
        # not repeated, since it may hold the token.
        raise CommentError(
            f"{thread.site} cannot be reached at {thread.api} ({type(error).__name__}): check that address and "
            "the proxy variables"
        ) from None


class Forge:
    """One site's comments on one request."""

    def __init__(self, client: httpx.Client, site: Site, thread: Thread, sleep: Callable[[float], None] = nap) -> None:
        self._client = client
        self._site = site
        self._thread = thread
        self._sleep = sleep
        self._asked: str | None = None

    def put(self, line: str, text: str) -> str:
        """See `put_comment`."""
        if self.replace(line, text):
            return "updated"
        body = {"body": f"{line}\n{text}"}
        try:
            self._call("POST", self._site.comments_path(self._thread), body)
        except _UnclearError:  # it may have been created: look before sending it again
            if not self.replace(line, text):
                self._call("POST", self._site.comments_path(self._thread), body)
        return "created"

    def replace(self, line: str, text: str) -> bool:
        """See `replace_comment`. If several comments are ours, the first is updated and the others are deleted, so that
        none of them shows an earlier report."""
        ours = [item for item in self._comments() if item.body.startswith(line) and self._is_us(item.author)]
        replaced = False
        for comment in ours:
            path = self._site.comment_path(self._thread, comment.id)
            try:
                if replaced:
                    self._call("DELETE", path)
                else:
                    self._call(self._site.update_method, path, {"body": f"{line}\n{text}"})
                    replaced = True
            except _GoneError:
                continue  # deleted since it was found
        return replaced

    def _is_us(self, author: str) -> bool:
        """Whether this author is us: by the name that we were given, or else by the name that the site knows us by."""
        if self._thread.author and author == self._thread.author:
            return True
        if self._asked is None:
            self._asked = self._who_we_are()
        return bool(author) and author == self._asked

    def _who_we_are(self) -> str:
        try:
            return str(self._call("GET", "/user").json().get(self._site.name_field) or "")
        except NoTokenError:
            if self._thread.viewer_url is None:
                return ""
        try:  # an app's token has no user, but GitHub's GraphQL API knows whose it is
            answer = self._call("POST", self._thread.viewer_url, {"query": "{viewer{login}}"})
            return str(answer.json()["data"]["viewer"]["login"])
        except (CommentError, KeyError, TypeError):
            return ""

    def _comments(self) -> Iterator[Comment]:
        path: str | None = f"{self._site.comments_path(self._thread)}?per_page=100"
        for _ in range(_MOST_PAGES):
            if path is None:
                return
            answer = self._call("GET", path)
            items = answer.json()
            if not isinstance(items, list):
                api = self._thread.api
                raise CommentError(
                    f"{self._thread.site} did not answer with a list of comments: is {api} the address of its API?"
                )
            yield from (self._site.read(item) for item in items)
            path = answer.links.get("next", {}).get("url")
            if path is not None and not self._is_home(path):
                raise CommentError(
                    f"{self._thread.site} names a next page on another host, which does not get the token"
                )

    def _is_home(self, url: str) -> bool:
        """Whether an address from an answer is on the site's own host, so that it may get the token."""
        here, there = self._client.base_url, self._client.base_url.join(url)
        return (here.scheme, here.host, here.port) == (there.scheme, there.host, there.port)

    def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> httpx.Response:
        retrying = Retrying(
            retry=retry_if_exception_type(_LaterError),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=_given,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, body)
        except _LaterError as later:
            raise later.error from None

    def _once(self, method: str, path: str, body: dict[str, str] | None) -> httpx.Response:
        for _ in range(_MOST_MOVES):
            try:
                answer = self._client.request(method, path, json=body)
            except (httpx.TimeoutException, httpx.TransportError) as error:
                failure = (
                    f"{self._thread.site} did not answer at {self._thread.api} ({type(error).__name__}): check that "
                    "address and the proxy variables"
                )
                if method == "POST":
                    raise _UnclearError(failure) from None
                raise _LaterError(1.0, CommentError(failure)) from None
            if answer.next_request is None:
                break
            path = str(answer.next_request.url)  # a repository that was moved, for example; the method is kept
            if not self._is_home(path):
                raise CommentError(f"{self._thread.site} redirects to another host, which does not get the token")
        if answer.is_success:
            return answer
        raise self._explained(method, answer)

    def _explained(self, method: str, answer: httpx.Response) -> Exception:
        status = answer.status_code
        wait = _wait_seconds(answer)
        error = CommentError(f"{self._thread.site} answered {method} with {status}")
        if wait is not None and status in (403, 429):
            limit = CommentError(f"{self._thread.site} is limiting our calls ({status})")
            return _LaterError(wait, limit) if wait <= _LONGEST_WAIT else limit
        if status in (404, 410) and method in (self._site.update_method, "DELETE"):
            return _GoneError(str(error))
        if status in (401, 403, 404):
            return NoTokenError(
                f"{self._thread.site} answered {status}: the token may not comment on request {self._thread.request} "
                f"of {self._thread.repository}, or there is none (a fork's job gets a read-only token)"
            )
        if status >= 500:
            return _UnclearError(str(error)) if method == "POST" else _LaterError(1.0, error)
        return error


def _given(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    return error.seconds if isinstance(error, _LaterError) else 0.0


def _wait_seconds(answer: httpx.Response) -> float | None:
    """How many seconds the site asks us to wait; None if it does not ask.

    GitHub's secondary limit may come as a 403 that only says so in words; its documentation asks for a minute then
    ("Rate limits for the REST API", "Exceeding the rate limit").
    """
    given = answer.headers.get("retry-after", "")
    if given.isdigit():
        return float(given)
    if answer.headers.get("x-ratelimit-remaining", answer.headers.get("ratelimit-remaining")) == "0":
        reset = answer.headers.get("x-ratelimit-reset", answer.headers.get("ratelimit-reset", ""))
        return max(1.0, float(reset) - time.time()) if reset.isdigit() else 1.0
    if answer.status_code == 403 and "rate limit" in answer.text.lower():
        return _SECONDARY_WAIT
    return 1.0 if answer.status_code == 429 else None
