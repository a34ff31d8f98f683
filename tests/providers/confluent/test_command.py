"""One set of manifests for both systems, by the real command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.simulator import Simulator
from reconciler.simulator.confluent import Behaviours
from tests import calls
from tests.cli.shell import Shell
from tests.providers.confluent.contract import held_to_the_document

PROJECT = """apiVersion: channels.gitops/v1
kind: Project
metadata: {name: acme}
spec:
  manifests: [channels/]
  default_targets: [search, kafka]
  targets:
    search: {provider: opensearch, url: URL}
    kafka: {provider: confluent, url: URL}
"""
ONCALL = """apiVersion: channels.gitops/v1
kind: SlackChannel
metadata: {name: oncall}
spec:
  display_name: On-call
  webhook_url: {env: SLACK_URL}
"""
FAILED = """apiVersion: channels.gitops/v1
kind: Subscription
metadata: {name: failed-connectors}
spec:
  targets: [kafka]
  notification_type: Connector failed
  channels: [oncall, {role: OrganizationAdmin}]
"""
STS = """    kafka:
      provider: confluent
      url: URL
      auth: {sts: {subject_token: {env: OIDC_TOKEN}, identity_pool_id: pool-abc12, expires_in_seconds: 600}}
"""
SECRET = "abcdefghijklmnop"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(confluent_credentials=("a-key", "a-secret")) as running, held_to_the_document(running):
        yield running


@pytest.fixture
def shell(tmp_path: Path, simulator: Simulator) -> Shell:
    environ = {
        "SLACK_URL": f"https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/{SECRET}",
        "CONFLUENT_CLOUD_API_KEY": "a-key",
        "CONFLUENT_CLOUD_API_SECRET": "a-secret",
        "OIDC_TOKEN": "a.b.c",
    }
    made = Shell(tmp_path, environ)
    made.write("reconciler.yaml", PROJECT.replace("URL", simulator.url))
    made.write("channels/oncall.yaml", ONCALL)
    made.write("channels/failed.yaml", FAILED)
    return made


def test_one_set_of_manifests_drives_both_systems(shell: Shell, simulator: Simulator) -> None:
    done = shell.run("validate")
    assert done.code == 0, done.everything
    done = shell.run("plan")
    assert "Plan: 2 to add, 1 to change, 0 to destroy." in done.out, done.everything
    assert SECRET not in done.everything
    done = shell.run("apply", "--yes")
    assert done.code == 0, done.everything
    assert SECRET not in done.everything
    done = shell.run("plan", "--detailed-exitcode")
    assert (done.code, "No changes." in done.out) == (0, True), done.everything
    done = shell.run("test", "oncall")
    assert done.code == 0, done.everything
    assert {delivery.config_type for delivery in simulator.inbox} == {"slack", "Slack"}


def test_an_unknown_type_is_an_error_of_the_plan(shell: Shell) -> None:
    shell.write("channels/failed.yaml", FAILED.replace("Connector failed", "Conector failed"))
    done = shell.run("plan")
    assert done.code == 1
    assert "did you mean Connector failed? (reconciler list --types)" in done.everything
    shell.write("channels/failed.yaml", FAILED.replace("Connector failed", "zzz"))
    done = shell.run("plan")
    assert "it has Cluster link failed, Cluster upgrade planned, Connector failed" in done.everything


def test_what_can_be_notified_of_is_listed_with_where_it_goes(shell: Shell) -> None:
    shell.run("apply", "--yes", "--target", "kafka")
    done = shell.run("list", "--types")
    assert done.code == 0, done.everything
    lines = {line[:31].strip(): line[31:].split() for line in done.out.splitlines()}
    assert len(lines) == 9  # eight, and the headings
    assert lines["Connector failed"][-2:] == ["oncall,", "role:OrganizationAdmin"]
    assert lines["Service quota reached"][:5] == ["nt-c94xd", "ACCOUNT", "REQUIRED", "yes", "yes"]
    assert lines["Cluster link failed"][1:] == ["SERVICE", "OPTIONAL", "no", "no", "kafka", "-"]
    document = json.loads(shell.run("list", "--types", "--json").out)
    assert document["format"] == "reconciler.list/v1"
    by_id = {one["id"]: one for one in document["types"]}
    assert by_id["nt-33aa1"]["routed_to"] == ["oncall", "role:OrganizationAdmin"]
    assert by_id["nt-w8y4f"]["in_plan"] is False
    assert {one["target"] for one in document["types"]} == {"kafka"}
    shell.write("types.json", json.dumps(document))
    schema = json.loads(shell.run("schema", "Subscription", "--types", "types.json").out)
    offered = schema["properties"]["spec"]["properties"]["notification_type"]["examples"]
    assert "Connector recovered" in offered
    assert "Cluster link failed" not in offered  # the plan does not include it


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("SlackChannel", '{"types": []}', "SlackChannel has no notification_type; it is for Subscription"),
        ("Subscription", "{", "is not what `reconciler list --types --json` prints"),
        ("Subscription", '{"types": [1]}', "is not what `reconciler list --types --json` prints"),
        ("Subscription", None, "cannot be read"),
    ],
)
def test_types_for_a_schema_that_cannot_be_had_are_one_clear_error(
    kind: str, content: str | None, said: str, tmp_path: Path
) -> None:
    shell = Shell(tmp_path)
    if content is not None:
        shell.write("types.json", content)
    done = shell.run("schema", kind, "--types", "types.json")
    assert done.code in (1, 64)
    assert said in done.err
    assert "Traceback" not in done.everything


def test_a_target_without_a_catalogue_says_so(shell: Shell) -> None:
    done = shell.run("list", "--types", "--target", "search")
    assert (done.code, done.out) == (0, "")
    assert "no target has notification types" in done.err


def test_a_role_and_a_user_that_are_not_there_are_errors_of_the_plan(shell: Shell, simulator: Simulator) -> None:
    """Case: the plan promised a create that apply then skipped for one missing reference or the other."""
    odd = "{role: EnvironmentAdmin}, {user: u-zzzzz}"
    shell.write("channels/failed.yaml", FAILED.replace("{role: OrganizationAdmin}", odd))
    done = shell.run("plan", "--target", "kafka")
    assert done.code == 1
    assert "no channel for the role EnvironmentAdmin: it has one for OrganizationAdmin" in done.everything
    assert "no channel for the user u-zzzzz: it has one for u-4kd82" in done.everything
    assert "1 to add, 0 to change" in done.out  # the channel alone
    done = shell.run("apply", "--yes", "--target", "kafka")
    assert done.code == 4
    assert "EnvironmentAdmin" in done.everything
    assert not any(one.method == "PATCH" for one in simulator.requests)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("description: " + 120 * "x", "mark of ownership"),
        ("enabled: false", "cannot disable an integration"),
    ],
)
def test_what_one_system_cannot_hold_is_reported_without_a_connection(shell: Shell, line: str, words: str) -> None:
    shell.write("channels/oncall.yaml", f"{ONCALL}  {line}\n")
    done = shell.run("validate", environ={"CONFLUENT_CLOUD_API_KEY": ""})
    assert done.code == 1
    assert words in done.everything
    assert "target kafka" in done.everything


def test_a_token_is_exchanged_for_ones_own(shell: Shell, simulator: Simulator) -> None:
    head = PROJECT.partition("    kafka:")[0]
    shell.write("reconciler.yaml", (head + STS).replace("URL", simulator.url))
    done = shell.run("plan", "--target", "kafka")
    assert "1 to add, 1 to change" in done.out, done.everything


def test_wrong_credentials_are_reported_without_showing_them(shell: Shell) -> None:
    done = shell.run("plan", environ={"CONFLUENT_CLOUD_API_SECRET": "another-secret"})
    assert done.code == 1
    assert "Cloud API key" in done.everything
    assert "another-secret" not in done.everything


def test_destroy_removes_what_is_ours_and_leaves_the_rest(shell: Shell, simulator: Simulator) -> None:
    shell.run("apply", "--yes")
    done = shell.run("destroy", "--yes")
    assert done.code == 0, done.everything
    answer = calls.get(f"{simulator.url}/notifications/v1/integrations", auth=("a-key", "a-secret"))
    assert {one["target"]["kind"] for one in answer.json()["data"]} == {"RoleEmail", "UserEmail"}


def test_every_call_of_the_command_over_a_socket_is_held_to_the_document(shell: Shell, simulator: Simulator) -> None:
    with held_to_the_document(simulator) as calls:
        shell.run("apply", "--yes")
        shell.run("test", "oncall")
        shell.run("destroy", "--yes")
    kinds = {call.partition("/")[0] for call in calls}
    assert {"POST integrations", "POST integrations:test", "DELETE integrations", "PATCH subscriptions"} <= kinds


def test_a_call_that_leaves_the_document_is_seen() -> None:
    odd = pytest.raises(AssertionError, match="odd parameters")
    with Simulator() as running, odd, held_to_the_document(running):
        calls.get(f"{running.url}/notifications/v1/integrations?colour=red", auth=("a-key", "a-secret"))


@pytest.mark.parametrize(
    "settings",
    [["deleted_at=zero"], ["deleted_at=as-created", "kind_names=schema", "users=string", "created=required"]],
)
def test_what_is_there_is_exported_whatever_its_times_and_kinds_are_called(settings: list[str], shell: Shell) -> None:
    body = {"display_name": "Pager", "target": {"kind": "Webhook", "url": "https://pager.example/in/3c5e7a9b"}}
    key = ("a-key", "a-secret")
    with Simulator(confluent_credentials=key, behaviours=Behaviours.parse(settings)) as running:
        calls.post(f"{running.url}/notifications/v1/integrations", json=body, auth=key).raise_for_status()
        shell.write("reconciler.yaml", PROJECT.replace("URL", running.url).replace("[search, kafka]", "[kafka]"))
        exported = shell.run("export", "--all", "--target", "kafka")
        assert exported.code == 0, exported.everything
        assert "kind: WebhookChannel" in exported.out
        assert exported.out.count("kind: Subscription") == 4
        assert "role: OrganizationAdmin" in exported.out
        done = shell.run("apply", "--yes", "--target", "kafka")
        assert done.code == 0, done.everything
        assert shell.run("plan", "--target", "kafka", "--detailed-exitcode").code == 0
