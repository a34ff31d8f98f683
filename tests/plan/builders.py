"""Short ways to write resources and live objects in tests of the middle: plain values, no doubles."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.kinds import KINDS
from reconciler.model.masking import Masker
from reconciler.model.resource import LiveObject, Resource, Server, Settings
from reconciler.model.values import SecretReference, SecretText, Value
from reconciler.plan.changes import TargetPlan
from reconciler.plan.make import MakeOptions, make_target_plan
from reconciler.plan.marks import Matching, Ownership
from reconciler.plan.match import match_live

MASKER = Masker(b"a key for tests")
SERVER = Server("OpenSearch", "cluster-1", "3.6.0")
SLACK_URL = SecretText("https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijkl")
SLACK = SecretReference("env", "SLACK_URL")
SECRETS = {SLACK: SLACK_URL}


def key_of(name: str) -> str:
    return f"acme_{name}"


OWNERSHIP = Ownership("acme", key_of=key_of)


def defaults(kind: str, name: str) -> dict[str, Value]:
    fields: dict[str, Value] = {
        field.name: field.default for field in KINDS[kind].fields if not field.only_when_written
    }
    return fields | {"display_name": name}


def slack(name: str = "oncall", settings: Settings = Settings(), **fields: Value) -> Resource:
    return Resource("SlackChannel", name, defaults("SlackChannel", name) | {"webhook_url": SLACK} | fields, settings)


def resource(kind: str, name: str, settings: Settings = Settings(), **fields: Value) -> Resource:
    return Resource(kind, name, defaults(kind, name) | fields, settings)


def live(kind: str | None, object_id: str, description: str = "", **fields: Value) -> LiveObject:
    base: dict[str, Value] = {"enabled": True}
    if kind is not None:
        base |= {field.name: field.default for field in KINDS[kind].fields} | {"display_name": object_id}
    return LiveObject(object_id, kind, base | {"description": description} | fields, updated="1700000000000")


def live_of(item: Resource, description: str | None = None, **fields: Value) -> LiveObject:
    """What a server holds after this resource was applied."""
    opened = {
        name: SECRETS.get(value, value) if isinstance(value, SecretReference) else value
        for name, value in item.fields.items()
    }
    mark = f"[acme/{item.name}]"
    return live(
        item.kind,
        key_of(item.name),
        mark if description is None else description,
        **{name: value for name, value in (opened | fields).items() if name != "description"},
    )


def plan_of(
    resources: list[Resource],
    objects: list[LiveObject],
    ownership: Ownership = OWNERSHIP,
    options: MakeOptions = MakeOptions(),
    secrets: Mapping[SecretReference, SecretText] = SECRETS,
) -> tuple[TargetPlan, Matching]:
    matching = match_live(resources, objects, ownership)
    return make_target_plan("search", "opensearch", SERVER, matching, secrets, MASKER, options), matching
