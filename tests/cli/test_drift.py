"""`drift` tells what moved, since when, and ends with 2; nothing else does."""

from __future__ import annotations

import json
import subprocess

from reconciler.simulator import Simulator
from tests import calls
from tests.cli.shell import SLACK, Shell


def change_by_hand(simulator: Simulator) -> None:
    url = f"{simulator.url}/_plugins/_notifications/configs/acme_oncall"
    with calls.client() as client:
        config = client.get(url).json()["config_list"][0]["config"]
        assert client.put(url, json={"config": config | {"name": "by hand"}}).status_code == 200


def test_no_drift_is_said_in_so_many_words(shell: Shell) -> None:
    assert shell.run("apply", "--yes").code == 0
    done = shell.run("drift")
    assert (done.code, done.out) == (0, "No drift.\n")


def test_a_change_by_hand_is_drift_with_its_time(shell: Shell, simulator: Simulator) -> None:
    assert shell.run("apply", "--yes").code == 0
    change_by_hand(simulator)
    done = shell.run("drift")
    assert done.code == 2
    assert "last changed 20" in done.out
    assert 'display_name: live is "by hand", manifest says "On-call"' in done.out


def test_the_document_for_machines_names_what_moved(shell: Shell, simulator: Simulator) -> None:
    assert shell.run("apply", "--yes").code == 0
    change_by_hand(simulator)
    done = shell.run("drift", "--json")
    document = json.loads(done.out)
    assert (done.code, document["drifted"]) == (2, True)
    assert [(item["target"], item["name"], item["missing"]) for item in document["moved"]] == [
        ("search", "oncall", False)
    ]


def test_a_secret_that_is_not_there_is_no_drift_and_no_clean_bill(shell: Shell) -> None:
    assert shell.run("apply", "--yes").code == 0
    del shell.environ["SLACK_URL"]
    done = shell.run("drift")
    assert done.code == 7
    field = "search: not compared: oncall webhook_url is resolved at apply (from env:SLACK_URL)"
    assert done.out == f"{field}\nNo drift in what was compared; 1 field not compared.\n"


def test_a_target_that_cannot_be_read_is_an_error(shell: Shell) -> None:
    shell.environ["OPENSEARCH_URL"] = "http://127.0.0.1:9"
    done = shell.run("drift")
    assert done.code == 1
    assert "could not be read" in done.out


def test_a_manifest_that_is_not_live_is_reported_as_such(shell: Shell) -> None:
    done = shell.run("drift")
    assert done.code == 2
    assert "is not live: deleted by hand, or never applied" in done.out


def git(shell: Shell, *words: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *identity, *words], cwd=shell.folder, check=True, capture_output=True)


def test_with_a_base_what_is_not_applied_yet_is_no_drift(shell: Shell, simulator: Simulator) -> None:
    shell.write("channels/second.yaml", SLACK.replace("name: oncall", "name: second"))
    git(shell, "init", "-q", "-b", "main")
    git(shell, "add", "-A")
    git(shell, "commit", "-q", "-m", "first")
    assert shell.run("apply", "--yes").code == 0
    shell.write("channels/second.yaml", SLACK.replace("name: oncall", "name: second").replace("On-call", "Second"))
    pending = shell.run("drift", "--base", "HEAD")
    assert pending.code == 0, pending.everything
    assert 'search: SlackChannel "second": not applied yet' in pending.out
    change_by_hand(simulator)
    moved = shell.run("drift", "--base", "HEAD")
    assert moved.code == 2
    assert "Drift: 1 resource; 1 resource not applied yet." in moved.out
