"""A mute by hand is not one of ours: it is drift, it is never passed off as fine, and is lifted only when asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.cases.projects import CONFIGS, INTEGRATIONS, Project, manifest, slack
from tests.guarded import Guarded

SUBSCRIPTIONS = INTEGRATIONS.replace("integrations", "subscriptions")
OTHER = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/another0000000"


def mute(project: Project, object_id: str = "acme_oncall") -> None:
    project.put(object_id, is_enabled=False)


def test_it_is_no_plan_without_changes_and_it_is_drift(opensearch: Project) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    mute(opensearch)
    plan = opensearch.run("plan", "--detailed-exitcode")
    assert plan.code == 2
    assert "No changes" not in plan.out
    assert plan.out.splitlines()[-1] == "1 left disabled: oncall."
    drift = opensearch.run("drift")
    assert drift.code == 2
    assert 'SlackChannel "oncall": disabled by hand' in drift.out
    assert drift.out.count("by hand") == 1, "and no flag of another verb is named"
    assert "--enable" not in drift.out
    assert "enabled: live is false, manifest says true" in drift.out


def test_an_apply_leaves_it_and_says_so_last(opensearch: Project) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    mute(opensearch)
    sent = opensearch.sent()
    opensearch.keep(slack("oncall", description="another"))
    done = opensearch.run("apply", "--yes")
    assert done.code == 0
    assert done.out.endswith("1 left disabled: oncall.\n")
    assert opensearch.config("acme_oncall")["is_enabled"] is False
    assert opensearch.config("acme_oncall")["description"] == "another [acme/oncall]"
    assert opensearch.sent() == sent


@pytest.mark.parametrize("name", ["oncall", "all"])
def test_it_is_enabled_when_asked_and_tested(opensearch: Project, name: str) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    mute(opensearch)
    sent = len(opensearch.sent())
    done = opensearch.run("apply", "--yes", "--enable", name)
    assert done.code == 0, done.everything
    assert "disabled by hand" in done.out
    assert opensearch.config("acme_oncall")["is_enabled"] is True
    assert len(opensearch.sent()) == sent + 1
    assert opensearch.run("plan", "--detailed-exitcode").code == 0


def test_a_saved_plan_enables_nothing_by_itself_and_says_so(opensearch: Project) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    mute(opensearch)
    assert opensearch.run("plan", "--enable", "oncall", "--out", "plan.json").code == 0
    done = opensearch.run("apply", "plan.json")
    assert done.code == 3
    assert "was made with --enable" in done.err
    assert opensearch.config("acme_oncall")["is_enabled"] is False
    assert opensearch.run("apply", "plan.json", "--enable", "oncall").code == 0
    assert opensearch.config("acme_oncall")["is_enabled"] is True


def test_a_signed_plan_enables_what_it_shows(opensearch: Project) -> None:
    opensearch.environ["RECONCILER_PLAN_KEY"] = "a key that nobody would guess"
    assert opensearch.run("apply", "--yes").code == 0
    mute(opensearch)
    assert opensearch.run("plan", "--enable", "all", "--out", "plan.json").code == 0
    assert opensearch.run("apply", "plan.json").code == 0
    assert opensearch.config("acme_oncall")["is_enabled"] is True


@pytest.mark.parametrize(("answers", "enabled"), [("y\ny\n", True), ("n\n", False)])
def test_a_person_is_asked_at_the_question(opensearch: Project, answers: str, enabled: bool) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    mute(opensearch)
    code, shown = on_a_terminal(opensearch, answers, "apply")
    assert code == 0, shown
    assert "Disabled by hand: oncall. Enable and test it too?" in shown
    assert opensearch.config("acme_oncall")["is_enabled"] is enabled


def on_a_terminal(project: Project, typed: str, *arguments: str) -> tuple[int, str]:
    """Run the command with a person at a terminal, who types all answers at once; its code, and what stderr shows."""
    ours, theirs = os.openpty()
    environ = {name: value for name, value in os.environ.items() if name != "CI"} | project.environ
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=project.folder,
        env={**environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=theirs,
        stderr=theirs,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    os.write(ours, typed.encode())
    with Guarded(process):
        code = process.wait()
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # a terminal that nobody writes to any more ends with an error
        while piece := os.read(ours, 4096):
            shown += piece
    os.close(ours)
    return code, shown.decode()


def test_another_name_enables_nothing_and_an_unknown_one_is_an_error(opensearch: Project) -> None:
    opensearch.keep(slack("oncall"), slack("second"))
    assert opensearch.run("apply", "--yes").code == 0
    mute(opensearch)
    assert opensearch.run("apply", "--yes", "--enable", "second").code == 0
    assert opensearch.config("acme_oncall")["is_enabled"] is False
    done = opensearch.run("apply", "--yes", "--enable", "oncal")
    assert done.code == 1
    assert "did you mean oncall?" in done.err


def test_what_we_disabled_is_ours_to_enable(opensearch: Project) -> None:
    opensearch.keep(slack("oncall", enabled=False))
    assert opensearch.run("apply", "--yes").code == 0
    assert opensearch.config("acme_oncall")["description"] == "[acme/oncall disabled unverified]"
    assert opensearch.run("plan", "--detailed-exitcode").code == 0
    assert opensearch.run("drift").code == 0
    opensearch.keep(slack("oncall"))
    assert opensearch.run("apply", "--yes").code == 0
    assert opensearch.config("acme_oncall")["is_enabled"] is True
    assert opensearch.config("acme_oncall")["description"] == "[acme/oncall]"
    assert len(opensearch.sent()) == 1


def test_a_mute_that_a_manifest_takes_over_is_ours_from_then_on(opensearch: Project) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    mute(opensearch)
    opensearch.keep(slack("oncall", enabled=False))
    assert opensearch.run("apply", "--yes").code == 0
    assert opensearch.run("plan", "--detailed-exitcode").code == 0
    opensearch.keep(slack("oncall"))
    assert opensearch.run("apply", "--yes").code == 0
    assert opensearch.config("acme_oncall")["is_enabled"] is True


def test_a_hand_that_enabled_what_we_disabled_leaves_no_flag_behind(opensearch: Project) -> None:
    opensearch.keep(slack("oncall", enabled=False))
    assert opensearch.run("apply", "--yes").code == 0
    opensearch.put("acme_oncall", is_enabled=True)
    opensearch.keep(slack("oncall"))
    assert opensearch.run("apply", "--yes").code == 0
    mute(opensearch)
    assert "1 left disabled: oncall" in opensearch.run("apply", "--yes").out


def test_a_new_address_of_a_muted_channel_is_tested_once_it_is_enabled(opensearch: Project) -> None:
    assert opensearch.run("apply", "--yes").code == 0
    mute(opensearch)
    sent = len(opensearch.sent())
    opensearch.environ["SLACK_URL"] = OTHER
    assert opensearch.run("apply", "--yes").code == 0
    assert opensearch.config("acme_oncall")["description"] == "[acme/oncall unverified]"
    assert len(opensearch.sent()) == sent
    plan = json.loads(opensearch.run("plan", "--json").out)
    assert plan["targets"][0]["changes"] == []
    opensearch.put("acme_oncall", is_enabled=True)
    done = opensearch.run("apply", "--yes")
    assert done.code == 0, done.everything
    assert opensearch.config("acme_oncall")["description"] == "[acme/oncall]"
    assert len(opensearch.sent()) == sent + 1


@pytest.mark.parametrize("when", ["change", "always"])
def test_what_is_left_to_operators_is_reported_and_announces_no_message(opensearch: Project, when: str) -> None:
    opensearch.keep(slack("oncall", ignore=["enabled"], test={"when": when}))
    assert opensearch.run("apply", "--yes").code == 0
    mute(opensearch)
    sent = opensearch.sent()
    plan = opensearch.run("plan")
    assert plan.code == 0
    assert "Will send" not in plan.out
    assert plan.out.splitlines()[-1] == "No changes in what can be compared; 1 disabled by operators: oncall."
    done = opensearch.run("apply", "--yes")
    assert done.code == 0
    assert "1 disabled by operators: oncall." in done.out
    assert opensearch.sent() == sent
    drift = opensearch.run("drift")
    assert (drift.code, drift.out.splitlines()) == (
        0,
        [
            'search: disabled: SlackChannel "oncall", left to operators (ignore: [enabled])',
            "No drift in what was compared; 1 disabled by operators: oncall.",
        ],
    )


def test_a_muted_channel_under_always_announces_no_message(opensearch: Project) -> None:
    opensearch.keep(slack("oncall", test={"when": "always"}))
    assert opensearch.run("apply", "--yes").code == 0
    mute(opensearch)
    sent = opensearch.sent()
    assert "Will send" not in opensearch.run("plan").out
    assert opensearch.run("apply", "--yes").code == 0
    assert opensearch.sent() == sent


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("EmailGroup", {"recipients": ["a@example.org"]}),
        ("SesAccount", {"region": "eu-west-1", "from_address": "a@example.org"}),
        ("WebhookChannel", {"url": {"env": "SLACK_URL"}}),
    ],
)
def test_every_kind_is_compared(opensearch: Project, kind: str, spec: dict[str, object]) -> None:
    opensearch.keep(manifest(kind, "oncall", **spec))
    assert opensearch.run("apply", "--yes", "--test-when", "never").code == 0
    mute(opensearch)
    assert opensearch.run("drift").code == 2


def test_an_adopted_object_gets_what_its_manifest_says(opensearch: Project) -> None:
    config = {"name": "x", "config_type": "slack", "is_enabled": False, "slack": {"url": OTHER}}
    opensearch.call("POST", CONFIGS, {"config_id": "hand", "config": config})
    opensearch.keep(slack("oncall", id="hand"))
    plan = json.loads(opensearch.run("plan", "--json").out)["targets"][0]
    enabled = [field for change in plan["changes"] for field in change["fields"] if field["path"] == ["enabled"]]
    assert [(field["before"], field["after"]) for field in enabled] == [(False, True)]
    assert plan["disabled"] == []


def test_a_target_that_cannot_disable_is_not_compared(both: Project) -> None:
    assert both.run("apply", "--yes").code == 0
    mute(both)
    plan = json.loads(both.run("plan", "--json").out)
    disabled = {target["target"]: [item["name"] for item in target["disabled"]] for target in plan["targets"]}
    assert disabled == {"kafka": [], "search": ["oncall"]}
    assert both.run("apply", "--yes", "--enable", "all").code == 0
    assert both.run("plan", "--detailed-exitcode").code == 0


SUBSCRIPTION = {"notification_type": "Connector failed", "channels": ["oncall"]}


def mute_subscription(confluent: Project) -> dict[str, Any]:
    """Disable the one subscription that has a channel of ours, as a hand in the console does."""
    ours = {item["id"] for item in confluent.integrations()}
    (live,) = (
        item
        for item in confluent.call("GET", f"{SUBSCRIPTIONS}?page_size=100")["data"]
        if ours & {one["id"] for one in item["integrations"]}
    )
    muted: dict[str, Any] = confluent.call("PATCH", f"{SUBSCRIPTIONS}/{live['id']}", {"current_state": "DISABLED"})
    return muted


def state_of(confluent: Project, subscription: dict[str, Any]) -> str:
    return str(confluent.call("GET", f"{SUBSCRIPTIONS}/{subscription['id']}")["current_state"])


def test_a_subscription_that_somebody_disabled_is_drift_and_is_enabled_when_asked(confluent: Project) -> None:
    """It carries no mark, so nobody can tell who disabled it: without a `state` in its manifest it was a person."""
    confluent.keep(slack("oncall"), manifest("Subscription", "failed", **SUBSCRIPTION))
    assert confluent.run("apply", "--yes").code == 0
    muted = mute_subscription(confluent)
    plan = confluent.run("plan", "--detailed-exitcode")
    assert (plan.code, "pass --enable failed to enable it" in plan.out) == (2, True)
    drift = confluent.run("drift")
    assert drift.code == 2
    assert 'state: live is "DISABLED", manifest says "ENABLED"' in drift.out
    done = confluent.run("apply", "--yes")
    assert (done.code, "1 left disabled: failed" in done.out) == (0, True)
    assert state_of(confluent, muted) == "DISABLED"
    assert confluent.run("apply", "--yes", "--enable", "failed").code == 0
    assert state_of(confluent, muted) == "ENABLED"
    assert confluent.run("plan", "--detailed-exitcode").code == 0


def test_the_state_of_a_subscription_is_managed_as_written_or_left_to_operators(confluent: Project) -> None:
    confluent.keep(slack("oncall"), manifest("Subscription", "failed", **SUBSCRIPTION))
    assert confluent.run("apply", "--yes").code == 0
    muted = mute_subscription(confluent)
    confluent.keep(slack("oncall"), manifest("Subscription", "failed", **SUBSCRIPTION, ignore=["state"]))
    drift = confluent.run("drift")
    assert (drift.code, "1 disabled by operators: failed." in drift.out) == (0, True)
    confluent.keep(slack("oncall"), manifest("Subscription", "failed", **SUBSCRIPTION, state="ENABLED"))
    assert confluent.run("apply", "--yes").code == 0
    assert state_of(confluent, muted) == "ENABLED"


@pytest.mark.parametrize("arguments", [["--all"], ["other", "oncall"], ["--select", "team=a"]])
@pytest.mark.parametrize("spec", [{}, {"ignore": ["enabled"]}, {"test": {"when": "always"}}])
def test_a_test_of_several_does_not_end_well_while_a_muted_one_was_not_looked_at(
    opensearch: Project, arguments: list[str], spec: dict[str, object]
) -> None:
    opensearch.keep(slack("oncall", **spec), slack("other", webhook_url={"plain": OTHER}))
    for path in (opensearch.folder / "channels").iterdir():
        written = json.loads(path.read_text())
        path.write_text(json.dumps({**written, "metadata": {**written["metadata"], "labels": {"team": "a"}}}))
    assert opensearch.run("apply", "--yes").code == 0
    mute(opensearch)
    done = opensearch.run("test", *arguments)
    assert done.code == 7
    assert "1 passed, 0 failed, 0 unknown; 1 skipped: a disabled channel cannot be tested" in done.out


def test_a_test_of_several_ends_well_where_a_manifest_disables_one(opensearch: Project) -> None:
    opensearch.keep(slack("oncall", enabled=False), slack("other", webhook_url={"plain": OTHER}))
    assert opensearch.run("apply", "--yes").code == 0
    assert opensearch.run("test", "--all").code == 0
