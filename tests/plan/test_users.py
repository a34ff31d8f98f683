"""Which changes ask who uses their object, and what the guard makes of the answer, as plain values."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from reconciler.engine.live import see_users
from reconciler.model.errors import ForbiddenError
from reconciler.model.evidence import User, unknown
from reconciler.model.gaps import UnknownReason
from reconciler.model.provider import ChannelUser, UserListing
from reconciler.model.resource import LiveObject, Resource
from reconciler.plan.changes import Change, Reason, TargetPlan
from reconciler.plan.guards import GuardOptions, hold_back
from reconciler.plan.make import MakeOptions
from reconciler.plan.marks import Matching
from reconciler.plan.sending import ids_taken_away, matters, takes_away, used_by, with_users
from reconciler.plan.users import SeenUsers, dangling, name_users, users_of
from reconciler.report.users_text import used_by_lines
from tests.plan.builders import live, live_of, plan_of, resource, slack
from tests.providers.memory import MemoryProvider

PRUNE = MakeOptions(prune=True)
GAP = unknown(UnknownReason.USERS_FILTERED)
DISK = ChannelUser("monitor", "m1", "disk", enabled=True, channels=frozenset({"acme_oncall"}))
SEEN = UserListing("Alerting", (DISK,))
UNSEEN = UserListing("Alerting", gap=GAP)
GONE = live("SlackChannel", "acme_oncall", "[acme/oncall]")


def planned(resources: list[Resource], objects: list[LiveObject], listing: UserListing) -> tuple[TargetPlan, Matching]:
    plan, matching = plan_of(resources, objects, options=PRUNE)
    return with_users(plan, listing), matching


def held(listing: UserListing, options: GuardOptions, *objects: LiveObject) -> dict[str, str]:
    plan, matching = planned([], list(objects or (GONE,)), listing)
    return {change.name: change.held for change in hold_back(plan, matching, options).changes}


def only(plan: TargetPlan) -> Change:
    (change,) = plan.changes
    return change


def test_a_replace_takes_its_channel_away_whatever_its_reason() -> None:
    replaced = only(plan_of([slack()], [live("ChimeChannel", "acme_oncall", "[acme/oncall]")])[0])
    assert takes_away(replaced)
    assert takes_away(replace(replaced, reasons=(Reason.SECRET_DIFFERS,)))


def test_it_matters_for_deletes_replaces_disables_and_creates_alone() -> None:
    oncall = slack()
    assert not matters(plan_of([oncall], [live_of(oncall)])[0])
    assert not matters(plan_of([replace(oncall, fields={**oncall.fields, "display_name": "x"})], [live_of(oncall)])[0])
    assert not matters(plan_of([oncall], [live_of(oncall, enabled=False)])[0])
    muted = slack(enabled=False)
    deleted, disabled = plan_of([], [GONE], options=PRUNE)[0], plan_of([muted], [live_of(oncall)])[0]
    replaced, created = (
        plan_of([oncall], [live("ChimeChannel", "acme_oncall", "[acme/oncall]")])[0],
        plan_of([oncall], [])[0],
    )
    for plan, taken in ((deleted, True), (disabled, True), (replaced, True), (created, False)):
        assert matters(plan)
        assert ids_taken_away(plan) == ({"acme_oncall"} if taken else set())


@pytest.mark.parametrize("kind", ["SmtpAccount", "SesAccount", "EmailGroup"])
def test_an_account_or_group_is_used_by_no_monitor(kind: str) -> None:
    gone = live(kind, "acme_oncall", "[acme/oncall]")
    plan, _ = planned([], [gone], SEEN)
    assert not matters(plan)
    assert only(plan).used_by is None
    assert not matters(plan_of([resource(kind, "oncall")], [])[0])


def test_a_type_that_is_not_known_may_be_used_too() -> None:
    plan, _ = planned([], [live(None, "acme_oncall", "[acme/oncall]")], SEEN)
    assert used_by_lines(only(plan))[0] == "used by 1 monitor: disk (1 enabled)"


def test_where_the_target_has_no_such_users_nothing_is_said_and_nothing_held() -> None:
    plan, matching = planned([], [GONE], UserListing())
    assert only(plan).used_by is None
    assert used_by_lines(only(plan)) == []
    assert only(hold_back(plan, matching, GuardOptions(must_see_users=True))).held == ""


def test_the_users_of_another_channel_hold_nothing() -> None:
    other = replace(DISK, channels=frozenset({"acme_oncall_2"}))
    assert held(UserListing("Alerting", (other,)), GuardOptions()) == {"oncall": ""}


def test_a_disabled_monitor_holds_it_as_well() -> None:
    asleep = UserListing("Alerting", (replace(DISK, enabled=False),))
    assert "still in use by 1 monitor: disk (0 enabled)" in held(asleep, GuardOptions())["oncall"]


@pytest.mark.parametrize("consent", ["oncall", "oncall@acme_oncall"])
def test_consent_is_by_name_or_by_name_and_id(consent: str) -> None:
    assert held(SEEN, GuardOptions(allow_in_use=frozenset({consent}))) == {"oncall": ""}
    assert held(SEEN, GuardOptions(consented=frozenset({consent}))) == {"oncall": ""}
    assert held(SEEN, GuardOptions(allow_in_use=frozenset({"oncall@other", "spare"})))["oncall"]


def test_one_of_two_objects_with_one_name_is_held_by_itself() -> None:
    second = live("SlackChannel", "acme_oncall_2", "[acme/oncall]")
    plan, matching = planned([], [GONE, second], SEEN)
    changes = {change.id: change.held for change in hold_back(plan, matching, GuardOptions()).changes}
    assert changes["acme_oncall_2"] == ""
    assert changes["acme_oncall"]


@pytest.mark.parametrize("kind", ["EmailGroup", "SmtpAccount"])
def test_a_channel_that_becomes_what_nothing_sends_through_is_held_and_reported_as_gone(kind: str) -> None:
    plan, matching = planned([resource(kind, "oncall")], [GONE], SEEN)
    change = only(hold_back(plan, matching, GuardOptions(allow_replace=True)))
    assert change.held == "still in use by 1 monitor: disk (1 enabled): pass --allow-in-use oncall"
    assert used_by_lines(change)[1:] == ["without it, their runs end in an error and notify nobody through it"]
    unseen, _ = planned([resource(kind, "oncall")], [GONE], UNSEEN)
    options = GuardOptions(allow_replace=True, must_see_users=True)
    assert GAP.text in only(hold_back(unseen, matching, options)).held


def test_a_group_that_becomes_a_channel_is_held_for_who_refers_to_it() -> None:
    group = live("EmailGroup", "acme_oncall", "[acme/oncall]")
    mail = live("EmailChannel", "theirs", groups=frozenset({"acme_oncall"}))
    plan, matching = planned([slack()], [group, mail], UserListing("Alerting"))
    assert only(hold_back(plan, matching, GuardOptions(allow_replace=True))).held == (
        "still in use by theirs: pass --allow-in-use oncall"
    )


def test_a_channel_that_is_made_or_replaced_as_disabled_gives_nobody_anything_back() -> None:
    muted = slack(enabled=False)
    created, _ = planned([muted], [], SEEN)
    assert used_by_lines(only(created)) == [
        "named by 1 monitor: disk (1 enabled): it is created disabled, and their runs still end in an error"
    ]
    replaced, _ = planned([muted], [live("ChimeChannel", "acme_oncall", "[acme/oncall]")], SEEN)
    assert used_by_lines(only(replaced))[1].startswith("while it is disabled, ")


def test_a_name_without_end_is_cut_in_every_line() -> None:
    endless = replace(DISK, name="x" * 10_000, throttled=DISK.channels, by_document=True)
    plan, _ = planned([slack()], [live("ChimeChannel", "acme_oncall", "[acme/oncall]")], UserListing("A", (endless,)))
    lines = used_by_lines(only(plan))
    assert len(lines) == 4
    assert max(map(len, lines)) < 250


def test_unseen_users_hold_only_where_the_project_wants_them_seen() -> None:
    assert held(UNSEEN, GuardOptions()) == {"oncall": ""}
    assert GAP.text in held(UNSEEN, GuardOptions(must_see_users=True))["oncall"]
    assert held(UNSEEN, GuardOptions(must_see_users=True, allow_in_use=frozenset({"oncall"}))) == {"oncall": ""}
    assert held(UserListing("Alerting"), GuardOptions(must_see_users=True)) == {"oncall": ""}


def test_an_incomplete_list_hides_who_refers_to_an_account() -> None:
    gone = live("EmailGroup", "acme_team", "[acme/team]")
    plan, matching = plan_of([], [gone], options=PRUNE)
    assert plan.server is not None
    partly = replace(plan, server=replace(plan.server, incomplete="the server cannot read 1"))
    options = GuardOptions(must_see_users=True)
    assert "the server cannot read 1" in only(hold_back(partly, matching, options)).held
    assert only(hold_back(plan, matching, options)).held == ""
    assert only(hold_back(partly, matching, GuardOptions())).held == ""


def test_nobody_is_said_to_use_no_group_where_the_list_may_lack_who_does() -> None:
    objects = [live("EmailGroup", "acme_team", "[acme/team]"), live("SlackChannel", "acme_oncall", "[acme/oncall]")]
    _, matching = plan_of([], objects)
    seen = SeenUsers(UserListing("Alerting"), incomplete="the server cannot read 1")
    gaps = {item.id: users_of(matching, seen)(item).gap for item in matching.found}
    assert gaps["acme_team"] == unknown(UnknownReason.LIST_INCOMPLETE, "the server cannot read 1")
    assert gaps["acme_oncall"] is None
    bare = replace(seen, listing=UserListing())
    assert all(users_of(matching, bare)(item).gap for item in matching.found)
    assert not any(users_of(matching, replace(bare, incomplete=""))(item).gap for item in matching.found)


def test_what_is_seen_in_part_is_reported_as_a_part() -> None:
    plan, _ = planned([], [GONE], replace(SEEN, gap=GAP))
    assert used_by_lines(only(plan))[0] == f"used by 1 monitor: disk (1 enabled); there may be more: {GAP.text}"


def test_users_are_counted_by_kind_and_named_up_to_ten() -> None:
    users = [User("monitor", f"m{number:02}", str(number)) for number in range(12)]
    flow = User("workflow", "flow", "w", enabled=False)
    shown = name_users([*users, flow])
    assert shown.startswith("12 monitors and 1 workflow: flow, m00, ")
    assert shown.endswith("m08 and 3 more (12 enabled)")
    assert name_users([User("EmailChannel", "mail", "x", enabled=None)]) == "1 EmailChannel: mail"


def test_a_monitor_without_a_name_is_named_by_its_id() -> None:
    listing = UserListing("Alerting", (replace(DISK, name=""),))
    assert name_users(used_by(listing, "acme_oncall").users) == "1 monitor: m1 (1 enabled)"


def seen_by(provider: MemoryProvider) -> SeenUsers:
    return asyncio.run(see_users(provider, asyncio.run(provider.read_all()).objects))


def naming(*channels: str) -> UserListing:
    return UserListing("Alerting", (replace(DISK, channels=frozenset(channels)),))


def test_what_a_late_list_lacks_is_read_by_id_before_it_is_called_missing() -> None:
    provider = MemoryProvider(is_stale=True, users=naming("acme_late", "acme_gone", ""))
    provider.objects["acme_late"] = live("SlackChannel", "acme_late")
    assert seen_by(provider).missing == {"acme_gone", ""}
    assert [call.object_id for call in provider.calls if call.verb == "read"] == ["acme_gone", "acme_late"]


def test_what_may_not_be_read_is_not_called_missing() -> None:
    provider = MemoryProvider(users=naming("acme_hidden"))
    provider.fail("read", ForbiddenError("hidden", status=403))
    assert seen_by(provider).missing == frozenset()


def test_a_channel_is_named_in_vain_if_it_is_missing_disabled_or_a_group() -> None:
    objects = [live("SlackChannel", "acme_on"), live("SlackChannel", "acme_off", enabled=False)]
    objects.append(live("EmailGroup", "acme_team"))
    _, matching = plan_of([], objects)
    seen = SeenUsers(naming("acme_on", "acme_off", "acme_team", "acme_onn", "acme_hidden"), frozenset({"acme_onn"}))
    found = {item.id: (item.why, item.hint) for item in dangling(seen, matching)}
    assert found == {
        "acme_off": ("it is disabled", ""),
        "acme_team": ("it is of kind EmailGroup, through which nothing is sent", ""),
        "acme_onn": ("there is no such channel", "did you mean acme_on?"),
    }
