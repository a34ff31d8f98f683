"""A state of Terraform or OpenTofu: what of it can become manifests, and what is no state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.export.terraform import State, read_state, removal_of
from reconciler.model.errors import ConfigurationError
from reconciler.providers import BUILT_IN
from reconciler.providers.confluent.calls import prefixed

STATES = sorted((Path(__file__).parents[1] / "data" / "terraform").glob("*.tfstate"))
TYPES = {kind: row for provided in BUILT_IN.values() for kind, row in provided.settings.terraform.items()}
CHANNEL = "opensearch_channel_configuration"


def read(**document: Any) -> State:
    return read_state(json.dumps({"version": 4, **document}), TYPES, "state")


def resource(name: str = "a", kind: str = CHANNEL, **instance: Any) -> dict[str, Any]:
    one = {"attributes": {"id": "x1", "body": "planted-secret"}, **instance}
    return {"mode": "managed", "type": kind, "name": name, "instances": [one]}


@pytest.mark.parametrize("path", STATES, ids=lambda path: path.stem)
def test_a_state_that_terraform_or_opentofu_wrote(path: Path) -> None:
    state = read_state(path.read_text("utf-8"), TYPES, "state")
    assert [(item.address, item.name) for item in state.objects] == [
        ("confluent_notifications_integration.oncall", "oncall"),
        ("confluent_notifications_integration.tickets[0]", "tickets-0"),
        ("confluent_notifications_subscription.failures", "failures"),
        (f"{CHANNEL}.account", "account"),
        (f"{CHANNEL}.oncall_critical", "oncall_critical"),
        (f'{CHANNEL}.team["kafka"]', "team-kafka"),
        (f'{CHANNEL}.team["search"]', "team-search"),
        (f"module.mail.{CHANNEL}.group", "group"),
        (f"module.mail.{CHANNEL}.mail", "mail"),
    ]
    assert {item.name: item.id for item in state.objects}["account"] == "mail_account"
    assert (state.notes, state.others) == ((), 1)
    assert "hooks.slack.com" not in repr(state), "of what is secret nothing is kept"
    assert f"""'{CHANNEL}.team["kafka"]'""" in removal_of(state.objects), "ready for a shell"


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (resource(kind="opensearch_destination"), "destination of Alerting's"),
        (resource(deposed="0a1b"), "still to destroy it"),
        (resource(attributes={"id": None}), "has no id"),
        (resource(attributes=None), "has no id"),
        (resource(kind="confluent_notifications_resource_preference"), "there is no kind for"),
    ],
)
def test_what_cannot_be_converted_is_named_with_the_reason(item: dict[str, Any], why: str) -> None:
    state = read(resources=[item])
    assert state.objects == ()
    (note,) = state.notes
    assert note.startswith(f"{item['type']}.a is left out: ")
    assert why in note


def test_ids_of_subscriptions_are_those_of_our_live_objects() -> None:
    (found,) = read(resources=[resource(kind="confluent_notifications_subscription")]).objects
    assert found.id == prefixed("Subscription", "x1")


def test_data_sources_and_resources_of_other_kinds_are_no_objects() -> None:
    data = {**resource(), "mode": "data"}
    state = read(resources=[data, resource(kind="aws_instance"), "nonsense", {"mode": "managed"}])
    assert (state.objects, state.notes, state.others) == ((), (), 1)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is not a Terraform or OpenTofu state"),
        ("resource {}", "is not a Terraform or OpenTofu state"),
        ("[1]", "is not a Terraform or OpenTofu state"),
        ("[" * 100_000, "is not a Terraform or OpenTofu state"),
        ('{"serial": 1, "encrypted_data": "planted"}', "is encrypted"),
        ('{"format_version": "1.0", "values": {}}', "show -json"),
        ('{"version": 3, "modules": []}', "version 4"),
        ("{}", "version 4"),
    ],
)
def test_what_is_no_state_is_refused_with_what_to_do(text: str, why: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_state(text, TYPES, "terraform.tfstate")
    assert why in str(raised.value)
    assert str(raised.value).startswith("terraform.tfstate: ")
    assert "planted" not in str(raised.value)
