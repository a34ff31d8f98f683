"""The simulator's own pages and switches, its receivers, state file and command-line server."""

from __future__ import annotations

import signal
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import trustme

from reconciler.simulator import MailReceiver, Outcomes, Receiver, Simulator, serve
from reconciler.simulator.state import StateFileError
from tests import calls
from tests.simulator.conftest import Client

HOOK = {"url": "http://127.0.0.1:1/x"}
SLACK = {"url": "https://hooks.slack.com/services/T0/B0/xyz"}


# -- inbox


def test_the_page_escapes_names_and_payloads(simulator: Simulator, client: Client) -> None:
    client.create("a", "slack", SLACK, name="<script>alert(1)</script> @everyone")
    simulator.outcomes.set("hooks.slack.com", 400, "<img src=x>")
    client.test("a")

    page = client.http.get("/_simulator/inbox", headers={"Accept": "text/html"})

    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "&lt;script&gt;alert(1)&lt;/script&gt; @everyone" in page.text
    assert "&lt;img src=x&gt;" in page.text
    assert "<script>alert" not in page.text


def test_the_page_is_newest_first_and_stands_alone(client: Client) -> None:
    client.create("first", "slack", SLACK)
    client.create("second", "slack", SLACK)
    client.test("first")
    client.test("second")

    page = client.http.get("/_simulator/inbox").text

    assert page.index(">second<") < page.index(">first<")
    assert "src=" not in page
    assert 'rel="stylesheet"' not in page


def test_an_empty_inbox_says_so(client: Client) -> None:
    assert "Nothing was sent yet" in client.http.get("/_simulator/inbox").text


def test_the_inbox_is_json_by_path_by_accept_and_by_parameter(simulator: Simulator, client: Client) -> None:
    client.create("a", "webhook", {"url": f"{simulator.receiver.url}/x"})
    client.test("a")

    by_path = client.http.get("/_simulator/inbox.json").json()
    by_accept = client.http.get("/_simulator/inbox", headers={"Accept": "application/json"}).json()
    by_parameter = client.http.get("/_simulator/inbox?format=json").json()

    assert by_path == by_accept == by_parameter
    assert (by_path["deliveries"][0]["config_id"], by_path["received"][0]["path"]) == ("a", "/x")
    client.http.delete("/_simulator/inbox")
    assert client.http.get("/_simulator/inbox.json").json() == {"deliveries": [], "received": []}


# -- switches


def test_outcomes_are_set_over_http(simulator: Simulator, client: Client) -> None:
    client.create("a", "slack", SLACK)
    client.http.post("/_simulator/outcomes", json={"host": "hooks.slack.com", "status": 403})

    assert client.test("a").status_code == 500
    client.http.delete("/_simulator/outcomes")
    assert client.test("a").status_code == 200


def test_a_host_can_be_made_not_to_resolve(client: Client) -> None:
    client.create("a", "slack", SLACK)
    client.http.post("/_simulator/outcomes", json={"host": "hooks.slack.com", "unresolved": True})

    assert "Host could not be resolved" in client.test("a").text


@pytest.mark.parametrize(
    ("page", "content"),
    [
        ("outcomes", {"status": 200}),
        ("outcomes", {"host": "h", "status": "200"}),
        ("outcomes", {"host": "h", "colour": 1}),
        ("clock", {"seconds": "soon"}),
        ("clock", []),
        ("refresh", {"auto": "no"}),
    ],
)
def test_switches_refuse_what_they_do_not_know(client: Client, page: str, content: object) -> None:
    assert client.http.post(f"/_simulator/{page}", json=content).status_code == 400


def test_the_clock_and_the_refresh_are_switches_too() -> None:
    with Simulator(opensearch_version="2.19.5", refresh_interval=1000) as simulator:
        client = Client(simulator.url)
        client.create("a", "webhook", HOOK)
        before = client.listed()
        client.http.post("/_simulator/refresh")
        refreshed = client.listed()
        client.create("b", "webhook", HOOK)
        now = client.http.post("/_simulator/clock", json={"seconds": 1000}).json()["now_ms"]
        moved = client.listed()
        client.http.close()

    assert (before, refreshed, moved) == ([], ["a"], ["a", "b"])
    assert now >= 1000 * 1000


def test_refreshes_can_be_held_back_and_brought_back(client: Client) -> None:
    client.http.post("/_simulator/refresh", json={"auto": False})
    client.create("a", "webhook", HOOK)
    held = client.listed()
    client.http.post("/_simulator/refresh")
    client.create("b", "webhook", HOOK)
    refreshed = client.listed()
    client.http.post("/_simulator/refresh", json={"auto": True})
    client.create("c", "webhook", HOOK)

    assert (held, refreshed, client.listed()) == ([], ["a"], ["a", "b", "c"])


def test_unknown_pages_and_methods_say_what_there_is(client: Client) -> None:
    assert "inbox" in client.http.get("/_simulator/nothing").json()["pages"]
    assert client.http.put("/_simulator/clock").headers["Allow"] == "GET, POST"
    assert client.http.post("/_simulator/faults", content=b"{").status_code == 400


# -- receivers


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/hooks/x", 200, "ok"),
        ("/empty", 200, ""),
        ("/slow", 200, "ok"),
        ("/status/201", 201, "ok"),
        ("/status/204", 204, ""),
        ("/status/302", 302, "ok"),
        ("/status/410", 410, '{"error":"no such hook"}'),
    ],
)
def test_a_receivers_path_says_what_it_does(path: str, status: int, body: str) -> None:
    with Receiver(slow_seconds=0.01) as receiver:
        response = calls.post(f"{receiver.url}{path}", content="hello", headers={"Content-Type": "text/x"})

    assert (response.status_code, response.text) == (status, body)
    (received,) = receiver.received
    assert (received.method, received.path, received.content_type, received.body) == ("POST", path, "text/x", "hello")


def test_receivers_take_free_ports_and_forget_on_request() -> None:
    with Receiver() as one, Receiver() as two, MailReceiver() as mail:
        assert len({one.port, two.port, mail.port}) == 3
        calls.post(one.url)
        one.clear()
        assert one.received == []


# -- state, TLS, log


def test_the_state_outlives_the_simulator(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with Simulator(state_file=path) as simulator:
        client = Client(simulator.url)
        client.create("a", "webhook", HOOK, description="ü\ud83d".encode("utf-8", "replace").decode())
        client.create("gone", "webhook", HOOK)
        client.call("DELETE", "/configs/gone")
        before = client.call("GET", "/configs").json()
        client.http.close()
    with Simulator(state_file=path) as simulator:
        client = Client(simulator.url)
        after = client.call("GET", "/configs").json()
        client.http.close()

    assert before == after
    assert [entry["config_id"] for entry in after["config_list"]] == ["a"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_read_does_not_write_the_state(tmp_path: Path) -> None:
    with Simulator(state_file=tmp_path / "state.json") as simulator:
        calls.get(f"{simulator.url}/_plugins/_notifications/configs")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"format": "other"}'])
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(StateFileError):
        Simulator(state_file=path).start()


def test_it_speaks_tls() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    with Simulator(ssl_context=context) as simulator:
        assert simulator.url.startswith("https://")
        assert calls.get(simulator.url, verify=trusting).status_code == 200


def test_requests_are_counted(simulator: Simulator, client: Client) -> None:
    client.create("a", "webhook", HOOK)
    client.http.get("/_simulator/inbox")
    client.call("GET", "/configs/a?pretty")

    assert simulator.requests == [
        ("POST", "/_plugins/_notifications/configs", 200),
        ("GET", "/_plugins/_notifications/configs/a?pretty", 200),
    ]
    simulator.clear_requests()
    assert simulator.requests == []


def test_a_port_that_is_taken_is_an_error_at_once() -> None:
    before = set(threading.enumerate())
    with Receiver() as other:
        taken = Simulator(port=other.port, receivers=True)
        with pytest.raises(OSError, match="Address already in use"):
            taken.start()
    assert "simulator" not in {thread.name for thread in set(threading.enumerate()) - before}


def test_the_bare_prefix_is_the_inbox(client: Client) -> None:
    assert client.http.get("/_simulator").text == client.http.get("/_simulator/").text
    assert "<h1>Inbox</h1>" in client.http.get("/_simulator").text


def test_serve_ends_on_a_signal() -> None:
    seen: list[int] = []

    def ready(simulator: Simulator) -> None:
        seen.append(calls.get(simulator.url).status_code)
        signal.raise_signal(signal.SIGTERM)

    serve(Simulator(outcomes=Outcomes()), ready)

    assert seen == [200]


def test_importing_the_package_loads_nothing_heavy() -> None:
    script = "import sys, reconciler.simulator; print('aiohttp' in sys.modules, 'jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False"]
