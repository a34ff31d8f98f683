"""After an export, a plan is empty: for every kind, on both providers, whatever the texts are."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.apply.results import Status
from reconciler.export.documents import Exported, export_manifests
from reconciler.export.objects import LiveTarget, Wanted
from reconciler.manifests.load_project import load_project_text
from reconciler.model.kinds import KINDS
from reconciler.model.resource import LiveObject, Payload, Resource, Settings, TestPolicy, When
from reconciler.model.values import SecretText, Value
from reconciler.plan.changes import Reason, TargetPlan
from reconciler.plan.marks import Ownership
from reconciler.plan.match import read_found
from reconciler.providers import settings_of
from reconciler.providers.confluent.client import ConfluentProvider
from reconciler.providers.opensearch import abilities as opensearch
from reconciler.simulator import Simulator
from tests.apply.runs import Runs
from tests.export.round import export_of, plan_of_export
from tests.plan.builders import resource
from tests.providers.confluent.organisation import Organisation
from tests.providers.confluent.scenes import made

QUIET = Settings(test=TestPolicy(when=When.NEVER))
HOOK = SecretText("https://hooks.acme.example/in/3c5e7a9b?sig=a")
SLACK = SecretText("https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijkl")
ARN = "arn:aws:iam::123456789012:role/notify"

EVERY_KIND = [
    resource("SlackChannel", "slack", Settings(protected=True, test=QUIET.test), webhook_url=SLACK, enabled=False),
    resource(
        "MicrosoftTeamsChannel", "teams", QUIET, webhook_url=SecretText("https://acme.webhook.office.com/webhookb2/a")
    ),
    resource(
        "ChimeChannel", "chime", QUIET, webhook_url=SecretText("https://hooks.chime.aws/incomingwebhooks/a?token=b")
    ),
    resource(
        "MattermostChannel",
        "mattermost",
        QUIET,
        webhook_url=SecretText("https://chat.acme.example/hooks/abcdef"),
        description="on: no # 'yes' {live: true}",
    ),
    resource(
        "WebhookChannel",
        "hook",
        QUIET,
        url=HOOK,
        method="PUT",
        headers={"Content-Type": "text/plain", "Authorization": SecretText("Bearer a: b"), "on": SecretText("3.60")},
    ),
    resource(
        "SmtpAccount", "relay", QUIET, host="smtp.example.org", port=25, encryption="none", from_address="a@example.org"
    ),
    resource("SesAccount", "ses", QUIET, region="eu-central-1", role_arn=ARN, from_address="a@example.org"),
    resource("SesAccount", "ses-own", QUIET, region="eu-central-1", role_arn=None, from_address="a@example.org"),
    resource("EmailGroup", "people", QUIET, recipients=frozenset({"b@example.org", "a@example.org"})),
    resource(
        "EmailChannel",
        "mail",
        QUIET,
        display_name="Mail: \u00e9t\u00e9 \U0001f6a8",
        sender="relay",
        recipients=frozenset({"c@example.org"}),
        groups=frozenset({"people"}),
    ),
    resource("SnsChannel", "topic", QUIET, topic_arn="arn:aws:sns:eu-central-1:123456789012:alerts", role_arn=None),
]


@pytest.fixture(scope="module", params=["2.19.5", "3.6.0"])
def runs(request: pytest.FixtureRequest) -> Iterator[Runs]:
    with Simulator(opensearch_version=request.param) as simulator:
        yield Runs(simulator)


def holdable(runs: Runs, resources: list[Resource]) -> list[Resource]:
    """Mattermost came with 3.5."""
    old = runs.simulator.version.major == 2
    return [item for item in resources if not (old and item.kind == "MattermostChannel")]


async def exported(runs: Runs, wanted: Wanted, *, adopt: bool = False) -> tuple[Exported, TargetPlan]:
    runs.simulator.refresh()  # before 3.1 a list lags, and by itself cannot tell that something is missing
    provider = runs.provider()
    try:
        result = await export_of(provider, runs.ownership, wanted, adopt=adopt)
        with tempfile.TemporaryDirectory() as folder:
            return result, await plan_of_export(provider, runs.ownership, result, Path(folder))
    finally:
        await provider.close()


def test_every_kind_of_opensearch_is_exported_and_then_nothing_differs(runs: Runs) -> None:
    resources = holdable(runs, EVERY_KIND)
    assert {item.kind for item in EVERY_KIND} == {kind for kind in KINDS if kind != "Subscription"}
    run = runs.apply(resources)
    assert run.exit_code == 0, [item.text for item in run.targets[0].results if item.status is not Status.APPLIED]
    result, plan = asyncio.run(exported(runs, Wanted()))
    assert {item.name for item in result.manifests} >= {item.name for item in resources}
    assert result.notes == ()
    assert plan.is_empty, plan
    assert plan.candidates == ()


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(display_name=TEXTS.filter(lambda text: bool(text.strip(" \t\r\n"))), description=TEXTS, header=TEXTS)
def test_whatever_the_texts_are(runs: Runs, display_name: str, description: str, header: str) -> None:
    value = "".join(char for char in header if char.isprintable()) or "x"
    hostile = resource(
        "WebhookChannel",
        "hostile",
        QUIET,
        url=HOOK,
        display_name=display_name,
        description=description,
        headers={"X-Own": SecretText(value)},
    )
    run = runs.apply([hostile])
    if run.exit_code == 0:  # else the server itself refuses such a text
        _, plan = asyncio.run(exported(runs, Wanted(patterns=(("name", "hostile"),))))
        assert plan.is_empty, plan


def test_what_has_no_mark_is_adopted_and_no_field_differs(runs: Runs) -> None:
    assert runs.apply(holdable(runs, EVERY_KIND)).exit_code == 0
    make_by_hand(runs)
    result, plan = asyncio.run(exported(runs, Wanted(everything=True), adopt=True))
    adopted = [change for change in plan.changes if change.reasons == (Reason.ADOPTED,)]
    assert len(adopted) == len(plan.changes) == 2
    assert all(change.fields == () for change in adopted)
    assert {"by-hand", "by-hand-2"} <= {item.name for item in result.manifests}


def make_by_hand(runs: Runs) -> None:
    """Two objects as a person makes them: without a mark, and with the same display name."""

    async def make() -> None:
        provider = runs.provider()
        for object_id in ("hand-1", "hand-2"):
            fields: dict[str, Value] = {
                "display_name": "By hand",
                "description": "",
                "enabled": True,
                "webhook_url": SLACK,
            }
            if await provider.read(object_id) is None:
                await provider.create(Payload("SlackChannel", fields, object_id))
        await provider.close()

    asyncio.run(make())


def test_every_kind_of_confluent_is_exported_and_then_nothing_differs(tmp_path: Path) -> None:
    organisation = Organisation()
    assert organisation.apply(made()).exit_code == 0

    async def conversation(provider: ConfluentProvider) -> tuple[Exported, TargetPlan]:
        result = await export_of(provider, organisation.ownership, Wanted())
        return result, await plan_of_export(provider, organisation.ownership, result, tmp_path)

    result, plan = organisation.talk(conversation)
    assert {item.kind for item in result.manifests} == {
        "SlackChannel",
        "MicrosoftTeamsChannel",
        "WebhookChannel",
        "Subscription",
    }
    assert not plan.changes, plan
    assert not plan.refusals, plan


def test_an_object_on_two_targets_is_one_manifest_with_overrides() -> None:
    def there(target: str, object_id: str, display_name: str, method: str) -> LiveTarget:
        fields: dict[str, Value] = {
            "display_name": display_name,
            "description": "",
            "url": HOOK,
            "method": method,
            "headers": {},
        }
        live = LiveObject(object_id, "WebhookChannel", {**fields, "enabled": True})
        return LiveTarget(target, target, Ownership("acme"), (read_found(live),))

    project = load_project_text(
        "apiVersion: channels.gitops/v1\nkind: Project\nmetadata: {name: acme}\nspec:\n"
        "  targets: {a: {provider: opensearch, url: 'http://a'}, b: {provider: opensearch, url: 'http://b'}}\n",
        "reconciler.yaml",
        settings_of,
    )
    places = [there("a", "one", "Pager", "PUT"), there("b", "two", "Pager", "POST")]
    able = {"opensearch": opensearch.ABILITIES}
    (manifest,) = export_manifests(places, project, Wanted(everything=True), able, adopt=True).manifests
    assert manifest.document["spec"] == {
        "display_name": "Pager",
        "url": {"live": True},
        "method": "PUT",
        "targets": ["a", "b"],
        "overrides": {"a": {"id": "one"}, "b": {"id": "two", "method": None}},
    }
