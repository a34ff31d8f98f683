"""Lint rules through the whole command: what they find, by which level, and who may silence them."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from reconciler.simulator import Simulator
from tests import calls
from tests.cases.projects import CONFIGS, SLACK_URL, Project, manifest, slack

WORKFLOWS = "https://default00.57.environment.api.powerplatform.com:443/powerautomate/workflows/a?sig=b"
CONNECTOR = "https://acme.webhook.office.com/webhookb2/1"
MATTERMOST = "https://chat.example.org/hooks/abcdefghijklmnopqrstuvwxyz"


def set_project(project: Project, **spec: Any) -> None:
    """Add to the spec of the project file."""
    path = project.folder / "reconciler.yaml"
    document = json.loads(path.read_text())
    document["spec"] |= spec
    path.write_text(json.dumps(document))


def set_version(project: Project, version: str) -> None:
    path = project.folder / "reconciler.yaml"
    document = json.loads(path.read_text())
    document["spec"]["targets"]["search"]["version"] = version
    path.write_text(json.dumps(document))


def account(**spec: Any) -> str:
    fields = {"host": "smtp.example.org", "port": 465, "encryption": "ssl", "from_address": "alerts@example.org"}
    return manifest("SmtpAccount", "gmail", **{**fields, **spec})


def test_a_level_of_error_stops_validate_and_plan_and_off_says_nothing(opensearch: Project) -> None:
    opensearch.keep(slack("oncall", webhook_url=SLACK_URL))
    assert opensearch.run("validate").code == 0
    set_project(opensearch, lint={"no-literal-secrets": "error"})
    for verb in ("validate", "plan", "apply"):
        done = opensearch.run(verb)
        assert done.code == 1
        assert "(no-literal-secrets)" in done.everything
    set_project(opensearch, lint={"no-literal-secrets": "off"})
    assert "no-literal-secrets" not in opensearch.run("validate", "--strict").everything


@pytest.mark.parametrize(
    "lint", [{"no-literal-secret": "error"}, {"no-literal-secrets": "loud"}, {"unknown-kind": "off"}]
)
def test_a_level_is_one_of_three_and_a_rule_one_that_has_levels(opensearch: Project, lint: dict[str, str]) -> None:
    set_project(opensearch, lint=lint)
    done = opensearch.run("validate")
    assert done.code == 1
    assert "spec.lint" in done.everything


def test_what_is_silenced_is_shown_with_its_reason_by_every_report(opensearch: Project) -> None:
    lint = {"no-literal-secrets": {"off": "a sandbox <b>, OPS-7"}}
    opensearch.keep(slack("oncall", webhook_url=SLACK_URL, lint=lint))
    line = 'SlackChannel "oncall": no-literal-secrets is silenced: a sandbox <b>, OPS-7'
    checked = opensearch.run("validate", "--strict")
    assert checked.code == 0
    assert line in checked.everything
    document = json.loads(opensearch.run("validate", "--json").out)
    assert document["problems"] == []
    assert document["silenced"][0]["reason"] == "a sandbox <b>, OPS-7"
    assert line in opensearch.run("plan").out
    assert line in json.loads(opensearch.run("plan", "--json").out)["notes"]
    assert "no-literal-secrets is silenced" in opensearch.run("plan", "-o", "markdown").out
    page = opensearch.run("plan", "-o", "html").out
    assert "no-literal-secrets is silenced: a sandbox &lt;b&gt;" in page


def test_a_proposal_neither_lowers_a_level_nor_silences_what_the_base_sets_to_error(opensearch: Project) -> None:
    set_project(opensearch, lint={"no-literal-secrets": "error"})
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "reviewed"]):
        git = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run([*git, *command], cwd=opensearch.folder, check=True)
    set_project(opensearch, lint={"no-literal-secrets": "off"})
    opensearch.keep(slack("oncall", webhook_url=SLACK_URL))
    proposed = opensearch.run("plan", "--base", "main")
    assert proposed.code == 1
    assert "(no-literal-secrets)" in proposed.everything
    opensearch.keep(slack("oncall", webhook_url=SLACK_URL, lint={"no-literal-secrets": {"off": "please"}}))
    silenced = opensearch.run("plan", "--base", "main")
    assert silenced.code == 1
    assert "no manifest can silence it" in silenced.everything
    assert opensearch.run("plan").code == 0, "the proposal's own project file counts without --base"


def test_plan_looks_again_at_addresses_that_it_could_read(opensearch: Project) -> None:
    opensearch.environ["CHAT_URL"] = MATTERMOST
    opensearch.keep(manifest("WebhookChannel", "room", url={"env": "CHAT_URL"}, test={"when": "never"}))
    assert "mattermost" not in opensearch.run("validate").everything
    planned = opensearch.run("plan")
    assert planned.code == 0
    assert "(mattermost-by-webhook)" in planned.out
    assert opensearch.run("apply", "--yes").code == 0
    assert "(mattermost-by-webhook)" in opensearch.run("plan").out, "an unchanged channel is looked at too"
    set_project(opensearch, lint={"mattermost-by-webhook": "error"})
    refused = opensearch.run("plan")
    assert refused.code == 1
    assert '! WebhookChannel "room"' in refused.out
    set_project(opensearch, lint={})
    lint = {"mattermost-by-webhook": {"off": "its plugin takes text"}}
    opensearch.keep(manifest("WebhookChannel", "room", url={"env": "CHAT_URL"}, test={"when": "never"}, lint=lint))
    assert "(mattermost-by-webhook)" not in opensearch.run("plan").out


def test_a_retired_address_is_found_on_both_providers(both: Project) -> None:
    both.environ["TEAMS_URL"] = CONNECTOR
    both.keep(manifest("MicrosoftTeamsChannel", "team", webhook_url={"env": "TEAMS_URL"}, test={"when": "never"}))
    planned = both.run("plan").out
    assert 'note: MicrosoftTeamsChannel "team": webhook_url: is an Office 365 connector address' in planned
    assert "(teams-connector-retired)" in both.run("validate").everything, "OpenSearch accepts no others: known offline"


def test_the_hints_of_case_10_lead_somewhere(opensearch: Project) -> None:
    opensearch.environ |= {"TEAMS_URL": WORKFLOWS, "ROOM_URL": MATTERMOST}
    opensearch.keep(
        manifest("MicrosoftTeamsChannel", "team", webhook_url={"env": "TEAMS_URL"}),
        manifest("SlackChannel", "room", webhook_url={"env": "ROOM_URL"}),
    )
    planned = opensearch.run("plan").everything
    assert "give it to a WebhookChannel with the header Content-Type: application/json" in planned
    assert "make it a MattermostChannel" in planned
    assert "webhook.office.com address under overrides" not in planned
    headers = {"Content-Type": "application/json"}
    opensearch.keep(
        manifest("WebhookChannel", "team", url={"env": "TEAMS_URL"}, headers=headers),
        manifest("MattermostChannel", "room", webhook_url={"env": "ROOM_URL"}),
    )
    assert opensearch.run("plan").code == 0, "the hints, followed"


@pytest.mark.parametrize(
    ("version", "topic", "code", "words"),
    [
        ("2.5", "alerts.fifo", 1, "does not accept a topic with a dot in its name"),
        ("2.5", "alerts", 0, ""),
        ("2.9", "alerts.fifo", 0, "(sns-fifo-topic)"),
        ("2.9", "alerts.prod", 0, ""),
        ("2.10", "alerts.fifo", 0, ""),
    ],
)
def test_topics_of_sns_by_version(opensearch: Project, version: str, topic: str, code: int, words: str) -> None:
    set_version(opensearch, version)
    opensearch.keep(manifest("SnsChannel", "fifo", topic_arn=f"arn:aws:sns:eu-central-1:123456789012:{topic}"))
    done = opensearch.run("validate")
    assert done.code == code
    assert words in done.everything
    assert words or "sns" not in done.everything


@pytest.mark.parametrize(("version", "status"), [("2.5.0", 400), ("2.7.0", 200)])
def test_the_simulator_takes_a_topic_with_a_dot_from_2_7_on(version: str, status: int) -> None:
    arn = "arn:aws:sns:eu-central-1:123456789012:alerts.fifo"
    body = {"config": {"name": "a", "config_type": "sns", "sns": {"topic_arn": arn}}}
    with Simulator(opensearch_version=version) as old, calls.client() as client:
        answer = client.post(f"{old.url}{CONFIGS}", json=body)
    assert answer.status_code == status
    assert (f"Invalid AWS SNS topic ARN: {arn}" in answer.text) is (status == 400)


def test_an_account_whose_name_no_keystore_can_hold(opensearch: Project) -> None:
    for name in ("Gmail (alerts)", "smtp.gmail.com"):
        opensearch.keep(account(display_name=name))
        assert "(keystore-name)" in opensearch.run("validate").everything
        assert opensearch.run("validate", "--strict").code == 1
        opensearch.keep(account(display_name=name, encryption="none"))
        assert "(keystore-name)" not in opensearch.run("validate").everything, "none sends without credentials anyhow"
    opensearch.keep(account(display_name="gmail_alerts-2"))
    assert opensearch.run("validate", "--strict").code == 0


@pytest.mark.parametrize("host", ["smtp.example.org:465", "[::1]:465", "10.0.0.1:25"])
def test_a_port_has_a_field_of_its_own(opensearch: Project, host: str) -> None:
    opensearch.keep(account(host=host))
    done = opensearch.run("validate")
    assert done.code == 1
    assert "without scheme, port or path" in done.everything


@pytest.mark.parametrize("host", ["smtp.example.org", "::1", "[::1]", "10.0.0.1", "mail"])
def test_a_host_is_a_name_or_an_address(opensearch: Project, host: str) -> None:
    opensearch.keep(account(host=host))
    assert opensearch.run("validate").code == 0


def test_credentials_in_an_account_are_refused_with_where_they_are_kept(opensearch: Project) -> None:
    opensearch.keep(account(username="planted-user", password="planted-password"))
    done = opensearch.run("validate")
    assert done.code == 1
    assert done.everything.count("OpenSearch keeps the credentials of an account in its nodes' keystore") == 2
    assert "planted" not in done.everything
    assert "username" not in opensearch.run("explain", "SmtpAccount").out


def test_start_tls_is_said_to_be_a_wish_where_a_project_wants_to_know(opensearch: Project) -> None:
    opensearch.keep(account(encryption="start_tls"))
    assert opensearch.run("validate", "--strict").code == 0
    set_project(opensearch, lint={"start-tls-not-required": "warning"})
    done = opensearch.run("validate")
    assert done.code == 0
    assert "(start-tls-not-required)" in done.everything


def test_explain_says_why_a_rule_is_there_and_how_to_set_it(opensearch: Project) -> None:
    text = opensearch.run("explain", "keystore-name").out
    assert "Level: warning" in text
    assert "lint: {keystore-name: error}" in text
    assert "lint: {keystore-name: {off: why it is off here}}" in text
    assert "off:" not in opensearch.run("explain", "tls-not-verified").out
    assert "keystore-name" in opensearch.run("explain", "project.lint").out
