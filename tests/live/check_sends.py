"""Test messages really sent: new channels are verified, new addresses before the real channel is touched."""

from __future__ import annotations

from dataclasses import replace

from reconciler.apply.results import Status
from reconciler.model.resource import Resource
from reconciler.model.values import SecretText
from tests.live.cluster import ID_START
from tests.live.run import LiveRuns, RealTarget
from tests.plan.builders import resource

DEAD = SecretText("http://receiver.invalid/hooks/x")  # RFC 2606: no such host anywhere


def accepted(runs: LiveRuns, wanted: list[Resource], name: str) -> None:
    """Apply; that channel's message was accepted, and nothing is left to plan."""
    result = runs.results(wanted)[name]
    assert (result.status, result.text) == (Status.APPLIED, result.text)
    assert result.verified, result.text
    assert runs.plan(wanted).is_empty


def webhook(url: str) -> Resource:
    return resource("WebhookChannel", "hook", url=SecretText(url))


def test_a_new_webhook_and_a_new_address_of_it_are_verified(place: RealTarget, runs: LiveRuns) -> None:
    place.need_receiver()
    accepted(runs, [webhook(place.sink)], "hook")
    accepted(runs, [webhook(f"{place.sink}/moved")], "hook")
    assert runs.cluster.read(runs.key("hook"))["webhook"]["url"] == f"{place.sink}/moved"


def test_a_new_mattermost_channel_is_verified(place: RealTarget, runs: LiveRuns) -> None:
    place.holds("MattermostChannel")
    place.need_receiver()
    accepted(runs, [resource("MattermostChannel", "chat", webhook_url=SecretText(place.sink))], "chat")


def test_a_dead_address_leaves_the_real_channel_as_it_was(place: RealTarget, runs: LiveRuns) -> None:
    place.need_receiver()
    wanted = webhook(place.sink)
    accepted(runs, [wanted], "hook")
    before = runs.cluster.read(runs.key("hook"))
    run = runs.apply([replace(wanted, fields={**wanted.fields, "url": DEAD})])
    assert run.exit_code == 5
    assert run.targets[0].results[0].status is Status.REJECTED
    assert runs.cluster.read(runs.key("hook")) == before
    canaries = [made for made in runs.cluster.made if made.startswith(runs.key("hook_canary_"))]
    assert canaries
    assert all(runs.cluster.is_gone(canary) for canary in canaries)


def test_a_new_channel_with_a_dead_address_is_taken_back(place: RealTarget, runs: LiveRuns) -> None:
    place.need_receiver()
    assert runs.apply([webhook(DEAD.reveal())]).exit_code == 5
    assert runs.is_gone("hook")


def test_a_new_mail_channel_and_a_changed_account_of_it_are_verified(place: RealTarget, runs: LiveRuns) -> None:
    place.need_mail_server()
    account = resource(
        "SmtpAccount",
        "mailer",
        host=place.mail_host,
        port=place.mail_port,
        encryption="none",
        from_address=f"{ID_START}a@example.org",
    )
    mail = resource("EmailChannel", "mail", sender="mailer", recipients=frozenset({"ops@example.org"}))
    accepted(runs, [account, mail], "mail")
    changed = replace(account, fields={**account.fields, "from_address": f"{ID_START}b@example.org"})
    accepted(runs, [changed, mail], "mailer")
