"""What `validate` refuses for a Confluent target, by name and without a connection."""

from __future__ import annotations

import pytest

from reconciler.model.errors import Level
from reconciler.model.kinds import KINDS
from reconciler.model.provider import VerificationMethod
from reconciler.model.values import SecretReference, SecretText, Value
from reconciler.providers import provided
from tests.providers.confluent.scenes import HOOK, SLACK, TEAMS

ABLE = provided("confluent").abilities()


def found(kind: str, **fields: Value) -> list[tuple[str, str, bool]]:
    return [(problem.field, problem.rule, problem.level is Level.WARNING) for problem in ABLE.check(kind, fields, "")]


def test_it_holds_four_kinds_and_tests_by_probes() -> None:
    assert ABLE.kinds == {"SlackChannel", "MicrosoftTeamsChannel", "WebhookChannel", "Subscription"}
    assert (ABLE.verification, ABLE.chooses_ids) == (VerificationMethod.PROBE, False)
    assert not any(ABLE.expects_json(kind) for kind in ABLE.kinds)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - ABLE.kinds))
def test_other_kinds_are_refused(kind: str) -> None:
    assert found(kind) == [("kind", "unsupported-kind", False)]


def test_a_sound_channel_has_no_problems() -> None:
    assert found("SlackChannel", display_name="x", description="y", enabled=True, webhook_url=SecretText(SLACK)) == []
    assert found("MicrosoftTeamsChannel", display_name="x" * 64, webhook_url=SecretText(TEAMS)) == []
    assert found("WebhookChannel", description="y" * 128, url=HOOK, method="POST", headers={}) == []
    assert found("WebhookChannel", url=SecretReference("env", "HOOK")) == []
    assert found("Subscription", notification_type="x", channels=frozenset({"a"})) == []


@pytest.mark.parametrize(
    ("kind", "fields", "problem"),
    [
        ("SlackChannel", {"display_name": "x" * 65}, ("display_name", "too-long", False)),
        ("SlackChannel", {"display_name": ""}, ("display_name", "empty-name", False)),
        ("SlackChannel", {"description": "ü" * 129}, ("description", "too-long", False)),
        ("SlackChannel", {"enabled": False}, ("enabled", "unsupported-field", False)),
        ("WebhookChannel", {"method": "PUT"}, ("method", "unsupported-field", False)),
        ("WebhookChannel", {"headers": {"X-Key": SecretText("k")}}, ("headers", "unsupported-field", False)),
        ("WebhookChannel", {"url": SecretText("ftp://x")}, ("url", "invalid-address", False)),
        ("WebhookChannel", {"url": SecretText("https://")}, ("url", "invalid-address", False)),
        ("WebhookChannel", {"url": SecretText("https://x/a b")}, ("url", "invalid-address", False)),
        ("WebhookChannel", {"url": SecretText("https://x:0/")}, ("url", "invalid-address", False)),
        ("WebhookChannel", {"url": SecretText("https://[x")}, ("url", "invalid-address", False)),
        (
            "MicrosoftTeamsChannel",
            {"webhook_url": SecretText("https://acme.webhook.office.com/webhookb2/1")},
            ("webhook_url", "teams-connector-retired", True),
        ),
        ("Subscription", {"channels": frozenset()}, ("channels", "empty-list", False)),
    ],
)
def test_what_it_has_no_place_for_is_refused_by_name(
    kind: str, fields: dict[str, Value], problem: tuple[str, str, bool]
) -> None:
    assert found(kind, **fields) == [problem]


def test_a_problem_never_holds_the_address() -> None:
    (problem,) = ABLE.check("WebhookChannel", {"url": SecretText("ftp://secret.example/path")}, "")
    assert "secret" not in f"{problem.message}{problem.fix}"


@pytest.mark.parametrize(("object_id", "problems"), [("i-1", 0), ("x" * 255, 0), ("x" * 256, 1), ("", 1)])
def test_ids_have_a_length(object_id: str, problems: int) -> None:
    assert len(ABLE.check_id(object_id)) == problems
