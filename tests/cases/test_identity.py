"""Which live object is meant, by the real command: two with one mark, one named twice, renames, copies, look-alikes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.simulator import Fault, FaultKind
from tests.engine.projects import SLACK, Project, simulators


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Project]:
    """A project with two targets, in this process; its manifests are for the first."""
    with simulators("search", "west") as running:
        made = Project(tmp_path, monkeypatch, capfd, running)
        made.write_project(default_targets=["search"])
        yield made


def by_hand(project: Project, object_id: str, mark: str = "", name: str = "by hand", kind: str = "slack") -> None:
    """Make a channel in the console, with this description."""
    url = "https://hooks.chime.aws/incomingwebhooks/x?token=y" if kind == "chime" else SLACK + "hand"
    config: dict[str, Any] = {"name": name, "description": mark, "config_type": kind, kind: {"url": url}}
    project.create_live(object_id, is_enabled=True, **config)


def changes(project: Project, *arguments: str) -> dict[str, str]:
    """What a plan holds, by live id."""
    document = json.loads(project.run("plan", "--json", *arguments).out)
    return {change["id"]: change["held"] for target in document["targets"] for change in target["changes"]}


def test_an_adopted_channel_whose_manifest_is_renamed_is_renamed_and_not_pruned(acme: Project) -> None:
    by_hand(acme, "h1")
    acme.slack("on-call", id="h1", webhook_url={"live": True})
    acme.apply()
    acme.remove("on-call")
    acme.slack("oncall", id="h1", webhook_url={"live": True})
    acme.apply("--prune")
    assert {name: item["description"] for name, item in acme.configs().items()} == {"h1": "[acme/oncall]"}


def test_without_its_id_the_renamed_manifest_is_in_error_and_so_nothing_is_pruned(acme: Project) -> None:
    by_hand(acme, "h1")
    acme.slack("on-call", id="h1", display_name="On-call", webhook_url={"live": True})
    acme.apply()
    acme.remove("on-call")
    acme.slack("oncall", display_name="On-call", webhook_url={"live": True})
    done = acme.run("apply", "--yes", "--prune")
    assert done.code == 3, done.everything
    assert "spec.renamed_from: on-call" in done.out
    assert sorted(acme.configs()) == ["h1"]


@pytest.mark.parametrize("prune", [[], ["--prune"]])
def test_a_rename_that_nobody_wrote_down_holds_both_sides(acme: Project, prune: list[str]) -> None:
    acme.slack("old")
    acme.apply()
    acme.remove("old")
    acme.slack("new", test={"when": "change"})
    assert acme.run("apply", "--yes", *prune).code == 3
    assert sorted(acme.configs()) == ["acme_old"]
    acme.slack("new", renamed_from=["older", "old"])
    acme.apply(*prune)
    assert {name: item["description"] for name, item in acme.configs().items()} == {"acme_old": "[acme/new]"}


def test_a_saved_plan_of_a_held_rename_applies_what_it_shows_and_holds_the_same(acme: Project) -> None:
    acme.slack("old")
    acme.apply()
    acme.remove("old")
    acme.slack("new")
    acme.slack("other", webhook_url={"env": "OTHER"})
    acme.environ["OTHER"] = SLACK + "other"
    plan = acme.save("--prune")
    assert acme.run("apply", str(plan), "--prune").code == 4
    assert sorted(acme.configs()) == ["acme_old", "acme_other"]


def test_the_former_name_is_used_again_under_the_next_id(acme: Project) -> None:
    acme.slack("oncall")
    acme.apply()
    acme.slack("critical", renamed_from="oncall")
    acme.remove("oncall")
    acme.apply()
    acme.slack("critical")
    acme.slack("oncall", webhook_url={"env": "OTHER"})
    acme.environ["OTHER"] = SLACK + "other"
    assert "created as acme_oncall_2" in acme.run("plan").out
    acme.apply()
    assert acme.run("plan", "--detailed-exitcode").code == 0
    assert {name: item["description"] for name, item in acme.configs().items()} == {
        "acme_oncall": "[acme/critical]",
        "acme_oncall_2": "[acme/oncall]",
    }


def test_of_two_objects_with_one_mark_each_has_a_result_of_its_own(acme: Project) -> None:
    for name in ("x1", "x2"):
        by_hand(acme, name, "[acme/x]")
    acme.simulators["search"].faults.add(
        Fault(FaultKind.ANSWER, status=403, method="DELETE", path="*/configs/x2", times=100)
    )
    done = acme.run("destroy", "--yes", "--json")
    assert done.code == 4, done.everything
    results = json.loads(done.out)["targets"][0]["results"]
    assert {item["change"]["id"]: item["status"] for item in results} == {"x1": "applied", "x2": "failed"}
    assert sorted(acme.configs()) == ["x2"]


def test_one_of_several_is_destroyed_by_name_and_id_and_a_wrong_name_is_an_error(acme: Project) -> None:
    for name in ("x1", "x2"):
        by_hand(acme, name, "[acme/x]")
    by_hand(acme, "y1", "[acme/y]")
    assert acme.run("destroy", "z", "--yes").code == 1
    assert acme.run("destroy", "x@x2", "--yes").code == 0
    assert sorted(acme.configs()) == ["x1", "y1"]
    by_hand(acme, "x3", "[acme/x]")
    done = acme.run("destroy", "x", "--yes")
    assert done.code == 0
    assert all(f'SlackChannel "x@{name}" applied' in done.out for name in ("x1", "x3")), done.out
    assert sorted(acme.configs()) == ["y1"]


def test_a_copy_is_listed_and_left(acme: Project) -> None:
    acme.slack("oncall")
    acme.apply()
    by_hand(acme, "copy", "[acme/oncall]")
    done = acme.run("plan", "--prune", "--detailed-exitcode")
    assert done.code == 0, done.everything
    assert "destroy oncall@copy" in done.out
    acme.apply("--prune")
    assert sorted(acme.configs()) == ["acme_oncall", "copy"]


def test_two_manifests_under_one_id_are_an_error_before_the_first_write(acme: Project) -> None:
    acme.slack("a", id="acme_b")
    acme.slack("b", webhook_url={"env": "OTHER"})
    acme.environ["OTHER"] = SLACK + "other"
    done = acme.run("plan")
    assert done.code == 1, done.everything
    assert "would be created under one id, acme_b" in done.out
    assert acme.run("apply", "--yes").code == 1
    assert acme.configs() == {}


def test_a_saved_plan_with_two_deletes_of_one_mark_applies_as_it_is(acme: Project) -> None:
    acme.slack("kept")
    acme.apply()
    for name in ("x1", "x2"):
        by_hand(acme, name, "[acme/x]")
    plan = acme.save("--prune")
    done = acme.run("apply", str(plan), "--prune")
    assert done.code == 0, done.everything
    assert sorted(acme.configs()) == ["acme_kept"]


def test_a_saved_plan_with_a_held_replace_applies_the_rest_as_it_is(acme: Project) -> None:
    by_hand(acme, "acme_oncall", "[acme/oncall]", kind="chime")
    acme.slack("oncall", test={"when": "change"})
    acme.slack("other", webhook_url={"env": "OTHER"})
    acme.environ["OTHER"] = SLACK + "other"
    plan = acme.save()
    done = acme.run("apply", str(plan))
    assert done.code == 4, done.everything
    assert {name: item["config_type"] for name, item in acme.configs().items()} == {
        "acme_oncall": "chime",
        "acme_other": "slack",
    }


def test_a_flag_that_we_never_write_here_means_nothing_and_protection_holds(acme: Project) -> None:
    acme.slack("kept")
    acme.apply()
    by_hand(acme, "g", "[acme/grp protected replaced]")
    by_hand(acme, "c", "[acme/keep canary protected]")
    acme.slack("kept", description="something to write")
    assert "1 leftover of an interrupted run, left as it is: protected." in acme.run("plan").out
    acme.run("apply", "--yes", "--prune")
    assert sorted(acme.configs()) == ["acme_kept", "c", "g"]
    done = acme.run("destroy", "--yes")
    assert done.code == 4
    assert "protected, though it is a leftover: take the flag off its description by hand first" in done.out
    assert sorted(acme.configs()) == ["c", "g"]


def test_destroy_takes_what_interrupted_runs_left(acme: Project) -> None:
    by_hand(acme, "acme_oncall_canary_1", "[acme/oncall canary]")
    assert "1 leftover of an interrupted run" in acme.run("plan", "--allow-empty").out
    assert acme.run("destroy", "--yes").code == 0
    assert acme.configs() == {}


def test_a_renamed_project_is_asked_whether_it_is_one(acme: Project) -> None:
    by_hand(acme, "acme-old_oncall", "[acme-old/oncall]")
    acme.slack("oncall")
    assert "was this project called acme-old?" in acme.run("plan").out


def test_an_adopted_channel_that_lost_its_mark_is_not_created_a_second_time(acme: Project) -> None:
    by_hand(acme, "Xy12abcdEF", name="Team On-call")
    acme.slack("team-oncall", display_name="Team On-call", id="Xy12abcdEF")
    acme.apply()
    acme.slack("team-oncall", display_name="Team On-call")
    acme.change_live("Xy12abcdEF", description="Pages the team, see wiki")
    (held,) = changes(acme).values()
    assert "looks like this one (Xy12abcdEF)" in held
    drift = acme.run("drift")
    assert drift.code == 2
    assert "is not known to be live, and an apply would not create it" in drift.out
    assert "held: an unmanaged object looks like this one (Xy12abcdEF)" in drift.out
    assert drift.out.splitlines()[-1] == "Drift: 1 resource; 1 held by a guard."
    assert acme.run("apply", "--yes").code == 3
    assert sorted(acme.configs()) == ["Xy12abcdEF"]
    acme.slack("team-oncall", display_name="Team On-call", allow=["duplicate"])
    acme.apply()
    assert sorted(acme.configs()) == ["Xy12abcdEF", "acme_team-oncall"]
    assert "spec.allow: [duplicate] has no effect on this target" in acme.run("plan").out


def test_what_is_held_on_one_target_is_not_on_the_other(acme: Project) -> None:
    by_hand(acme, "like", name="oncall")
    acme.write_project(default_targets=["search", "west"])
    acme.slack("oncall")
    assert acme.run("apply", "--yes").code == 4
    assert sorted(acme.configs("search")) == ["like"]
    assert sorted(acme.configs("west")) == ["acme_oncall"]


def test_consent_to_a_delete_in_use_may_stand_in_the_project_file(acme: Project) -> None:
    acme.create_live(
        "acme_old-team",
        name="old-team",
        description="[acme/old-team]",
        config_type="email_group",
        is_enabled=True,
        email_group={"recipient_list": [{"recipient": "a@example.org"}]},
    )
    acme.create_live(
        "account",
        name="account",
        description="",
        config_type="smtp_account",
        is_enabled=True,
        smtp_account={"host": "h", "port": 25, "method": "none", "from_address": "a@example.org"},
    )
    acme.create_live(
        "theirs",
        name="theirs",
        description="",
        config_type="email",
        is_enabled=True,
        email={
            "email_account_id": "account",
            "recipient_list": [{"recipient": "b@example.org"}],
            "email_group_id_list": ["acme_old-team"],
        },
    )
    acme.slack("oncall")
    assert "still in use by theirs" in changes(acme, "--prune")["acme_old-team"]
    acme.write_project(default_targets=["search"], safety={"allow": [{"delete": "old-team", "in_use": True}]})
    assert changes(acme, "--prune")["acme_old-team"] == ""
    shown = acme.run("plan").out
    assert "1 prune candidate, deleted only with --prune:" in shown
    assert "safety.allow consents to the delete of old-team, and --prune carries it out" in shown
    done = acme.run("apply", "--yes")
    assert (done.code, "acme_old-team" in acme.configs()) == (0, True)
    idle = "spec.safety.allow: the consent to delete old-team permits nothing on any target; remove it"
    assert idle not in acme.run("plan").out
    acme.apply("--prune")
    assert "acme_old-team" not in acme.configs()
    assert idle in acme.run("plan").out
    assert idle not in acme.run("plan", "--only", "oncall").out
    allow = {"allow": [{"delete": "old-team", "in_use": True}]}
    acme.write_project(default_targets=["search"], safety=allow, lint={"idle-consent": "error"})
    done = acme.run("plan")
    assert done.code == 1
    assert idle in done.everything
