"""`users`, `list --users` and `doctor` say who uses a channel, who refers to a missing one, and what cannot be seen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from reconciler.manifests.manifest import load_schema
from reconciler.simulator import Simulator, example_monitor
from tests.cases.projects import KEY, SECRET, Project, manifest, slack
from tests.cases.test_doctor_rights import with_login

NOT_LOOKED_AT = "not looked at: ISM policies, long-running operations, snapshot policies, reports"


def seed(simulator: Simulator, *entries: dict[str, Any]) -> None:
    simulator.seed_monitors(entries)


def applied(project: Project, *manifests: str) -> None:
    project.keep(*(manifests or (slack("oncall"), slack("spare"))))
    done = project.run("apply", "--yes")
    assert done.code == 0, done.everything


def document(project: Project, *arguments: str) -> Any:
    found = json.loads(project.run("users", "--json", *arguments).out)
    Draft202012Validator(load_schema("users")).validate(found)
    return found


def test_it_lists_each_user_of_a_channel(opensearch: Project, simulator: Simulator) -> None:
    applied(opensearch)
    seed(
        simulator,
        example_monitor("checkout-5xx", "acme_oncall"),
        example_monitor("asleep", "acme_oncall", enabled=False),
        {**example_monitor("theirs", "acme_oncall"), "owner": "security_analytics"},
    )
    done = opensearch.run("users", "oncall", "spare")
    assert done.code == 0, done.everything
    rows = [line.split() for line in done.out.splitlines()]
    assert rows[0] == ["NAME", "KIND", "TARGET", "USED", "BY", "AS", "ENABLED", "REMARKS"]
    assert rows[1:] == [
        ["oncall", "SlackChannel", "search", "asleep", "monitor", "no"],
        ["oncall", "SlackChannel", "search", "checkout-5xx", "monitor", "yes"],
        ["oncall", "SlackChannel", "search", "theirs", "monitor", "yes", "of", "security_analytics"],
        ["spare", "SlackChannel", "search", "-", "-", "-"],
    ]
    assert NOT_LOOKED_AT in done.err
    by_id = opensearch.run("users", "acme_spare", "on*", "oncall@acme_oncall")
    assert by_id.out.count("oncall") == 3


def test_the_document_has_a_schema_and_the_same_in_it(opensearch: Project, simulator: Simulator) -> None:
    applied(opensearch)
    seed(simulator, example_monitor("disk", "acme_oncall", "acme_nowhere"))
    (channel,) = document(opensearch, "oncall")["channels"]
    assert (channel["id"], [user["name"] for user in channel["used_by"]["users"]]) == ("acme_oncall", ["disk"])
    assert channel["used_by"]["gap"] is None
    assert "reports" in channel["used_by"]["not_looked_at"]
    (row,) = document(opensearch, "--dangling")["dangling"]
    assert (row["id"], row["why"]) == ("acme_nowhere", "there is no such channel")


def test_email_channels_use_accounts_and_groups(opensearch: Project, simulator: Simulator) -> None:
    seed(simulator, example_monitor("disk", "acme_team"))
    account = manifest(
        "SmtpAccount", "smtp", host="127.0.0.1", port=25, encryption="none", from_address="a@example.org"
    )
    group = manifest("EmailGroup", "team", recipients=["b@example.org"])
    never = {"test": {"when": "never"}}
    mail = manifest("EmailChannel", "mail", sender="smtp", groups=["team"], recipients=["c@example.org"], **never)
    applied(opensearch, account, group, mail)
    for name in ("smtp", "team"):
        (channel,) = document(opensearch, name)["channels"]
        assert [(user["kind"], user["name"]) for user in channel["used_by"]["users"]] == [("EmailChannel", "mail")]
    (row,) = document(opensearch, "--dangling")["dangling"]
    assert row["why"] == "it is of kind EmailGroup, through which nothing is sent"


def test_a_channel_that_a_hand_deleted_still_shows_who_names_it(opensearch: Project, simulator: Simulator) -> None:
    applied(opensearch)
    seed(simulator, example_monitor("disk", "acme_oncall"))
    opensearch.call("DELETE", "/_plugins/_notifications/configs/acme_oncall")
    done = opensearch.run("users", "oncall")
    assert done.code == 0, done.everything
    assert done.out.splitlines()[1].split() == ["oncall", "missing", "search", "disk", "monitor", "yes"]


def test_names_that_lead_nowhere_are_listed_with_the_nearest_one(opensearch: Project, simulator: Simulator) -> None:
    applied(opensearch, slack("oncall"), slack("muted", enabled=False))
    seed(
        simulator,
        example_monitor("typo", "acme_oncal"),
        example_monitor("blank", ""),
        example_monitor("to-muted", "acme_muted", "acme_oncall"),
        example_monitor("fine", "acme_oncall"),
    )
    done = opensearch.run("users", "--dangling")
    assert done.code == 2, done.everything
    assert "there is no such channel; did you mean acme_oncall?" in done.out
    names = [line.split()[0] for line in done.out.splitlines()[1:]]
    assert sorted(names) == ["blank", "to-muted", "typo"]
    assert "it is disabled" in done.out
    checks = json.loads(opensearch.run("doctor", "--json").out)["checks"]
    found = [item["text"] for item in checks if item["check"] == "users of channels"]
    assert "all can be seen: 4 monitors and workflows" in found
    assert 'monitor "typo" names "acme_oncal": there is no such channel' in found
    assert len(found) == 4


def test_nothing_named_in_vain_is_said_so(opensearch: Project, simulator: Simulator) -> None:
    applied(opensearch)
    seed(simulator, example_monitor("fine", "acme_oncall"))
    done = opensearch.run("users", "--dangling")
    assert done.code == 0
    assert "no monitor or workflow refers to a missing or disabled channel" in done.err


def test_a_name_that_nothing_has_is_an_error_with_a_hint(opensearch: Project) -> None:
    applied(opensearch)
    done = opensearch.run("users", "onkall")
    assert done.code == 1
    assert "did you mean oncall?" in done.err


def test_of_what_is_gone_nothing_is_known_where_a_target_cannot_be_read(
    opensearch: Project, simulator: Simulator
) -> None:
    simulator.faults.add("answer", path="*", status=403, times=100)
    done = opensearch.run("users", "gone")
    assert done.code == 1
    assert done.out == ""
    assert "gone: who uses it is not known: no target that could be read has it" in done.err


@pytest.mark.parametrize("arguments", [(), ("oncall", "--dangling")])
def test_either_names_or_dangling(opensearch: Project, arguments: tuple[str, ...]) -> None:
    assert opensearch.run("users", *arguments).code == 64


def test_a_list_shows_users_where_they_are_asked_for(opensearch: Project, simulator: Simulator) -> None:
    applied(opensearch)
    seed(simulator, example_monitor("disk", "acme_oncall"), example_monitor("cpu", "acme_oncall"))
    simulator.clear_requests()
    assert "USED BY" not in opensearch.run("list").out
    assert not any("_alerting" in call.path for call in simulator.requests)
    done = opensearch.run("list", "--users")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].endswith("USED BY")
    assert lines[1].endswith("2 monitors")
    assert lines[2].endswith(" -")
    assert sum("_alerting" in call.path for call in simulator.requests) == 1
    owned = json.loads(opensearch.run("list", "--users", "--json").out)["owned"]
    assert [len(row["used_by"]["users"]) for row in owned] == [2, 0]
    assert "used_by" not in json.loads(opensearch.run("list", "--json").out)["owned"][0]


def test_without_the_right_it_is_unknown_and_exits_7(opensearch: Project, simulator: Simulator) -> None:
    applied(opensearch)
    seed(simulator, example_monitor("disk", "acme_oncall"))
    with_login(opensearch)
    rights = ["cluster:admin/opensearch/notifications/*"]
    user = {"password": SECRET, "backend_roles": ["team"], "roles": ["ours"]}
    simulator.set_users({"users": {KEY: user}, "roles": {"ours": {"cluster_permissions": rights}}})
    done = opensearch.run("users", "oncall")
    assert done.code == 7
    assert done.out.splitlines()[1].split() == ["oncall", "SlackChannel", "search", "unknown", "-", "-"]
    assert "note: search: there may be more users: your user may not search monitors" in done.err
    gone = opensearch.run("users", "onkall")
    assert gone.code == 1
    assert "who refers to one is not known (search: your user may not search monitors); did you" in gone.err
    dangling = opensearch.run("users", "--dangling")
    assert dangling.code == 7
    assert "missing or disabled channel as far as could be seen" in dangling.err
    listed = opensearch.run("list", "--users")
    assert listed.code == 7
    assert listed.out.splitlines()[1].endswith("unknown")
    checks = json.loads(opensearch.run("doctor", "--json").out)["checks"]
    (found,) = (item for item in checks if item["check"] == "users of channels")
    assert found["health"] == "not tried"
    assert "grant cluster:admin/opendistro/alerting/monitor/search" in found["text"]


def test_confluent_has_no_monitors_and_says_so_and_its_subscriptions_use_channels(both: Project) -> None:
    quota = manifest(
        "Subscription", "users", targets=["kafka"], notification_type="Connector failed", channels=["oncall"]
    )
    applied(both, slack("oncall"), slack("other"), quota)
    done = both.run("users", "oncall", "other", "--target", "kafka")
    assert done.code == 0, done.everything
    used, unused = done.out.splitlines()[1:]
    assert used.split() == ["oncall", "SlackChannel", "kafka", "Connector", "failed", "Subscription", "yes"]
    assert unused.split() == ["other", "SlackChannel", "kafka", "-", "-", "-"]
    assert "kafka: has no monitors; only subscriptions use its channels" in done.err
    checks = json.loads(both.run("doctor", "--json", "--target", "kafka").out)["checks"]
    assert not [item for item in checks if item["check"] == "users of channels"]
    both.keep(slack("oncall"), quota)
    out = both.run("plan", "--prune", "--target", "kafka").out
    assert "1 to destroy" in out
    assert "monitor" not in out
