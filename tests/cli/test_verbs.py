"""The verbs as a user types them: what they print, where, and how they end."""

from __future__ import annotations

import json

from reconciler.simulator import Simulator
from tests.cli.shell import PROJECT, Shell


def test_from_nothing_to_no_changes(shell: Shell) -> None:
    assert shell.run("validate").out == "1 manifest, 0 errors.\n"
    planned = shell.run("plan", "--detailed-exitcode")
    assert planned.code == 2
    assert "Plan: 1 to add, 0 to change, 0 to destroy." in planned.out
    assert "Will send 1 test message: oncall" in planned.out
    applied = shell.run("apply", "--yes")
    assert (applied.code, applied.err) == (0, "")
    assert "Apply complete! 1 added, 0 changed, 0 destroyed; 1 verified by a test message." in applied.out
    again = shell.run("plan", "--detailed-exitcode")
    assert again.code == 0
    assert "No changes." in again.out


def test_json_is_one_document_on_stdout(shell: Shell) -> None:
    assert json.loads(shell.run("validate", "--json").out)["valid"] is True
    plan = json.loads(shell.run("plan", "--json").out)
    assert (plan["format"], plan["summary"]["add"]) == ("reconciler.plan/v1", 1)
    result = json.loads(shell.run("apply", "--yes", "--json").out)
    assert result["targets"][0]["results"][0]["status"] == "applied"
    assert json.loads(shell.run("list", "--json").out)["owned"][0]["name"] == "oncall"
    assert json.loads(shell.run("test", "oncall", "--json").out)["tests"][0]["tested"]["evidence"]["verdict"] == "yes"


def test_apply_without_a_terminal_names_the_flag(shell: Shell, simulator: Simulator) -> None:
    refused = shell.run("apply")
    assert refused.code == 64
    assert "--yes" in refused.err
    assert list(simulator.store.all()) == []


def test_the_environment_mirrors_flags(shell: Shell) -> None:
    assert shell.run("apply", environ={"RECONCILER_YES": "1"}).code == 0


def test_test_sends_to_what_is_live_and_fails_with_six(shell: Shell, simulator: Simulator) -> None:
    assert shell.run("test", "oncall").code == 6
    shell.run("apply", "--yes")
    passed = shell.run("test", "--all")
    assert passed.code == 0
    assert "1 passed, 0 failed" in passed.out
    simulator.outcomes.set("hooks.slack.com", 404, "no_team")
    failed = shell.run("test", "oncall")
    assert failed.code == 6
    assert "FAILED" in failed.out
    assert shell.run("test").code == 64


def test_a_muted_channel_is_skipped_with_the_reason(shell: Shell) -> None:
    shell.write("channels/oncall.yaml", (shell.folder / "channels/oncall.yaml").read_text() + "  enabled: false\n")
    assert shell.run("apply", "--yes").code == 0
    tested = shell.run("test", "oncall")
    assert tested.code == 7
    assert "skipped: a disabled channel cannot be tested" in tested.out


def test_destroy_deletes_what_is_ours_and_only_that(shell: Shell, simulator: Simulator) -> None:
    shell.run("apply", "--yes")
    by_hand = {
        "name": "x",
        "config_type": "slack",
        "is_enabled": True,
        "description": "",
        "slack": {"url": "https://hooks.slack.com/services/T/B/x"},
    }
    simulator.seed([{"config_id": "by-hand", "config": by_hand}])
    assert shell.run("destroy").code == 64
    assert shell.run("destroy", "--yes").code == 0
    assert [document.config_id for document in simulator.store.all()] == ["by-hand"]


def test_a_removed_manifest_is_a_candidate_until_it_is_pruned(shell: Shell) -> None:
    shell.write("channels/second.yaml", (shell.folder / "channels/oncall.yaml").read_text().replace("oncall", "second"))
    shell.run("apply", "--yes")
    (shell.folder / "channels/second.yaml").unlink()
    planned = shell.run("plan")
    assert "1 prune candidate" in planned.out
    assert 'SlackChannel "second"' in planned.out
    assert "deleted" in planned.out
    assert shell.run("apply", "--yes", "--prune").code == 0
    assert "second" not in shell.run("list").out


def test_prune_is_refused_for_a_part_of_the_manifests(shell: Shell) -> None:
    for flags in (["-f", "channels/oncall.yaml"], ["--only", "oncall"], ["--select", "team=x"]):
        assert shell.run("plan", "--prune", *flags).code == 3
    assert shell.run("plan", "--prune", "--target", "search").code == 0


def test_manifests_come_from_stdin_too(shell: Shell) -> None:
    text = (shell.folder / "channels/oncall.yaml").read_text().replace("oncall", "piped")
    assert 'SlackChannel "piped"' in shell.run("plan", "-f", "-", stdin=text).out


def test_a_secret_that_is_not_there_is_resolved_at_apply_and_an_error_then(shell: Shell, simulator: Simulator) -> None:
    shell.run("apply", "--yes")
    without = {"SLACK_URL": ""}
    planned = shell.run("plan", "--detailed-exitcode", environ=without)
    assert planned.code == 2
    assert "No changes." not in planned.out
    assert "resolved at apply" in planned.out
    simulator.clear_requests()
    for arguments in (["apply", "--yes"], ["plan", "--strict"]):
        refused = shell.run(*arguments, environ=without)
        assert refused.code == 1
        assert "SLACK_URL" in refused.err
    assert not [call for call in simulator.requests if call.method != "GET"]


def test_another_owners_object_at_our_id_is_an_error(shell: Shell, simulator: Simulator) -> None:
    theirs = {
        "name": "x",
        "config_type": "slack",
        "is_enabled": True,
        "description": "[other/oncall]",
        "slack": {"url": "https://hooks.slack.com/services/T/B/x"},
    }
    simulator.seed([{"config_id": "acme_oncall", "config": theirs}])
    planned = shell.run("plan")
    assert planned.code == 1
    assert "another owner's mark" in planned.out
    assert shell.run("apply", "--yes").code == 1


def test_nothing_left_to_manage_needs_its_flag(shell: Shell) -> None:
    shell.run("apply", "--yes")
    (shell.folder / "channels/oncall.yaml").unlink()
    assert shell.run("plan").code == 3
    assert shell.run("apply", "--yes", "--prune", "--allow-empty").code == 0
    assert shell.run("list").out == ""


def test_another_version_is_required_then_nothing_is_asked_of_the_target(shell: Shell, simulator: Simulator) -> None:
    shell.write("reconciler.yaml", PROJECT + '  required_version: ">=99"\n')
    refused = shell.run("plan")
    assert refused.code == 1
    assert "required_version" in refused.err
    assert simulator.requests == []


def test_an_unknown_verb_or_flag_is_a_usage_error_with_a_suggestion(shell: Shell) -> None:
    wrong = shell.run("aply")
    assert wrong.code == 64
    assert "apply" in wrong.err
    assert shell.run("plan", "--purne").code == 64
    assert shell.run("plan", "--only", "oncal").code == 1


def test_a_certificate_that_is_not_checked_is_named_on_every_run(shell: Shell) -> None:
    lax = PROJECT.replace("{provider: opensearch}", "{provider: opensearch, tls: {verify: false}}")
    shell.write("reconciler.yaml", lax)
    for arguments in (["validate"], ["plan"], ["apply", "--yes"], ["list"], ["destroy", "--yes"]):
        done = shell.run(*arguments)
        assert done.code == 0
        assert "verify" in done.everything


def test_a_plan_warns_of_what_apply_would_refuse_for_too_many_messages(shell: Shell, simulator: Simulator) -> None:
    assert "--max-messages 1" in shell.run("plan", "--max-messages", "0").err
    assert shell.run("plan").err == ""
    assert shell.run("apply", "--yes", "--max-messages", "0").code == 3
    assert list(simulator.store.all()) == []
