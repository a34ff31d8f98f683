"""Which deliveries count as a verdict, by what is expected and by what the server could tell."""

from __future__ import annotations

import pytest

from reconciler.apply.testing import judge
from reconciler.model.evidence import Delivery, Outcome, RecipientDelivery, expectation
from reconciler.model.resource import Expect, TestPolicy
from reconciler.providers.opensearch.abilities import ABILITIES

ACCEPTED, REACHED = Expect.ACCEPTED, Expect.REACHED


def answered(code: int) -> Delivery:
    return Delivery(Outcome.REFUSED, f"the receiver answered {code}", code=code, answered=True)


def test_what_was_accepted_counts_whatever_is_expected() -> None:
    delivery = Delivery(Outcome.ACCEPTED, "ok", code=200, answered=True)
    assert judge(delivery, ACCEPTED).passed
    assert judge(delivery, REACHED).passed


@pytest.mark.parametrize("code", [400, 415, 422])
def test_a_receiver_that_refuses_the_text_was_reached_and_did_not_accept(code: int) -> None:
    assert judge(answered(code), REACHED).passed
    assert not judge(answered(code), ACCEPTED).passed


@pytest.mark.parametrize("code", [301, 401, 403, 404, 405, 410, 429, 500, 502])
def test_a_dead_address_was_not_reached(code: int) -> None:
    assert not judge(answered(code), REACHED).passed


def test_where_the_server_does_not_tell_the_code_any_answer_counts_with_a_warning() -> None:
    verdict = judge(answered(0), REACHED)
    assert verdict.passed
    assert "any answer counts" in verdict.warning
    assert not judge(answered(0), ACCEPTED).passed


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.FAILED])
@pytest.mark.parametrize("expect", list(Expect))
def test_what_nobody_knows_or_did_not_arrive_never_counts(outcome: Outcome, expect: Expect) -> None:
    verdict = judge(Delivery(outcome, "no answer"), expect)
    assert not verdict.passed
    assert not verdict.stands


def test_one_recipient_of_a_mail_that_failed_is_a_failure() -> None:
    people = (RecipientDelivery("a@example.org", Outcome.ACCEPTED), RecipientDelivery("b@example.org", Outcome.FAILED))
    assert not judge(Delivery(Outcome.FAILED, "1 of 2 recipients failed", recipients=people), REACHED).passed


def test_what_cannot_be_tested_stands_without_being_verified() -> None:
    verdict = judge(Delivery(Outcome.SKIPPED, "it cannot be tested"), ACCEPTED)
    assert verdict.stands
    assert not verdict.passed


def test_a_webhook_is_to_be_reached_by_default_and_all_others_to_accept() -> None:
    assert expectation("WebhookChannel", TestPolicy(), ABILITIES) is REACHED
    assert expectation("SlackChannel", TestPolicy(), ABILITIES) is ACCEPTED
    assert expectation("WebhookChannel", TestPolicy(expect=ACCEPTED), ABILITIES) is ACCEPTED
