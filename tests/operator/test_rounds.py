"""Rounds of the operator: from custom resources to live channels, statuses and Events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.operator.metrics import exposition
from reconciler.operator.schedule import Queue
from tests import calls
from tests.operator.fake import ADDRESS, World


def test_a_channel_is_applied_tested_and_says_so(world: World) -> None:
    project, oncall = world.project(), world.slack("oncall")
    world.look()
    assert world.conditions(oncall) == {
        "Ready": "True Applied",
        "Reconciling": "False Applied",
        "Stalled": "False Applied",
        "Verified": "True TestPassed",
        "Drifted": "False InSync",
    }
    status = world.status(oncall)
    assert status["observedGeneration"] == 1
    assert [item["id"] for item in status["targets"]] == ["acme_oncall"]
    assert status["lastTestOutcome"] == "passed"
    assert list(world.live()) == ["acme_oncall"]
    assert world.messages() == 1
    assert world.conditions(project)["Ready"] == "True TargetsRead"
    assert world.status(project)["resources"] == {"total": 1, "ready": 1, "verified": 1, "drifted": 0}
    assert world.events == ["Normal Verified oncall", "Normal TargetsRead acme"]


def test_a_steady_state_writes_nothing(world: World) -> None:
    world.project()
    world.slack("oncall")
    world.look()
    world.writes()
    world.look()
    assert world.writes() == []


def test_no_secret_is_in_any_status_or_event(world: World) -> None:
    world.project()
    world.slack("oncall")
    world.look()
    written = [item for path, item in world.cluster.objects.items() if "/secrets/" not in path]
    assert "abcdefghijklmnop" not in str(written)


def test_a_rotated_secret_is_a_change(world: World) -> None:
    world.project()
    oncall = world.slack("oncall")
    world.look()
    world.secret("slack", url=ADDRESS.replace("B0BBBBBB1", "B0CCCCCC1"))
    world.look()
    assert world.conditions(oncall)["Verified"] == "True TestPassed"
    assert "B0CCCCCC1" in str(world.live())
    assert world.messages() == 2


def test_a_late_secret_concerns_its_own_resource(world: World) -> None:
    world.project()
    late, other = world.slack("late", webhook_url={"secret": "late", "key": "url"}), world.slack("other")
    world.look()
    assert world.conditions(late)["Ready"] == "False SecretNotFound"
    assert world.conditions(late)["Reconciling"] == "True SecretNotFound"
    assert 'lacks the label channels.gitops/use: "true"' in world.message(late)
    assert world.conditions(other)["Ready"] == "True Applied"
    world.secret("late", url=ADDRESS, labelled=False)
    world.look()
    assert world.conditions(late)["Ready"] == "False SecretNotFound"
    world.secret("late", url=ADDRESS)
    world.look()
    assert world.conditions(late)["Ready"] == "True Applied"


@pytest.mark.parametrize(
    ("value", "why"),
    [("", "gave an empty value"), ("\n", "gave an empty value"), ("x\0y", "binary data"), ("x" * (2**20 + 1), "1 MiB")],
    ids=["empty", "newline", "binary", "large"],
)
def test_a_secret_that_is_no_value_concerns_its_own_resource(world: World, value: str, why: str) -> None:
    world.project()
    world.secret("odd", url=value)
    odd, other = world.slack("odd", webhook_url={"secret": "odd", "key": "url"}), world.slack("other")
    world.look()
    assert world.conditions(odd)["Ready"] == "False SecretNotFound"
    assert why in world.message(odd)
    assert world.conditions(other)["Ready"] == "True Applied"


def test_a_secret_that_the_project_does_not_allow_concerns_its_own_resource(world: World) -> None:
    world.project(secrets={"allow": ["secret:s*"]})
    odd, other = world.slack("odd", webhook_url={"secret": "odd", "key": "url"}), world.slack("other")
    world.secret("odd", url=ADDRESS)
    world.look()
    assert world.conditions(odd)["Ready"] == "False SecretNotFound"
    assert "spec.secrets.allow" in world.message(odd)
    assert world.conditions(other)["Ready"] == "True Applied"


def test_a_test_that_could_not_be_sent_is_no_failed_one_and_is_tried_again(world: World) -> None:
    fault = world.systems["search"].faults
    fault.add("answer", path="*feature/test*", status=403, times=1)
    world.project()
    oncall = world.slack("oncall")
    world.look()
    assert world.conditions(oncall)["Ready"] == "False TestNotSent"
    assert world.conditions(oncall)["Stalled"].startswith("False")
    assert world.conditions(oncall)["Verified"] == "Unknown NotSent"
    assert world.messages() == 0
    world.look()
    assert world.conditions(oncall)["Ready"] == "True Applied"
    assert world.messages() == 1


def test_what_failed_its_test_is_not_sent_again_by_itself(world: World) -> None:
    world.systems["search"].outcomes.set("hooks.slack.com", 404, "no_service")
    world.project()
    oncall = world.slack("oncall")
    world.look()
    assert world.conditions(oncall)["Ready"] == "False TestFailed"
    assert world.conditions(oncall)["Stalled"] == "True TestFailed"
    assert world.conditions(oncall)["Verified"] == "False TestFailed"
    assert world.live() == {}
    assert world.messages() == 1
    world.look()
    world.restart()
    world.look()
    assert world.messages() == 1
    assert world.events.count("Warning TestFailed oncall") == 1
    world.systems["search"].outcomes.clear()
    world.annotate(oncall, requested_at="now")
    world.look()
    assert world.conditions(oncall)["Ready"] == "True Applied"
    assert world.messages() == 2
    assert world.status(oncall)["lastHandledRequestedAt"] == "now"


def test_a_test_is_sent_when_it_is_asked_for_and_once(world: World) -> None:
    world.project()
    oncall = world.slack("oncall")
    world.look()
    world.annotate(oncall, test_requested_at="monday")
    world.look()
    world.look()
    assert world.messages() == 2
    assert world.status(oncall)["lastHandledTestRequestedAt"] == "monday"


def test_a_disabled_channel_whose_interval_has_passed_is_no_work_at_each_look(world: World) -> None:
    world.project()
    oncall = world.slack("oncall", enabled=False, operator={"test_every": "1h"})
    world.look()
    world.look()
    world.writes()
    world.look()
    assert world.writes() == []
    world.annotate(oncall, test_requested_at="monday")
    world.look()
    assert world.status(oncall)["lastHandledTestRequestedAt"] == "monday"
    assert world.conditions(oncall)["Verified"] == "Unknown Disabled"
    assert world.messages() == 0


def test_a_wish_of_any_length_is_heard_once_and_kept_short(world: World) -> None:
    world.project()
    oncall = world.slack("oncall")
    world.look()
    for wish in ("x" * 100_000, "x" * 100_000 + "y"):
        before = world.messages()
        world.annotate(oncall, test_requested_at=wish, requested_at=wish)
        world.look()
        world.look()
        assert world.messages() == before + 1
    assert len(str(world.status(oncall))) < 5_000


def test_a_failed_test_of_what_stands_is_said_and_changes_nothing(world: World) -> None:
    world.project()
    oncall = world.slack("oncall")
    world.look()
    world.systems["search"].outcomes.set("hooks.slack.com", 404, "no_service")
    world.annotate(oncall, test_requested_at="monday")
    world.look()
    assert world.conditions(oncall)["Ready"] == "True Applied"
    assert world.conditions(oncall)["Verified"] == "False TestFailed"
    assert list(world.live()) == ["acme_oncall"]


def test_drift_is_corrected_and_reported_once(world: World) -> None:
    world.project()
    oncall = world.slack("oncall")
    world.look()
    drift(world, "acme_oncall", description="moved by hand [acme/oncall]")
    world.look()
    assert "moved by hand" not in str(world.live())
    assert world.conditions(oncall)["Drifted"] == "False InSync"
    assert world.events.count("Normal DriftCorrected oncall") == 1


def test_a_change_is_no_drift(world: World) -> None:
    world.project()
    world.slack("oncall")
    world.look()
    world.slack("oncall", description="Pages us")
    world.look()
    assert "Pages us" in str(world.live())
    assert "Normal DriftCorrected oncall" not in world.events


def test_a_channel_disabled_by_hand_is_left_so_until_somebody_consents(world: World) -> None:
    world.project()
    oncall = world.slack("oncall")
    world.look()
    drift(world, "acme_oncall", is_enabled=False)
    world.look()
    assert world.conditions(oncall)["Ready"] == "False DisabledByHand"
    assert world.conditions(oncall)["Drifted"].startswith("True")
    world.annotate(oncall, allow="enable")
    world.look()
    assert world.conditions(oncall)["Ready"] == "True Applied"
    assert world.live()["acme_oncall"]["is_enabled"] is True


def drift(world: World, object_id: str, target: str = "search", **fields: object) -> None:
    config = {**world.live(target)[object_id], **fields}
    with calls.client(base_url=world.systems[target].url, auth=("admin", "admin"), verify=False) as client:
        path = f"/_plugins/_notifications/configs/{object_id}"
        client.put(path, json={"config_id": object_id, "config": config}).raise_for_status()


def test_a_target_that_cannot_be_read_keeps_what_is_known_of_it_and_hides_no_other(tmp_path: Path) -> None:
    with World(tmp_path, "east", "west") as world:
        world.secret("slack", url=ADDRESS)
        project, oncall = world.project(logins={"west": "west"}), world.slack("oncall")
        west = world.secret("west", password="admin")
        world.look()
        assert world.conditions(oncall)["Ready"] == "True Applied"
        del world.cluster.objects[west]
        world.look()
        assert world.conditions(oncall)["Ready"] == "True Applied"
        assert world.conditions(oncall)["Drifted"] == "Unknown NotCompared"
        world.slack("oncall", description="new")
        done = world.look()
        assert done["west"].failed
        assert world.conditions(oncall)["Ready"] == "False TargetUnread"
        assert world.conditions(oncall)["Reconciling"] == "True TargetUnread"
        assert world.message(oncall).startswith("west: ")
        assert world.conditions(project)["Ready"] == "False TargetUnread"
        assert "new" in str(world.live("east"))
        world.secret("west", password="admin")
        world.look()
        assert world.conditions(oncall)["Ready"] == "True Applied"


def test_of_two_namespaces_with_one_owner_and_system_the_younger_is_stalled(world: World) -> None:
    world.cluster.put("/api/v1/namespaces/other", {"metadata": {"name": "other"}})
    world.secret("slack", "other", url=ADDRESS)
    first, second = world.project(), world.project("again", "other", owner="acme")
    oncall = world.slack("oncall", "other")
    world.look()
    world.look(namespace="other")
    assert world.conditions(first)["Ready"] == "True TargetsRead"
    assert world.conditions(second)["Stalled"] == "True SecondProject"
    assert world.conditions(oncall)["Ready"] == "False ProjectNotReady"
    assert "is older" in world.message(second)
    assert world.live() == {}


@pytest.mark.parametrize("former", [True, False])
@pytest.mark.parametrize("suspended", [True, False])
def test_a_tenant_learns_no_name_of_another_namespace_and_a_suspended_project_keeps_its_owner(
    world: World, former: bool, suspended: bool
) -> None:
    world.cluster.put("/api/v1/namespaces/other", {"metadata": {"name": "other"}})
    world.secret("slack", "other", url=ADDRESS)
    first = world.project("secretive", owner="acme", operator={"suspend": suspended})
    owner: dict[str, Any] = {"owner": "late", "former_owners": ["acme"]} if former else {"owner": "acme"}
    second, oncall = world.project("late", "other", **owner), world.slack("oncall", "other")
    world.look()
    world.look(namespace="other")
    said = [item for path, item in world.cluster.objects.items() if "/namespaces/other/" in path]
    assert world.conditions(second)["Stalled"] == "True SecondProject"
    assert world.conditions(oncall)["Ready"] == "False ProjectNotReady"
    assert not [word for word in ("team", "secretive") if word in str(said)]
    assert "delete that" in world.message(second)
    del world.cluster.objects[first]
    world.look(namespace="other")
    assert world.conditions(oncall)["Ready"] == "True Applied"


def test_two_addresses_of_one_system_are_one_system(world: World) -> None:
    world.cluster.put("/api/v1/namespaces/other", {"metadata": {"name": "other"}})
    world.secret("slack", "other", url=ADDRESS)
    world.project()
    world.slack("first")
    world.look()
    again = world.project("again", "other", owner="acme")
    spec = world.cluster.objects[again]["spec"]
    target = spec["targets"]["search"]
    target = {**target, "url": target["url"].replace("127.0.0.1", "localhost")}
    world.put("Project", "again", "other", **{**spec, "targets": {"search": target}})
    oncall = world.slack("oncall", "other")
    for _ in range(3):
        world.look(namespace="other")
    assert world.conditions(again)["Stalled"] == "True SecondProject"
    assert world.conditions(oncall)["Ready"] == "False ProjectNotReady"
    assert list(world.live()) == ["acme_first"]
    world.writes()
    world.look(namespace="other")
    assert world.writes() == []


def test_a_project_with_nothing_to_write_is_not_ready_where_an_older_one_has_its_owner(world: World) -> None:
    world.cluster.put("/api/v1/namespaces/other", {"metadata": {"name": "other"}})
    world.project()
    world.look()
    again = world.project("again", "other", owner="acme")
    spec = world.cluster.objects[again]["spec"]
    target = spec["targets"]["search"]
    target = {**target, "url": target["url"].replace("127.0.0.1", "localhost")}
    world.put("Project", "again", "other", **{**spec, "targets": {"search": target}})
    world.look(namespace="other")
    assert world.conditions(again)["Ready"] == "False SecondProject"
    assert world.moved == ["other"]
    assert "Normal TargetsRead again" not in world.events


def test_an_operator_that_is_to_end_begins_nothing_new(world: World) -> None:
    world.project()
    oncall = world.slack("oncall")
    world.around.stop.soft.set()
    world.look()
    assert world.live() == {}
    assert world.status(oncall) == {}
    world.restart()
    world.look()
    assert world.conditions(oncall)["Ready"] == "True Applied"


def test_a_target_that_was_not_read_is_named_once(world: World) -> None:
    project, oncall = world.project(), world.slack("oncall")
    world.systems["search"].faults.add("answer", path="*", status=403, times=99)
    world.look()
    for path in (project, oncall):
        assert world.message(path).count("search: ") == 1
    assert world.message(oncall, "Drifted").count("search: ") == 1


def test_a_secret_that_several_fields_lack_is_named_once(world: World) -> None:
    world.project()
    headers = {name: {"secret": "gone", "key": name} for name in ("one", "two")}
    pager = world.put("WebhookChannel", "pager", url={"secret": "gone", "key": "url"}, headers=headers)
    world.look()
    assert world.conditions(pager)["Ready"] == "False SecretNotFound"
    assert world.message(pager).count('"gone"') == 1


def test_the_log_says_what_the_events_say_and_of_which_namespace(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.project()
    world.slack("oncall")
    with caplog.at_level("INFO", "reconciler.operator"):
        world.look()
        world.slack("oncall", targets=["nowhere"])
        world.look()
    said = [(record.levelname, record.getMessage()) for record in caplog.records]
    [verified] = [text for level, text in said if level == "INFO" and ": Verified: " in text]
    [invalid] = [text for level, text in said if level == "WARNING" and ": Invalid: " in text]
    assert all("team" in text and "SlackChannel" in text and "oncall" in text for text in (verified, invalid))


def test_too_many_messages_are_refused_with_a_way_that_works(world: World) -> None:
    project = world.project(safety={"max_messages": 1})
    one, two = world.slack("one"), world.slack("two")
    world.look()
    assert world.conditions(one)["Ready"] == world.conditions(two)["Ready"] == "False TooManyMessages"
    assert world.messages() == 0
    assert "max-messages=2" in world.message(one)
    world.annotate(project, allow="max-messages=2")
    world.look()
    assert world.conditions(two)["Ready"] == "True Applied"


def test_a_replace_waits_for_consent_and_the_message_says_how(world: World) -> None:
    world.project()
    path = world.slack("oncall")
    world.look()
    del world.cluster.objects[path]
    chime = world.put("ChimeChannel", "oncall", webhook_url={"secret": "chime", "key": "url"})
    world.secret("chime", url="https://hooks.chime.aws/incomingwebhooks/x?token=y")
    world.look()
    assert world.conditions(chime)["Ready"] == "False Held"
    assert "spec.allow: [replace]" in world.message(chime)
    assert "--" not in world.message(chime)
    world.annotate(chime, allow="replace")
    world.look()
    assert world.conditions(chime)["Ready"] == "True Applied"


def test_another_shards_project_is_left_alone(world: World) -> None:
    project, oncall = world.project(), world.slack("oncall")
    stored = world.cluster.objects[project]
    labels = {"sharding.channels.gitops/key": "two"}
    world.cluster.store(project, {**stored, "metadata": {**stored["metadata"], "labels": labels}})
    world.look()
    assert world.status(oncall) == {}
    world.around.shard = "two"
    world.look()
    assert world.conditions(oncall)["Ready"] == "True Applied"


def test_two_kinds_of_one_name_are_both_refused(world: World) -> None:
    world.project()
    slack = world.slack("oncall")
    chime = world.put("ChimeChannel", "oncall", webhook_url={"secret": "slack", "key": "url"})
    world.look()
    assert world.conditions(slack)["Ready"] == world.conditions(chime)["Ready"] == "False Invalid"


def test_metrics_are_those_of_what_is_there(world: World) -> None:
    world.project()
    oncall = world.slack("oncall")
    world.look()

    def lines() -> list[str]:
        text = exposition(world.rounds, Queue()).decode()
        return [line for line in text.splitlines() if line.startswith("reconciler_channel_verified{")]

    labels = 'kind="SlackChannel",name="oncall",namespace="team",target="search"'
    assert lines() == [f"reconciler_channel_verified{{{labels}}} 1.0"]
    del world.cluster.objects[oncall]
    world.look()
    assert lines() == []


def test_metrics_count_looks_calls_and_how_long_looks_took(world: World) -> None:
    def lines(name: str) -> dict[str, float]:
        text = exposition(world.rounds, Queue()).decode()
        found = [line.rpartition(" ") for line in text.splitlines() if line.startswith(name)]
        return {labels.removeprefix(name): float(number) for labels, _, number in found}

    project, _ = world.project(), world.slack("oncall")
    world.look()
    world.look()
    of_project, of_target = '{namespace="team",target=""}', '{namespace="team",target="search"}'
    assert lines("reconciler_project_reconciles_total") == {of_project: 2, of_target: 2}
    assert lines("reconciler_reconcile_seconds_count") == {'{of="project"}': 2, '{of="target"}': 2}
    calls = Counter(method for method, _ in world.cluster.calls)
    assert lines("reconciler_api_calls_total") == {f'{{method="{name}"}}': calls[name] for name in calls}
    assert lines("process_cpu_seconds_total").keys() == {""}
    del world.cluster.objects[project]
    world.look()
    assert lines("reconciler_project_reconciles_total") == {}
    assert lines("reconciler_reconcile_seconds_count") == {'{of="project"}': 3, '{of="target"}': 3}


def test_metrics_call_nothing_ready_of_a_project_that_cannot_be_used(world: World) -> None:
    project, _ = world.project(), world.slack("oncall")
    world.look()
    assert world.samples("resource_ready") == world.samples("target_readable") == ["1.0"]
    sound = world.cluster.objects[project]["spec"]
    world.put("Project", "acme", **{**sound, "default_targets": ["nowhere"]})
    world.look()
    assert world.samples("resource_ready") == ["0.0"]
    assert world.samples("target_readable") == []
    world.restart()
    world.look()
    assert world.samples("resource_ready") == ["0.0"]
    world.put("Project", "acme", **sound)
    world.look()
    assert world.samples("resource_ready") == world.samples("target_readable") == ["1.0"]


@pytest.mark.parametrize("number", ["²", "٣", "", "-1", "9999999", "x"])
def test_a_consent_that_is_no_number_consents_to_nothing_and_ends_no_look(world: World, number: str) -> None:
    project = world.project()
    oncall = world.slack("oncall")
    world.annotate(project, allow=f"max-deletes={number}, max-messages={number}")
    world.look()
    assert world.conditions(oncall)["Ready"] == "True Applied"


def test_nobody_takes_over_what_is_a_living_projects_by_naming_its_owner_as_a_former_one(world: World) -> None:
    world.project()
    world.slack("oncall")
    world.look()
    before = world.live()
    world.cluster.put("/api/v1/namespaces/thieves", {"metadata": {"name": "thieves"}})
    world.secret("slack", "thieves", url=ADDRESS)
    thief = world.project("thief", "thieves", owner="thief", former_owners=["acme"])
    stolen = world.slack("oncall", "thieves", description="mine now")
    world.look(namespace="thieves")
    assert world.live() == before
    assert world.conditions(thief)["Stalled"] == "True SecondProject"
    assert "former_owners" in world.message(thief)
    assert world.conditions(stolen)["Ready"] == "False ProjectNotReady"
    world.look()
    assert world.live() == before


def _lose_the_secret(world: World) -> None:
    world.secret("slack", other="x")


def _disable(world: World) -> None:
    drift(world, "acme_oncall", is_enabled=False)


def _change_what_cannot_be_read(world: World) -> None:
    world.secret("login", other="x")  # the target cannot be read any more
    world.slack("oncall", webhook_url={"secret": "slack", "key": "second"})
    world.secret("slack", url=ADDRESS, second=ADDRESS.replace("B0BBBBBB1", "B0CCCCCC1"))


@pytest.mark.parametrize("what", [_lose_the_secret, _disable, _change_what_cannot_be_read])
def test_what_is_not_live_is_not_called_verified(world: World, what: Callable[[World], None]) -> None:
    world.secret("login", password="admin")
    project, oncall = world.project(logins={"search": "login"}), world.slack("oncall")
    world.look()
    assert world.conditions(oncall)["Verified"] == "True TestPassed"
    what(world)
    world.look()
    assert world.conditions(oncall)["Ready"].startswith("False ")
    assert world.conditions(oncall)["Verified"] == "Unknown NotTested"
    assert world.status(project)["resources"]["verified"] == 0
    text = exposition(world.rounds, Queue()).decode()
    assert next(line for line in text.splitlines() if line.startswith("reconciler_channel_verified{")).endswith(" NaN")


def test_an_annotation_writes_no_escape_sequence_into_a_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.project()
    world.annotate(world.slack("oncall"), allow="\x1b[2Jnothing")
    world.look()
    assert "\\u001b[2Jnothing" in caplog.text
    assert "\x1b" not in caplog.text


def test_a_consent_that_allows_nothing_is_named_once(world: World) -> None:
    project, oncall, night = world.project(), world.slack("oncall"), world.slack("night")
    world.annotate(project, allow="in-use, max-deletes=many, max-deletes=20")
    world.annotate(oncall, allow="everything,max-deletes=20 in-use")
    world.annotate(night, allow="replace, duplicate, in-use, enable")
    world.look()
    world.look()
    named = [event for event in world.events if "UnknownConsent" in event]
    assert named == ["Warning UnknownConsent acme", "Warning UnknownConsent oncall"]
    world.annotate(oncall, allow="all")
    world.look()
    assert len([event for event in world.events if "UnknownConsent oncall" in event]) == 2
    assert world.conditions(oncall)["Ready"] == "True Applied"
