"""The last line of a plan counts what was not compared, and what may be sent once it is."""

from __future__ import annotations

import pytest

from tests.cases.projects import Project, manifest, slack

NOTHING = "Plan: 0 to add, 0 to change, 0 to destroy"
OTHER = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/anotherone"


def without_addresses(project: Project, *arguments: str) -> str:
    """What `plan` prints in a job that was given no address."""
    project.environ.pop("SLACK_URL", None)
    done = project.run("plan", *arguments)
    assert done.code == 0, done.everything
    assert "No changes" not in done.out
    return done.out


@pytest.mark.parametrize("fixture", ["opensearch", "confluent", "both"])
def test_what_may_change_is_counted_with_its_messages(fixture: str, request: pytest.FixtureRequest) -> None:
    project: Project = request.getfixturevalue(fixture)
    project.keep(slack("one"), slack("two"), slack("quiet", test={"when": "never"}))
    assert project.run("apply", "--yes").code == 0
    targets = 2 if fixture == "both" else 1
    line = f"{NOTHING}; up to {3 * targets} more to change, with {2 * targets} messages, where an address could not be"
    for form in ("text", "markdown", "html"):
        assert f"{line} read here." in without_addresses(project, "-o", form)


def test_a_change_next_to_it_is_counted_by_itself(opensearch: Project) -> None:
    opensearch.keep(slack("one"), slack("two"))
    assert opensearch.run("apply", "--yes").code == 0
    opensearch.keep(slack("one", description="new"), slack("two"))
    assert (
        "Plan: 0 to add, 1 to change, 0 to destroy; up to 1 more to change, with 2 messages, where an address could "
        "not be read here."
    ) in without_addresses(opensearch)


def test_one_that_changes_anyway_may_send_a_message_more(opensearch: Project) -> None:
    opensearch.keep(slack("one"))
    assert opensearch.run("apply", "--yes").code == 0
    opensearch.keep(slack("one", description="new"))
    assert "1 to change, 0 to destroy; up to 1 message more where an address" in without_addresses(opensearch)


def test_what_is_new_is_counted_once(opensearch: Project) -> None:
    opensearch.keep(slack("one"))
    out = without_addresses(opensearch)
    assert "Plan: 1 to add, 0 to change, 0 to destroy.\n" in out
    assert "Will send 1 test message: one" in out


def test_the_messages_that_were_counted_are_those_that_are_sent(opensearch: Project) -> None:
    opensearch.keep(slack("one"), slack("two"), slack("quiet", test={"when": "never"}), slack("off", enabled=False))
    assert opensearch.run("apply", "--yes").code == 0
    assert "up to 4 more to change, with 2 messages," in without_addresses(opensearch)
    opensearch.environ["SLACK_URL"] = OTHER
    assert "Will send 2 test messages: one, two" in opensearch.run("plan").out


def test_a_header_is_a_value(opensearch: Project) -> None:
    hook = manifest(
        "WebhookChannel", "hook", url={"plain": "https://hooks.example.org/a"}, headers={"X-Token": {"env": "TOKEN"}}
    )
    opensearch.keep(hook)
    opensearch.environ["TOKEN"] = "a-token-of-ours"
    assert opensearch.run("apply", "--yes", "--test-when", "never").code == 0
    del opensearch.environ["TOKEN"]
    assert "up to 1 more to change, with 1 message, where a value could not be read" in without_addresses(opensearch)


def test_a_snapshot_counts_what_it_lacks(opensearch: Project) -> None:
    opensearch.keep(
        slack("one"),
        manifest("EmailGroup", "people", recipients=["a@example.org"]),
    )
    assert opensearch.run("apply", "--yes").code == 0
    snapshot = opensearch.folder / "snapshot.json"
    assert opensearch.run("export", "--snapshot", str(snapshot)).code == 0
    out = without_addresses(opensearch, "--against", str(snapshot))
    assert f"{NOTHING}; up to 2 more to change, with 1 message, where a value could not be read here." in out


def test_a_subscription_is_not_taken_for_an_account(confluent: Project) -> None:
    """It sends nothing itself, and no other resource uses it: there is nothing to test it through."""
    wanted = {"notification_type": "Cluster upgrade planned", "channels": ["oncall"]}
    confluent.keep(slack("oncall"), manifest("Subscription", "upgrades", **wanted))
    done = confluent.run("apply", "--yes")
    assert done.code == 0, done.everything
    assert "1 could not be verified: the target cannot test it" in done.out.splitlines()[-1]
    tested = confluent.run("test", "upgrades")
    assert "the target cannot test it" in tested.out
    assert "account" not in done.out + tested.out
