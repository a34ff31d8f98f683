"""References, ids, updates, deletes, and the REST layer around them."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.simulator import Simulator
from tests import calls
from tests.simulator.conftest import BASE, Client, reason

HOOK = {"url": "http://127.0.0.1:1/x"}
SMTP = {"host": "h", "port": 25, "method": "ssl", "from_address": "a@b.org"}


@pytest.fixture
def references(client: Client) -> Client:
    client.create("smtp", "smtp_account", SMTP)
    client.create("smtp2", "smtp_account", SMTP)
    client.create("group", "email_group", {"recipient_list": []})
    client.create("hook", "webhook", HOOK)
    return client


@pytest.mark.parametrize(
    ("account", "groups", "status", "said"),
    [
        ("smtp", ["group", "group"], 200, ""),
        ("smtp", ["smtp"], 400, "Config IDs smtp is in both emailAccountID and emailGroupIds"),
        ("gone", ["lost", "group"], 404, "Config IDs not found:[gone, lost]"),
        ("group", [], 406, "configId group is not a valid email account ID"),
        ("smtp", ["smtp2"], 406, "configId smtp2 is not a valid email group ID"),
        ("smtp", ["hook"], 406, "configId hook is not a valid email group ID or email account ID"),
    ],
)
def test_references_are_checked_on_create_and_on_update(
    references: Client, account: str, groups: list[str], status: int, said: str
) -> None:
    block = {"email_account_id": account, "email_group_id_list": groups}
    references.create("good", "email", {"email_account_id": "smtp"})

    for response in (references.create("mail", "email", block), references.update("good", "email", block)):
        assert response.status_code == status
        if status != 200:
            assert reason(response) == said


def test_a_missing_reference_is_reported_before_a_missing_object(references: Client) -> None:
    assert reason(references.update("nope", "email", {"email_account_id": "gone"})) == "Config IDs not found:[gone]"


def test_an_update_keeps_the_creation_time_and_bumps_the_other(simulator: Simulator, client: Client) -> None:
    client.create("a", "webhook", HOOK)
    before = simulator.store.get("a")
    client.update("a", "webhook", HOOK)
    after = simulator.store.get("a")

    assert before is not None
    assert after is not None
    assert after.created_ms == before.created_ms
    assert after.updated_ms > before.updated_ms


def test_a_type_cannot_change(client: Client) -> None:
    client.create("a", "webhook", HOOK)

    response = client.update("a", "sns", {"topic_arn": "arn:aws:sns:r:012345678912:t"})

    assert (response.status_code, reason(response)) == (409, "Config type cannot be changed after creation")


def test_an_id_in_an_updates_body_redirects_it(client: Client) -> None:
    client.create("a", "webhook", HOOK)
    client.create("b", "webhook", HOOK)
    config = {"name": "moved", "config_type": "webhook", "webhook": HOOK}

    assert client.call("PUT", "/configs/a", json={"config_id": "b", "config": config}).json() == {"config_id": "b"}
    assert (client.config("a")["name"], client.config("b")["name"]) == ("a", "moved")


@pytest.mark.parametrize(
    ("config_id", "status", "said"),
    [
        (None, 500, "Can't get text on a VALUE_NULL"),
        ("", 400, "Validation Failed: 1: configId is null or empty;"),
        ("no such.id", 404, "NotificationConfig no such.id not found"),
    ],
)
def test_odd_ids_in_an_updates_body(client: Client, config_id: str | None, status: int, said: str) -> None:
    client.create("a", "webhook", HOOK)
    config = {"name": "n", "config_type": "webhook", "webhook": HOOK}

    response = client.call("PUT", "/configs/a", json={"config_id": config_id, "config": config})

    assert response.status_code == status
    assert said in reason(response)


@pytest.mark.parametrize(
    ("config_id", "invalid"), [("a b", " "), ("a.b:c", ".:"), ("ü", "ü"), (" ", " "), ("", ""), ("a,b", ",")]
)
def test_ids_have_an_alphabet(client: Client, config_id: str, invalid: str) -> None:
    response = client.create(config_id, "webhook", HOOK, name="n")

    assert (response.status_code, reason(response)) == (400, f"Invalid characters in id : {invalid}")


def test_an_id_may_be_a_number_or_left_to_the_server(client: Client) -> None:
    config = {"name": "n", "config_type": "webhook", "webhook": HOOK}

    assert client.call("POST", "/configs", json={"config_id": 5, "config": config}).json() == {"config_id": "5"}
    made_up = client.call("POST", "/configs", json={"config_id": None, "config": config}).json()["config_id"]
    assert len(made_up) == 20


@pytest.mark.parametrize(
    ("path", "status", "answer"),
    [
        ("/configs/a", 200, {"delete_response_list": {"a": "OK"}}),
        ("/configs?config_id=a", 200, {"delete_response_list": {"a": "OK"}}),
        ("/configs?config_id_list=a,,b,a", 200, {"delete_response_list": {"a": "OK", "b": "OK"}}),
        ("/configs/zz?config_id_list=b", 200, {"delete_response_list": {"b": "OK"}}),
    ],
)
def test_deletes(client: Client, path: str, status: int, answer: dict[str, Any]) -> None:
    client.create("a", "webhook", HOOK)
    client.create("b", "webhook", HOOK)

    response = client.call("DELETE", path)

    assert (response.status_code, response.json()) == (status, answer)


def test_one_missing_id_deletes_nothing(simulator: Simulator, client: Client) -> None:
    client.create("a", "webhook", HOOK)

    response = client.call("DELETE", "/configs?config_id_list=a,x,y")

    assert (response.status_code, reason(response)) == (404, "NotificationConfig [x, y] not found")
    assert "a" in simulator.store


@pytest.mark.parametrize("query", ["", "?config_id_list=", "?config_id_list=,", "?config_id=%20"])
def test_a_delete_of_nothing_is_answered_in_plain_text(client: Client, query: str) -> None:
    response = client.call("DELETE", f"/configs{query}")

    assert (response.status_code, response.text) == (400, "either config_id or config_id_list is required")
    assert response.headers["Content-Type"] == "text/plain; charset=UTF-8"


# -- the REST layer


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("PUT", "/configs", 405, {"GET", "POST", "DELETE"}),
        ("POST", "/configs/a", 405, {"GET", "PUT", "DELETE"}),
        ("HEAD", "/configs", 405, {"GET", "POST", "DELETE"}),
        ("DELETE", "/feature/test/a", 405, {"POST", "GET"}),
        ("POST", "/features", 405, {"GET"}),
        ("OPTIONS", "/channels", 200, {"GET"}),
    ],
)
def test_methods_are_known_by_path(client: Client, method: str, path: str, status: int, allow: set[str]) -> None:
    response = client.call(method, path)

    assert response.status_code == status
    assert set(response.headers["Allow"].split(",")) == allow


def test_an_unknown_path_has_no_handler(client: Client) -> None:
    response = client.call("GET", "/events?x=1")

    assert response.status_code == 400
    assert response.json() == {"error": f"no handler found for uri [{BASE}/events?x=1] and method [GET]"}


@pytest.mark.parametrize(
    ("content_type", "status"),
    [("application/json; charset=utf-8", 400), ("text/plain", 406), ("application/xml", 406), ("json", 400)],
)
def test_a_body_needs_a_type_the_server_reads(client: Client, content_type: str, status: int) -> None:
    assert client.call("POST", "/configs", content=b"{}", headers={"Content-Type": content_type}).status_code == status


def test_a_body_without_a_type_is_refused(client: Client) -> None:
    response = client.call("POST", "/configs", content=b"{}")

    assert (response.status_code, response.json()["error"]) == (406, "Content-Type header is missing")


def test_empty_segments_of_a_path_are_dropped(client: Client) -> None:
    client.create("a", "webhook", HOOK)

    assert client.http.get("/_plugins//_notifications/configs/a/").status_code == 200


def test_a_request_line_may_not_be_endless(client: Client) -> None:
    response = client.call("GET", f"/configs?config_id_list={'a' * 4096}")

    assert (response.status_code, response.json()["error"]["type"]) == (400, "too_long_http_line_exception")


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("config_list.config_id", {"config_list": [{"config_id": "a"}]}),
        ("**.url", {"config_list": [{"config": {"webhook": {"url": HOOK["url"]}}}]}),
        ("total*,-total_hits", {"total_hit_relation": "eq"}),
        ("nothing", {}),
    ],
)
def test_filter_path_cuts_the_answer(client: Client, wanted: str, shown: dict[str, Any]) -> None:
    client.create("a", "webhook", HOOK)

    assert client.call("GET", f"/configs/a?filter_path={wanted}").json() == shown


def test_pretty_is_indented(client: Client) -> None:
    assert client.call("GET", "/features?pretty").text.startswith('{\n  "allowed_config_type_list" : [')


def test_credentials_are_asked_for() -> None:
    with Simulator(credentials=("admin", "s3cret")) as simulator:
        without = calls.get(f"{simulator.url}/")
        wrong = calls.get(f"{simulator.url}/", auth=("admin", "guess"))
        right = calls.get(f"{simulator.url}/", auth=("admin", "s3cret"))

    assert (without.status_code, without.text) == (401, "Unauthorized")
    assert (wrong.status_code, right.status_code) == (401, 200)
