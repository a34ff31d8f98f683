"""Everything that a cluster holds, in one list call where possible: pages, completeness, and the odd document.

The list has traps that single reads don't: a window of 10,000, silent cuts when a search runs out of time, and one
stored document that the plugin cannot parse fails the whole call. Apart from `client` for their sake.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any, NamedTuple

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import TargetError, UnexpectedError
from reconciler.model.resource import LiveObject
from reconciler.providers.failures import explain_status, quotable
from reconciler.providers.http import Answer, HttpTarget
from reconciler.providers.opensearch.codec import decode

CONFIGS = "/_plugins/_notifications/configs"
PAGE = 10_000
"""The most that one list call gives: the index's `max_result_window`."""

_FAR_FUTURE = 9_999_999_999_999
_PARSE_FAILURES = (400, 424, 500, 503)  # by the class of the exception, in the plugin's `PluginBaseAction`
_MOST_PROBES = 400  # calls to find the documents that the server cannot parse
_MOST_OBJECTS = 500_000  # far more than any cluster holds: a list that goes on is not one
_REMOVE = (
    "such a document can be neither read nor deleted by the API: an administrator removes it from the index "
    ".opensearch-notifications-config, with the admin certificate"
)


@dataclass(slots=True)
class _Found:
    """What has been read so far, by id, and why something may be missing."""

    objects: dict[str, LiveObject] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)

    def add(self, items: list[Any]) -> int:
        """Take one page in; how many of its objects are new."""
        before = len(self.objects)
        for item in items:
            live = decode(item)
            if live is None:
                self.gaps.append("an entry of the server's list has no id")
            else:
                self.objects[live.id] = live
        return len(self.objects) - before


class _Page(NamedTuple):
    items: list[Any]
    total: int
    is_exact: bool

    @property
    def is_short(self) -> bool:
        """Whether the server left something out: a search that ran out of time gives less, and does not say so."""
        return len(self.items) < min(self.total, PAGE)

    @property
    def is_last(self) -> bool:
        """Whether nothing can follow it."""
        return (self.is_exact and len(self.items) >= self.total) or len(self.items) < PAGE


async def list_configs(http: HttpTarget) -> tuple[tuple[LiveObject, ...], str]:
    """All configs, those of others included, and why some may be missing ("" if none can be).

    A TargetError if the list cannot be read, or stays incomplete.
    """
    found = _Found()
    answer = await http.read(_page_path())
    if not answer.ok:
        await _salvage(http, answer, found)
        return tuple(found.objects.values()), "; ".join(dict.fromkeys(found.gaps))
    page = await _complete(http, _page_path(), answer)
    found.add(page.items)
    while not page.is_last:
        since = _latest_creation(page.items)
        path = _page_path(since)
        page = await _complete(http, path, _checked(http, await http.read(path)))
        if len(found.objects) > _MOST_OBJECTS:
            reason = f"the list does not end: more than {_MOST_OBJECTS} objects"
            raise explain_status(answer.call, answer.status, reason=reason, kind=UnexpectedError)
        if not found.add(page.items) and not page.is_last:
            found.gaps.append(
                f"more than {PAGE} objects have the same time of creation, and the server lists no more of them"
            )
            break
    return tuple(found.objects.values()), "; ".join(dict.fromkeys(found.gaps))


def _page_path(since: int | None = None) -> str:
    # Sorted by creation, since that never changes: under the default sort, an update meanwhile moves entries about.
    path = f"{CONFIGS}?max_items={PAGE}&sort_field=created_time_ms"
    return path if since is None else f"{path}&created_time_ms={since}..{_FAR_FUTURE}"


def _checked(http: HttpTarget, answer: Answer) -> Answer:
    if not answer.ok:
        raise http.error(answer)
    return answer


def _latest_creation(items: list[Any]) -> int:
    times = [item.get("created_time_ms") for item in items if isinstance(item, dict)]
    return max((moment for moment in times if isinstance(moment, int)), default=0)


async def _complete(http: HttpTarget, path: str, answer: Answer) -> _Page:
    """The page of this answer, read again while it is short."""

    async def again() -> _Page:
        return _parse(_checked(http, await http.read(path)))

    page = await http.retries.repeat(_parse(answer), again, lambda page: page.is_short)
    if page.is_short:
        reason = f"the list is incomplete: {len(page.items)} of {page.total}"
        hint = "the search may have run out of time; try again when the cluster is less busy"
        raise explain_status(answer.call, answer.status, reason=reason, hint=hint, kind=UnexpectedError)
    return page


def _parse(answer: Answer) -> _Page:
    body = answer.json()
    items = body.get("config_list") if isinstance(body, dict) else None
    total = body.get("total_hits") if isinstance(body, dict) else None
    if not isinstance(items, list) or not isinstance(total, int):
        reason = "the answer is JSON, but not a list of notification configs; is that an OpenSearch address?"
        raise explain_status(answer.call, answer.status, reason=reason, kind=UnexpectedError)
    return _Page(items, total, body.get("total_hit_relation", "eq") == "eq")


def _is_engine_error(answer: Answer) -> bool:
    body = answer.json_or_none()
    return isinstance(body, dict) and isinstance(body.get("error"), dict)


async def _salvage(http: HttpTarget, failed: Answer, found: _Found) -> None:
    """Read around the documents that the server cannot parse, by halving the window until each stands alone."""
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
            page = _parse(answer)
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


def _last_id(items: list[Any]) -> str:
    last = items[-1] if items else None
    return str(last.get("config_id") or "") if isinstance(last, dict) else ""


def _describe_broken(error: TargetError, position: int, before: str) -> str:
    """Which document it is, as far as anybody can tell: its id is in none of the server's answers."""
    after = f", the one created after {quotable(before)}" if before else ""
    return f"number {position + 1} by time of creation{after} ({error.reason or error.status})"
