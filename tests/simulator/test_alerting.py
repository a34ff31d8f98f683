"""Monitors: seeding, searching many, what older versions say, limits, the state file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.simulator import Simulator, example_monitor
from tests import calls

SEARCH = "/_plugins/_alerting/monitors/_search"
ALL: dict[str, Any] = {
    "size": 10000,
    "query": {"bool": {"should": [{"match_all": {}}, {"exists": {"field": "monitor.owner"}}]}},
}
PATHS = "hits.total,hits.hits._id,hits.hits._source.name,hits.hits._source.triggers.*.actions.destination_id"


def names(answer: httpx.Response) -> set[str]:
    return {hit["_source"]["name"] for hit in answer.json()["hits"]["hits"]}


def test_a_thousand_monitors_are_seeded_and_found_in_one_call() -> None:
    with Simulator() as running, calls.client(base_url=running.url) as client:
        monitors = [example_monitor(f"monitor {number}", f"channel_{number % 7}") for number in range(1001)]
        assert client.post("/_simulator/monitors", json=monitors).json() == {"monitors": 1001}

        answer = client.post(f"{SEARCH}?filter_path={PATHS}", json=ALL)

        assert answer.json()["hits"]["total"]["value"] == len(names(answer)) == 1001
        assert len(answer.content) < 400_000


@pytest.mark.parametrize(("version", "status"), [("2.19.5", 404), ("3.1.0", 404), ("3.2.0", 200), ("3.6.0", 200)])
def test_a_search_before_the_first_monitor(version: str, status: int) -> None:
    with Simulator(opensearch_version=version) as running:
        assert calls.post(f"{running.url}{SEARCH}", json=ALL).status_code == status


def test_workflows_came_with_2_9() -> None:
    for version, status in (("2.8.0", 400), ("2.9.0", 404)):
        with Simulator(opensearch_version=version) as running:
            assert calls.get(f"{running.url}/_plugins/_alerting/workflows/x").status_code == status


def test_monitors_of_other_plugins_are_found_only_by_a_query_that_speaks_of_owners() -> None:
    with Simulator() as running, calls.client(base_url=running.url) as client:
        running.seed_monitors([example_monitor("ours", "a"), {**example_monitor("theirs", "a"), "owner": "other"}])

        assert names(client.post(SEARCH, json={"query": {"match_all": {}}})) == {"ours"}
        assert names(client.post(SEARCH, json=ALL)) == {"ours", "theirs"}


def test_no_more_monitors_are_made_than_allowed() -> None:
    with Simulator() as running, calls.client(base_url=running.url) as client:
        limit = {"persistent": {"plugins.alerting.monitor.max_monitors": 1}}
        assert client.put("/_cluster/settings", json=limit).status_code == 200
        made = [client.post("/_plugins/_alerting/monitors", json=example_monitor(name, "a")) for name in "ab"]

        assert [answer.status_code for answer in made] == [201, 400]
        assert made[1].json()["error"]["reason"] == "This request would create more than the allowed monitors [1]."


def test_a_state_file_keeps_the_monitors(tmp_path: Path) -> None:
    with Simulator(state_file=tmp_path / "state.json") as running:
        running.seed_monitors([{"_id": "m", **example_monitor("kept", "a")}])
    with Simulator(state_file=tmp_path / "state.json") as running:
        shown = calls.get(f"{running.url}/_plugins/_alerting/monitors/m").json()
        assert (shown["monitor"]["name"], shown["_version"]) == ("kept", 1)


@pytest.mark.parametrize("content", [{}, ["x"], [{"name": ""}], [{"triggers": [{"odd_trigger": {}}], "name": "a"}]])
def test_a_monitor_that_makes_no_sense_is_refused(content: object) -> None:
    with Simulator() as running:
        assert calls.post(f"{running.url}/_simulator/monitors", json=content).status_code == 400


def test_a_node_without_alerting_takes_no_monitors() -> None:
    with Simulator(alerting=False) as running:
        assert calls.post(f"{running.url}/_simulator/monitors", json=[]).status_code == 400
        with pytest.raises(ValueError, match="no Alerting"):
            running.seed_monitors([])


def test_a_monitor_can_be_seeded_by_its_channels_alone() -> None:
    with Simulator() as running, calls.client(base_url=running.url) as client:
        client.post(
            "/_simulator/monitors", json=[{"name": "checkout-5xx", "channels": ["acme_oncall"], "enabled": False}]
        )
        (hit,) = client.post(SEARCH, json=ALL).json()["hits"]["hits"]

        assert (hit["_source"]["name"], hit["_source"]["enabled"]) == ("checkout-5xx", False)
        assert hit["_source"]["triggers"][0]["query_level_trigger"]["actions"][0]["destination_id"] == "acme_oncall"
        assert client.post("/_simulator/monitors", json=[{"name": "x", "channels": "a"}]).status_code == 400


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"match": {"monitor.name": "checkout"}}, {"checkout 5xx"}),
        ({"match_phrase": {"monitor.name": "5xx"}}, {"checkout 5xx"}),
        ({"prefix": {"monitor.name.keyword": {"value": "pay"}}}, {"payments"}),
        ({"wildcard": {"monitor.name.keyword": {"value": "*5*"}}}, {"checkout 5xx"}),
        ({"constant_score": {"filter": {"term": {"monitor.enabled": False}}}}, {"payments"}),
        ({"bool": {"must": {"match_all": {}}, "must_not": [{"term": {"monitor.enabled": True}}]}}, {"payments"}),
        ({"match_none": {}}, set()),
    ],
)
def test_monitors_are_found_by_what_the_index_knows_of_them(query: dict[str, Any], found: set[str]) -> None:
    with Simulator() as running, calls.client(base_url=running.url) as client:
        running.seed_monitors(
            [{"name": "checkout 5xx", "channels": []}, {"name": "payments", "channels": [], "enabled": False}]
        )
        assert names(client.post(SEARCH, json={"query": query})) == found
