"""The test call: what is sent, what is captured, and how failures come back."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from reconciler.simulator import Simulator, Timings
from reconciler.simulator.wire import Failure
from tests import calls
from tests.simulator.conftest import Client, reason

SLACK = "https://hooks.slack.com/services/T0/B0/xyz"


def inner(response: httpx.Response) -> dict[str, Any]:
    """The channel's status inside the reason."""
    status: dict[str, Any] = json.loads(reason(response))["event_status_list"][0]
    return status


def outcome(response: httpx.Response) -> tuple[str, str]:
    body = response.json()
    event = body["status_list"][0] if "status_list" in body else inner(response)
    return event["delivery_status"]["status_code"], event["delivery_status"]["status_text"]


def test_a_loopback_webhook_is_really_called(simulator: Simulator, client: Client) -> None:
    client.create("hook", "webhook", {"url": f"{simulator.receiver.url}/hooks/x?a=b"})

    assert outcome(client.test("hook")) == ("200", "ok")
    (request,) = simulator.receiver.received
    assert (request.method, request.path, request.content_type) == ("POST", "/hooks/x?a=b", "application/json")
    (delivery,) = simulator.inbox
    assert (delivery.config_id, delivery.captured, delivery.ok) == ("hook", False, True)


def test_any_other_address_is_captured_and_never_called(simulator: Simulator, client: Client) -> None:
    client.create("slack", "slack", {"url": SLACK})

    assert outcome(client.test("slack")) == ("200", "ok")
    (delivery,) = simulator.inbox
    assert (delivery.address, delivery.captured) == (SLACK, True)
    assert json.loads(delivery.payload)["text"].startswith("Test Message Title-slack\n\n")


def test_a_captured_send_fails_if_its_host_is_set_to(simulator: Simulator, client: Client) -> None:
    client.create("slack", "slack", {"url": SLACK})
    simulator.outcomes.set("hooks.slack.com", 404, "no_service")

    response = client.test("slack")

    assert response.status_code == 500
    assert outcome(response) == ("500", "Failed to send webhook message Failed: Not Found")
    (delivery,) = simulator.inbox
    assert (delivery.outcome, delivery.ok) == ("404 no_service", False)


def test_before_3_0_a_failure_quotes_the_whole_answer_and_is_not_sent_again() -> None:
    with Simulator(opensearch_version="2.19.5") as simulator:
        client = Client(simulator.url)
        client.create("slack", "slack", {"url": SLACK})
        simulator.outcomes.set("hooks.slack.com", 429, "<b>slow down</b>")
        said = outcome(client.test("slack"))
        client.http.close()

    assert said == ("500", "Failed to send webhook message Failed: <b>slow down</b>")
    assert len(simulator.inbox) == 1


@pytest.mark.parametrize(("status", "sends"), [(429, 2), (503, 2), (500, 1)])
def test_from_3_0_a_busy_receiver_gets_the_message_twice(
    simulator: Simulator, client: Client, status: int, sends: int
) -> None:
    client.create("hook", "webhook", {"url": f"{simulator.receiver.url}/status/{status}"})

    client.test("hook")

    assert len(simulator.receiver.received) == sends


def test_a_receiver_that_is_too_slow_is_a_failure() -> None:
    with Simulator(slow_seconds=5, timings=Timings(response=0.1)) as simulator:
        client = Client(simulator.url)
        client.create("hook", "webhook", {"url": f"{simulator.receiver.url}/slow"})
        said = outcome(client.test("hook"))
        client.http.close()

    assert said == ("500", "Failed to send webhook message Read timed out")


def test_a_webhook_with_headers_sends_them_and_plain_text_by_default(simulator: Simulator, client: Client) -> None:
    block = {"url": f"{simulator.receiver.url}/x", "method": "PUT", "header_params": {"X-Key": "v"}}
    client.create("hook", "webhook", block)

    client.test("hook")

    (request,) = simulator.receiver.received
    assert (request.method, request.content_type) == ("PUT", "text/plain; charset=UTF-8")
    assert (request.headers or {})["x-key"] == "v"


@pytest.mark.parametrize("url", ["http://sink", "http://10.0.0.5", "https://svc.cluster.local"])
def test_a_bare_private_host_is_refused_when_sending(simulator: Simulator, client: Client, url: str) -> None:
    assert client.create("hook", "webhook", {"url": url}).status_code == 200

    response = client.test("hook")

    assert (response.status_code, reason(response)) == (400, "Invalid URL or unsupported")
    assert len(simulator.inbox) == 0


@pytest.mark.parametrize("url", ["http://sink:80", "http://10.0.0.5/x", "https://example.org"])
def test_a_port_a_path_or_a_public_name_makes_it_pass(simulator: Simulator, client: Client, url: str) -> None:
    client.create("hook", "webhook", {"url": url})

    assert client.test("hook").status_code == 200
    assert [delivery.captured for delivery in simulator.inbox] == [True]


@pytest.mark.parametrize("denied", ["127.0.0.0/8", "127.0.0.1", "localhost"])
def test_a_denied_host_is_not_called(denied: str) -> None:
    with Simulator(deny_hosts=[denied]) as simulator:
        client = Client(simulator.url)
        host = "localhost" if denied == "localhost" else "127.0.0.1"
        client.create("hook", "webhook", {"url": f"http://{host}:1/x"})
        response = client.test("hook")
        client.http.close()

    assert response.status_code == 400
    assert "host_deny_list" in outcome(response)[1]
    assert len(simulator.inbox) == 0


def test_sns_is_captured_and_can_fail(simulator: Simulator, client: Client) -> None:
    client.create("topic", "sns", {"topic_arn": "arn:aws:sns:eu-west-1:012345678912:alerts"})

    assert outcome(client.test("topic"))[0] == "200"
    simulator.outcomes.set("sns.eu-west-1.amazonaws.com", 403, "not authorized to publish")
    response = client.test("topic")

    assert (response.status_code, outcome(response)) == (403, ("403", "not authorized to publish"))


# -- mail


def _mail_channel(simulator: Simulator, client: Client, *recipients: str, **account: Any) -> None:
    assert simulator.mail is not None
    block = {"host": "127.0.0.1", "port": simulator.mail.port, "method": "none", "from_address": "ops@example.org"}
    client.create("smtp", "smtp_account", {**block, **account})
    recipient_list = [{"recipient": recipient} for recipient in recipients]
    client.create("mail", "email", {"email_account_id": "smtp", "recipient_list": recipient_list})


def test_each_recipient_gets_a_mail_of_their_own(simulator: Simulator, client: Client) -> None:
    _mail_channel(simulator, client, "a@example.org", "b@example.org", "a@example.org")

    assert outcome(client.test("mail")) == ("200", "Success")
    assert simulator.mail is not None
    assert [mail.recipients for mail in simulator.mail.received] == [("a@example.org",), ("b@example.org",)]
    assert "Subject: Test Message Title-mail" in simulator.mail.received[0].body


def test_differing_recipients_are_an_error_on_status_207(simulator: Simulator, client: Client) -> None:
    _mail_channel(simulator, client, "a@example.org", "gone@example.org")
    assert simulator.mail is not None
    simulator.mail.refused.add("gone@example.org")

    response = client.test("mail")

    assert (response.status_code, outcome(response)) == (207, ("207", "Errors"))
    codes = [one["delivery_status"]["status_code"] for one in inner(response)["email_recipient_status"]]
    assert codes == ["200", "502"]


def test_a_mail_server_that_is_not_there_is_503(simulator: Simulator, client: Client) -> None:
    _mail_channel(simulator, client, "a@example.org", port=9)

    response = client.test("mail")

    assert response.status_code == 503
    assert outcome(response)[1] == "sendEmail Error, status:Couldn't connect to host, port: 127.0.0.1, 9; timeout -1"


def test_a_deleted_group_shows_as_an_unknown_recipient(simulator: Simulator, client: Client) -> None:
    _mail_channel(simulator, client, "a@example.org")
    client.create("group", "email_group", {"recipient_list": []})
    client.update("mail", "email", {"email_account_id": "smtp", "email_group_id_list": ["group"]})
    client.call("DELETE", "/configs/group")

    response = client.test("mail")

    assert response.status_code == 404
    (status,) = inner(response)["email_recipient_status"]
    assert status["recipient"] == "unknown-recipient@example.com"


def test_mail_to_a_far_server_and_by_ses_is_captured(simulator: Simulator, client: Client) -> None:
    _mail_channel(simulator, client, "a@example.org", host="smtp.example.org")
    client.create("ses", "ses_account", {"region": "eu-west-1", "from_address": "ops@example.org"})
    client.create("ses-mail", "email", {"email_account_id": "ses", "recipient_list": [{"recipient": "a@example.org"}]})

    assert outcome(client.test("mail")) == outcome(client.test("ses-mail")) == ("200", "Success")
    assert [(one.method, one.captured) for one in simulator.inbox] == [("SMTP", True), ("SES", True)]


def test_a_far_receiver_may_have_a_reason_phrase_of_its_own_or_none(simulator: Simulator, client: Client) -> None:
    client.create("a", "slack", {"url": SLACK})
    for said, expected in ((None, "Not Found"), ("Channel archived", "Channel archived"), ("", "")):
        simulator.outcomes.set("hooks.slack.com", 404, "gone", reason=said)
        assert outcome(client.test("a"))[1] == f"Failed to send webhook message Failed: {expected}"


@pytest.mark.parametrize("failure", list(Failure))
def test_a_far_receiver_may_fail_in_any_way(simulator: Simulator, client: Client, failure: Failure) -> None:
    client.create("a", "slack", {"url": SLACK})
    content = {"host": "hooks.slack.com", "failure": str(failure)}
    assert client.http.post("/_simulator/outcomes", json=content).status_code == 200

    answer = client.test("a")

    assert answer.status_code == 500
    assert outcome(answer)[1].startswith("Failed to send webhook message ")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:1/a b", "Illegal character in path at index 20: http://127.0.0.1:1/a b"),
        ("http://127.0.0.1:1/a?b=<", "Illegal character in query at index 23: http://127.0.0.1:1/a?b=<"),
        ("http://127.0.0.1:1/a#|", "Illegal character in fragment at index 21: http://127.0.0.1:1/a#|"),
        ("http://127.0.0.1:1/%zz", "Malformed escape pair at index 19: http://127.0.0.1:1/%zz"),
    ],
)
def test_an_address_that_java_cannot_read_is_not_called(client: Client, url: str, expected: str) -> None:
    client.create("a", "webhook", {"url": url})
    answer = client.test("a")
    assert answer.status_code == 400
    assert outcome(answer)[1] == f"Webhook message creation failed with status:{expected}"


def test_a_kept_connection_that_the_receiver_closed_fails_once_and_only_while_it_is_trusted(
    simulator: Simulator, client: Client
) -> None:
    client.create("a", "webhook", {"url": f"{simulator.receiver.url}/odd/closes"})
    simulator.clock.stop()
    seen = []
    for pause in (0, 0, 0, 2.5):
        simulator.clock.advance(pause)
        seen.append((client.test("a").status_code, len(simulator.receiver.received)))

    assert seen == [(200, 1), (500, 1), (200, 2), (200, 3)]


def test_an_unknown_oddity_lists_the_known_ones(simulator: Simulator) -> None:
    answer = calls.post(f"{simulator.receiver.url}/odd/nothing")
    assert answer.status_code == 400
    assert "noreason404" in answer.text


@pytest.mark.parametrize(
    ("status", "said"), [(204, "{}"), (226, "Failed: IM Used"), (299, "Failed: Custom"), (451, "Failed: ")]
)
def test_any_status_can_be_answered(simulator: Simulator, client: Client, status: int, said: str) -> None:
    client.create("a", "webhook", {"url": f"{simulator.receiver.url}/odd/s{status}"})
    assert said in outcome(client.test("a"))[1]
