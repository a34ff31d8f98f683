"""Drift is shown the right way round, and whatever a hand took away is drift; what was not compared counts."""

from __future__ import annotations

import json

import pytest

from tests.cases.projects import CONFIGS, INTEGRATIONS, Project, manifest, slack

GROUP = manifest("EmailGroup", "people", recipients=["o1@example.org", "o2@example.org"])


def test_of_a_set_drift_says_what_live_has_too_much_and_what_it_lacks(opensearch: Project) -> None:
    opensearch.keep(GROUP)
    assert opensearch.run("apply", "--yes").code == 0
    recipients = [{"recipient": "o1@example.org"}, {"recipient": "evil@example.org"}]
    opensearch.put("acme_people", email_group={"recipient_list": recipients})
    done = opensearch.run("drift")
    assert done.code == 2
    assert 'recipients: live also has "evil@example.org"; live lacks "o2@example.org"' in done.out
    for form in ("markdown", "html"):
        page = opensearch.run("drift", "-o", form).out
        assert "live also has" in page
        assert "+ &quot;" not in page


def test_of_a_text_drift_says_what_is_live_first(both: Project) -> None:
    assert both.run("apply", "--yes").code == 0
    both.put("acme_oncall", name="by hand")
    (live,) = both.integrations()
    both.call("PATCH", f"{INTEGRATIONS}/{live['id']}", {"display_name": "by hand"})
    done = both.run("drift")
    assert done.code == 2
    assert done.out.count('display_name: live is "by hand", manifest says "oncall"') == 2


@pytest.mark.parametrize("kept", ["webhook_url", "headers"])
def test_a_channel_that_was_deleted_though_its_secret_is_kept_live_is_drift(opensearch: Project, kept: str) -> None:
    hook = {"url": {"env": "SLACK_URL"}, "headers": {"X-Key": {"env": "SLACK_URL"}}}
    texts = {"webhook_url": slack("oncall"), "headers": manifest("WebhookChannel", "oncall", **hook)}
    opensearch.keep(texts[kept])
    assert opensearch.run("apply", "--yes", "--test-when", "never").code == 0
    opensearch.keep(texts[kept].replace('{"env": "SLACK_URL"}', '{"live": true}'))
    assert opensearch.run("drift").code == 0
    opensearch.call("DELETE", f"{CONFIGS}/acme_oncall")
    done = opensearch.run("drift", "--json")
    document = json.loads(done.out)
    assert (done.code, document["drifted"]) == (2, True)
    assert [(item["name"], item["missing"]) for item in document["moved"]] == [("oncall", True)]
    assert opensearch.run("plan").code == 1


def test_what_was_not_compared_is_no_clean_bill(both: Project) -> None:
    assert both.run("apply", "--yes").code == 0
    assert both.run("drift").code == 0
    del both.environ["SLACK_URL"]
    field = "not compared: oncall webhook_url is resolved at apply (from env:SLACK_URL)"
    lines = [f"kafka: {field}", f"search: {field}", "No drift in what was compared; 2 fields not compared."]
    done = both.run("drift")
    assert (done.code, done.out.splitlines()) == (7, lines)
    done = both.run("drift", "--without-secrets")
    assert (done.code, done.out.splitlines()) == (0, lines)


def test_what_moved_counts_for_more_than_what_was_not_compared(both: Project) -> None:
    assert both.run("apply", "--yes").code == 0
    both.put("acme_oncall", name="by hand")
    del both.environ["SLACK_URL"]
    assert both.run("drift").code == 2
    assert both.run("drift", "--without-secrets").code == 2


def test_drift_without_secrets_runs_no_command_and_reads_no_file(opensearch: Project) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    opensearch.keep(slack("oncall", webhook_url={"file": "not-there"}))
    assert "not-there" not in opensearch.run("drift", "--without-secrets").err
