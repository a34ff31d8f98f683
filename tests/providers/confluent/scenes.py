"""Three states of one set of manifests, which an organisation is taken through: made, changed, replaced and pruned."""

from __future__ import annotations

from dataclasses import replace

from reconciler.apply.results import RunResult, Status
from reconciler.model.resource import Resource, Settings
from reconciler.model.values import SecretText, Value
from reconciler.plan.make import MakeOptions
from reconciler.simulator.confluent import Behaviours
from reconciler.simulator.confluent.behaviours import Addresses
from tests.plan.builders import resource
from tests.providers.confluent.organisation import Organisation

SLACK = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijkl"
TEAMS = "https://prod-17.westeurope.logic.azure.com/workflows/8d1f/triggers/manual/paths/invoke?sig=qwertzuiop"
HOOK = "https://hooks.acme.example/in/3c5e7a9b"

QUOTA, FAILED, RECOVERED = "nt-c94xd", "nt-33aa1", "nt-k1v6z"


def channel(kind: str, name: str, url: str, settings: Settings = Settings(), **fields: Value) -> Resource:
    """A channel of that address."""
    member = "url" if kind == "WebhookChannel" else "webhook_url"
    return resource(kind, name, settings, **{member: SecretText(url)}, **fields)


def subscription(name: str, notification_type: str, *channels: str, **fields: Value) -> Resource:
    """A subscription of these channels."""
    own: dict[str, Value] = {"notification_type": notification_type, "channels": frozenset(channels)}
    return resource("Subscription", name, Settings(), **own, **fields)


def made() -> list[Resource]:
    """One channel of each kind, two adopted subscriptions and a new one."""
    return [
        channel("SlackChannel", "oncall", SLACK, display_name="On-call", description="Pages the on-call"),
        channel("MicrosoftTeamsChannel", "team", TEAMS),
        channel("WebhookChannel", "hook", HOOK),
        subscription("quota", "Service quota reached", "oncall", "role:OrganizationAdmin"),
        subscription("failed", FAILED, "hook", mode="exact", state="DISABLED"),
        subscription("recovered", "Connector recovered", "oncall", "team", "user:u-4kd82"),
    ]


def changed() -> list[Resource]:
    """The same with other names, addresses, lists and states."""
    return [
        channel("SlackChannel", "oncall", SLACK + "X9", display_name="On-call (critical)"),
        channel("MicrosoftTeamsChannel", "team", TEAMS, description="The team's own"),
        channel("WebhookChannel", "hook", HOOK + "/x9"),
        subscription("quota", "nt-c94xd", "oncall", "hook"),
        subscription("failed", "Connector failed", "hook", "oncall", mode="exact", state="ENABLED"),
        subscription("recovered", "Connector recovered", "oncall", "team"),
    ]


def replaced() -> list[Resource]:
    """A channel of another kind, one that is gone, and a subscription that is let go."""
    oncall, _, _, quota, failed, _ = changed()
    return [oncall, channel("SlackChannel", "hook", SLACK + "hook"), quota, failed]


def play(behaviours: Behaviours, pace: float = 0.0) -> Organisation:
    """Take an organisation through all of it, each call taking `pace` seconds of its clock; it is full after the first
    step, so that the last one has room only once it deleted. AssertionError if anything fails, or a plan is not empty
    afterwards."""
    organisation = Organisation(behaviours, largest_page=3, quota=3)
    organisation.trouble = lambda call: organisation.clock.advance(pace)
    step(organisation, made())
    step(organisation, changed(), MakeOptions(rewrite_secrets=behaviours.addresses is not Addresses.CLEAR))
    step(organisation, replaced(), MakeOptions(prune=True))
    check_end(organisation)
    return organisation


def step(organisation: Organisation, resources: list[Resource], options: MakeOptions = MakeOptions()) -> None:
    """Apply, then plan: the first must do something, the second find nothing."""
    run = organisation.apply(resources, options)
    check_run(run)
    plan = organisation.plan(resources, replace(options, rewrite_secrets=False))
    assert plan.is_empty, [(str(change), change.reasons, change.fields) for change in plan.changes]
    assert not plan.leftovers
    hidden = organisation.behaviours.addresses is not Addresses.CLEAR
    assert len(plan.write_only) == (sum(1 for one in resources if one.kind != "Subscription") if hidden else 0)


def check_run(run: RunResult) -> None:
    """Every change was made, and nothing else was found wrong."""
    (target,) = run.targets
    assert target.results
    assert {result.status for result in target.results} == {Status.APPLIED}, [
        (result.change.name, result.status, result.text) for result in target.results
    ]
    assert (run.exit_code, target.overwritten, target.notes) == (0, (), ())


def check_end(organisation: Organisation) -> None:
    """What there really is, whatever the reads show."""
    integrations = organisation.integrations()
    assert set(integrations) == {"On-call (critical)", "hook"}
    oncall, hook = integrations["On-call (critical)"]["id"], integrations["hook"]["id"]
    assert integrations["hook"]["target"] == {"kind": "Slack", "webhook_url": SLACK + "hook"}
    assert integrations["On-call (critical)"]["target"] == {"kind": "Slack", "webhook_url": SLACK + "X9"}
    assert integrations["On-call (critical)"]["description"] == "[acme/oncall]"
    assert organisation.subscribers(QUOTA) == {"i-0role", oncall, hook}
    assert organisation.subscribers(FAILED) == {oncall, hook}
    assert organisation.subscribers(RECOVERED) == {"i-0user", oncall}
