"""What is live becomes manifests, and a plan of those finds nothing to do: with the real command."""

from __future__ import annotations

import json
from collections.abc import Mapping

import yaml

from reconciler.simulator import Simulator
from tests import calls
from tests.cli.shell import SLACK, Shell

UNMANAGED = {
    "config": {
        "name": "Händ made: @everyone",
        "description": "line\nwebhook_url: {live: true}",
        "config_type": "slack",
        "is_enabled": False,
        "slack": {"url": "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/byhand"},
    }
}


def post(simulator: Simulator, body: Mapping[str, object]) -> None:

    answer = calls.post(f"{simulator.url}/_plugins/_notifications/configs", json=body)
    assert answer.status_code == 200, answer.text


def test_what_is_owned_is_exported_and_then_nothing_is_to_be_done(shell: Shell) -> None:
    assert shell.run("apply", "--yes").code == 0
    (shell.folder / "channels/oncall.yaml").unlink()
    done = shell.run("export", "--dir", "channels", "--overwrite")
    assert done.code == 0, done.everything
    assert "webhook_url: {live: true} # kept" in (shell.folder / "channels/oncall.yaml").read_text()
    assert shell.run("plan", "--detailed-exitcode").code == 0


def test_a_file_that_is_there_is_not_written_over_unasked(shell: Shell) -> None:
    assert shell.run("apply", "--yes").code == 0
    before = shell.write("channels/oncall.yaml", SLACK.replace("On-call", "Another")).read_text()
    done = shell.run("export", "--dir", "channels")
    assert done.code == 1
    assert "--overwrite" in done.err
    assert (shell.folder / "channels/oncall.yaml").read_text() == before


def test_hand_made_channels_are_adopted_without_a_field_changing(shell: Shell, simulator: Simulator) -> None:
    assert shell.run("apply", "--yes").code == 0
    post(simulator, UNMANAGED)
    done = shell.run("export", "--all", "--adopt", "--dir", "channels", "--overwrite")
    assert done.code == 0, done.everything
    written = yaml.safe_load((shell.folder / "channels/hand-made-everyone.yaml").read_text())
    assert written["spec"]["description"] == UNMANAGED["config"]["description"]
    plan = json.loads(shell.run("plan", "--json").out)
    (change,) = plan["targets"][0]["changes"]
    assert (change["name"], change["reasons"], change["fields"]) == ("hand-made-everyone", ["adopted"], [])
    assert shell.run("apply", "--yes").code == 0
    assert shell.run("plan", "--detailed-exitcode").code == 0


def test_only_what_is_selected_is_exported(shell: Shell, simulator: Simulator) -> None:
    assert shell.run("apply", "--yes").code == 0
    post(simulator, UNMANAGED)
    done = shell.run("export", "--select", "name=H*", "--json")
    names = [item["metadata"]["name"] for item in json.loads(done.out)["manifests"]]
    assert names == ["hand-made-everyone"]


def test_a_snapshot_holds_no_secret_and_no_unmanaged_object(shell: Shell, simulator: Simulator) -> None:
    assert shell.run("apply", "--yes").code == 0
    post(simulator, UNMANAGED)
    assert shell.run("export", "--snapshot", "snapshot.json").code == 0
    text = (shell.folder / "snapshot.json").read_text()
    assert "hooks.slack.com" not in text
    objects = json.loads(text)["targets"][0]["objects"]
    assert [item["id"] for item in objects] == ["acme_oncall"]
