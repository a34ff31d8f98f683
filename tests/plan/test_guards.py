"""What holds a delete or a replace back, on small and large sets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.model.errors import RefusedError
from reconciler.model.lint import LintLevel, LintLevels
from reconciler.model.resource import LiveObject, Resource, Settings
from reconciler.model.values import SecretReference, SecretText
from reconciler.plan.changes import Plan, TargetPlan
from reconciler.plan.checks import lint_plan
from reconciler.plan.guards import GuardOptions, check_messages, hold_back
from reconciler.plan.make import MakeOptions
from reconciler.plan.marks import Ownership
from tests.plan.builders import OWNERSHIP, live, live_of, plan_of, resource, slack
from tests.providers.memory import MemoryAbilities

PRUNE = MakeOptions(prune=True)


def held(
    resources: list[Resource],
    objects: list[LiveObject],
    options: GuardOptions = GuardOptions(),
    plan: MakeOptions = PRUNE,
) -> dict[str, str]:
    made, matching = plan_of(resources, objects, options=plan)
    return {change.name: change.held for change in hold_back(made, matching, options).changes}


def gone(count: int) -> list[LiveObject]:
    return [live("SlackChannel", f"acme_gone{number}", f"[acme/gone{number}]") for number in range(count)]


def kept(count: int) -> list[Resource]:
    return [slack(f"kept{number}") for number in range(count)]


@pytest.mark.parametrize(
    ("owned", "deletes", "stopped"),
    [
        (1, 1, False),
        (3, 3, False),
        (9, 5, False),
        (9, 6, True),
        (10, 3, False),
        (10, 4, True),
        (30, 5, False),
        (30, 6, True),
        (300, 5, False),
        (300, 6, True),
    ],
)
def test_deletes_are_bounded_by_number_and_from_ten_owned_by_share(owned: int, deletes: int, stopped: bool) -> None:
    resources = kept(owned - deletes)
    reasons = held(resources, [live_of(item) for item in resources] + gone(deletes))
    assert len(reasons) == deletes
    assert {bool(reason) for reason in reasons.values()} == {stopped}


def test_the_flag_says_how_many_are_fine() -> None:
    assert not any(held([], gone(12), GuardOptions(max_deletes_flag=12)).values())
    plan, matching = plan_of([], gone(12), options=PRUNE)
    stopped = hold_back(plan, matching, GuardOptions(max_deletes_flag=11))
    assert {change.held for change in stopped.changes} == {"more than --max-deletes 11"}
    assert stopped.notes == (
        "12 of 12 owned objects would be deleted, more than --max-deletes 11: pass --max-deletes 12",
    ), "the sentence stands once, not at every change"


def test_a_percentage_holds_where_the_number_would_not() -> None:
    resources = kept(8)
    objects = [live_of(item) for item in resources] + gone(4)
    assert all(
        "max_delete_percent" in reason for reason in held(resources, objects, GuardOptions(max_deletes=50)).values()
    )


def test_what_is_protected_is_held_though_its_manifest_is_gone() -> None:
    guarded = live("SlackChannel", "acme_gone", "[acme/gone protected]")
    assert "protected" in held([], [guarded], GuardOptions(max_deletes_flag=100))["gone"]


def test_a_protected_manifest_is_not_replaced_even_when_replaces_are_allowed() -> None:
    other = live("ChimeChannel", "acme_oncall", "[acme/oncall]")
    guarded = slack(settings=Settings(protected=True))
    assert "protected" in held([guarded], [other], GuardOptions(allow_replace=True))["oncall"]


def test_a_replace_needs_its_flag_and_counts_as_a_delete() -> None:
    other = live("ChimeChannel", "acme_oncall", "[acme/oncall]")
    assert "--allow-replace" in held([slack()], [other])["oncall"]
    assert held([slack()], [other], GuardOptions(allow_replace=True)) == {"oncall": ""}
    assert held([slack()], [other], GuardOptions(allow_replace=True, max_deletes=0))["oncall"]


def mail(name: str = "mail", sender: str = "smtp") -> Resource:
    return resource("EmailChannel", name, sender=sender, recipients=frozenset({"a@example.org"}))


SMTP = resource("SmtpAccount", "smtp", host="h", from_address="ops@example.org")


def test_an_account_still_in_use_by_anybody_is_held() -> None:
    unmanaged = live("EmailChannel", "by-hand", sender="acme_smtp")
    reasons = held([], [live_of(SMTP), unmanaged])
    assert "by-hand" in reasons["smtp"]
    assert "--allow-in-use smtp" in reasons["smtp"]
    assert held([], [live_of(SMTP), unmanaged], GuardOptions(allow_in_use=frozenset({"smtp"}))) == {"smtp": ""}


def test_an_account_goes_together_with_its_only_user() -> None:
    assert held([], [live_of(SMTP), live_of(mail(), sender="acme_smtp")]) == {"mail": "", "smtp": ""}


def test_an_account_stays_when_the_delete_of_its_user_is_held() -> None:
    user = live_of(mail(), description="[acme/mail protected]", sender="acme_smtp")
    reasons = held([], [live_of(SMTP), user])
    assert reasons["mail"]
    assert "in use by mail" in reasons["smtp"]


def test_an_account_that_the_same_plan_takes_out_of_use_may_go() -> None:
    other = resource("SmtpAccount", "other", host="o", from_address="ops@example.org")
    moved = mail(sender="other")
    objects = [live_of(SMTP), live_of(other), live_of(mail(), sender="acme_smtp")]
    assert held([moved, other], objects) == {"mail": "", "smtp": ""}


def test_what_is_held_sends_no_message_and_is_not_counted() -> None:
    other = live("ChimeChannel", "acme_oncall", "[acme/oncall]")
    plan, matching = plan_of([slack()], [other])
    stopped = hold_back(plan, matching, GuardOptions())
    assert plan.messages
    assert stopped.messages == ()
    assert (stopped.counts.add, stopped.counts.destroy, stopped.counts.held) == (0, 0, 1)


def test_too_many_recipients_are_refused_before_the_first_message() -> None:
    plan, _ = plan_of(
        [replace(mail(), fields={**mail().fields, "recipients": frozenset(map(str, range(51)))}), SMTP], []
    )
    whole = Plan("p", "acme", (plan, TargetPlan("other", "opensearch")))
    check_messages(whole, 51)
    with pytest.raises(RefusedError, match="--max-messages 51"):
        check_messages(whole, 50)


def by_hand() -> LiveObject:
    return live("SlackChannel", "by-hand", display_name="oncall")


@pytest.mark.parametrize("ownership", [OWNERSHIP, Ownership("acme")], ids=["ids of ours", "ids of theirs"])
def test_a_create_that_finds_its_like_unmanaged_is_held_until_somebody_consents(ownership: Ownership) -> None:
    def reason(wanted: Resource, options: GuardOptions = GuardOptions()) -> str:
        plan, matching = plan_of([wanted], [by_hand()], ownership)
        return hold_back(plan, matching, options).changes[0].held

    assert reason(slack()) == (
        "an unmanaged object looks like this one (by-hand): adopt it (spec.id or --adopt), give a display name of its "
        "own, or allow: [duplicate]"
    )
    assert reason(slack(settings=Settings(allow=frozenset({"duplicate"})))) == ""
    assert reason(slack(), GuardOptions(allow_duplicate=frozenset({"oncall"}))) == ""
    assert reason(slack(), GuardOptions(allow_duplicate=frozenset({"other"})))
    assert reason(slack(settings=Settings(allow=frozenset({"replace"}))))
    assert reason(slack(display_name="Else")) == ""


def renamed(options: GuardOptions = GuardOptions(), plan: MakeOptions = PRUNE, **settings: Any) -> dict[str, str]:
    return held([slack("new", settings=Settings(**settings))], [live_of(slack("old"))], options, plan)


def test_a_probable_rename_holds_both_sides_until_somebody_says_what_it_is() -> None:
    reasons = renamed()
    assert set(reasons) == {"new", "old"}
    assert all("spec.renamed_from" in reason for reason in reasons.values())
    assert renamed(plan=MakeOptions())["new"], "the create is held though nothing would be pruned"
    assert renamed(allow=frozenset({"duplicate"})) == {"new": "", "old": ""}
    assert renamed(GuardOptions(allow_duplicate=frozenset({"new@acme_new"}))) == {"new": "", "old": ""}
    assert renamed(renamed_from=("old",)) == {"new": ""}


def test_those_that_share_one_address_and_name_have_their_ids() -> None:
    twice = [live_of(slack("old")), replace(live_of(slack("old")), id="copy")]
    reasons = held([slack("new"), slack("next")], twice)
    assert reasons["new"] == (
        "it sends to the same place as old@acme_old and old@copy, which no manifest names: write spec.renamed_from if "
        "it was renamed, or allow: [duplicate] if it was not"
    )
    assert reasons["old"].startswith("it sends to the same place as new and next, which may be its new name: ")


def test_one_of_several_that_may_be_renamed_is_allowed_by_itself() -> None:
    wanted = [slack("one", settings=Settings(allow=frozenset({"duplicate"}))), slack("two")]
    reasons = held(wanted, [live_of(slack("old"))])
    assert reasons["one"] == ""
    assert "two" in reasons["old"]
    assert "old" in reasons["two"]


ALIKE = live("SlackChannel", "by-hand", display_name="oncall")
ELSEWHERE = SecretText("https://hooks.slack.com/services/T0AAAAAA2/B0BBBBBB2/lkjihgfedcba")


@pytest.mark.parametrize("ownership", [OWNERSHIP, Ownership("acme")], ids=["ids of ours", "ids of theirs"])
@pytest.mark.parametrize("kind", ["SlackChannel", "ChimeChannel", "WebhookChannel"])
def test_what_may_be_the_former_name_of_a_held_create_is_held_with_it(ownership: Ownership, kind: str) -> None:
    """With a new address, or a new kind, the two cannot be seen to be one; without the old one nothing is left."""
    address = "url" if kind == "WebhookChannel" else "webhook_url"
    old = live(kind, "acme_old", "[acme/old]", **{address: ELSEWHERE})

    def reasons(
        objects: list[LiveObject], options: GuardOptions = GuardOptions(), plan: MakeOptions = PRUNE, **settings: Any
    ) -> dict[str, str]:
        made, matching = plan_of([slack(settings=Settings(**settings))], objects, ownership, plan)
        return {change.name: change.held for change in hold_back(made, matching, options).changes}

    assert reasons([old, ALIKE])["old"] == (
        'SlackChannel "oncall" is held, and may be its new name: settle that first, or write spec.renamed_from there '
        "if it is"
    )
    assert reasons([old, ALIKE], allow=frozenset({"duplicate"})) == {"oncall": "", "old": ""}
    assert reasons([old, ALIKE], GuardOptions(allow_duplicate=frozenset({"oncall"}))) == {"oncall": "", "old": ""}
    assert reasons([old]) == {"oncall": "", "old": ""}
    named = MakeOptions(prune=True, named=frozenset({"old"}))
    assert reasons([old, ALIKE], plan=named)["old"] == "", "who names a delete knows"


def test_a_held_create_holds_nothing_that_it_cannot_have_been() -> None:
    group = live("EmailGroup", "acme_team", "[acme/team]", recipients=frozenset({"a@example.org"}))
    assert held([slack()], [ALIKE, group])["team"] == "", "a channel was no group"
    pair = [live_of(slack("old")), live("SlackChannel", "acme_else", "[acme/else]", webhook_url=ELSEWHERE)]
    reasons = held([slack("new")], pair)
    assert reasons["old"]
    assert reasons["else"] == "", "the address says whose new name it is"


def test_what_needs_a_held_create_holds_its_own_former_name() -> None:
    like = live("SmtpAccount", "by-hand", display_name="smtp")
    old = live("EmailChannel", "acme_post", "[acme/post]", sender="theirs", recipients=frozenset({"b@example.org"}))
    reasons = held([SMTP, mail()], [like, old])
    assert reasons["mail"] == "needs smtp, which is held"
    assert 'EmailChannel "mail" is held' in reasons["post"]


def test_nothing_that_nobody_named_is_deleted_while_a_manifest_is_in_error() -> None:
    broken = slack("broken", webhook_url=SecretReference("live", ""))
    assert "broken" in held([broken], gone(1))["gone0"]
    named = MakeOptions(prune=True, named=frozenset({"gone0"}))
    assert held([broken], gone(1), plan=named) == {"gone0": ""}
    assert held([], gone(1)) == {"gone0": ""}


def test_named_deletes_pass_those_holds_and_never_the_guards() -> None:
    broken = slack("broken", webhook_url=SecretReference("live", ""))
    guarded = live("SlackChannel", "acme_gone", "[acme/gone protected]")
    named = MakeOptions(prune=True, named=frozenset({"gone"}))
    assert "protected" in held([broken], [guarded], plan=named)["gone"]


def test_what_needs_a_held_change_is_held_with_it() -> None:
    other = live("SesAccount", "acme_smtp", "[acme/smtp]")
    reasons = held([SMTP, mail()], [other])
    assert "--allow-replace" in reasons["smtp"]
    assert reasons["mail"] == "needs smtp, which is held"


def test_consent_to_a_replace_may_stand_in_the_manifest_and_is_noted_once_it_has_no_effect() -> None:
    allowed = slack(settings=Settings(allow=frozenset({"replace"})))
    assert held([allowed], [live("ChimeChannel", "acme_oncall", "[acme/oncall]")]) == {"oncall": ""}
    words = "spec.allow: [replace] has no effect on this target; remove it, or give it under overrides where"
    note = f'SlackChannel "oncall": {words} it is needed (idle-consent)'
    assert linted([allowed], [live_of(allowed)]).notes == (note,)
    both = slack(settings=Settings(allow=frozenset({"replace", "duplicate"})))
    assert linted([both], [by_hand()]).notes == (note,)
    assert linted([allowed], [live_of(allowed)], LintLevels({"idle-consent": LintLevel.OFF})).notes == ()
    silenced = LintLevels(silenced=frozenset({("oncall", "idle-consent")}))
    assert linted([allowed], [live_of(allowed)], silenced).notes == ()
    refused = linted([allowed], [live_of(allowed)], LintLevels({"idle-consent": LintLevel.ERROR}))
    assert [refusal.name for refusal in refused.refusals] == ["oncall"]


def linted(wanted: list[Resource], objects: list[LiveObject], levels: LintLevels = LintLevels()) -> TargetPlan:
    """A plan with what lint rules have to say of it."""
    return lint_plan(*plan_of(wanted, objects), MemoryAbilities(), {}, levels)


def test_a_mark_of_another_version_holds_changes_and_deletes_alike() -> None:
    odd = [
        live("SlackChannel", f"acme_{name}", f"[acme/{name} muted]", display_name="x") for name in ("oncall", "gone")
    ]
    reasons = held([slack()], odd)
    assert all("made by another version" in reason for reason in reasons.values())
    assert set(reasons) == {"oncall", "gone"}


def test_protected_is_obeyed_on_what_interrupted_runs_left() -> None:
    left = [
        live("SlackChannel", "c-1", "[acme/oncall canary protected]"),
        live("SlackChannel", "c-2", "[acme/oncall canary]"),
    ]
    plan, matching = plan_of([], left, options=MakeOptions(destroy=True))
    stopped = {change.id: change.held for change in hold_back(plan, matching, GuardOptions()).changes}
    assert "protected" in stopped["c-1"]
    assert stopped["c-2"] == ""
    assert plan.leftovers == ()


def test_a_selector_picks_one_of_two_that_share_a_name() -> None:
    both = [live("EmailGroup", object_id, "[acme/team]") for object_id in ("g-1", "g-2")]
    users = [live("EmailChannel", f"by-hand-{item.id}", groups=frozenset({item.id})) for item in both]
    plan, matching = plan_of([], [*both, *users], options=PRUNE)
    allowed = GuardOptions(allow_in_use=frozenset({"team@g-2"}))
    assert {change.id: bool(change.held) for change in hold_back(plan, matching, allowed).changes} == {
        "g-1": True,
        "g-2": False,
    }
    only, _ = plan_of([], both, options=MakeOptions(destroy=True, only=frozenset({"team@g-2"})))
    assert [change.id for change in only.changes] == ["g-2"]
