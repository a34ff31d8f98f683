"""Whole applies against an organisation: verified before the write, adopted, detached, replaced, finished later."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx
import pytest

from reconciler.apply.results import Status
from reconciler.apply.session import SessionOptions
from reconciler.model.resource import OnFailure, Resource, Settings, TestPolicy, When
from reconciler.plan.changes import Action
from reconciler.plan.make import MakeOptions
from reconciler.plan.marks import Ownership
from reconciler.simulator.calls import Call, Reply
from reconciler.simulator.confluent import Behaviours
from reconciler.simulator.confluent.behaviours import TestCode, UnknownKind
from tests.providers.confluent.organisation import PRUNE, Organisation
from tests.providers.confluent.scenes import HOOK, SLACK, TEAMS, channel, check_run, made, subscription

ONCALL = channel("SlackChannel", "oncall", SLACK)
HOOKED = channel("WebhookChannel", "hook", HOOK)


def refusing(host: str, organisation: Organisation | None = None) -> Organisation:
    organisation = organisation or Organisation()
    organisation.outcomes.set(host, 410, "gone")
    return organisation


# -- verdict


def test_a_channel_whose_test_is_refused_is_not_created() -> None:
    organisation = refusing("hooks.slack.com")
    run = organisation.apply([ONCALL, HOOKED])
    results = {result.change.name: result for result in run.targets[0].results}
    assert results["oncall"].status is Status.REJECTED
    assert "the receiver answered 410" in results["oncall"].text
    assert results["hook"].status is Status.APPLIED
    assert run.exit_code == 5
    assert set(organisation.integrations()) == {"hook"}


@pytest.mark.parametrize("code", TestCode)
def test_however_a_refused_test_is_answered_nothing_is_written(code: TestCode) -> None:
    organisation = refusing("hooks.slack.com", Organisation(Behaviours(test_code=code)))
    assert organisation.apply([ONCALL]).exit_code == 5
    assert organisation.sent() == ["POST integrations:test"]
    assert organisation.integrations() == {}


def test_an_address_whose_test_is_refused_is_not_written() -> None:
    organisation = Organisation()
    organisation.apply([ONCALL])
    refusing("hooks.acme.example", organisation)
    before = organisation.integrations()["oncall"]
    moved = channel("SlackChannel", "oncall", HOOK)
    run = organisation.apply([moved])
    assert run.exit_code == 5
    assert organisation.integrations()["oncall"] == before
    assert not organisation.plan([moved]).is_empty


def test_what_depends_on_a_refused_channel_is_skipped() -> None:
    organisation = refusing("hooks.slack.com")
    results = organisation.results([ONCALL, subscription("recovered", "Connector recovered", "oncall")])
    assert results["recovered"].status is Status.SKIPPED
    assert organisation.sent() == ["POST integrations:test"]


def test_a_new_name_sends_nothing() -> None:
    organisation = Organisation()
    organisation.apply([ONCALL])
    organisation.calls.clear()
    renamed = channel("SlackChannel", "oncall", SLACK, display_name="New", description="New too")
    assert organisation.apply([renamed]).exit_code == 0
    assert [call for call in organisation.sent() if "test" in call] == []


def test_a_channel_kept_in_spite_of_its_test_is_marked_and_tested_again() -> None:
    organisation = refusing("hooks.slack.com", Organisation(options=SessionOptions(on_failure=OnFailure.KEEP)))
    assert organisation.apply([ONCALL]).exit_code == 6
    assert organisation.integrations()["oncall"]["description"] == "[acme/oncall unverified]"
    organisation.outcomes.clear()
    assert [str(reason) for reason in organisation.plan([ONCALL]).changes[0].reasons] == ["unverified"]
    assert organisation.apply([ONCALL]).exit_code == 0
    assert organisation.integrations()["oncall"]["description"] == "[acme/oncall]"
    assert organisation.plan([ONCALL]).is_empty


@pytest.mark.parametrize("addresses", ["clear", "stars"])
def test_an_unverified_channel_is_tested_again_with_the_manifests_address(addresses: str) -> None:
    organisation = refusing("hooks.slack.com", Organisation(Behaviours.parse([f"addresses={addresses}"])))
    organisation.options = SessionOptions(on_failure=OnFailure.KEEP)
    organisation.apply([ONCALL])
    organisation.outcomes.clear()
    organisation.calls.clear()
    assert organisation.apply([ONCALL]).exit_code == 0
    assert [body["target"]["webhook_url"] for body in organisation.bodies("POST", ":test")] == [SLACK]
    assert organisation.plan([ONCALL]).is_empty


def test_a_channel_under_always_is_tested_where_nothing_changed() -> None:
    always = Settings(test=TestPolicy(when=When.ALWAYS))
    watched = channel("SlackChannel", "oncall", SLACK, always)
    organisation = Organisation(Behaviours.parse(["addresses=stars"]))
    organisation.apply([watched])
    organisation.calls.clear()
    (target,) = organisation.apply([watched]).targets
    assert [(test.name, test.failed) for test in target.tests] == [("oncall", False)]
    assert organisation.sent() == ["POST integrations:test"]


# -- ownership


def test_an_unmarked_object_of_our_name_stops_the_create_until_it_is_adopted() -> None:
    organisation = Organisation()
    organisation.apply([ONCALL])
    live = organisation.integrations()["oncall"]
    organisation.api.store.change("integrations", live, {"description": "by hand"})
    plan = organisation.plan([ONCALL])
    assert "adopt it (spec.id or --adopt)" in plan.changes[0].held
    organisation.ownership = Ownership("acme", adopt=True)
    assert organisation.apply([ONCALL]).exit_code == 0
    assert organisation.integrations()["oncall"]["description"] == "[acme/oncall]"
    assert len(organisation.integrations()) == 1


def test_what_is_not_ours_is_never_touched_and_what_the_platform_made_is_not_even_counted() -> None:
    organisation = Organisation(Behaviours(unknown_kind=UnknownKind.YES))
    unmanaged = {"display_name": "theirs", "target": {"kind": "Slack", "webhook_url": SLACK}}
    theirs = organisation.api.store.add("integrations", unmanaged)
    marked = unmanaged | {"description": "[other/thing]", "display_name": "others"}
    organisation.api.store.add("integrations", marked)
    plan = organisation.plan([ONCALL], PRUNE)
    subscriptions = len(organisation.api.store.latest("subscriptions"))
    assert (plan.unmanaged, plan.others) == (1 + subscriptions, 1)
    organisation.apply([ONCALL], PRUNE)
    assert organisation.integrations()["theirs"] == theirs
    assert "others" in organisation.integrations()


def test_an_object_of_an_unknown_kind_is_never_pruned_though_it_has_our_mark() -> None:
    organisation = Organisation(Behaviours(unknown_kind=UnknownKind.YES))
    pager = organisation.api.store.find("integrations", "i-0pager")
    assert pager is not None
    organisation.api.store.change("integrations", pager, {"description": "[acme/pager]"})
    assert organisation.plan([ONCALL], PRUNE).counts.destroy == 0


# -- subscriptions


def test_include_keeps_what_is_not_ours_and_exact_does_not() -> None:
    organisation = Organisation()
    organisation.apply([ONCALL, subscription("failed", "Connector failed", "oncall")])
    oncall = organisation.integrations()["oncall"]["id"]
    assert organisation.subscribers("nt-33aa1") == {"i-0role", oncall}
    organisation.apply([ONCALL, subscription("failed", "Connector failed", "oncall", mode="exact")])
    assert organisation.subscribers("nt-33aa1") == {oncall}


@pytest.mark.parametrize(
    ("word", "fields", "message"),
    [
        ("Conector failed", {}, "did you mean Connector failed?"),
        ("nt-nobody", {}, "there is no notification_type of this name or id"),
        ("Cluster link failed", {}, "plan does not include this notification type"),
        ("nt-w8y4f", {}, "plan does not include this notification type"),
        ("Service quota reached", {"state": "DISABLED"}, "state can only be ENABLED"),
    ],
)
def test_a_type_that_cannot_be_had_is_an_error_of_its_own_manifest(
    word: str, fields: dict[str, str], message: str
) -> None:
    organisation = Organisation()
    plan = organisation.plan([ONCALL, subscription("odd", word, "oncall", **fields)])
    assert [(refusal.name, message in refusal.message) for refusal in plan.refusals] == [("odd", True)]
    assert [change.name for change in plan.changes] == ["oncall"]


def test_two_manifests_of_one_type_are_an_error_of_both() -> None:
    copies = [
        subscription("one", "Connector recovered", "oncall"),
        subscription("two", "nt-k1v6z", "oncall"),
    ]
    plan = Organisation().plan([ONCALL, *copies])
    assert [refusal.name for refusal in plan.refusals] == ["one", "two"]
    assert all("one and two have the same notification_type" in one.message for one in plan.refusals)


def test_a_subscription_that_no_manifest_names_is_let_go() -> None:
    organisation = Organisation()
    recovered = subscription("recovered", "Connector recovered", "oncall")
    organisation.apply([ONCALL, recovered])
    plan = organisation.plan([ONCALL], PRUNE)
    assert plan.is_empty
    assert organisation.subscribers("nt-k1v6z") != set()


# -- deletes and replaces


@pytest.mark.parametrize("in_use", ["cascade", "dangle", "refuse"])
def test_a_pruned_channel_is_taken_out_of_its_subscriptions_first(in_use: str) -> None:
    organisation = Organisation(Behaviours.parse([f"delete_in_use={in_use}"]))
    recovered = subscription("recovered", "Connector recovered", "oncall", "hook")
    organisation.apply([ONCALL, HOOKED, recovered])
    oncall = organisation.integrations()["oncall"]["id"]
    organisation.calls.clear()
    assert organisation.apply([ONCALL], PRUNE).exit_code == 0
    assert organisation.subscribers("nt-k1v6z") == {oncall}
    assert [call.partition("/")[0] for call in organisation.sent()] == ["PATCH subscriptions", "DELETE integrations"]


def test_the_last_channel_of_a_subscription_is_held_back() -> None:
    organisation = Organisation()
    organisation.apply([ONCALL, HOOKED, subscription("recovered", "Connector recovered", "oncall", "hook")])
    plan = organisation.plan([channel("MicrosoftTeamsChannel", "team", TEAMS)], PRUNE)
    held = {change.name: change.held for change in plan.changes if change.action is Action.DELETE}
    assert set(held) == {"oncall", "hook"}
    assert all('"Connector recovered" would be left without any channel' in text for text in held.values())


def test_a_replace_creates_repoints_and_only_then_deletes() -> None:
    organisation = Organisation(Behaviours.parse(["unique_names=yes"]))
    organisation.apply([HOOKED, subscription("recovered", "Connector recovered", "hook")])
    organisation.calls.clear()
    turned = channel("SlackChannel", "hook", SLACK)
    assert organisation.apply([turned, subscription("recovered", "Connector recovered", "hook")]).exit_code == 0
    assert [call.partition("/")[0] for call in organisation.sent()] == [
        "POST integrations:test",
        "PATCH integrations",
        "POST integrations",
        "PATCH subscriptions",
        "DELETE integrations",
    ]
    assert organisation.subscribers("nt-k1v6z") == {organisation.integrations()["hook"]["id"]}


def test_a_replace_and_a_change_of_its_subscription_go_together() -> None:
    organisation = Organisation()
    organisation.apply([HOOKED, subscription("recovered", "Connector recovered", "hook")])
    turned = [
        channel("SlackChannel", "hook", SLACK),
        ONCALL,
        subscription("recovered", "Connector recovered", "hook", "oncall", state="DISABLED"),
    ]
    check_run(organisation.apply(turned))
    assert organisation.plan(turned).is_empty


def test_two_replaces_in_one_subscription_do_not_lose_each_other() -> None:
    organisation = Organisation()
    both = subscription("recovered", "Connector recovered", "hook", "oncall")
    organisation.apply([HOOKED, ONCALL, both])
    turned = [channel("SlackChannel", "hook", SLACK), channel("WebhookChannel", "oncall", HOOK), both]
    assert organisation.apply(turned).exit_code == 0
    assert organisation.subscribers("nt-k1v6z") == {one["id"] for one in organisation.integrations().values()}


@pytest.mark.parametrize("writes", range(1, 6))
def test_a_replace_that_was_cut_off_anywhere_is_finished_by_the_next_runs(writes: int) -> None:
    organisation = Organisation()
    watched = subscription("recovered", "Connector recovered", "hook")
    organisation.apply([HOOKED, watched])
    left = [writes]

    def cut_off(call: Call) -> Reply | Exception | None:
        left[0] -= call.method != "GET"
        return httpx.ConnectError("no way") if left[0] <= 0 else None

    organisation.trouble = cut_off
    turned = [channel("SlackChannel", "hook", SLACK), watched]
    organisation.apply(turned)
    organisation.trouble = lambda call: None
    for _ in range(3):  # leftovers are finished with by the runs that write
        organisation.apply([*turned, ONCALL])
    plan = organisation.plan([*turned, ONCALL])
    assert plan.is_empty
    assert not plan.leftovers
    assert set(organisation.integrations()) == {"hook", "oncall"}
    assert organisation.subscribers("nt-k1v6z") == {organisation.integrations()["hook"]["id"]}


# -- quota


@pytest.mark.parametrize("code", ["402", "400"])
@pytest.mark.parametrize("parallelism", [1, 10])
def test_at_the_quota_the_deletes_go_first_and_the_create_is_tried_once_more(code: str, parallelism: int) -> None:
    organisation = Organisation(Behaviours.parse([f"quota_code={code}"]), quota=1)
    organisation.apply([HOOKED])
    organisation.options = SessionOptions(parallelism=parallelism)
    organisation.calls.clear()
    assert organisation.apply([ONCALL], PRUNE).exit_code == 0
    assert set(organisation.integrations()) == {"oncall"}
    assert organisation.sent().count("POST integrations:test") == 1


@pytest.mark.parametrize("setting", ["gone_code=403", "gone_code=404", "error_shape=message", "error_shape=error-code"])
def test_one_apply_prunes_them_all_however_absence_is_answered(setting: str) -> None:
    organisation = Organisation(Behaviours.parse([setting]))
    many = [channel("SlackChannel", f"c{number}", f"{SLACK}{number}") for number in range(24)]
    organisation.apply(many)
    assert organisation.apply([ONCALL], PRUNE).exit_code == 0
    assert set(organisation.integrations()) == {"oncall"}


def test_at_the_quota_without_deletes_a_create_fails_in_plain_words() -> None:
    organisation = Organisation(quota=1)
    results = organisation.results([HOOKED, ONCALL])
    assert sorted(result.status for result in results.values()) == [Status.APPLIED, Status.FAILED]
    (failed,) = (result for result in results.values() if result.status is Status.FAILED)
    assert "the organisation's quota of integrations is used up" in failed.text


# -- all of it


def test_no_secret_is_in_any_answer_of_the_tool() -> None:
    organisation = refusing("hooks.slack.com")
    run = organisation.apply(made())
    texts = [result.text for result in run.targets[0].results]
    assert "abcdefghijkl" not in json.dumps(texts)
    assert "abcdefghijkl" not in repr(run)


def test_the_order_of_manifests_does_not_matter() -> None:
    organisation = Organisation()
    organisation.apply(list(reversed(made())))
    assert organisation.plan(made()).is_empty


def test_a_rename_keeps_the_object() -> None:
    organisation = Organisation()
    organisation.apply([ONCALL])
    before = organisation.integrations()["oncall"]["id"]
    settings = Settings(renamed_from=("oncall",))
    renamed: Resource = replace(channel("SlackChannel", "pages", SLACK, settings))
    assert organisation.apply([renamed]).exit_code == 0
    after = organisation.integrations()["pages"]
    assert (after["id"], after["description"]) == (before, "[acme/pages]")
    assert organisation.plan([renamed], MakeOptions(prune=True)).is_empty


# -- which object is meant


def refused_subscriptions(call: Call) -> Reply | None:
    """No subscription can be written; all else works."""
    is_write = call.method != "GET" and "/subscriptions" in call.path
    return Reply(422, b'{"errors": [{"detail": "no"}]}') if is_write else None


def test_a_channel_that_no_manifest_names_goes_only_if_all_before_it_stands_even_where_another_has_its_name() -> None:
    organisation = Organisation()
    connectors = channel("SlackChannel", "connectors", SLACK)
    organisation.apply([connectors])
    successor = [channel("WebhookChannel", "hook", HOOK), subscription("connectors", "Connector failed", "hook")]
    organisation.trouble = refused_subscriptions
    run = organisation.apply(successor, PRUNE)
    statuses = {(item.change.kind, item.change.name): item.status for item in run.targets[0].results}
    assert statuses == {
        ("WebhookChannel", "hook"): Status.APPLIED,
        ("Subscription", "connectors"): Status.FAILED,
        ("SlackChannel", "connectors"): Status.HELD,
    }
    assert run.exit_code == 4
    assert set(organisation.integrations()) == {"connectors", "hook"}
    organisation.trouble = lambda call: None
    check_run(organisation.apply(successor, PRUNE))
    assert set(organisation.integrations()) == {"hook"}


def second(organisation: Organisation, **members: object) -> str:
    """Another integration with the mark of `oncall`, as a second run at once would make it; its id."""
    organisation.clock.advance(1)
    first = organisation.integrations()["oncall"]
    same = {name: first[name] for name in ("description", "target")} | {"display_name": "second"} | members
    return str(organisation.api.store.add("integrations", same)["id"])


def test_what_two_runs_at_once_made_twice_is_one_again_after_the_next() -> None:
    organisation = Organisation()
    wanted = [ONCALL, subscription("failed", "Connector failed", "oncall")]
    organisation.apply(wanted)
    kept = organisation.integrations()["oncall"]["id"]
    younger = second(organisation)
    (route,) = (one for one in organisation.api.store.latest("subscriptions") if kept in str(one["integrations"]))
    references = [one for one in route["integrations"] if one["id"] == kept]
    both = [*references, json.loads(json.dumps(references[0]).replace(kept, younger))]
    organisation.api.store.change("subscriptions", route, {"integrations": both})
    plan = organisation.plan(wanted)
    assert [(change.action, change.id) for change in plan.changes] == [(Action.DELETE, younger)]
    assert (plan.counts.destroy, plan.copies) == (1, ())
    check_run(organisation.apply(wanted))
    assert [one["id"] for one in organisation.integrations().values()] == [kept]
    assert organisation.subscribers(route["notification_type"]["id"]) == {kept}
    assert organisation.plan(wanted).is_empty


def test_two_with_one_mark_that_differ_are_listed_and_hold_their_resource() -> None:
    organisation = Organisation()
    organisation.apply([ONCALL])
    other = second(organisation, target={"kind": "Slack", "webhook_url": SLACK + "other"})
    changed = replace(ONCALL, fields={**ONCALL.fields, "display_name": "On-call"})
    plan = organisation.plan([changed], PRUNE)
    assert [copy.id for copy in plan.copies] == [other]
    assert "carry the same mark" in plan.changes[0].held
    assert organisation.apply([changed], PRUNE).exit_code == 3
    assert set(organisation.integrations()) == {"oncall", "second"}


def test_a_second_object_that_comes_while_a_run_writes_is_reported_at_its_end() -> None:
    organisation = Organisation()

    def meddle(call: Call, reply: Reply) -> None:
        if call.method == "POST" and call.path.endswith("/integrations"):
            organisation.after = lambda _call, _reply: None
            second(organisation)

    organisation.after = meddle
    run = organisation.apply([ONCALL])
    assert run.exit_code == 4
    assert "was created by another run with the mark of" in run.targets[0].overwritten[0]


def test_the_old_object_of_a_killed_replace_goes_with_prune_once_no_manifest_names_it() -> None:
    organisation = Organisation()
    organisation.apply([ONCALL])
    live = organisation.integrations()["oncall"]
    flagged = {"display_name": "oncall (replaced)", "description": "[acme/oncall replaced]"}
    organisation.api.store.change("integrations", live, flagged)
    plan = organisation.plan([HOOKED])
    assert [(item.id, item.flags) for item in plan.candidates] == [(live["id"], ("replaced",))]
    check_run(organisation.apply([HOOKED], PRUNE))
    assert set(organisation.integrations()) == {"hook"}
