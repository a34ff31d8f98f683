"""Who sends through a cluster's channels: Alerting's monitors and workflows, read in one search and matched here.

The server cannot be searched by channel: its index has the channels of only some kinds of monitors, and silently finds
nothing for the others. The text `monitor.owner` in the query makes it show other plugins' monitors too. Seen on
Alerting 3.6.0. Known only from its source: 404 while there is no index (up to 3.1), hits inside a wrapper (after a hit
that it cannot parse, all hits are), and further kinds of triggers (`ppl_trigger`, from 3.7 on).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from reconciler.model.errors import TargetError, UnauthorizedError
from reconciler.model.evidence import Unknown, unknown
from reconciler.model.gaps import UnknownReason
from reconciler.model.provider import ChannelUser, UserListing
from reconciler.providers.http import Answer, HttpTarget

SOURCE = "Alerting"

NOT_LOOKED_AT = ("ISM policies", "long-running operations", "snapshot policies", "reports")
"""What else can name a channel, by the source code; it is not looked at."""

_WINDOW = 10_000  # the index's `max_result_window`; by default there are at most 1,000 monitors
_ALL = {
    "size": _WINDOW,
    "query": {"bool": {"should": [{"match_all": {}}, {"exists": {"field": "monitor.owner"}}]}},
}
_WRAPPERS = ("monitor", "workflow")
_MEMBERS = (
    "name",
    "type",
    "enabled",
    "monitor_type",
    "workflow_type",
    "owner",
    "triggers.*.name",
    "triggers.*.actions.name",
    "triggers.*.actions.destination_id",
    "triggers.*.actions.throttle_enabled",
)
_PATHS = [f"hits.hits._source.{within}{name}" for within in ("", "monitor.", "workflow.") for name in _MEMBERS]
_SEARCH = "/_plugins/_alerting/monitors/_search?" + urlencode(
    {
        "source_content_type": "application/json",
        "source": json.dumps(_ALL, separators=(",", ":")),
        "filter_path": ",".join(["timed_out", "_shards.failed", "hits.total", "hits.hits._id", *_PATHS]),
    },
    safe="*,",
)
"""A GET, so that a read-only proxy lets it through; it has 1.5 KB, and a server accepts 4 KB in one line."""

_FILTERS = ("plugins.alerting.filter_by_backend_roles", "opendistro.alerting.filter_by_backend_roles")
_SETTINGS = f"/_cluster/settings?include_defaults=true&filter_path={','.join(f'*.{name}' for name in _FILTERS)}"
_OWN = "alerting"  # the owner of what no other plugin made


async def search_users(http: HttpTarget, channels: Collection[str]) -> UserListing:
    """All monitors and workflows that we may see. UnauthorizedError if the credentials are refused.

    If nobody seems to use one of `channels`, the cluster's setting for role filtering is read too, since that hides
    monitors without saying so.
    """
    try:
        answer = await http.read(_SEARCH)
        users, gap = _read(http, answer)
        found = {channel for user in users for channel in user.channels}
        if gap is None and not found.issuperset(channels):
            gap = _filtering(await http.read(_SETTINGS))
    except UnauthorizedError:
        raise
    except TargetError as error:
        return UserListing(SOURCE, gap=_unread(str(error)), not_looked_at=NOT_LOOKED_AT)
    return UserListing(SOURCE, users, gap, NOT_LOOKED_AT)


def _read(http: HttpTarget, answer: Answer) -> tuple[tuple[ChannelUser, ...], Unknown | None]:
    """The users in an answer, and why there may be more; a TargetError if the answer is an error."""
    if answer.ok:
        return _parse(answer.json())
    if http.refuses_credentials(answer):
        raise http.error(answer, kind=UnauthorizedError)
    reason = http.read_reason(answer)
    if answer.status == 404 and re.search("(?i)configured indices are not found", reason):
        return (), None  # no monitor was ever created
    if answer.status == 400 and "no handler found" in reason:
        return (), unknown(UnknownReason.USERS_NO_PLUGIN)
    if answer.status == 403:
        return (), unknown(UnknownReason.USERS_FORBIDDEN)
    raise http.error(answer)


def _unread(why: str) -> Unknown:
    return unknown(UnknownReason.USERS_UNREAD, f"the monitors could not be read: {why}")


def _parse(body: Any) -> tuple[tuple[ChannelUser, ...], Unknown | None]:
    """The users in a search's answer, in either form of its hits, and why there may be more."""
    outer = body.get("hits") if isinstance(body, dict) else None
    total = outer.get("total") if isinstance(outer, dict) else None
    hits = outer.get("hits", []) if isinstance(outer, dict) else None  # the member is missing if there are none
    if not isinstance(total, dict) or not isinstance(total.get("value"), int) or not isinstance(hits, list):
        return (), _unread("the answer is not that of a search")
    if total["value"] < 0:  # there may be any number
        return (), _unread("the answer does not say how many monitors there are")
    if body.get("timed_out") is True or _at(body, "_shards.failed"):
        return (), _unread("a part of the index did not answer the search")
    read = [_hit(item) for item in hits]
    users = tuple(user for user, _ in read if user is not None)
    if total["value"] > len(hits) or total.get("relation", "eq") != "eq":
        return users, unknown(UnknownReason.USERS_CUT_OFF, f"{_more(total)}, and {len(hits)} were given")
    if odd := sum(not is_whole for _, is_whole in read):
        return users, _unread(f"{odd} of {len(hits)} have an unknown form")
    return users, None


def _more(total: Mapping[str, Any]) -> str:
    return f"there are {'more than ' * (total.get('relation', 'eq') != 'eq')}{total['value']} monitors"


def _hit(item: Any) -> tuple[ChannelUser | None, bool]:
    """The user in one hit, and whether all of it was understood."""
    source = item.get("_source") if isinstance(item, dict) else None
    if not isinstance(source, dict):
        return None, False
    wrapper = next((name for name in _WRAPPERS if isinstance(source.get(name), dict)), "")
    content = source[wrapper] if wrapper else source
    name, triggers = content.get("name"), content.get("triggers", [])
    if not isinstance(name, str) or not isinstance(triggers, list):
        return None, False
    actions = [action for trigger in triggers for action in _actions(trigger)]
    named = [action for action in actions if action is not None]
    owner = content.get("owner")
    user = ChannelUser(
        kind=wrapper or ("workflow" if content.get("type") == "workflow" else "monitor"),
        id=str(item.get("_id") or ""),
        name=name,
        enabled=content.get("enabled") is not False,
        channels=frozenset(channel for channel, _ in named),
        throttled=frozenset(channel for channel, throttled in named if throttled),
        by_document=content.get("monitor_type") == "doc_level_monitor",
        owner=owner if isinstance(owner, str) and owner != _OWN else "",
    )
    return user, len(named) == len(actions)


def _actions(trigger: Any) -> Iterator[tuple[str, bool] | None]:
    """The channel of each action, and whether the action is throttled; None for an action that is not understood.

    A trigger has one member, named after its kind; any name is accepted, since new versions add kinds.
    """
    if not isinstance(trigger, dict):
        yield None
        return
    for content in trigger.values():
        actions = content.get("actions", []) if isinstance(content, dict) else None
        yield from (map(_action, actions) if isinstance(actions, list) else [None])


def _action(action: Any) -> tuple[str, bool] | None:
    channel = action.get("destination_id") if isinstance(action, dict) else None
    if not isinstance(channel, str):
        return None
    return channel, action.get("throttle_enabled") is True


def _filtering(answer: Answer) -> Unknown | None:
    """That role filtering may have hidden users; None if it is known to be off."""
    body = answer.json_or_none() if answer.ok else None
    values = [_at(scope, name) for scope in body.values() for name in _FILTERS] if isinstance(body, dict) else []
    said = {str(value).lower() for value in values if value is not None}
    if said and all(value == "false" for value in said):
        return None
    is_on = "role filtering is on, and" if "true" in said else "role filtering"
    return unknown(UnknownReason.USERS_FILTERED, f"{is_on} may hide monitors and workflows")


def _at(content: Any, name: str) -> Any:
    for step in name.split("."):
        if not isinstance(content, dict):
            return None
        content = content.get(step)
    return content
