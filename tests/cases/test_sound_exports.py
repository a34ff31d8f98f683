"""What export writes passes validate, and the plan after it is empty; a file that is there keeps a person's words."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.cases.projects import CONFIGS, INTEGRATIONS, Project, slack

SES = {
    "name": "ses_email",
    "config_type": "ses_account",
    "ses_account": {"region": "eu-west-1", "from_address": "a@b.de"},
}


def group(name: str, *recipients: str) -> dict[str, Any]:
    listed = [{"recipient": recipient} for recipient in recipients]
    return {"name": name, "config_type": "email_group", "email_group": {"recipient_list": listed}}


def mail(name: str, *, recipients: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> dict[str, Any]:
    listed = [{"recipient": recipient} for recipient in recipients]
    email = {"email_account_id": "ses_email", "recipient_list": listed, "email_group_id_list": list(groups)}
    return {"name": name, "config_type": "email", "email": email}


ODD = {
    "ses_email": SES,
    "reaches-nobody": mail("email_notification"),
    "grp-empty": group("Empty"),
    "mail": mail("Mail", recipients=("a@example.org",), groups=("grp-empty",)),
    "quoted": group("Quoted", '"a,b"@example.org'),
    "uses-quoted": mail("Uses quoted", groups=("quoted",)),
    "sound": mail("Sound", recipients=("b@example.org",)),
}


def test_a_cluster_with_odd_objects_is_adopted_but_for_those(opensearch: Project) -> None:
    for object_id, config in ODD.items():
        opensearch.call("POST", CONFIGS, {"config_id": object_id, "config": config})
    opensearch.keep()
    done = opensearch.run("export", "--all", "--adopt", "--dir", "channels")
    assert done.code == 0, done.everything
    left_out = [line for line in done.err.splitlines() if " is left out: " in line]
    assert [line.split()[2] for line in left_out] == ["reaches-nobody", "quoted", "uses-quoted"]
    assert "refers to quoted, which is left out" in left_out[2]
    assert opensearch.run("validate").code == 0
    plan = json.loads(opensearch.run("plan", "--json").out)["targets"][0]
    assert {(change["name"], *change["reasons"]) for change in plan["changes"]} == {
        (name, "adopted") for name in ("ses-email", "empty", "mail", "sound")
    }
    assert not any(change["fields"] for change in plan["changes"])
    assert opensearch.run("apply", "--yes", "--test-when", "never").code == 0
    assert opensearch.run("plan", "--detailed-exitcode").code == 0


def test_of_confluent_what_cannot_be_a_manifest_is_left_out_too(confluent: Project) -> None:
    for name, description in (("Odd", "x" * 128), ("Sound", "x")):
        target = {"kind": "Webhook", "url": f"https://example.org/{name}"}
        confluent.call("POST", INTEGRATIONS, {"display_name": name, "description": description, "target": target})
    confluent.keep()
    done = confluent.run("export", "--all", "--adopt", "--dir", "channels")
    assert done.code == 0, done.everything
    assert "is left out: it cannot be a manifest: spec.description: has 1" in done.err
    assert confluent.run("validate").code == 0
    assert confluent.run("plan").code == 0


def test_overwriting_keeps_what_only_a_person_can_know(both: Project) -> None:
    written = json.loads(slack("oncall", test={"when": "never"}, display_name="On-call"))
    written["metadata"]["labels"] = {"team": "payments"}
    both.write("channels/oncall.yaml", json.dumps(written))
    assert both.run("apply", "--yes").code == 0
    both.put("acme_oncall", name="by hand")
    done = both.run("export", "--target", "search", "--dir", "channels", "--overwrite")
    assert "not written: " in done.err
    assert "is for kafka too" in done.err
    (live,) = both.integrations()
    both.call("PATCH", f"{INTEGRATIONS}/{live['id']}", {"display_name": "by hand"})
    assert both.run("export", "--dir", "channels", "--overwrite").code == 0
    found = yaml.safe_load((both.folder / "channels/oncall.yaml").read_text())
    assert found["metadata"] == {"name": "oncall", "labels": {"team": "payments"}}
    assert found["spec"] == {
        "test": {"when": "never"},
        "display_name": "by hand",
        "webhook_url": {"env": "SLACK_URL"},
    }
    assert both.run("plan", "--detailed-exitcode").code == 0


def test_headers_keep_their_references_whatever_their_case(opensearch: Project) -> None:
    spec = {"url": {"env": "SLACK_URL"}, "headers": {"x-key": {"env": "SLACK_URL"}}}
    document = {
        "apiVersion": "channels.gitops/v1",
        "kind": "WebhookChannel",
        "metadata": {"name": "hook"},
        "spec": spec,
    }
    opensearch.keep(json.dumps(document))
    assert opensearch.run("apply", "--yes", "--test-when", "never").code == 0
    opensearch.put("acme_hook", description="by hand [acme/hook]")
    assert opensearch.run("export", "--dir", "channels", "--overwrite").code == 0
    found = yaml.safe_load((opensearch.folder / "channels/hook.yaml").read_text())["spec"]
    assert found == {**spec, "description": "by hand"}


@pytest.mark.parametrize("overwrite", [True, False])
def test_no_second_file_is_written_for_a_name_that_another_file_holds(opensearch: Project, overwrite: bool) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    opensearch.keep()
    opensearch.write("channels/all.yaml", f"{slack('oncall')}\n---\n{slack('second')}\n")
    opensearch.put("acme_oncall", name="by hand")
    done = opensearch.run("export", "--dir", "channels", *(["--overwrite"] if overwrite else []))
    assert "oncall is not written: channels/all.yaml:1:1 holds other manifests too" in done.err
    assert [path.name for path in (opensearch.folder / "channels").iterdir()] == ["all.yaml"]


def test_a_file_that_holds_another_manifest_is_never_written_over(opensearch: Project) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    opensearch.write("channels/oncall.yaml", slack("other"))
    done = opensearch.run("export", "--dir", "channels", "--overwrite")
    assert done.code == 1
    assert 'channels/oncall.yaml: holds SlackChannel "other"; nothing was written' in done.err
    assert json.loads((opensearch.folder / "channels/oncall.yaml").read_text())["metadata"]["name"] == "other"


def test_what_a_file_says_already_is_not_written_again(opensearch: Project) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    before = (opensearch.folder / "channels/oncall.yaml").read_text()
    done = opensearch.run("export", "--dir", "channels")
    assert (done.code, done.err) == (0, "0 manifests written to channels, 1 unchanged\n")
    assert (opensearch.folder / "channels/oncall.yaml").read_text() == before


@pytest.mark.parametrize(
    ("pattern", "hint"), [("name=oncal", "did you mean oncall?"), ("kind=SlackChanel", "did you mean SlackChannel?")]
)
def test_a_selection_that_matches_nothing_is_an_error(both: Project, pattern: str, hint: str) -> None:
    assert both.run("apply", "--yes").code == 0
    done = both.run("export", "--select", pattern)
    assert (done.code, done.out) == (1, "")
    assert f"--select {pattern}: nothing live matches; {hint}" in done.err


def test_a_plan_says_how_what_was_exported_unpinned_is_adopted(both: Project) -> None:
    """It keeps its secrets as they are live, and without a mark or an id nothing live is its own."""
    address = "https://hooks.slack.com/services/T0/B0/unmanaged"
    both.call(
        "POST",
        CONFIGS,
        {"config_id": "by-hand", "config": {"name": "Team", "config_type": "slack", "slack": {"url": address}}},
    )
    theirs = {"kind": "Slack", "webhook_url": address}
    made = both.call("POST", INTEGRATIONS, {"display_name": "Room", "description": "by hand", "target": theirs})
    both.keep()
    assert both.run("export", "--all", "--dir", "channels").code == 0
    planned = both.run("plan")
    assert planned.code == 1
    for object_id in ("by-hand", made["id"]):
        assert f"an unmanaged object looks like this one ({object_id}): adopt it (spec.id or --adopt)" in planned.out
    assert "but there is nothing yet" not in planned.out
    assert both.run("plan", "--adopt").code == 0
