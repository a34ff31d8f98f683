"""Answers to a test send, recorded ones first: did it arrive, and if not, why, without a word of the receiver's own."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from reconciler.model.errors import ForbiddenError, NotFoundError
from reconciler.model.evidence import Delivery, No, Outcome, Unknown, Yes, judge
from reconciler.model.gaps import GAPS, UnknownReason
from reconciler.model.resource import Expect
from tests.providers.support import Script, as_response, failure, recorded, talk


def send(answer: httpx.Response, version: str = "3.6.0") -> Delivery:
    """The delivery that this answer to a test is judged to be."""
    return talk(Script([answer]), lambda provider: provider.send_test("a_hook"), version=version)


def replay(label: str, version: str = "3.6.0") -> Delivery:
    """The delivery that a recorded answer is judged to be."""
    return send(as_response(recorded(version, label)), version)


def failed_with(text: str, code: int = 500, kind: str = "webhook", status: int = 500, **entry: Any) -> httpx.Response:
    """A failed test, worded as the plugin does: a JSON document inside the reason."""
    inner = {"config_id": "a_hook", "config_type": kind, "config_name": "w", "email_recipient_status": []}
    inner |= {"delivery_status": {"status_code": str(code), "status_text": text}} | entry
    return failure(status, json.dumps({"event_status_list": [inner]}))


def mail(*recipients: tuple[str, int], code: int, status: int) -> httpx.Response:
    """A failed test of an email channel."""
    each = [
        {"recipient": name, "delivery_status": {"status_code": str(number), "status_text": "SECRET of the server"}}
        for name, number in recipients
    ]
    return failed_with("Errors", code, "email", status, email_recipient_status=each)


@pytest.mark.parametrize(
    "label",
    [
        "test webhook",
        "test mattermost",
        "test webhook answering 201",
        "test webhook answering 204",
        "test webhook answering 200 with empty body",
        "test email through loopback smtp",
    ],
)
def test_a_recorded_success_is_accepted(label: str) -> None:
    delivery = replay(label)
    assert (delivery.outcome, delivery.code) == (Outcome.ACCEPTED, 200)


@pytest.mark.parametrize("code", [302, 400, 403, 404, 410, 429, 500, 503])
@pytest.mark.parametrize("believed", ["3.6.0", "2.19.5", "7.10.2"])
def test_a_known_phrase_is_the_receivers_answer_whatever_version_is_believed(code: int, believed: str) -> None:
    delivery = send(as_response(recorded("3.6.0", f"test webhook answering {code}")), believed)
    assert (delivery.outcome, delivery.code) == (Outcome.REFUSED, code)
    assert str(code) in delivery.text
    assert isinstance(judge(delivery, Expect.REACHED), Yes if code == 400 else No)
    assert isinstance(judge(delivery, Expect.ACCEPTED), No)


@pytest.mark.parametrize(
    ("phrase", "code"), [("Unsupported Media Type", 415), ("Unprocessable Entity", 422), ("Unprocessable Content", 422)]
)
def test_the_refusals_that_count_as_reached_are_known_by_their_phrase(phrase: str, code: int) -> None:
    delivery = send(failed_with(f"Failed to send webhook message Failed: {phrase}"))
    assert delivery.code == code
    assert isinstance(judge(delivery, Expect.REACHED), Yes)


SILENT = ["null", "", "S3CR3T words", "Bad Request S3CR3T", "a" * 100_000, '{"status": 404}']


@pytest.mark.parametrize("phrase", SILENT)
@pytest.mark.parametrize("version", ["3.6.0", "7.10.2"])
def test_words_that_say_nothing_fail_where_the_server_is_not_known_to_be_old(phrase: str, version: str) -> None:
    delivery = send(failed_with(f"Failed to send webhook message Failed: {phrase}"), version)
    assert isinstance(judge(delivery, Expect.REACHED), No)
    assert "S3CR3T" not in delivery.text
    assert ("test.when: never" if version == "3.6.0" else "set targets.search.version") in delivery.text


@pytest.mark.parametrize("phrase", SILENT)
def test_words_that_say_nothing_are_unknown_where_the_server_is_known_to_be_older_than_3_0(phrase: str) -> None:
    delivery = send(failed_with(f"Failed to send webhook message Failed: {phrase}"), "2.19.5")
    evidence = judge(delivery, Expect.REACHED)
    assert isinstance(evidence, Unknown)
    assert evidence.reason is UnknownReason.NOT_SAID
    assert isinstance(judge(delivery, Expect.ACCEPTED), No)  # it was an error, whichever


@pytest.mark.parametrize("phrase", SILENT)
def test_an_answer_that_names_a_newer_version_is_not_an_old_servers(phrase: str) -> None:
    answer = failed_with(f"Failed to send webhook message Failed: {phrase}")
    answer.headers["X-OpenSearch-Version"] = "OpenSearch/3.0.0 (opensearch)"
    assert isinstance(judge(send(answer, "2.19.5"), Expect.REACHED), No)


@pytest.mark.parametrize("code", [302, 400, 404, 500])
def test_what_a_2_x_server_really_passed_on_is_unknown_and_none_of_it_is_shown(code: int) -> None:
    delivery = replay(f"test webhook answering {code}", "2.19.5")
    assert (delivery.outcome, delivery.code) == (Outcome.REFUSED, 0)
    assert isinstance(judge(delivery, Expect.REACHED), Unknown)
    assert "no such hook" not in delivery.text


def test_a_stale_connection_may_be_tried_again_and_no_other_trouble() -> None:
    stale = send(failed_with("Failed to send webhook message hooks.example:443 failed to respond"))
    assert (stale.outcome, stale.again_after) == (Outcome.FAILED, 3.0)
    for text in ("Read timed out", "Connection reset", "null", "Failed: Not Found"):
        assert send(failed_with(f"Failed to send webhook message {text}")).again_after == 0


@pytest.mark.parametrize("version", ["3.6.0", "2.19.5"])
@pytest.mark.parametrize(
    ("label", "words"),
    [("test webhook on closed port", "refused"), ("test webhook on unresolvable host", "cannot resolve")],
)
def test_no_connection_is_a_failure_on_every_version(version: str, label: str, words: str) -> None:
    delivery = replay(label, version)
    assert delivery.outcome is Outcome.FAILED
    assert words in delivery.text
    assert isinstance(judge(delivery, Expect.REACHED), No)


@pytest.mark.parametrize("version", ["3.6.0", "2.19.5"])
@pytest.mark.parametrize(
    ("label", "outcome", "words"),
    [
        ("test email without recipients", Outcome.FAILED, "no recipients"),
        ("test email with missing account", Outcome.FAILED, "account"),
    ],
)
def test_the_servers_odd_refusals_become_plain_words(version: str, label: str, outcome: Outcome, words: str) -> None:
    delivery = replay(label, version)
    assert delivery.outcome is outcome
    assert words in delivery.text


@pytest.mark.parametrize("version", ["3.6.0", "2.19.5"])
@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("test muted", UnknownReason.DISABLED),
        ("test smtp account", UnknownReason.INDIRECT),
        ("test group", UnknownReason.INDIRECT),
    ],
)
def test_what_cannot_be_tested_is_unknown_and_why(version: str, label: str, reason: UnknownReason) -> None:
    assert judge(replay(label, version), Expect.REACHED) == Unknown(reason, GAPS[reason].says)


def test_a_bare_host_is_reported_as_what_it_is() -> None:
    delivery = send(failure(400, "Invalid URL or unsupported", "illegal_argument_exception"))
    assert delivery.outcome is Outcome.FAILED
    assert "add a port or a path" in delivery.text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Failed to send webhook message Host of url is denied, based on plugin setting", "host_deny_list"),
        ("Failed to send slack message Read timed out", "time limit"),
        ("Failed to send chime message PKIX path building failed: S3CR3T", "TLS"),
        ("Failed to send microsoft teams message Connection reset S3CR3T", "closed the connection"),
        ("Failed to send webhook message S3CR3T", "could not deliver"),
    ],
)
def test_troubles_on_the_way_are_reported_without_the_servers_text(text: str, words: str) -> None:
    delivery = send(failed_with(text))
    assert delivery.outcome is Outcome.FAILED
    assert words in delivery.text
    assert "S3CR3T" not in delivery.text


def test_a_channel_that_is_not_there_or_hidden_is_an_error() -> None:
    with pytest.raises(NotFoundError):
        replay("test missing")
    with pytest.raises(ForbiddenError):
        send(failed_with("no access", 403, status=403, config_name="invalid-access"))


def test_a_mail_that_reached_some_is_a_failure_that_names_them() -> None:
    delivery = send(mail(("a@example.org", 200), ("b@example.org", 502), code=207, status=207))
    assert delivery.outcome is Outcome.FAILED
    assert [(each.recipient, each.outcome) for each in delivery.recipients] == [
        ("a@example.org", Outcome.ACCEPTED),
        ("b@example.org", Outcome.FAILED),
    ]
    assert "1 of 2" in delivery.text
    assert "SECRET" not in repr(delivery)


@pytest.mark.parametrize(
    ("code", "words"), [(503, "cannot connect"), (502, "refused"), (424, "keystore"), (413, "larger")]
)
def test_what_the_mail_server_did_is_known_by_its_code(code: int, words: str) -> None:
    delivery = send(mail(("a@example.org", code), code=code, status=code))
    assert words in delivery.text
    assert isinstance(judge(delivery, Expect.REACHED), No)


def test_a_group_that_is_gone_is_reported_as_such() -> None:
    delivery = send(mail(("unknown-recipient@example.com", 404), code=404, status=404))
    assert "group" in delivery.text
    assert delivery.recipients[0].recipient == ""


def test_a_topic_that_aws_refuses_is_no_answer_of_a_receiver() -> None:
    delivery = send(failed_with("S3CR3T", 403, "sns", 403))
    assert (delivery.outcome, delivery.code) == (Outcome.FAILED, 0)
    assert "permissions" in delivery.text


def test_200_with_a_status_that_is_not_200_is_no_success() -> None:
    body = recorded("3.6.0", "test webhook")["response"]["body"]
    body["status_list"][0]["delivery_status"]["status_code"] = "500"
    assert send(httpx.Response(200, json=body)).outcome is not Outcome.ACCEPTED


@pytest.mark.parametrize(
    "odd",
    [[], [1], "x", None, [{}], [{"delivery_status": 3}], [{"delivery_status": {}}], [{"email_recipient_status": 1}]],
)
def test_an_odd_status_list_is_never_a_success(odd: object) -> None:
    assert send(httpx.Response(200, json={"status_list": odd})).outcome in (Outcome.UNKNOWN, Outcome.FAILED)
