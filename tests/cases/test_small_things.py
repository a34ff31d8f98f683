"""Small things that once led nowhere: a blank at the end of an address, a text that looks like another owner's mark."""

from __future__ import annotations

import json

import pytest

from reconciler.simulator import Simulator
from reconciler.simulator.confluent.behaviours import Addresses, Behaviours
from tests.cases.projects import CONFIGS, INTEGRATIONS, KEY, SECRET, SLACK_URL, Project, manifest, project, slack

PLACES = {"ends": "{}\n\n", "begins": " {}", "has a blank or a line break in it": "{}/a b"}


@pytest.mark.parametrize("words", PLACES)
@pytest.mark.parametrize("kind", ["SlackChannel", "WebhookChannel"])
def test_a_blank_in_an_address_is_named_and_the_address_is_not_shown(both: Project, kind: str, words: str) -> None:
    """As in a secret's file with an empty line at its end: a file loses one line break, and no more."""
    both.write("key", PLACES[words].format(SLACK_URL))
    field = "webhook_url" if kind == "SlackChannel" else "url"
    both.keep(manifest(kind, "oncall", **{field: {"file": "key"}}))
    done = both.run("plan")
    assert done.code == 1, done.everything
    assert done.out.count(f"{field}: {words}") == 2  # on either target
    assert "abcdefghijklmnop" not in done.everything
    both.write("key", f"{SLACK_URL}\n")
    assert both.run("plan").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["oncal"], "error: oncal: nothing has this name; did you mean oncall?"),
        (["x*"], "error: x*: nothing matches this pattern; known: "),
        (["--only", "oncal"], "error: --only oncal: nothing has this name; did you mean oncall?"),
        (["oncall", "--exclude", "on*"], "no manifest for search matches all of oncall, --exclude on*"),
    ],
)
def test_what_to_test_is_named_as_it_was_written(opensearch: Project, words: list[str], said: str) -> None:
    opensearch.keep(slack("oncall"), slack("night"))
    done = opensearch.run("test", *words)
    assert (done.code, said in done.err) == (1, True), done.everything
    assert opensearch.sent() == []


def test_a_text_that_only_looks_like_a_mark_has_a_way_out_that_works_on_opensearch(opensearch: Project) -> None:
    config = {"name": "Payments", "description": "Wiki [ops/oncall]", "config_type": "slack"}
    body = {"config_id": "by-hand", "config": {**config, "slack": {"url": SLACK_URL}}}
    opensearch.call("POST", CONFIGS, body)
    opensearch.keep(slack("payments", display_name="Payments", id="by-hand", description="Wiki [ops/oncall]."))
    refused = opensearch.run("plan")
    assert refused.code == 1
    assert "put a full stop after it on the live object, then adopt the object by spec.id" in refused.out
    opensearch.put("by-hand", description="Wiki [ops/oncall].")
    done = opensearch.run("apply", "--yes")
    assert done.code == 0, done.everything
    assert opensearch.config("by-hand")["description"] == "Wiki [ops/oncall]. [acme/payments]"
    assert opensearch.run("plan", "--detailed-exitcode").code == 0


def test_a_text_that_only_looks_like_a_mark_has_a_way_out_that_works_on_confluent(confluent: Project) -> None:
    body = {"display_name": "Payments", "description": "Wiki [ops/oncall]"}
    made = confluent.call("POST", INTEGRATIONS, {**body, "target": {"kind": "Slack", "webhook_url": SLACK_URL}})
    confluent.keep(slack("payments", display_name="Payments", id=made["id"], description="Wiki [ops/oncall]."))
    refused = confluent.run("plan")
    assert refused.code == 1
    assert "put a full stop after it on the live object, then adopt the object by spec.id" in refused.out
    confluent.call("PATCH", f"{INTEGRATIONS}/{made['id']}", {"description": "Wiki [ops/oncall]."})
    done = confluent.run("apply", "--yes")
    assert done.code == 0, done.everything
    assert [item["description"] for item in confluent.integrations()] == ["Wiki [ops/oncall]. [acme/payments]"]
    assert confluent.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("kind", ["SlackChannel", "WebhookChannel", "MicrosoftTeamsChannel"])
@pytest.mark.parametrize("addresses", [Addresses.STARS, Addresses.CROSSES])
def test_a_channel_whose_address_is_hidden_is_sent_nothing_and_its_test_is_no_success(
    tmp_path_factory: pytest.TempPathFactory, addresses: Addresses, kind: str
) -> None:
    """Under `when: always` too: the plan announces no message, `apply` fails at nothing, and `test` does not pass."""
    with Simulator(confluent_credentials=(KEY, SECRET), behaviours=Behaviours(addresses=addresses)) as simulator:
        made = project(tmp_path_factory.mktemp("project"), simulator, kafka="confluent")
        field = "url" if kind == "WebhookChannel" else "webhook_url"
        made.keep(manifest(kind, "oncall", **{field: {"env": "SLACK_URL"}}))
        assert made.run("apply", "--yes").code == 0
        sent = len(made.sent())
        made.keep(manifest(kind, "oncall", **{field: {"live": True}}, test={"when": "always"}))
        plan = made.run("plan")
        assert (plan.code, "Will send" in plan.out) == (0, False)
        done = made.run("apply", "--yes")
        assert done.code == 0, done.everything
        assert "FAILED" not in done.everything
        tested = made.run("test", "--all", "--json")
        assert tested.code == 7, tested.everything
        (test,) = json.loads(tested.out)["tests"]
        assert (test["tested"]["evidence"]["verdict"], test["tested"]["evidence"]["reason"]) == (
            "unknown",
            "address-hidden",
        )
        assert len(made.sent()) == sent
