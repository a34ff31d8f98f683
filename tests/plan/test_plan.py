"""What changes, why, in which order, and who gets a message."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.resource import LiveObject, OnFailure, Resource, Settings, TestPolicy, When
from reconciler.model.values import SecretReference, SecretText, Value
from reconciler.plan.changes import Action, Reason, TargetPlan
from reconciler.plan.make import MakeOptions
from tests.plan.builders import MASKER, OWNERSHIP, SECRETS, SLACK, SLACK_URL, live, live_of, plan_of, resource, slack

PRUNE = MakeOptions(prune=True)


def actions(plan: TargetPlan) -> list[tuple[str, str]]:
    return [(change.action.value, change.name) for change in plan.changes]


def test_nothing_differs_then_nothing_is_planned() -> None:
    plan, _ = plan_of([slack()], [live_of(slack())])
    assert plan.is_empty
    assert plan.unchanged == 1


def test_a_new_resource_is_created_under_its_key_with_all_its_fields() -> None:
    plan, _ = plan_of([slack(description="d")], [])
    change = plan.changes[0]
    assert (change.action, change.id, change.reasons) == (Action.CREATE, "acme_oncall", (Reason.CREATED,))
    assert [field.path for field in change.fields] == [("display_name",), ("description",), ("webhook_url",)]


def test_a_changed_secret_shows_its_host_and_that_it_differs_but_not_its_value() -> None:
    plan, _ = plan_of(
        [slack()], [live_of(slack(), webhook_url=SecretText("https://hooks.slack.com/services/x/y/zzzz"))]
    )
    change = plan.changes[0]
    assert change.reasons == (Reason.SECRET_DIFFERS,)
    assert SLACK_URL.reveal()[-8:] not in repr(plan)
    assert "zzzz" not in repr(plan)
    assert "hooks.slack.com" in repr(change.fields)


def test_a_secret_that_is_not_known_is_resolved_at_apply_and_no_changes_is_not_said() -> None:
    plan, _ = plan_of([slack()], [live_of(slack())], secrets={})
    assert plan.changes == ()
    assert not plan.is_empty
    assert [(item.name, item.path, item.reference) for item in plan.unresolved] == [
        ("oncall", ("webhook_url",), "env:SLACK_URL")
    ]


def test_a_field_the_server_hides_is_write_only_and_does_not_hinder_no_changes() -> None:
    hidden = live_of(slack(), webhook_url=None)
    plan, _ = plan_of([slack()], [hidden])
    assert plan.is_empty
    assert [item.path for item in plan.write_only] == [("webhook_url",)]
    again, _ = plan_of([slack()], [hidden], options=MakeOptions(rewrite_secrets=True))
    assert again.changes[0].affects_delivery


def test_keep_live_is_never_a_difference() -> None:
    kept = slack(webhook_url=SecretReference("live"))
    plan, _ = plan_of([kept], [live_of(slack())])
    assert plan.is_empty


def test_keep_live_of_nothing_is_refused() -> None:
    plan, _ = plan_of([slack(webhook_url=SecretReference("live"))], [])
    assert plan.changes == ()
    assert "live" in plan.refusals[0].message


def test_what_was_disabled_by_hand_is_left_so_and_is_no_empty_plan() -> None:
    plan, _ = plan_of([slack()], [live_of(slack(), enabled=False)])
    assert (plan.changes, plan.messages, plan.left_disabled) == ((), (), ("oncall",))
    assert not plan.is_empty


def test_what_was_disabled_by_hand_is_enabled_if_that_is_asked_for() -> None:
    asking = replace(OWNERSHIP, enable=frozenset({"oncall"}))
    plan, _ = plan_of([slack()], [live_of(slack(), enabled=False)], asking)
    assert plan.changes[0].reasons == (Reason.DISABLED_BY_HAND, Reason.FIELDS_DIFFER)
    assert plan.changes[0].affects_delivery
    assert plan.left_disabled == ()


def test_what_we_disabled_is_enabled_without_asking() -> None:
    plan, _ = plan_of([slack()], [live_of(slack(), "[acme/oncall disabled]", enabled=False)])
    assert plan.changes[0].reasons == (Reason.FIELDS_DIFFER,)
    assert [message.name for message in plan.messages] == ["oncall"]


def test_where_the_mark_was_lost_nobody_knows_who_disabled_it() -> None:
    plan, _ = plan_of([slack()], [live_of(slack(), "", enabled=False)])
    assert plan.changes[0].reasons == (Reason.MARK_LOST,)
    assert plan.left_disabled == ("oncall",)


def test_a_replace_of_what_was_disabled_by_hand_pages_nobody() -> None:
    old = live("ChimeChannel", "acme_oncall", "[acme/oncall]", webhook_url=SLACK_URL, enabled=False)
    plan, _ = plan_of([slack()], [old])
    assert plan.changes[0].action is Action.REPLACE
    assert (plan.messages, plan.left_disabled) == ((), ("oncall",))


def test_a_field_that_the_provider_does_not_have_is_not_compared() -> None:
    item = live_of(slack())
    without = replace(item, fields={name: value for name, value in item.fields.items() if name != "enabled"})
    assert plan_of([slack()], [without])[0].is_empty


def test_ignored_fields_are_listed_and_left() -> None:
    plan, _ = plan_of(
        [slack(settings=Settings(ignore=frozenset({"display_name"})))], [live_of(slack(), display_name="x")]
    )
    assert plan.is_empty
    assert plan.ignored == (("oncall", "display_name"),)


def test_a_changed_kind_is_a_replace() -> None:
    plan, _ = plan_of([slack()], [live("ChimeChannel", "acme_oncall", "[acme/oncall]", webhook_url=SLACK_URL)])
    assert plan.changes[0].action is Action.REPLACE
    assert plan.changes[0].reasons == (Reason.KIND_CHANGED,)
    assert (plan.counts.add, plan.counts.destroy) == (1, 1)


def test_an_object_of_a_type_we_do_not_know_is_refused_and_never_replaced() -> None:
    plan, _ = plan_of([slack(), slack("b")], [live(None, "acme_oncall", "[acme/oncall]")])
    assert actions(plan) == [("create", "b")]
    assert [refusal.name for refusal in plan.refusals] == ["oncall"]


def test_a_lost_mark_an_unverified_one_and_a_rename_are_changes_without_fields() -> None:
    lost, _ = plan_of([slack()], [live_of(slack(), description="")])
    assert lost.changes[0].reasons == (Reason.MARK_LOST,)
    unverified, _ = plan_of([slack()], [live_of(slack(), description="[acme/oncall unverified]")])
    assert unverified.changes[0].reasons == (Reason.UNVERIFIED,)
    assert [message.name for message in unverified.messages] == ["oncall"]
    renamed = slack("new", settings=Settings(renamed_from=("oncall",)), display_name="oncall")
    rename, _ = plan_of([renamed], [live_of(slack())])
    assert rename.changes[0].reasons == (Reason.RENAMED,)
    assert rename.messages == ()


def test_protection_is_kept_in_the_mark() -> None:
    plan, _ = plan_of([slack(settings=Settings(protected=True))], [live_of(slack())])
    assert [(field.path, field.after) for field in plan.changes[0].fields] == [(("protected",), True)]
    assert plan.messages == ()


def test_candidates_are_listed_and_deleted_only_when_asked() -> None:
    gone = live("SlackChannel", "acme_gone", "[acme/gone]")
    plan, _ = plan_of([slack()], [live_of(slack()), gone])
    assert plan.is_empty
    assert [item.name for item in plan.candidates] == ["gone"]
    pruned, _ = plan_of([slack()], [live_of(slack()), gone], options=PRUNE)
    assert actions(pruned) == [("delete", "gone")]
    assert pruned.candidates == ()


def mail_project() -> list[Resource]:
    return [
        resource(
            "EmailChannel", "mail", sender="smtp", recipients=frozenset({"a@example.org"}), groups=frozenset({"team"})
        ),
        resource("SmtpAccount", "smtp", host="h", from_address="ops@example.org"),
        resource("EmailGroup", "team", recipients=frozenset({"b@example.org", "c@example.org"})),
    ]


def test_accounts_and_groups_come_before_the_mail_channels_that_need_them() -> None:
    plan, _ = plan_of(mail_project(), [])
    assert actions(plan) == [("create", "smtp"), ("create", "team"), ("create", "mail")]
    assert [key.name for key in plan.changes[2].needs] == ["team", "smtp"]
    assert [(message.name, message.count) for message in plan.messages] == [("mail", 3)]


def test_references_are_compared_by_name() -> None:
    mail, smtp, team = mail_project()
    objects = [
        live_of(mail, sender="acme_smtp", groups=frozenset({"acme_team"})),
        live_of(smtp),
        live_of(team),
    ]
    plan, _ = plan_of([mail, smtp, team], objects)
    assert plan.is_empty
    moved = [live_of(mail, sender="by-hand", groups=frozenset({"acme_team"})), live_of(smtp), live_of(team)]
    plan, _ = plan_of([mail, smtp, team], moved)
    assert [(field.before, field.after) for field in plan.changes[0].fields] == [("id:by-hand", "smtp")]


def test_deletes_go_up_the_dependency_order_and_wait_for_who_uses_them() -> None:
    mail, smtp, team = mail_project()
    objects = [live_of(mail, sender="acme_smtp", groups=frozenset({"acme_team"})), live_of(smtp), live_of(team)]
    plan, _ = plan_of([], objects, options=PRUNE)
    assert actions(plan) == [("delete", "mail"), ("delete", "smtp"), ("delete", "team")]
    assert [[key.name for key in change.needs] for change in plan.changes] == [[], ["mail"], ["mail"]]


def test_a_changed_group_mails_only_whom_it_gained_through_a_channel_that_uses_it() -> None:
    mail, smtp, team = mail_project()
    before = live_of(team, recipients=frozenset({"b@example.org"}))
    objects = [live_of(mail, sender="acme_smtp", groups=frozenset({"acme_team"})), live_of(smtp), before]
    plan, _ = plan_of([mail, smtp, team], objects)
    assert [(m.name, m.channel, m.recipients) for m in plan.messages] == [("team", "mail", ("c@example.org",))]


def test_a_changed_account_mails_one_person_the_manifests_choice_first() -> None:
    mail, smtp, team = mail_project()
    objects = [
        live_of(mail, sender="acme_smtp", groups=frozenset({"acme_team"})),
        live_of(smtp, host="old"),
        live_of(team),
    ]
    plan, _ = plan_of([mail, smtp, team], objects)
    assert [m.recipients for m in plan.messages] == [("a@example.org",)]
    chosen = replace(smtp, settings=Settings(test=TestPolicy(recipients=frozenset({"ops@example.org"}))))
    plan, _ = plan_of([mail, chosen, team], objects)
    assert [m.recipients for m in plan.messages] == [("ops@example.org",)]


def test_no_message_for_names_muted_channels_or_when_never() -> None:
    assert plan_of([slack(display_name="b")], [live_of(slack())])[0].messages == ()
    assert plan_of([slack(enabled=False)], [])[0].messages == ()
    never = slack(settings=Settings(test=TestPolicy(when=When.NEVER)))
    assert plan_of([never], [])[0].messages == ()
    assert plan_of([slack()], [], options=MakeOptions(when=When.NEVER))[0].messages == ()


def test_always_tests_a_channel_that_does_not_change() -> None:
    always = slack(settings=Settings(test=TestPolicy(when=When.ALWAYS, on_failure=OnFailure.KEEP)))
    plan, _ = plan_of([always], [live_of(always)])
    assert plan.is_empty
    assert [message.name for message in plan.messages] == ["oncall"]


def test_what_sends_to_one_address_is_a_probable_rename_of_whatever_else_differs() -> None:
    plan, _ = plan_of([slack("new", description="other words")], [live_of(slack("old"))])
    (rename,) = plan.renames
    assert ([key.name for key in rename.created], [key.name for key in rename.candidates]) == (["new"], ["old"])
    assert plan.hints == ()


@pytest.mark.parametrize(
    "other",
    [
        live_of(slack("old"), webhook_url=SecretText("https://hooks.slack.com/services/T/B/z")),
        replace(live_of(slack("old")), kind="ChimeChannel"),
    ],
)
def test_another_address_or_kind_is_no_rename(other: LiveObject) -> None:
    plan, _ = plan_of([slack("new")], [other])
    assert (plan.renames, plan.hints) == ((), ())


@pytest.mark.parametrize(("secrets", "url"), [({}, SLACK_URL), (SECRETS, None)], ids=["not resolved", "not given back"])
def test_where_addresses_cannot_be_compared_one_display_name_gives_a_hint(
    secrets: dict[SecretReference, SecretText], url: Value
) -> None:
    old = live_of(slack("old"), display_name="On-call", webhook_url=url)
    plan, _ = plan_of([slack("new", display_name="On-call")], [old], secrets=secrets)
    assert plan.renames == ()
    assert "spec.renamed_from: old" in plan.hints[0]
    plan, _ = plan_of([slack("new", display_name="Else")], [old], secrets=secrets)
    assert plan.hints == ()


def test_what_would_keep_a_value_that_is_not_there_gets_the_hint_too() -> None:
    keeps = slack("new", display_name="On-call", webhook_url=SecretReference("live", ""))
    plan, _ = plan_of([keeps], [live_of(slack("old"), display_name="On-call")])
    assert "spec.renamed_from: old" in plan.hints[0]
    assert [refusal.name for refusal in plan.refusals] == ["new"]


def test_only_the_chosen_names_are_planned_and_references_outside_are_looked_up_live() -> None:
    mail, smtp, team = mail_project()
    options = MakeOptions(names=frozenset({"mail"}))
    plan, _ = plan_of([mail, smtp, team], [live_of(smtp), live_of(team)], options=options)
    assert actions(plan) == [("create", "mail")]
    assert plan.changes[0].needs == ()


def test_a_run_over_some_files_lists_no_candidates() -> None:
    gone = live("SlackChannel", "acme_gone", "[acme/gone]")
    plan, _ = plan_of([slack()], [live_of(slack()), gone], options=MakeOptions(partial=True))
    assert plan.candidates == ()


@given(st.permutations(range(5)), st.permutations(range(5)))
def test_the_order_of_manifests_and_of_the_live_list_is_irrelevant(ours: list[int], theirs: list[int]) -> None:
    resources = [slack(f"s{number}", description="new" if number % 2 else "") for number in range(5)]
    objects = [live_of(slack(f"s{number}")) for number in range(3)] + [
        live("SlackChannel", f"acme_gone{number}", f"[acme/gone{number}]") for number in range(2)
    ]
    expected, _ = plan_of(resources, objects)
    shuffled, _ = plan_of([resources[i] for i in ours], [objects[i] for i in theirs])
    assert set(shuffled.candidates) == set(expected.candidates)
    assert replace(shuffled, candidates=()) == replace(expected, candidates=())


def test_one_reference_is_shown_by_name() -> None:
    assert str(SLACK) == "env:SLACK_URL"
    assert str(SecretReference("vault", "kv/slack", "url", "Bearer {}")) == "Bearer {vault:kv/slack#url}"
    assert MASKER.show(SLACK) == {"secret": "•••", "reference": "env:SLACK_URL"}
    assert OWNERSHIP.key_of("x") == "acme_x"


def test_what_is_adopted_is_counted_and_is_a_change_too_only_where_a_field_differs() -> None:
    same = slack("same", Settings(id="acme_same"))
    other = slack("other", Settings(id="acme_other"), description="ours")
    unmanaged = [live_of(same, ""), live_of(other, "theirs"), live_of(slack("owned"))]
    plan, _ = plan_of([same, other, slack("owned", description="new")], unmanaged)
    assert [change.name for change in plan.changes if change.adopts] == ["other", "same"]
    assert plan.counts.actions == "0 to add, 2 to change, 0 to destroy, 2 to adopt"


def test_nothing_is_said_of_adoption_where_nothing_is_adopted() -> None:
    plan, _ = plan_of([slack()], [])
    assert plan.counts.actions == "1 to add, 0 to change, 0 to destroy"
