"""Users and roles: the document and its errors, the control pages, the plugin's own API, the ways to hide a version."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.simulator import Simulator, load_users
from tests import calls
from tests.guarded import PATIENCE

BASE = "/_plugins/_notifications"
ADMIN, CI, READER = ("admin", "admin-pw"), ("ci", "ci-pw"), ("reader", "reader-pw")
USERS: dict[str, Any] = {
    "users": {
        "admin": {"password": "admin-pw", "backend_roles": ["admin"]},
        "ci": {"password": "ci-pw", "backend_roles": ["team-a"], "roles": ["notifications_full_access"]},
        "reader": {"password": "reader-pw", "backend_roles": ["team-b"], "roles": ["notifications_read_access"]},
    },
    "filter_by_backend_roles": True,
}
SLACK = {"name": "A", "config_type": "slack", "slack": {"url": "https://hooks.slack.com/services/T/B/x"}}


@pytest.fixture
def node() -> Iterator[httpx.Client]:
    with Simulator(users=USERS) as running, calls.client(base_url=running.url) as client:
        yield client


def listed(node: httpx.Client, auth: tuple[str, str]) -> list[str]:
    return [entry["config_id"] for entry in node.get(f"{BASE}/configs", auth=auth).json()["config_list"]]


def test_the_readme_document_can_be_read(tmp_path: Path) -> None:
    text = Path("docs/simulator.md").read_text(encoding="utf-8")
    document = next(block for block in text.split("```yaml\n") if block.startswith("users:")).partition("```")[0]
    (tmp_path / "users.yaml").write_text(document, encoding="utf-8")

    content = load_users(tmp_path / "users.yaml")

    with Simulator(users=content) as running:
        answer = calls.get(f"{running.url}{BASE}/features", auth=("planner", "planner-password"))
        assert answer.status_code == 403
        assert "cluster:admin/opensearch/notifications/features" in answer.text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("users: {a: {}}", "users.yaml: users: users.a.password: Field required"),
        ("users: {a: {password: x, rolls: []}}", "users.a.rolls: Extra inputs are not permitted"),
        ("users: {a: {password: x, roles: [nobody]}}", "users.a.roles: nobody is no role; known are all_access"),
        ("users: {}\nlockout: {by: name}", "lockout.by: Input should be 'user_name' or 'address'"),
        ("[1]", "users: the document: Input should be"),
        ("users: {a: [", "users.yaml: neither YAML nor JSON"),
    ],
)
def test_a_wrong_document_says_where(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "users.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"users\.yaml") as raised:
        load_users(tmp_path / "users.yaml")
    assert message in str(raised.value)


def test_a_document_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.yaml: No such file"):
        load_users(tmp_path / "none.yaml")


def test_a_hidden_channel_is_missing_in_the_list_403_by_id_and_409_for_who_makes_it(node: httpx.Client) -> None:
    assert node.post(f"{BASE}/configs", json={"config_id": "a", "config": SLACK}, auth=CI).status_code == 200
    node.put(
        "/_plugins/_security/api/rolesmapping/notifications_full_access", json={"users": ["ci", "reader"]}, auth=ADMIN
    )

    assert listed(node, CI) == ["a"]
    assert listed(node, ADMIN) == ["a"]
    assert listed(node, READER) == []
    assert node.get(f"{BASE}/configs/a", auth=READER).status_code == 403
    assert node.get(f"{BASE}/configs/b", auth=READER).status_code == 404
    assert node.post(f"{BASE}/configs", json={"config_id": "a", "config": SLACK}, auth=READER).status_code == 409


def test_the_pages_show_change_and_remove_the_users(node: httpx.Client) -> None:
    shown = node.get("/_simulator/users").json()
    assert shown["users"]["ci"] == {"backend_roles": ["team-a"], "roles": ["notifications_full_access"]}
    assert shown["filter_by_backend_roles"] is True

    assert node.put("/_simulator/users", json={"users": {"only": {}}}).status_code == 400
    assert node.get(f"{BASE}/features", auth=CI).status_code == 200  # nothing changed

    node.put("/_simulator/users", json={"users": {"only": {"password": "x"}}})
    assert node.get(f"{BASE}/features", auth=CI).status_code == 401
    node.delete("/_simulator/users")
    assert node.get(f"{BASE}/features").status_code == 200


def test_users_and_roles_are_made_by_the_plugins_own_api(node: httpx.Client) -> None:
    api = "/_plugins/_security/api"
    made = node.put(f"{api}/roles/getter", json={"cluster_permissions": ["*configs/get"]}, auth=ADMIN)
    assert (made.status_code, made.json()) == (201, {"status": "CREATED", "message": "'getter' created."})
    person = {"password": "n-pw", "opendistro_security_roles": ["getter"], "backend_roles": ["team-n"]}
    assert node.put(f"{api}/internalusers/new", json=person, auth=ADMIN).status_code == 201

    assert node.get(f"{BASE}/configs", auth=("new", "n-pw")).status_code == 200
    assert node.get(f"{BASE}/features", auth=("new", "n-pw")).status_code == 403
    assert node.get(f"{api}/internalusers/new", auth=ADMIN).json()["new"]["hash"] == ""
    assert node.get(f"{api}/roles/nobody", auth=ADMIN).status_code == 404
    assert (
        node.put(
            f"{api}/roles/getter", content=b"{", headers={"content-type": "application/json"}, auth=ADMIN
        ).status_code
        == 400
    )
    assert node.delete(f"{api}/roles/getter", auth=CI).status_code == 403


@pytest.mark.parametrize(
    ("hidden", "number", "header", "status"),
    [
        ({"compatibility": True}, "7.10.2", True, 200),
        ({"no_header": True}, "3.6.0", False, 200),
        ({"no_root": True}, None, True, 403),
        ({}, "3.6.0", True, 200),
    ],
)
def test_the_version_can_be_hidden(hidden: dict[str, bool], number: str | None, header: bool, status: int) -> None:
    with Simulator() as running, calls.client(base_url=running.url) as client:
        client.put("/_simulator/version", json=hidden)
        root = client.get("/")
        assert root.status_code == status
        assert ("x-opensearch-version" in root.headers) is header
        assert (root.json()["version"]["number"] if status == 200 else None) == number


def test_a_server_before_3_names_itself_only_when_asked() -> None:
    with Simulator(opensearch_version="2.19.5") as running:
        root = calls.get(running.url)
        assert "x-opensearch-version" not in root.headers
        assert root.json()["version"]["number"] == "2.19.5"


def test_a_state_file_keeps_whose_a_channel_is(tmp_path: Path) -> None:
    for expected in ("team-a", "team-a"):
        with Simulator(users=USERS, state_file=tmp_path / "state.json") as running:
            calls.post(f"{running.url}{BASE}/configs", json={"config_id": "a", "config": SLACK}, auth=CI)
            assert [document.access for document in running.store.all()] == [(expected,)]


@pytest.mark.parametrize("text", ["users: {a: {}}", None])
def test_the_command_names_the_users_file_that_it_cannot_take(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "users.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "reconciler", "simulate", "--port", "0", "--users", str(path)]

    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)

    assert done.returncode == 1
    assert f"the simulator cannot start: {path}: " in done.stderr
    assert "Traceback" not in done.stderr
