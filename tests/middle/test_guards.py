"""What holds a delete or a replace back, on small and large sets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.errors import RefusedError
from reconciler.model.resource import LiveObject, Resource, Settings
from reconciler.plan.changes import Plan, TargetPlan
from reconciler.plan.guards import GuardOptions, check_messages, hold_back
from reconciler.plan.make import MakeOptions
from tests.middle.builders import live, live_of, plan_of, resource, slack

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
    assert all(
        "--max-deletes 11" in reason for reason in held([], gone(12), GuardOptions(max_deletes_flag=11)).values()
    )


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
    foreign = live("EmailChannel", "by-hand", sender="acme_smtp")
    reasons = held([], [live_of(SMTP), foreign])
    assert "by-hand" in reasons["smtp"]
    assert "--allow-in-use smtp" in reasons["smtp"]
    assert held([], [live_of(SMTP), foreign], GuardOptions(allow_in_use=frozenset({"smtp"}))) == {"smtp": ""}


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
