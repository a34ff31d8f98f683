"""Reads the list around stored documents that the cluster cannot parse, each of which makes the whole list call fail.

Imported only when a list call was answered with an error.
"""

from __future__ import annotations

from typing import Any

from reconciler.model.errors import TargetError
from reconciler.model.resource import LiveObject
from reconciler.model.text import quotable
from reconciler.providers.http import Answer, HttpTarget
from reconciler.providers.opensearch.reading import CONFIGS, PAGE, Found, parse_page

_PARSE_FAILURES = (400, 424, 500, 503)  # by the class of the exception, in the plugin's `PluginBaseAction`
_MOST_PROBES = 400  # the most calls made to find the documents that the server cannot parse
_REMOVE = (
    "such a document can be neither read nor deleted by the API: an administrator removes it from the index "
    ".opensearch-notifications-config, with the admin certificate"
)


async def read_around(http: HttpTarget, failed: Answer) -> tuple[tuple[LiveObject, ...], str]:
    """All configs except the documents that the server cannot parse, and why these are missing. They are found by
    halving the window of the list until each is alone in one.

    `failed` is the answer to the list call; its TargetError is raised if it is not such a failure, or if nothing can be
    read.
    """
    found = Found()
    failure = http.error(failed)
    if failed.status not in _PARSE_FAILURES or not _is_engine_error(failed):
        raise failure
    waiting = [(0, PAGE)]
    broken: list[str] = []
    last = ""
    probes = 0
    end = PAGE
    while waiting:
        start, size = waiting.pop()
        if start >= end:
            continue
        probes += 1
        if probes > _MOST_PROBES or (probes > 20 and not found.objects):
            raise failure
        answer = await http.send_once(
            "GET", f"{CONFIGS}?from_index={start}&max_items={size}&sort_field=created_time_ms"
        )
        if answer.ok:
            page = parse_page(answer)
            end = min(end, page.total)
            found.add(page.items)
            last = _last_id(page.items) or last
        elif size == 1:
            broken.append(_describe_broken(http.error(answer), start, last))
        else:
            half = size // 2
            waiting += [(start + half, size - half), (start, half)]
    if not found.objects or end >= PAGE:
        raise http.error(failed, hint="; ".join([*broken[:3], _REMOVE]))
    if broken:
        found.gaps.append(f"the server cannot read {len(broken)} of its own documents: {', '.join(broken)}; {_REMOVE}")
    return found.all()


def _is_engine_error(answer: Answer) -> bool:
    body = answer.json_or_none()
    return isinstance(body, dict) and isinstance(body.get("error"), dict)


def _last_id(items: list[Any]) -> str:
    last = items[-1] if items else None
    return str(last.get("config_id") or "") if isinstance(last, dict) else ""


def _describe_broken(error: TargetError, position: int, before: str) -> str:
    """Which document it is, by its position, since none of the server's answers has its id."""
    after = f", the one created after {quotable(before)}" if before else ""
    return f"number {position + 1} by time of creation{after} ({error.reason or error.status})"
