"""Moving over from Terraform: the state that it wrote, its objects live, and every step of docs/terraform.md."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from tests.cases.projects import CONFIGS, INTEGRATIONS, Project, manifest

STATE = Path(__file__).parents[1] / "data" / "terraform" / "terraform-1.11.tfstate"
SUBSCRIPTIONS = "/notifications/v1/subscriptions"
KINDS = {"slack_target": ("Slack", "webhook_url"), "webhook_target": ("Webhook", "url")}


def make_live(project: Project) -> str:
    """Make what the state manages; the state's text, with the ids that Confluent chose."""
    text = STATE.read_text("utf-8")
    made: dict[str, str] = {}
    waiting = [
        (resource["type"], instance["attributes"])
        for resource in json.loads(text)["resources"]
        for instance in resource["instances"]
    ]
    waiting.sort(key=lambda item: (item[0], '"email"' in item[1].get("body", "")))
    for kind, attributes in waiting:
        found = attributes["id"]
        if kind == "opensearch_channel_configuration":
            project.call("POST", CONFIGS, {**json.loads(attributes["body"]), "config_id": found})
        elif kind == "confluent_notifications_integration":
            target = next({"kind": KINDS[name][0], **block[0]} for name in KINDS if (block := attributes[name]))
            body = {"display_name": attributes["display_name"], "description": attributes["description"]}
            made[found] = project.call("POST", INTEGRATIONS, {**body, "target": target})["id"]
        elif kind == "confluent_notifications_subscription":  # after the integrations, by its name
            integrations = [{"id": made[one]} for one in attributes["integrations"]]
            body = {"notification_type": {"id": attributes["notification_type"][0]["id"]}, "integrations": integrations}
            made[found] = project.call("POST", SUBSCRIPTIONS, {**body, "current_state": "ENABLED"})["id"]
    return re.sub("|".join(made), lambda match: made[match[0]], text)


def test_everything_moves_without_a_difference_and_without_a_message(both: Project) -> None:
    both.keep()
    both.call("POST", CONFIGS, {"config": {**BY_HAND}})
    both.write("terraform.tfstate", make_live(both))
    done = both.run("export", "--from-terraform", "terraform.tfstate", "--dir", "channels")
    assert done.code == 0, done.everything
    names = sorted(path.stem for path in (both.folder / "channels").glob("*.yaml"))
    assert names == [
        *("account", "failures", "group", "mail", "oncall", "oncall-critical"),
        *("team-kafka", "team-search", "tickets-0"),
    ]
    everything = "".join(path.read_text() for path in (both.folder / "channels").glob("*.yaml"))
    assert "placeholder" not in everything + done.everything, "no value of a secret"
    assert "id: mail_account" in (both.folder / "channels" / "account.yaml").read_text()
    assert "{env: ONCALL_CRITICAL_WEBHOOK_URL}" in (both.folder / "channels" / "oncall-critical.yaml").read_text()
    assert "1 other resource of the state" in done.err
    assert "terraform state rm " in done.err
    planned = both.run("plan")
    assert planned.code == 0, planned.everything
    assert planned.out.count("(adopted)") == 8, "all but the subscription, which carries no mark"
    assert "Plan: 0 to add, 0 to change, 0 to destroy, 8 to adopt." in planned.out
    assert "differ" not in planned.out
    assert both.run("apply", "--yes").code == 0
    assert both.sent() == []
    assert "No changes" in both.run("plan").out


BY_HAND = {
    "name": "made by hand",
    "config_type": "slack",
    "slack": {"url": "https://hooks.slack.com/services/T0AAAAAA1/B0/x"},
}


def test_a_state_is_read_from_a_pipe_and_what_is_gone_is_named(opensearch: Project) -> None:
    opensearch.keep()
    done = opensearch.run("export", "--from-terraform", "-", stdin=STATE.read_bytes())
    assert done.code == 0, done.everything
    assert done.err.count("nothing that is live has its id") == 6
    assert "4 other resources of the state" in done.err, "Confluent's are none of a project without such a target"
    assert "state rm" not in done.err


def test_a_name_that_an_object_of_ours_has_is_not_taken_from_it(opensearch: Project) -> None:
    account = {"host": "smtp.example.org", "encryption": "none", "port": 25, "from_address": "alerts@example.org"}
    opensearch.keep(manifest("SmtpAccount", "account", **account))
    assert opensearch.run("apply", "--yes").code == 0
    before = (opensearch.folder / "channels/account.yaml").read_text()
    body = next(item for item in json.loads(STATE.read_text())["resources"] if item["name"] == "account")
    attributes = body["instances"][0]["attributes"]
    opensearch.call("POST", CONFIGS, {**json.loads(attributes["body"]), "config_id": attributes["id"]})
    done = opensearch.run("export", "--from-terraform", "-", "--dir", "channels", stdin=STATE.read_bytes())
    assert done.code == 0, done.everything
    assert "id: mail_account" in (opensearch.folder / "channels/account-2.yaml").read_text()
    assert (opensearch.folder / "channels/account.yaml").read_text() == before


def test_flags_that_contradict_a_state_are_refused(opensearch: Project) -> None:
    for flag in (["--all"], ["--owned"], ["--select", "name=x"], ["--snapshot", "s.json"]):
        assert opensearch.run("export", "--from-terraform", "x", *flag).code == 64
    missing = opensearch.run("export", "--from-terraform", "x")
    assert missing.code == 1
    assert "x: cannot be read: No such file or directory" in missing.err
    os.mkfifo(opensearch.folder / "pipe")  # which nobody writes to
    pipe = opensearch.run("export", "--from-terraform", "pipe")
    assert pipe.code == 1
    assert "pipe: is not a regular file; give - for what another program prints" in pipe.err
