"""Who uses a cluster's channels: one search, whatever form its hits have; what it cannot see, it says."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import httpx
import pytest

from reconciler.model.errors import UnauthorizedError
from reconciler.model.gaps import UnknownReason
from reconciler.model.provider import ChannelUser, UserListing
from reconciler.plan.sending import used_by
from tests.providers.support import Script, as_response, recorded, talk

SEARCH = "GET /_plugins/_alerting/monitors/_search"
SETTINGS = "GET /_cluster/settings"
OFF = httpx.Response(200, json={"defaults": {"plugins": {"alerting": {"filter_by_backend_roles": "false"}}}})


def ask(script: Script, channels: Collection[str] = ()) -> UserListing:
    return talk(script, lambda provider: provider.read_users(channels))


def hits(*sources: Any, total: int | None = None, relation: str = "eq") -> httpx.Response:
    found = [{"_id": f"m{number}", "_source": source} for number, source in enumerate(sources)]
    shown = {"total": {"value": len(found) if total is None else total, "relation": relation}}
    return httpx.Response(200, json={"hits": {**shown, **({"hits": found} if found else {})}})


def monitor(name: str, *channels: str, trigger: str = "query_level_trigger", **members: Any) -> dict[str, Any]:
    actions = [{"name": "a", "destination_id": channel, "throttle_enabled": False} for channel in channels]
    triggers = [{trigger: {"name": "t", "actions": actions}}]
    return {"type": "monitor", "name": name, "enabled": True, "owner": "alerting", "triggers": triggers, **members}


def names(listing: UserListing, channel: str) -> list[str]:
    return [user.name for user in used_by(listing, channel).users]


def test_the_recorded_search_gives_all_kinds_and_other_plugins_monitors_in_one_call() -> None:
    script = Script([as_response(recorded("alerting-3.6.0", "search all, whatever owner, filter_path"))])
    listing = ask(script, ["facts_hook"])
    assert script.calls == [SEARCH]
    assert (listing.gap, listing.source) == (None, "Alerting")
    assert {user.name for user in listing.users if "facts_hook" in user.channels} >= {
        "facts query",
        "facts disabled",
        "facts bucket",
        "facts doc",
    }
    by_name = {user.name: user for user in listing.users}
    assert by_name["facts query"].channels == {"facts_hook", "facts_other"}
    assert by_name["facts doc"].by_document
    assert not by_name["facts query"].by_document
    assert (by_name["facts query"].enabled, by_name["facts disabled"].enabled) == (True, False)
    assert (by_name["facts owned"].owner, by_name["facts query"].owner) == ("facts_other_plugin", "")
    assert by_name["facts leaf"].channels == frozenset()
    assert by_name["facts blank"].channels == {""}


def test_a_recorded_workflow_is_one_too() -> None:
    answer = as_response(recorded("alerting-3.6.0", "search all, size 10000, filter_path"))
    (user,) = (user for user in ask(Script([answer])).users if user.name == "facts workflow")
    assert user.kind == "workflow"
    assert user.channels == {"facts_hook"}


def test_the_call_is_the_one_of_the_recordings() -> None:
    script = Script([hits()])
    ask(script)
    (request,) = script.requests
    asked = recorded("alerting-3.6.0", "search all, whatever owner, filter_path")["request"]
    assert json.loads(request.url.params["source"]) == asked["body"]
    wanted = set(asked["path"].partition("filter_path=")[2].split(","))
    assert wanted <= set(request.url.params["filter_path"].split(","))
    assert len(request.url.raw_path) < 4096  # the longest line that a server takes by default


@pytest.mark.parametrize(
    "trigger",
    [
        "query_level_trigger",
        "bucket_level_trigger",
        "document_level_trigger",
        "chained_alert_trigger",
        "ppl_trigger",
        "one_of_a_later_version",
    ],
)
@pytest.mark.parametrize("wrapper", ["", "monitor", "workflow"])
def test_a_trigger_of_any_name_is_read_in_either_form_of_a_hit(trigger: str, wrapper: str) -> None:
    content = monitor("m", "acme_oncall", trigger=trigger)
    listing = ask(Script([hits(monitor("plain", "other"), {wrapper: content} if wrapper else content)]))
    assert listing.gap is None
    assert names(listing, "acme_oncall") == ["m"]
    assert listing.users[1].kind == ("workflow" if wrapper == "workflow" else "monitor")


def test_a_throttle_is_known_by_channel() -> None:
    content = monitor("m", "a", "b")
    content["triggers"][0]["query_level_trigger"]["actions"][1]["throttle_enabled"] = True
    assert ask(Script([hits(content)])).users[0].throttled == {"b"}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (as_response(recorded("alerting-absent", "3.6.0: POST /_plugins/_alerting/monitors/_search")), "NO_PLUGIN"),
        (as_response(recorded("alerting-absent", "2.19.5: POST /_plugins/_alerting/monitors/_search")), "NO_PLUGIN"),
        (
            as_response(recorded("alerting-security-3.6.0", "notifications_full_access: search all")),
            "FORBIDDEN",
        ),
        (httpx.Response(408, json={"error": {"reason": "timed out"}, "status": 408}), "UNREAD"),
        (httpx.Response(200, text="<html>"), "UNREAD"),
        (httpx.Response(200, json=[]), "UNREAD"),
        (httpx.Response(200, json={"hits": {"total": 3}}), "UNREAD"),
        (httpx.Response(200, json={}), "UNREAD"),
        (httpx.Response(404, text="not here"), "UNREAD"),
        (httpx.Response(400, json={"error": "bad"}), "UNREAD"),
        (httpx.Response(500, json={"error": {"reason": "all shards failed"}, "status": 500}), "UNREAD"),
        (httpx.ReadTimeout(""), "UNREAD"),
        (httpx.Response(200, json={"hits": {"total": {"value": -1, "relation": "eq"}}}), "UNREAD"),
        (httpx.Response(200, json={"_shards": {"failed": 1}, "hits": {"total": {"value": 0}}}), "UNREAD"),
        (httpx.Response(200, json={"timed_out": True, "hits": {"total": {"value": 0}}}), "UNREAD"),
        (hits(monitor("m", "a"), total=2), "CUT_OFF"),
        (hits(monitor("m", "a"), relation="gte"), "CUT_OFF"),
        (hits(monitor("m", "a"), {}), "UNREAD"),
        (hits(monitor("m", "a"), {"name": "x", "triggers": {}}), "UNREAD"),
        (hits(monitor("m", "a"), {"name": "x", "triggers": ["?"]}), "UNREAD"),
        (hits(monitor("m", "a"), {"name": "x", "triggers": [{"t": {"actions": [{"name": "a"}]}}]}), "UNREAD"),
        (hits(monitor("m", "a"), {"name": "x", "triggers": [{"t": {"actions": "?"}}]}), "UNREAD"),
    ],
)
def test_what_cannot_be_seen_is_said_with_its_reason(answer: httpx.Response | Exception, reason: str) -> None:
    listing = ask(Script([answer]))
    assert listing.gap is not None
    assert listing.gap.reason is UnknownReason[f"USERS_{reason}"]
    assert listing.gap.text


def test_what_was_seen_counts_though_some_was_not() -> None:
    listing = ask(Script([hits(monitor("m", "a"), {"name": "x", "triggers": ["?"]})]), ["a"])
    assert names(listing, "a") == ["m"]
    assert listing.gap is not None


def test_no_index_yet_means_no_users_on_old_servers_and_on_new_ones() -> None:
    reason = "Configured indices are not found: [.opendistro-alerting-config]"
    old = httpx.Response(404, json={"error": {"type": "alerting_exception", "reason": reason}, "status": 404})
    new = as_response(recorded("alerting-3.6.0", "no index yet: search monitors"))
    for answer in (old, new):
        listing = ask(Script([answer]))
        assert (listing.users, listing.gap) == ((), None)


def test_refused_credentials_stop_the_target() -> None:
    answer = as_response(recorded("alerting-security-3.6.0", "wrong password: search all"))
    with pytest.raises(UnauthorizedError):
        ask(Script([answer]))


@pytest.mark.parametrize(
    ("settings", "is_seen"),
    [
        (OFF, True),
        (
            httpx.Response(200, json={"persistent": {"plugins": {"alerting": {"filter_by_backend_roles": "true"}}}}),
            False,
        ),
        (
            httpx.Response(
                200,
                json={
                    "persistent": {"opendistro": {"alerting": {"filter_by_backend_roles": "true"}}},
                    "defaults": {"plugins": {"alerting": {"filter_by_backend_roles": "false"}}},
                },
            ),
            False,
        ),
        (httpx.Response(200, json={"defaults": {}}), False),
        (httpx.Response(200, json={"defaults": {"plugins": "?"}}), False),
        (httpx.Response(200, text="?"), False),
        (httpx.Response(403, json={"error": {"reason": "no permissions"}, "status": 403}), False),
    ],
)
def test_nobody_is_said_to_use_it_only_where_role_filtering_is_known_to_be_off(
    settings: httpx.Response, *, is_seen: bool
) -> None:
    script = Script([hits(monitor("m", "other")), settings])
    listing = ask(script, ["acme_oncall"])
    assert script.calls == [SEARCH, SETTINGS]
    assert (listing.gap is None) == is_seen
    if listing.gap is not None:
        assert listing.gap.reason is UnknownReason.USERS_FILTERED
        assert "may hide monitors and workflows" in listing.gap.text


def test_where_all_that_is_asked_about_has_users_one_call_is_enough() -> None:
    script = Script([hits(monitor("m", "a", "b")), OFF])
    ask(script, ["a", "b"])
    assert script.calls == [SEARCH]


def test_a_listing_tells_the_users_of_one_channel_sorted() -> None:
    users = tuple(ChannelUser("monitor", name, name, enabled=True, channels=frozenset({"a"})) for name in ("b", "a"))
    assert names(UserListing("Alerting", users), "a") == ["a", "b"]
    assert names(UserListing("Alerting", users), "z") == []
