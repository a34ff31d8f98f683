"""What OpenSearch refuses, by version, said offline and without repeating a value."""

from __future__ import annotations

import pytest

from reconciler.model.errors import Level
from reconciler.model.values import SecretReference, SecretText, Value
from reconciler.providers.opensearch.abilities import ABILITIES, LONGEST_TEXT, is_before

SLACK = "https://hooks.slack.com/services/T0/B0/x"
TEAMS = "https://acme.webhook.office.com/webhookb2/1"


def rules(kind: str, fields: dict[str, Value], version: str = "", *, warnings: bool = False) -> set[str]:
    """The rules that these fields break."""
    return {
        problem.rule
        for problem in ABILITIES.check(kind, fields, version)
        if (problem.level is Level.WARNING) is warnings
    }


def url(kind: str, address: str, version: str = "") -> set[str]:
    """The rules that this address breaks."""
    name = "url" if kind == "WebhookChannel" else "webhook_url"
    return rules(kind, {name: SecretText(address)}, version)


@pytest.mark.parametrize(
    ("kind", "address", "version"),
    [
        ("SlackChannel", SLACK, "3.6"),
        ("SlackChannel", "https://hooks.gov-slack.com/services/T0/B0/x", "3.0.0"),
        ("SlackChannel", "https://slack.proxy.example/x", "2.19.5"),
        ("SlackChannel", "https://slack.proxy.example/x", ""),
        ("ChimeChannel", "https://hooks.chime.aws/incomingwebhooks/1?token=t", "3.6"),
        ("ChimeChannel", "http://example.org/x", "2.19"),
        ("MicrosoftTeamsChannel", TEAMS, "2.10"),
        ("MattermostChannel", "http://127.0.0.1:8065/hooks/x", "3.5.0"),
        ("WebhookChannel", "http://example.org", "3.6"),
        ("WebhookChannel", "http://127.0.0.1:8080", "3.6"),
        ("WebhookChannel", "https://[::1]:9/x", "3.6"),
    ],
)
def test_an_address_that_the_server_takes_is_no_problem(kind: str, address: str, version: str) -> None:
    assert url(kind, address, version) == set()


@pytest.mark.parametrize(
    ("kind", "address", "version", "rule"),
    [
        ("SlackChannel", "https://slack.proxy.example/x", "3.0", "wrong-service"),
        ("SlackChannel", "http://hooks.slack.com/services/x", "3.6", "wrong-service"),
        ("ChimeChannel", "https://hooks.chime.aws/incomingwebhooks/1", "3.0", "wrong-service"),
        ("MicrosoftTeamsChannel", "https://acme.example/webhook.office.com", "", "wrong-service"),
        ("MicrosoftTeamsChannel", "https://webhook.office.com/x", "", "wrong-service"),
        ("MicrosoftTeamsChannel", "https://prod-1.westeurope.logic.azure.com/w", "", "workflows-address"),
        ("MicrosoftTeamsChannel", "https://d.e.environment.api.powerplatform.com/w", "", "workflows-address"),
        ("MattermostChannel", "https://chat.example/x", "", "wrong-service"),
        ("MattermostChannel", "https://chat.example/hooks/x", "3.4", "unsupported-kind"),
        ("MicrosoftTeamsChannel", TEAMS, "2.9", "unsupported-kind"),
        ("WebhookChannel", "example.org/x", "", "invalid-address"),
        ("WebhookChannel", "ftp://example.org/x", "", "invalid-address"),
        ("WebhookChannel", "https://", "", "invalid-address"),
        ("WebhookChannel", "https://example.org:port/x", "", "invalid-address"),
        ("WebhookChannel", "https://example.org/x y", "", "invalid-address"),
        ("SlackChannel", "https://hooks.slack.com/services/T0/B0/x\n", "", "invalid-address"),
        ("WebhookChannel", "", "", "invalid-address"),
        ("SlackChannel", SLACK + "x" * LONGEST_TEXT, "", "too-long"),
        ("Subscription", "https://example.org", "", "unsupported-kind"),
    ],
)
def test_an_address_or_kind_that_the_server_refuses_is_found(kind: str, address: str, version: str, rule: str) -> None:
    assert url(kind, address, version) == {rule}


@pytest.mark.parametrize("address", ["http://sink", "http://10.0.0.5", "https://svc.cluster.local", "http://[::1]"])
def test_a_bare_internal_host_is_warned_of_since_it_is_stored_but_never_sent_to(address: str) -> None:
    assert rules("WebhookChannel", {"url": SecretText(address)}, warnings=True) == {"bare-host"}
    assert url("WebhookChannel", address) == set()


def test_teams_is_warned_of_since_its_connectors_are_retired() -> None:
    assert rules("MicrosoftTeamsChannel", {}, warnings=True) == {"teams-connector-retired"}


@pytest.mark.parametrize(
    ("kind", "fields", "rule"),
    [
        ("WebhookChannel", {"method": "post"}, "invalid-value"),
        ("SmtpAccount", {"encryption": "starttls"}, "invalid-value"),
        ("SmtpAccount", {"from_address": "Ops <ops@example.org>"}, "invalid-mail-address"),
        ("EmailGroup", {"recipients": frozenset({"a@example.org", "nobody"})}, "invalid-mail-address"),
        ("EmailGroup", {"recipients": frozenset(f"a{n}@example.org" for n in range(10_001))}, "too-many"),
        ("EmailGroup", {"recipients": frozenset({"a" * LONGEST_TEXT + "@example.org"})}, "too-long"),
        ("SnsChannel", {"topic_arn": "arn:aws:sns:eu-west-1:1:topic"}, "invalid-arn"),
        ("SesAccount", {"role_arn": ""}, "invalid-arn"),
        ("SlackChannel", {"display_name": ""}, "empty-name"),
        ("SlackChannel", {"display_name": "ü" * (LONGEST_TEXT // 2 + 1)}, "too-long"),
        ("SlackChannel", {"description": "x" * (LONGEST_TEXT + 1)}, "too-long"),
        ("WebhookChannel", {"headers": {"bad name": "x"}}, "invalid-header"),
        ("WebhookChannel", {"headers": {"X-A": SecretText("two\nlines")}}, "invalid-header"),
    ],
)
def test_other_fields_that_the_server_refuses_or_degrades_are_found(
    kind: str, fields: dict[str, Value], rule: str
) -> None:
    assert rules(kind, fields) == {rule}


def test_what_fits_exactly_is_no_problem() -> None:
    fields: dict[str, Value] = {"display_name": "ü" * (LONGEST_TEXT // 2), "description": "x" * LONGEST_TEXT}
    assert rules("SlackChannel", fields) == set()
    assert (
        rules("SnsChannel", {"topic_arn": "arn:aws-cn:sns:cn-north-1:012345678912:t.fifo", "role_arn": None}) == set()
    )
    assert rules("EmailGroup", {"recipients": frozenset(f"a{n}@example.org" for n in range(10_000))}) == set()


def test_a_secret_that_is_still_a_reference_is_skipped() -> None:
    assert rules("SlackChannel", {"webhook_url": SecretReference("env", "URL")}, "3.6") == set()


def test_no_problem_repeats_a_value() -> None:
    planted = "S3CR3TVALUE"
    fields: dict[str, Value] = {
        "url": SecretText(f"ftp://{planted}"),
        "method": planted,
        "headers": {"X-A": SecretText(planted + "\n")},
    }
    assert planted not in repr(ABILITIES.check("WebhookChannel", fields, "3.6"))


def test_an_id_of_the_plugins_alphabet_is_taken_and_no_other() -> None:
    for good in ("acme_oncall", "kYg-1_2", "a/b+c", "x" * 512):
        assert ABILITIES.check_id(good) == []
    for bad in ("", "a.b", "a b", "a,b", "ü", "x" * 513):
        assert [problem.rule for problem in ABILITIES.check_id(bad)] == ["invalid-id"]


def test_versions_compare_by_their_numbers() -> None:
    assert is_before("2.9", "2.10")
    assert is_before("2.19.5", "3.0")
    assert not is_before("3.0.0-beta1", "3.0")
    assert not is_before("3.10.0", "3.5")
    assert not is_before("3", "3.0")
    assert is_before("2", "2.10")
    assert not is_before("", "2.0")


def test_a_webhook_alone_may_well_refuse_the_test_text() -> None:
    assert [kind for kind in sorted(ABILITIES.kinds) if ABILITIES.expects_json(kind)] == ["WebhookChannel"]
