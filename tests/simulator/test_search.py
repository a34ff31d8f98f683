"""Filters, sorting, paging, and the refresh that lists wait for."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.simulator import Simulator
from tests.simulator.conftest import Client, reason


def _entry(config_id: str, kind: str, block: dict[str, Any], name: str, **config: Any) -> dict[str, Any]:
    return {"config_id": config_id, "config": {"name": name, "config_type": kind, kind: block, **config}}


ENTRIES = [
    _entry("slack", "slack", {"url": "https://hooks.slack.com/services/T0/B0/xyz"}, "Dev Ops"),
    _entry("hook", "webhook", {"url": "https://ops.example.org/in", "header_params": {}, "method": "POST"}, "billing"),
    _entry("group", "email_group", {"recipient_list": [{"recipient": "ann@example.org"}]}, "A, B", is_enabled=False),
    _entry("smtp", "smtp_account", {"host": "h", "port": 25, "method": "ssl", "from_address": "x@y.org"}, "zeta"),
    _entry(
        "mail",
        "email",
        {
            "email_account_id": "smtp",
            "recipient_list": [{"recipient": "bob@example.org"}],
            "email_group_id_list": ["g"],
        },
        "Payments on-call",
        description="pages the team",
    ),
]


@pytest.fixture
def filled(simulator: Simulator, client: Client) -> Client:
    simulator.seed(ENTRIES)
    return client


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name=ops", ["slack"]),
        ("name=OPS other", ["slack"]),
        ("name=op", []),
        ("name.keyword=Dev Ops", ["slack"]),
        ("name.keyword=dev ops", []),
        ("name.keyword=A, B", []),  # a value with a comma can never match
        ("name.keyword=billing,zeta", ["hook", "smtp"]),
        ("config_type=slack,webhook", ["slack", "hook"]),
        ("config_type=none", []),
        ("config_type=slack&name=billing", []),
        ("is_enabled=false", ["group"]),
        ("slack.url=hooks.slack.com", ["slack"]),
        ("slack.url=slack", []),  # the host is one word to the analyzer
        ("smtp_account.method=ssl", ["smtp"]),
        ("email.email_group_id_list=g", ["mail"]),
        ("email.recipient_list.recipient=bob", ["mail"]),
        ("email_group.recipient_list.recipient=example.org", ["group"]),
        ("description=team", ["mail"]),
        ("query=sl*", ["slack"]),
        ("query=sl* zeta", ["slack", "smtp"]),
        ("query=billing zeta", ["hook", "smtp"]),
        ("query=bob*", ["mail"]),
        ("query=email_group", ["group"]),
        ("text_query=email_group", []),
    ],
)
def test_filters_find(filled: Client, query: str, found: list[str]) -> None:
    assert sorted(filled.listed(f"?{query}")) == sorted(found)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("sort_field=name", ["group", "slack", "mail", "hook", "smtp"]),
        ("sort_field=name&sort_order=DESC", ["smtp", "hook", "mail", "slack", "group"]),
        ("sort_field=slack.url", ["slack", "hook", "group", "smtp", "mail"]),  # those without come last
        ("sort_field=is_enabled&max_items=1", ["group"]),
        ("sort_field=created_time_ms&sort_order=desc&max_items=2&from_index=1", ["smtp", "group"]),
        ("from_index=x&max_items=y", ["slack", "hook", "group", "smtp", "mail"]),
        ("max_items=99999999999", ["slack", "hook", "group", "smtp", "mail"]),
    ],
)
def test_order_and_pages(filled: Client, query: str, found: list[str]) -> None:
    assert filled.listed(f"?{query}") == found


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("colour=red", 400, "contains unrecognized parameter: [colour]"),
        ("max_item=1", 400, "[max_item] -> did you mean [max_items]?"),
        ("a=1&b=2", 400, "contains unrecognized parameters: [a], [b]"),
        ("mattermost.url=x", 400, "contains unrecognized parameter: [mattermost.url]"),
        ("sort_order=up", 400, "No enum constant org.opensearch.search.sort.SortOrder.UP"),
        ("from_index=-1&max_items=0", 400, "Validation Failed: 1: fromIndex is -ve;2: maxItems is not +ve;"),
        ("sort_field=email.recipient_list.recipient", 406, "Sort on email.recipient_list.recipient not acceptable"),
        ("created_time_ms=1..2..3", 406, "Invalid Range format 1..2..3"),
        ("email.recipient_list.recipient.keyword=a", 406, "Query on email.recipient_list.recipient.keyword"),
        ("created_time_ms=soon", 500, "Failed to search indices"),
        ("is_enabled=maybe", 500, "Failed to search indices"),
        ("query=a:/", 500, "Failed to search indices"),
        ("from_index=9999&max_items=2", 500, "Failed to search indices"),
    ],
)
def test_what_cannot_be_listed(filled: Client, query: str, status: int, said: str) -> None:
    response = filled.call("GET", f"/configs?{query}")

    assert response.status_code == status
    assert said in reason(response)


def test_a_range_of_times_is_inclusive(simulator: Simulator, filled: Client) -> None:
    hook, smtp = simulator.store.get("hook"), simulator.store.get("smtp")
    assert hook is not None
    assert smtp is not None

    assert filled.listed(f"?created_time_ms={hook.created_ms}..{smtp.created_ms}") == ["hook", "group", "smtp"]
    assert filled.listed(f"?last_updated_time_ms={hook.created_ms}") == ["hook"]


def test_more_than_ten_thousand_are_paged_by_time(simulator: Simulator, client: Client) -> None:
    hook = {"url": "http://127.0.0.1:1/x", "header_params": {}, "method": "POST"}
    simulator.seed(_entry(f"c{number}", "webhook", hook, "n") for number in range(10_601))

    first = client.call("GET", "/configs?max_items=10000&sort_field=created_time_ms").json()
    last = first["config_list"][-1]["created_time_ms"]
    rest = client.call("GET", f"/configs?max_items=10000&created_time_ms={last}..9999999999999").json()

    assert (first["total_hits"], first["total_hit_relation"]) == (10_000, "gte")
    seen = {entry["config_id"] for page in (first, rest) for entry in page["config_list"]}
    assert len(seen) == 10_601


def test_ids_leave_filters_and_paging_aside(filled: Client) -> None:
    assert filled.listed("?config_id_list=hook,slack,hook&config_id=mail&max_items=1&name=zeta") == [
        *("hook", "slack", "mail")
    ]


def test_before_3_1_a_list_waits_for_the_refresh_and_a_read_by_id_does_not() -> None:
    with Simulator(opensearch_version="2.19.5", refresh_interval=1000) as simulator:
        client = Client(simulator.url)
        client.create("a", "webhook", {"url": "http://127.0.0.1:1/x"})
        at_once = (client.listed(), client.config("a")["name"])
        simulator.clock.advance(1000)
        later = client.listed()
        client.call("DELETE", "/configs/a")
        after_delete = client.listed()
        simulator.refresh()
        at_last = client.listed()
        client.http.close()

    assert (at_once, later, after_delete, at_last) == (([], "a"), ["a"], ["a"], [])


@pytest.mark.parametrize("query", ["dev AND ops", '"dev ops"', "name:zeta", "-ops", "biling~1", "[y TO zz]"])
def test_syntax_that_is_not_played_is_refused_not_misread(filled: Client, query: str) -> None:
    response = filled.call("GET", "/configs", params={"query": query})
    assert response.status_code == 501
    assert query in response.json()["error"]
