"""Each fault, shown happening; and the counting of calls."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from reconciler.simulator import Fault, FaultKind, Simulator
from tests.simulator.conftest import BASE, Client, reason

HOOK = {"url": "http://127.0.0.1:1/x"}
CONFIGS = f"{BASE}/configs*"


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_a_status_is_answered_and_nothing_is_done(simulator: Simulator, client: Client, status: int) -> None:
    simulator.faults.add("answer", status=status, method="POST", path=CONFIGS)

    assert client.create("a", "webhook", HOOK).status_code == status
    assert "a" not in simulator.store
    assert client.create("a", "webhook", HOOK).status_code == 200


def test_a_busy_answer_says_when_to_come_back(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("answer", status=429, retry_after=7)

    response = client.call("GET", "/configs")

    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")
    assert response.json()["error"]["type"] == "circuit_breaking_exception"


def test_a_status_is_answered_although_the_write_was_done(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("answer_after", status=503)

    assert client.create("a", "webhook", HOOK).status_code == 503
    assert "a" in simulator.store


def test_a_proxy_page_comes_instead_of_json(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("html", status=502)

    response = client.create("a", "webhook", HOOK)

    assert (response.status_code, response.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert response.text.startswith("<!DOCTYPE html>")
    assert "a" not in simulator.store


def test_json_breaks_off_in_the_middle(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("cut_json")

    response = client.call("GET", "/features")

    assert response.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        response.json()


def test_an_answer_is_late(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("wait", seconds=0.2)
    began = time.monotonic()

    assert client.call("GET", "/features").status_code == 200
    assert time.monotonic() - began >= 0.2


def test_an_answer_is_too_late_for_the_callers_patience(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("wait", seconds=20)

    with pytest.raises(httpx.ReadTimeout):
        client.call("GET", "/features", timeout=httpx.Timeout(10, read=0.1))


@pytest.mark.parametrize(("kind", "done"), [("drop_before", False), ("drop_after", True)])
def test_the_connection_is_dropped(simulator: Simulator, client: Client, kind: str, done: bool) -> None:
    simulator.faults.add(kind, method="POST")

    with pytest.raises(httpx.TransportError):
        client.create("a", "webhook", HOOK)
    assert ("a" in simulator.store) is done
    assert simulator.requests[-1].status == 0


def test_a_list_is_as_it_was_when_the_fault_was_added(simulator: Simulator, client: Client) -> None:
    client.create("a", "webhook", HOOK)
    simulator.faults.add("stale_list", method="GET", path=f"{BASE}/configs")
    client.create("b", "webhook", HOOK)

    assert client.listed() == ["a"]
    assert client.listed() == ["a", "b"]


def test_a_refresh_is_held_back_and_done(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("hold_refresh", method="POST")
    simulator.faults.add("refresh", method="GET", skip=1)

    client.create("a", "webhook", HOOK)
    client.create("b", "webhook", HOOK)

    assert client.listed() == []
    assert client.listed() == ["a", "b"]
    client.create("c", "webhook", HOOK)
    assert client.listed() == ["a", "b", "c"]


def test_the_clock_is_moved(simulator: Simulator, client: Client) -> None:
    before = simulator.clock.now()
    simulator.faults.add("move_clock", seconds=3600)

    client.create("a", "webhook", HOOK)

    document = simulator.store.get("a")
    assert document is not None
    assert document.created_ms >= (before + 3600) * 1000


def test_faults_count_calls_of_their_route_only(simulator: Simulator, client: Client) -> None:
    simulator.faults.add(Fault(FaultKind.ANSWER, method="GET", path=f"{BASE}/channels", status=500, skip=1, times=2))

    statuses = []
    for _ in range(4):
        assert client.call("GET", "/features").status_code == 200
        statuses.append(client.call("GET", "/channels").status_code)

    assert statuses == [200, 500, 500, 200]
    assert [fault.status for fault in simulator.faults.struck] == [500, 500]


def test_of_several_faults_the_oldest_strikes_first(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("answer", status=500)
    simulator.faults.add("answer", status=503)

    assert [client.call("GET", "/features").status_code for _ in range(3)] == [500, 503, 200]


# -- over HTTP


def _control(client: Client, method: str, content: Any = None) -> httpx.Response:
    return client.http.request(method, "/_simulator/faults", json=content)


def test_faults_are_added_listed_and_cleared_over_http(client: Client) -> None:
    wanted = {"kind": "answer", "status": 429, "retry_after": 1, "method": "PUT", "path": CONFIGS, "times": 2}

    listed = _control(client, "POST", wanted).json()["faults"]
    assert [{**fault, **wanted} for fault in listed] == listed
    assert client.update("a", "webhook", HOOK).status_code == 429
    assert _control(client, "GET").json()["faults"][0]["times"] == 1
    assert _control(client, "DELETE").json() == {"faults": []}
    assert client.update("a", "webhook", HOOK).status_code == 404


def test_faults_come_as_a_list_too(client: Client) -> None:
    _control(client, "POST", [{"kind": "html"}, {"kind": "cut_json"}])

    assert [fault["kind"] for fault in _control(client, "GET").json()["faults"]] == ["html", "cut_json"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({"kind": "explode"}, "kind must be one of"),
        ({"kind": "answer", "colour": "red"}, "unknown members: colour"),
        ({"kind": "answer", "times": 0}, "times must be a whole number"),
        ({"kind": "answer", "status": 700}, "status must be at most 599"),
        ({"kind": "wait", "seconds": "1"}, "seconds must be a number"),
        ({"kind": "answer", "path": 1}, "path must be a text"),
        ("answer", "a fault is an object"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(client: Client, content: Any, complaint: str) -> None:
    response = _control(client, "POST", content)

    assert response.status_code == 400
    assert complaint in response.json()["error"]
    assert _control(client, "GET").json() == {"faults": []}


def test_a_late_answer_is_of_something_that_was_done_at_once(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("late_answer", seconds=300, method="POST")

    async def look_before_it_is_answered() -> bool:
        async with httpx.AsyncClient(base_url=simulator.url, timeout=None) as other:
            posting = asyncio.create_task(other.post(f"{BASE}/configs", json=SLOW))
            while not simulator.faults.struck:
                await asyncio.sleep(0)
            while client.call("GET", "/configs/late").status_code != 200:
                await asyncio.sleep(0)
            is_answered = posting.done()
            posting.cancel()
            return is_answered

    assert not asyncio.run(look_before_it_is_answered())


SLOW = {"config_id": "late", "config": {"name": "late", "config_type": "webhook", "webhook": HOOK}}


def test_calls_that_meet_are_done_together(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("meet", method="POST", times=2)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(client.create, "a", "webhook", HOOK)
        assert "a" not in simulator.store
        statuses = sorted([client.create("a", "webhook", HOOK).status_code, first.result().status_code])

    assert statuses == [200, 409]


def test_a_call_that_meets_nobody_goes_on_alone(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("meet", method="POST", times=2, seconds=0.05)
    assert client.create("a", "webhook", HOOK).status_code == 200


def test_an_update_overtaken_by_a_delete_creates_the_object_again(simulator: Simulator, client: Client) -> None:
    client.create("a", "webhook", HOOK)
    simulator.faults.add("overtaken", method="PUT")
    answer = client.update("a", "webhook", HOOK, name="new")

    assert (answer.status_code, reason(answer)) == (500, "NotificationConfig Update failed")
    assert client.config("a")["name"] == "new"


def test_a_delete_overtaken_by_another_is_a_408(simulator: Simulator, client: Client) -> None:
    client.create("a", "webhook", HOOK)
    simulator.faults.add("overtaken", method="DELETE")
    answer = client.call("DELETE", "/configs/a")

    assert (answer.status_code, reason(answer)) == (408, "NotificationConfig a delete failed")
    assert "a" not in simulator.store


@pytest.mark.parametrize("text", ['{"version": {"number": "%s"}}' % ("9" * 5000), '{"cluster_uuid": "\\ud800"}', "[[["])
def test_any_body_can_be_answered(simulator: Simulator, client: Client, text: str) -> None:
    fault = {"kind": "body", "status": 200, "text": text, "path": "/"}
    assert client.http.post("/_simulator/faults", json=fault).status_code == 200

    assert client.http.get("/").text == text


def test_the_version_in_the_header_can_be_any(simulator: Simulator, client: Client) -> None:
    for text in ("OpenSearch/2.19.5 (opensearch)", "9" * 3000, ""):
        simulator.faults.add("version", text=text)
        assert client.call("GET", "/features").headers.get("x-opensearch-version", "") == text


def test_a_list_can_be_without_end(simulator: Simulator, client: Client) -> None:
    simulator.faults.add("endless", path=CONFIGS, seconds=20)
    read = 0
    with client.http.stream("GET", f"{BASE}/configs") as answer:
        for chunk in answer.iter_bytes():
            read += len(chunk)
            if read > 20_000_000:
                break
    assert read > 20_000_000

    simulator.faults.add("endless", path=CONFIGS, seconds=0.01)
    with pytest.raises(httpx.RemoteProtocolError):
        client.call("GET", "/configs")


@pytest.mark.parametrize("status", [424, 400])
def test_a_document_that_cannot_be_read_fails_every_list(simulator: Simulator, client: Client, status: int) -> None:
    client.create("a", "webhook", HOOK)
    entry = {"config_id": "bad", "broken": "no protocol: nope", "status": status}
    assert client.http.post("/_simulator/configs", json=[entry]).status_code == 200

    for method, path in (
        ("GET", "/configs"),
        ("GET", "/channels"),
        ("GET", "/configs/bad"),
        ("DELETE", "/configs/bad"),
    ):
        answer = client.call(method, path)
        assert (answer.status_code, reason(answer)) == (status, "no protocol: nope")
    assert client.test("bad").status_code == client.update("bad", "webhook", HOOK).status_code == status
    assert client.create("bad", "webhook", HOOK).status_code == 409
    assert client.config("a")["name"] == "a"
