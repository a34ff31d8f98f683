"""An apply verifies before it writes, rolls back what fails its test, and leaves nothing to plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.apply.results import Status
from reconciler.apply.session import SessionOptions
from reconciler.model.resource import Expect, OnFailure, Resource, Settings, TestPolicy, When
from reconciler.model.values import SecretText
from reconciler.simulator import Simulator
from tests.apply.runs import PRUNE, Runs
from tests.plan.builders import resource, slack


@pytest.fixture
def runs() -> Iterator[Runs]:
    with Simulator(receivers=True) as simulator:
        yield Runs(simulator)


def hook(runs: Runs, name: str = "hook", path: str = "/ok", **fields: object) -> Resource:
    url = SecretText(f"{runs.simulator.receiver.url}{path}")
    return resource("WebhookChannel", name, url=url, **fields)  # type: ignore[arg-type]


def mail(runs: Runs) -> list[Resource]:
    assert runs.simulator.mail is not None
    return [
        resource(
            "SmtpAccount",
            "smtp",
            host="127.0.0.1",
            port=runs.simulator.mail.port,
            encryption="none",
            from_address="ops@example.org",
        ),
        resource("EmailGroup", "team", recipients=frozenset({"b@example.org"})),
        resource(
            "EmailChannel", "mail", sender="smtp", recipients=frozenset({"a@example.org"}), groups=frozenset({"team"})
        ),
    ]


def test_a_new_channel_is_marked_unverified_until_its_message_went_through(runs: Runs) -> None:
    runs.simulator.clear_requests()
    results = runs.results([hook(runs)])
    assert results["hook"].status is Status.APPLIED
    assert results["hook"].verified
    assert runs.sent() == [("POST", "acme_hook")]
    assert runs.configs()["acme_hook"]["description"] == "[acme/hook]"
    assert runs.plan([hook(runs)]).is_empty


def test_the_calls_of_each_change_are_no_more_than_the_rules_need(runs: Runs) -> None:
    def calls_of(item: Resource) -> list[str]:
        runs.simulator.clear_requests()
        runs.results([item])
        return [call.replace(_canary(call), "CANARY") for call in runs.calls()[2:-1]]

    assert calls_of(hook(runs)) == [
        "POST configs",
        "GET acme_hook",
        "POST acme_hook",
        "GET acme_hook",
        "PUT acme_hook",
        "GET acme_hook",
    ]
    assert calls_of(hook(runs, description="d")) == ["GET acme_hook", "PUT acme_hook", "GET acme_hook"]
    assert calls_of(hook(runs, description="d", path="/other")) == [
        "GET acme_hook",
        "POST configs",
        "GET CANARY",
        "POST CANARY",
        "DELETE CANARY",
        "GET acme_hook",
        "PUT acme_hook",
        "GET acme_hook",
    ]


def _canary(call: str) -> str:
    return call.split(" ")[1] if "_canary_" in call else "no canary"


def test_a_new_channel_that_fails_its_test_is_deleted_again(runs: Runs) -> None:
    run = runs.apply([hook(runs, path="/status/404")])
    assert run.targets[0].results[0].status is Status.ROLLED_BACK
    assert run.exit_code == 5
    assert runs.configs() == {}


def test_a_changed_address_is_verified_on_a_canary_and_a_bad_one_never_reaches_the_channel(runs: Runs) -> None:
    runs.apply([hook(runs)])
    before = runs.configs()["acme_hook"]
    results = runs.results([hook(runs, path="/status/410")])
    assert results["hook"].status is Status.REJECTED
    assert runs.configs() == {"acme_hook": before}
    assert "_canary_" in runs.sent()[-1][1]


def test_keep_writes_a_change_though_its_test_failed_and_marks_it(runs: Runs) -> None:
    runs.apply([hook(runs)])
    runs.options = SessionOptions(on_failure=OnFailure.KEEP)
    bad = hook(runs, path="/status/410")
    run = runs.apply([bad])
    assert (run.targets[0].results[0].status, run.exit_code) == (Status.KEPT, 6)
    assert runs.configs()["acme_hook"]["description"] == "[acme/hook unverified]"
    assert [reason.value for reason in runs.plan([bad]).changes[0].reasons] == ["unverified"]


def test_an_unverified_channel_is_tested_again_and_then_marked(runs: Runs) -> None:
    runs.options = SessionOptions(on_failure=OnFailure.KEEP)
    runs.apply([hook(runs, path="/status/410")])
    kept = runs.simulator.store.all()
    assert len(list(kept)) == 1
    runs.simulator.faults.clear()
    fixed = hook(runs)
    assert runs.results([fixed])["hook"].status is Status.APPLIED
    assert runs.configs()["acme_hook"]["description"] == "[acme/hook]"


def test_a_name_or_description_sends_nothing(runs: Runs) -> None:
    runs.apply([hook(runs)])
    runs.simulator.clear_requests()
    runs.apply([hook(runs, display_name="Other", description="text")])
    assert runs.sent() == []
    assert runs.plan([hook(runs, display_name="Other", description="text")]).is_empty


def test_a_receiver_that_refuses_the_text_verifies_a_webhook_but_not_one_that_expects_acceptance(runs: Runs) -> None:
    lenient = hook(runs, "lenient", "/status/422")
    assert runs.results([lenient])["lenient"].status is Status.APPLIED
    strict = Settings(test=TestPolicy(expect=Expect.ACCEPTED))
    result = runs.results([lenient, replace(hook(runs, "strict", "/status/422"), settings=strict)])["strict"]
    assert result.status is Status.ROLLED_BACK


def test_no_test_is_sent_under_never_and_nothing_is_marked(runs: Runs) -> None:
    quiet = replace(hook(runs), settings=Settings(test=TestPolicy(when=When.NEVER)))
    assert runs.results([quiet])["hook"].status is Status.APPLIED
    assert runs.sent() == []
    assert runs.configs()["acme_hook"]["description"] == "[acme/hook]"


def test_mail_accounts_and_groups_are_verified_through_canaries_of_a_channel_that_uses_them(runs: Runs) -> None:
    first = mail(runs)
    assert {item.status for item in runs.results(first).values()} == {Status.APPLIED}
    before = len(runs.simulator.inbox.received)
    group = replace(first[1], fields={**first[1].fields, "recipients": frozenset({"b@example.org", "new@example.org"})})
    account = replace(first[0], fields={**first[0].fields, "from_address": "alerts@example.org"})
    results = runs.results([account, group, first[2]])
    assert {name: item.status for name, item in results.items()} == {"smtp": Status.APPLIED, "team": Status.APPLIED}
    assert all(item.verified for item in results.values())
    assert sorted(mail_recipients(runs, before)) == [["a@example.org"], ["new@example.org"]]
    assert runs.plan([account, group, first[2]]).is_empty
    assert set(runs.configs()) == {"acme_smtp", "acme_team", "acme_mail"}


def mail_recipients(runs: Runs, since: int) -> list[list[str]]:
    return [sorted(one.recipients) for one in list(runs.simulator.inbox.received)[since:] if one.method == "SMTP"]


def test_a_broken_account_never_reaches_the_live_one(runs: Runs) -> None:
    first = mail(runs)
    runs.apply(first)
    before = runs.configs()
    broken = replace(first[0], fields={**first[0].fields, "port": 1})
    results = runs.results([broken, *first[1:]])
    assert results["smtp"].status is Status.REJECTED
    assert runs.configs() == before


def test_what_depends_on_a_failed_change_is_skipped_and_the_rest_goes_on(runs: Runs) -> None:
    account, group, channel = mail(runs)
    runs.simulator.seed([])
    runs.simulator.faults.add("answer", method="POST", path="*/configs", status=400, times=1)
    results = runs.results([account, group, channel, hook(runs)])
    statuses = sorted(item.status.value for item in results.values())
    assert statuses.count("failed") == 1
    assert Status.APPLIED in {item.status for item in results.values()}


def test_a_replace_tests_then_deletes_then_creates(runs: Runs) -> None:
    runs.apply([slack("channel")])
    other = resource("WebhookChannel", "channel", url=SecretText(f"{runs.simulator.receiver.url}/ok"))
    assert runs.results([other])["channel"].status is Status.APPLIED
    assert runs.configs()["acme_channel"]["config_type"] == "webhook"
    assert runs.plan([other]).is_empty


def test_a_replace_whose_test_fails_leaves_the_old_object(runs: Runs) -> None:
    runs.apply([slack("channel")])
    other = resource("WebhookChannel", "channel", url=SecretText(f"{runs.simulator.receiver.url}/status/404"))
    assert runs.results([other])["channel"].status is Status.REJECTED
    assert runs.configs()["acme_channel"]["config_type"] == "slack"


def test_prune_deletes_channels_before_their_accounts(runs: Runs) -> None:
    runs.apply(mail(runs))
    runs.simulator.clear_requests()
    run = runs.apply([], PRUNE)
    assert run.exit_code == 0
    deletes = [call.path.rsplit("/", 1)[1] for call in runs.simulator.requests if call.method == "DELETE"]
    assert deletes[0] == "acme_mail"
    assert runs.configs() == {}


def test_old_canaries_are_removed_and_young_ones_named(runs: Runs) -> None:
    def canary(name: str) -> dict[str, object]:
        return {
            "config_id": f"acme_x_canary_{name}",
            "config": {
                "name": "x",
                "config_type": "slack",
                "is_enabled": True,
                "description": "[acme/x canary]",
                "slack": {"url": "https://hooks.slack.com/services/T/B/x"},
            },
        }

    runs.simulator.seed([canary("old")])
    runs.simulator.clock.advance(16 * 60)
    runs.simulator.seed([canary("young")])
    run = runs.apply([hook(runs)])
    assert set(runs.configs()) == {"acme_hook", "acme_x_canary_young"}
    assert len(run.targets[0].notes) == 2


def test_always_tests_what_does_not_change(runs: Runs) -> None:
    always = replace(hook(runs), settings=Settings(test=TestPolicy(when=When.ALWAYS)))
    runs.apply([always])
    runs.simulator.clear_requests()
    run = runs.apply([always])
    assert [test.name for test in run.targets[0].tests] == ["hook"]
    assert runs.sent() == [("POST", "acme_hook")]
