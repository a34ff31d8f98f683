"""What a delivery establishes, by what is expected and by what the server could say: yes, no, or unknown and why."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

import reconciler
from reconciler.apply.results import TestResult, exit_of_tests
from reconciler.apply.testing import run_test
from reconciler.model.errors import Exit, ForbiddenError, TargetError, UnreachableError
from reconciler.model.evidence import (
    Delivery,
    Evidence,
    No,
    Outcome,
    RecipientDelivery,
    Tested,
    Unknown,
    Yes,
    expectation,
    judge,
    may_stand,
    tally,
    unknown,
)
from reconciler.model.gaps import GAPS, UnknownReason
from reconciler.model.resource import Expect, TestPolicy
from reconciler.providers.opensearch.abilities import ABILITIES

ACCEPTED, REACHED = Expect.ACCEPTED, Expect.REACHED


def answered(code: int) -> Delivery:
    return Delivery(Outcome.REFUSED, f"the receiver answered {code}", code=code)


@pytest.mark.parametrize("expect", list(Expect))
def test_what_was_accepted_is_evidence_whatever_is_expected(expect: Expect) -> None:
    assert judge(Delivery(Outcome.ACCEPTED, "ok", code=200), expect) == Yes("ok")


@pytest.mark.parametrize("code", [400, 415, 422])
def test_a_receiver_that_refuses_the_text_was_reached_and_did_not_accept(code: int) -> None:
    assert isinstance(judge(answered(code), REACHED), Yes)
    assert isinstance(judge(answered(code), ACCEPTED), No)


@pytest.mark.parametrize("code", [301, 401, 403, 404, 405, 410, 429, 500, 502])
@pytest.mark.parametrize("expect", list(Expect))
def test_a_dead_address_was_not_reached(code: int, expect: Expect) -> None:
    assert isinstance(judge(answered(code), expect), No)


def test_an_answer_that_says_nothing_is_unknown_only_where_the_server_is_known_to_say_nothing() -> None:
    silent = Delivery(Outcome.REFUSED, "an error", reason=UnknownReason.NOT_SAID)
    assert judge(silent, REACHED) == Unknown(UnknownReason.NOT_SAID, "an error")
    assert may_stand(judge(silent, REACHED))
    assert isinstance(judge(silent, ACCEPTED), No)  # an error, whichever it was, is no acceptance
    assert isinstance(judge(answered(0), REACHED), No)


@pytest.mark.parametrize("expect", list(Expect))
def test_what_nobody_knows_or_did_not_arrive_never_counts(expect: Expect) -> None:
    assert isinstance(judge(Delivery(Outcome.FAILED, "no answer"), expect), No)
    for reason in (UnknownReason.TIMED_OUT, UnknownReason.CUT_OFF, UnknownReason.NO_RESULT):
        evidence = judge(Delivery(Outcome.UNKNOWN, reason=reason), expect)
        assert evidence == unknown(reason)
        assert not may_stand(evidence)


def test_one_recipient_of_a_mail_that_failed_is_a_failure() -> None:
    people = (RecipientDelivery("a@example.org", Outcome.ACCEPTED), RecipientDelivery("b@example.org", Outcome.FAILED))
    assert isinstance(judge(Delivery(Outcome.FAILED, "1 of 2 recipients failed", recipients=people), REACHED), No)


def test_what_cannot_be_tested_stands_without_being_verified() -> None:
    evidence = judge(Delivery(Outcome.SKIPPED, "it cannot be tested"), ACCEPTED)
    assert may_stand(evidence)
    assert tally([evidence]).yes == 0


def test_a_webhook_is_to_be_reached_by_default_and_all_others_to_accept() -> None:
    assert expectation("WebhookChannel", TestPolicy(), ABILITIES) is REACHED
    assert expectation("SlackChannel", TestPolicy(), ABILITIES) is ACCEPTED
    assert expectation("WebhookChannel", TestPolicy(expect=ACCEPTED), ABILITIES) is ACCEPTED


def test_a_tally_counts_each_piece_once_and_unknown_ones_by_reason() -> None:
    pieces: list[Evidence] = [Yes("a"), Yes("b"), No("c"), *(unknown(reason) for reason in UnknownReason)]
    counts = tally(pieces)
    assert (counts.yes, counts.no) == (2, 1)
    assert counts.unknown == dict.fromkeys(UnknownReason, 1)


def _scripted(*deliveries: Delivery) -> tuple[list[float], Tested, int]:
    """The waits, the outcome, and how many messages went out."""
    waits: list[float] = []
    left = list(deliveries)

    async def send() -> Delivery:
        return left.pop(0)

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    tested = asyncio.run(run_test(send, ACCEPTED, pause))
    return waits, tested, len(deliveries) - len(left)


STALE = Delivery(Outcome.FAILED, "closed without an answer", again_after=3.0)


def test_a_stale_connection_is_tried_once_more_after_three_seconds_and_said_so() -> None:
    waits, tested, sent = _scripted(STALE, Delivery(Outcome.ACCEPTED, "taken"))
    assert (waits, sent) == ([3.0], 2)
    assert isinstance(tested.evidence, Yes)
    assert "tested twice" in tested.text


def test_twice_without_an_answer_is_a_failure_and_there_is_no_third_time() -> None:
    waits, tested, sent = _scripted(STALE, STALE, Delivery(Outcome.ACCEPTED))
    assert (waits, sent) == ([3.0], 2)
    assert isinstance(tested.evidence, No)


@pytest.mark.parametrize("reason", [UnknownReason.TIMED_OUT, UnknownReason.CUT_OFF, UnknownReason.NO_RESULT])
def test_nothing_else_is_ever_sent_twice(reason: UnknownReason) -> None:
    waits, _, sent = _scripted(Delivery(Outcome.UNKNOWN, reason=reason), Delivery(Outcome.ACCEPTED))
    assert (waits, sent) == ([], 1)


def test_a_second_message_that_could_not_be_sent_leaves_the_first_which_failed() -> None:
    left: list[Delivery | TargetError] = [STALE, UnreachableError("no connection", sent=False)]

    async def send() -> Delivery:
        item = left.pop(0)
        if isinstance(item, TargetError):
            raise item
        return item

    async def pause(_seconds: float) -> None:
        pass

    tested = asyncio.run(run_test(send, ACCEPTED, pause))
    assert isinstance(tested.evidence, No), "as not-sent the operator would send it again and again"
    assert tested.text.startswith("closed without an answer (it was to be tested again")
    assert "no connection" in tested.text
    assert "tested twice" not in tested.text


def test_a_call_that_was_refused_sent_nothing_and_is_no_failed_test() -> None:
    async def send() -> Delivery:
        raise ForbiddenError("no right to test", status=403)

    tested = asyncio.run(run_test(send, ACCEPTED))
    text = "the test could not be sent: no right to test; reconciler doctor --for test says which right is missing"
    assert tested.evidence == Unknown(UnknownReason.NOT_SENT, text)
    assert not tested.stands


def test_only_the_judge_makes_positive_evidence() -> None:
    makers = {
        (path.name, function.name)
        for path in Path(reconciler.__path__[0]).rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for call in _calls_of(function)
        if call == "Yes"
    }
    assert makers == {("evidence.py", "judge"), ("evidence.py", "_judge_refusal")}


def _calls_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    patterns = {id(node.cls) for node in ast.walk(function) if isinstance(node, ast.MatchClass)}
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and id(node.func) not in patterns:
            yield node.func.id


def test_every_way_not_to_know_says_what_to_do() -> None:
    assert set(GAPS) == set(UnknownReason)
    for gap in GAPS.values():
        assert gap.when
        assert gap.says
        assert gap.evidence
        assert gap.exits
        assert not (gap.stands and gap.fails)


@pytest.mark.parametrize(("asked", "code"), [(True, Exit.NOT_LOOKED_AT), (False, Exit.DONE)])
def test_a_channel_that_passed_hides_none_that_was_asked_for_and_not_looked_at(asked: bool, code: Exit) -> None:
    passed = TestResult("search", "SlackChannel", "one", Tested(judge(Delivery(Outcome.ACCEPTED), Expect.ACCEPTED)))
    muted = Tested(unknown(UnknownReason.DISABLED))
    tests = [passed, TestResult("search", "SlackChannel", "two", muted, asked=asked)]
    assert exit_of_tests(tests, failed=False) is code
