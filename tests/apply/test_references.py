"""Accounts, groups and channels that change together, and what is left over besides them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.apply.results import Status
from reconciler.model.resource import Resource
from reconciler.simulator import Simulator
from tests.apply.runs import Runs
from tests.apply.test_apply import mail
from tests.plan.builders import resource


@pytest.fixture
def runs() -> Iterator[Runs]:
    with Simulator(receivers=True) as simulator:
        yield Runs(simulator)


def with_fields(item: Resource, **fields: object) -> Resource:
    return replace(item, fields={**item.fields, **fields})  # type: ignore[dict-item]  # plain values, as a manifest's


def test_an_account_is_verified_though_its_channel_shall_use_a_group_that_is_not_there_yet(runs: Runs) -> None:
    account, group, channel = mail(runs)
    runs.apply([account, group, channel])
    second = resource("EmailGroup", "second", recipients=frozenset({"c@example.org"}))
    wanted = [
        with_fields(account, from_address="alerts@example.org"),
        with_fields(group, recipients=frozenset({"b@example.org", "d@example.org"})),
        second,
        with_fields(channel, groups=frozenset({"team", "second"})),
    ]
    results = runs.results(wanted)
    assert {name: item.status for name, item in results.items()} == dict.fromkeys(results, Status.APPLIED)
    assert runs.plan(wanted).is_empty


def test_a_group_is_verified_by_the_account_that_is_live_while_the_wanted_one_is_not_there(runs: Runs) -> None:
    account, group, channel = mail(runs)
    runs.apply([account, group, channel])
    other = replace(account, name="relay", fields={**account.fields, "display_name": "relay"})
    wanted = [
        account,
        other,
        with_fields(group, recipients=frozenset({"b@example.org", "d@example.org"})),
        with_fields(channel, sender="relay"),
    ]
    results = runs.results(wanted)
    assert {name: item.status for name, item in results.items()} == dict.fromkeys(results, Status.APPLIED)
    assert runs.configs()["acme_mail"]["email"]["email_account_id"] == "acme_relay"


def test_a_canary_that_was_left_is_never_taken_for_the_real_object(runs: Runs) -> None:
    account, group, channel = mail(runs)
    runs.apply([account])
    left = runs.configs()["acme_smtp"] | {"description": "[acme/smtp canary]"}
    runs.simulator.seed([{"config_id": "acme_smtp_canary_0123", "config": left}])
    runs.apply([account, group, channel])
    assert runs.configs()["acme_mail"]["email"]["email_account_id"] == "acme_smtp"


def test_what_nobody_uses_and_what_is_disabled_is_written_and_said_to_be_not_verified(runs: Runs) -> None:
    account, group, channel = mail(runs)
    runs.apply([account, group, with_fields(channel, enabled=False)])
    changed = [
        with_fields(account, from_address="alerts@example.org"),
        group,
        with_fields(channel, enabled=False, recipients=frozenset({"z@example.org"})),
    ]
    runs.simulator.clear_requests()
    results = runs.results(changed)
    assert runs.sent() == []
    assert results["smtp"].text == "not verified: no enabled email channel uses it, so it cannot be tested"
    assert results["mail"].text == "not verified: a disabled channel cannot be tested"
    enabled = [changed[0], group, with_fields(changed[2], enabled=True)]
    assert runs.results(enabled)["mail"].verified
    assert "_canary_" in runs.sent()[0][1]
