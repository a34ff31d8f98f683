"""Every kind goes: create, empty plan, update, empty plan, delete; on an old server and a new one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.apply.results import RunResult
from reconciler.model.kinds import KINDS
from reconciler.model.resource import Resource
from reconciler.model.values import SecretText, Value
from reconciler.simulator import Simulator
from tests.apply.runs import PRUNE, Runs
from tests.plan.builders import resource

SES = resource("SesAccount", "ses", region="eu-central-1", from_address="ops@example.org")
TEAM = resource("EmailGroup", "team", recipients=frozenset({"a@example.org", "b@example.org"}))
TEAMS_URL = SecretText("https://acme.webhook.office.com/webhookb2/1")
CHIME_URL = SecretText("https://hooks.chime.aws/incomingwebhooks/1?token=t")

CASES: dict[str, tuple[dict[str, Value], dict[str, Value]]] = {
    "SlackChannel": (
        {"webhook_url": SecretText("https://hooks.slack.com/services/T0/B0/one")},
        {"webhook_url": SecretText("https://hooks.slack.com/services/T0/B0/two"), "description": "new"},
    ),
    "MicrosoftTeamsChannel": ({"webhook_url": TEAMS_URL}, {"display_name": "Room", "enabled": False}),
    "ChimeChannel": ({"webhook_url": CHIME_URL, "enabled": False}, {"enabled": True}),
    "MattermostChannel": (
        {"webhook_url": SecretText("https://chat.example.org/hooks/one")},
        {"webhook_url": SecretText("https://chat.example.org/hooks/two")},
    ),
    "WebhookChannel": (
        {"url": SecretText("https://a.example.org/x"), "headers": {"X-Key": SecretText("k"), "Accept": "text/plain"}},
        {"method": "PUT", "headers": {"X-Key": SecretText("other")}},
    ),
    "EmailChannel": (
        {"sender": "ses", "recipients": frozenset({"c@example.org"}), "groups": frozenset({"team"})},
        {"recipients": frozenset({"c@example.org", "d@example.org"}), "groups": frozenset()},
    ),
    "SmtpAccount": (
        {"host": "smtp.example.org", "port": 25, "encryption": "none", "from_address": "ops@example.org"},
        {"port": 465, "encryption": "ssl"},
    ),
    "SesAccount": (
        {"region": "eu-west-1", "from_address": "ops@example.org", "role_arn": "arn:aws:iam::123456789012:role/r"},
        {"role_arn": None},
    ),
    "EmailGroup": (
        {"recipients": frozenset({"x@example.org"})},
        {"recipients": frozenset({"x@example.org", "y@example.org"})},
    ),
    "SnsChannel": (
        {"topic_arn": "arn:aws:sns:eu-central-1:123456789012:topic"},
        {"role_arn": "arn:aws:iam::123456789012:role/r"},
    ),
}


def test_there_is_a_case_for_each_kind_that_opensearch_holds() -> None:
    assert set(CASES) == set(KINDS) - {"Subscription"}


@pytest.fixture(params=["3.6.0", "2.19.5"])
def runs(request: pytest.FixtureRequest) -> Iterator[Runs]:
    with Simulator(opensearch_version=request.param) as simulator:
        yield Runs(simulator)


def made(kind: str, fields: dict[str, Value]) -> Resource:
    base = resource(kind, "x")
    return replace(base, fields={**base.fields, **fields})


def all_applied(run: RunResult) -> None:
    assert run.exit_code == 0, [(result.change.name, result.text) for result in run.targets[0].results]


@pytest.mark.parametrize("kind", CASES)
def test_a_kind_goes_from_nothing_to_each_state_and_back(runs: Runs, kind: str) -> None:
    if kind == "MattermostChannel" and str(runs.simulator.version) < "3.5":
        assert runs.apply([made(kind, CASES[kind][0])]).exit_code == 4
        return
    first, change = CASES[kind]
    needed: list[Resource] = [SES, TEAM] if kind == "EmailChannel" else []
    before = made(kind, first)
    after = replace(before, fields={**before.fields, **change})
    for wanted in (before, after):
        all_applied(runs.apply([*needed, wanted]))
        assert runs.plan([*needed, wanted]).is_empty
    runs.simulator.refresh()  # before 3.1 a list shows what was written only after a second
    assert [field.path[0] for field in runs.plan([*needed, before]).changes[0].fields]
    all_applied(runs.apply([], PRUNE))
    assert runs.configs() == {}
