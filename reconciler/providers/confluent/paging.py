"""A whole list, page by page. Half a list must never pass for a whole one: what is missing would be created again.

The address in `metadata.next` is never called: its token is taken, and the next page is asked of the configured host.
The end is `next` absent, null or empty, as the vendor's own command line takes it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from reconciler.errors import UnexpectedError
from reconciler.providers.failures import explain_status
from reconciler.providers.http import Answer, HttpTarget

__all__ = ["MOST_PAGES", "read_pages"]

MOST_PAGES = 1000
_PAGE_SIZE = 100  # the default; limits are no part of the contract, so the largest may be refused one day


async def read_pages(http: HttpTarget, path: str) -> list[dict[str, Any]]:
    """Every item of a list, in the server's order; a TargetError if any page cannot be had."""
    items: dict[str, dict[str, Any]] = {}
    token, seen = "", set[str]()
    for _ in range(MOST_PAGES):
        query = f"?page_size={_PAGE_SIZE}" + (f"&page_token={quote(token, safe='')}" if token else "")
        answer = await http.read(path + query)
        if not answer.ok:
            # A list that is not there is no empty list: 404 means a wrong address, or somebody else's.
            raise http.error(answer, kind=UnexpectedError if answer.status == 404 else None)
        page, token = _parse(answer)
        items |= {str(item.get("id")): item for item in page}
        if not token:
            return list(items.values())
        if token in seen:
            raise _incomplete(answer, "the server gives the same page again and again")
        seen.add(token)
    raise _incomplete(answer, f"there are more than {MOST_PAGES} pages")


def _parse(answer: Answer) -> tuple[list[dict[str, Any]], str]:
    body = answer.json()
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        reason = "the answer is JSON, but not a list; is that Confluent's address?"
        raise explain_status(answer.call, answer.status, reason=reason, kind=UnexpectedError)
    metadata = body.get("metadata")
    following = metadata.get("next") if isinstance(metadata, dict) else None
    if not following:
        return data, ""
    tokens = parse_qs(urlsplit(str(following)).query).get("page_token", [])
    if len(tokens) != 1:
        raise _incomplete(answer, "the next page's address has no page_token")
    return data, tokens[0]


def _incomplete(answer: Answer, why: str) -> UnexpectedError:
    error = explain_status(
        answer.call, answer.status, reason=f"the list is incomplete: {why}", hint="try again", kind=UnexpectedError
    )
    return UnexpectedError(str(error), status=error.status, reason=error.reason)
