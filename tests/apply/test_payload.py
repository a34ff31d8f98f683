"""What is written: complete, with ids and mark, and compared with what the server stored."""

from __future__ import annotations

import pytest

from reconciler.apply.writing import UnknownReferenceError, differing_fields, make_payload
from reconciler.model.resource import Payload, Settings
from reconciler.model.values import SecretReference, SecretText
from reconciler.plan.marks import Mark
from reconciler.plan.match import read_found
from tests.plan.builders import SECRETS, SLACK_URL, live, live_of, resource, slack

MARK = Mark("acme", "oncall")


def test_a_payload_is_complete_and_carries_the_mark() -> None:
    payload = make_payload(slack(description="d"), None, MARK, SECRETS, {}, {}, "acme_oncall")
    assert payload == Payload(
        "SlackChannel",
        {"display_name": "oncall", "description": "d [acme/oncall]", "enabled": True, "webhook_url": SLACK_URL},
        "acme_oncall",
    )


def test_what_is_not_managed_or_ignored_is_taken_from_what_is_live() -> None:
    found = read_found(live_of(slack(), description="by hand [acme/oncall]", enabled=False, display_name="by hand"))
    ignored = frozenset({"display_name", "description", "enabled"})
    item = slack(settings=Settings(ignore=ignored), description="ours")
    payload = make_payload(item, found, MARK, SECRETS, {}, {})
    assert (payload.fields["enabled"], payload.fields["display_name"]) == (False, "by hand")
    assert payload.fields["description"] == "by hand [acme/oncall]"


def test_a_kept_secret_is_the_live_one() -> None:
    found = read_found(live_of(slack()))
    kept = slack(webhook_url=SecretReference("live"))
    assert make_payload(kept, found, MARK, {}, {}, {}).fields["webhook_url"] == SLACK_URL


def test_names_become_ids_and_an_unknown_one_is_named() -> None:
    mail = resource("EmailChannel", "mail", sender="smtp", groups=frozenset({"team"}))
    payload = make_payload(mail, None, MARK, {}, {"smtp": "acme_smtp", "team": "acme_team"}, {})
    assert (payload.fields["sender"], payload.fields["groups"]) == ("acme_smtp", frozenset({"acme_team"}))
    with pytest.raises(UnknownReferenceError, match="smtp"):
        make_payload(mail, None, MARK, {}, {}, {})


def test_a_plain_value_is_what_the_server_reads_as_a_secret() -> None:
    payload = Payload("WebhookChannel", {"url": "https://a.example/x", "headers": {"X-A": "1"}})
    stored = live("WebhookChannel", "x", url=SecretText("https://a.example/x"), headers={"X-A": SecretText("1")})
    assert differing_fields(payload, stored) == ()
    other = live("WebhookChannel", "x", url=SecretText("https://b.example/x"), headers={"X-A": SecretText("2")})
    assert differing_fields(payload, other) == ("headers", "url")


def test_what_the_server_does_not_give_back_is_skipped() -> None:
    payload = Payload("SlackChannel", {"webhook_url": SLACK_URL, "display_name": "a"})
    assert differing_fields(payload, live("SlackChannel", "x", webhook_url=None, display_name="a")) == ()
    assert differing_fields(payload, live("SlackChannel", "x", webhook_url=None, display_name="b")) == ("display_name",)
