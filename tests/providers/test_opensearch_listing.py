"""The list's traps: more than one page, cut lists, stale ones, and a document that the server cannot read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from reconciler.model.errors import UnexpectedError
from reconciler.model.provider import Listing
from reconciler.providers.opensearch.reading import PAGE
from tests.providers.support import CONFIGS, Waits, config_of, failure, listing, talk


@dataclass
class Cluster:
    """A list call as the plugin answers it: sorted by creation, a window of 10,000, `gte` beyond. `broken` documents
    fail every page that they are on."""

    items: list[dict[str, Any]]
    broken: set[str] = field(default_factory=set)
    cut_once: int = 0
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        assert len(self.requests) < 200, "there is no end to the calls"
        query = request.url.params
        first, size = int(query.get("from_index", 0)), int(query["max_items"])
        assert first + size <= PAGE
        assert query["sort_field"] == "created_time_ms"
        since = int(query["created_time_ms"].partition("..")[0]) if "created_time_ms" in query else 0
        found = sorted(
            (item for item in self.items if item["created_time_ms"] >= since), key=lambda item: item["created_time_ms"]
        )
        page = found[first : first + size]
        if any(item["config_id"] in self.broken for item in page):
            return failure(500, "Failed to parse")
        if self.cut_once:
            page, self.cut_once = page[: self.cut_once], 0
        return listing(*page, total=min(len(found), PAGE), relation="eq" if len(found) <= PAGE else "gte")


def configs(count: int, *, each_ms: int = 3, start: int = 1_700_000_000_000) -> list[dict[str, Any]]:
    """So many configs, of which `each_ms` share each millisecond."""
    return [config_of() | {"config_id": f"c{n}", "created_time_ms": start + n // each_ms} for n in range(count)]


def read(cluster: Cluster, version: str = "3.6.0", waits: Waits | None = None) -> Listing:
    """All that the cluster holds."""
    return talk(cluster, lambda provider: provider.read_all(), version=version, waits=waits)


def ids(found: Listing) -> list[str]:
    """Their ids, sorted."""
    return sorted(live.id for live in found.objects)


@pytest.mark.parametrize("count", [0, 1, 1000, PAGE])
def test_what_fits_in_one_page_takes_one_call(count: int) -> None:
    cluster = Cluster(configs(count))
    found = read(cluster)
    assert (len(found.objects), found.unreadable) == (count, "")
    assert [request.url.path for request in cluster.requests] == [CONFIGS]


def test_more_than_a_page_is_read_to_the_end_each_once() -> None:
    cluster = Cluster(configs(10_601))
    found = read(cluster)
    assert ids(found) == sorted(item["config_id"] for item in cluster.items)
    assert found.unreadable == ""
    assert len(cluster.requests) == 2


@pytest.mark.parametrize("each_ms", [1, 7, 9_999])
def test_times_of_creation_that_many_share_lose_nothing(each_ms: int) -> None:
    cluster = Cluster(configs(20_005, each_ms=each_ms))
    assert ids(read(cluster)) == sorted(item["config_id"] for item in cluster.items)


def test_more_than_a_page_of_one_time_ends_and_says_what_is_missing() -> None:
    cluster = Cluster(configs(PAGE + 5, each_ms=PAGE + 5))
    found = read(cluster)
    assert len(found.objects) == PAGE
    assert "the same time of creation" in found.unreadable
    assert len(cluster.requests) == 2


@pytest.mark.parametrize(("version", "stale"), [("2.19.5", True), ("3.0.0", True), ("3.1.0", False), ("3.6.0", False)])
def test_a_server_before_3_1_has_a_list_that_lags(version: str, stale: bool) -> None:
    assert read(Cluster(configs(1)), version).stale is stale


def test_a_list_that_was_cut_is_read_again() -> None:
    waits = Waits()
    cluster = Cluster(configs(10), cut_once=4)
    assert len(read(cluster, waits=waits).objects) == 10
    assert len(waits.waits) == 1


def test_a_list_that_stays_cut_is_an_error() -> None:
    def always_cut(_: httpx.Request) -> httpx.Response:
        return listing(*configs(3), total=5)

    with pytest.raises(UnexpectedError, match="incomplete: 3 of 5"):
        talk(always_cut, lambda provider: provider.read_all())


@pytest.mark.parametrize("broken", [{"c0"}, {"c41"}, {"c99"}, {"c0", "c1", "c57"}])
def test_documents_that_the_server_cannot_read_are_read_around_and_counted(broken: set[str]) -> None:
    cluster = Cluster(configs(100), broken=broken)
    found = read(cluster)
    assert ids(found) == sorted({f"c{n}" for n in range(100)} - broken)
    assert f"cannot read {len(broken)} of its own documents" in found.unreadable
    assert len(cluster.requests) < 100


def test_a_list_that_always_fails_is_an_error_after_few_calls() -> None:
    calls = []

    def down(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return failure(500, "all shards failed")

    with pytest.raises(UnexpectedError, match="all shards failed"):
        talk(down, lambda provider: provider.read_all())
    assert len(calls) < 40


def test_an_entry_that_makes_no_sense_is_named_and_spoils_nothing() -> None:
    odd: list[Any] = [config_of(), {"config": {}}, 7]
    found = talk(lambda _: listing(*odd), lambda provider: provider.read_all())
    assert ids(found) == ["a_slack"]
    assert "has no id" in found.unreadable


def test_a_list_that_never_ends_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.providers.opensearch.reading.PAGE", 10)
    monkeypatch.setattr("reconciler.providers.opensearch.reading._MOST_OBJECTS", 100)
    calls: list[httpx.Request] = []

    def endless(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        page = configs(10, each_ms=1, start=1_700_000_000_000 + 10 * len(calls))
        named = (item | {"config_id": f"c{len(calls)}-{number}"} for number, item in enumerate(page))
        return listing(*named, total=10, relation="gte")

    with pytest.raises(UnexpectedError, match="the list does not end: more than 100 objects"):
        talk(endless, lambda provider: provider.read_all())
    assert len(calls) < 20
