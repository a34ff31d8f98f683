"""A saved plan is a reviewed promise: only what it shows is done, what is done is done, what moved is named."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.engine.projects import SLACK, Project

KEY = "a key that only the pipeline knows"


def edit(path: Path, **changes: Any) -> None:
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | changes))


def edit_target(path: Path, **changes: Any) -> None:
    document = json.loads(path.read_text())
    document["targets"][0] |= changes
    path.write_text(json.dumps(document))


def refused(project: Project, plan: Path, *words: str, **environ: str | None) -> str:
    """Apply the plan; it must be refused (3) with these words, and nothing may be written."""
    return _not_applied(project, plan, 3, words, environ)


def broken(project: Project, plan: Path, *words: str, **environ: str | None) -> str:
    """Apply the plan; it must be an error (1) with these words, and nothing may be written."""
    return _not_applied(project, plan, 1, words, environ)


def _not_applied(
    project: Project, plan: Path, code: int, words: tuple[str, ...], environ: dict[str, str | None]
) -> str:
    project.forget_calls()
    done = project.run("apply", str(plan), **environ)
    assert done.code == code, done.everything
    for word in words:
        assert word in done.err
    assert project.writes() == []
    assert "Traceback" not in done.everything
    return done.err


def test_what_the_plan_shows_is_applied_without_asking(project: Project) -> None:
    project.slack("oncall", description="Pages us")
    plan = project.save()
    project.apply_saved(plan)
    assert project.configs()["acme_oncall"]["description"] == "Pages us [acme/oncall]"


def test_the_file_is_private_and_a_failed_write_leaves_the_old_one(project: Project) -> None:
    project.slack("oncall")
    plan = project.save()
    assert stat.S_IMODE(plan.stat().st_mode) == 0o600
    done = project.run("plan", "--out", "no/such/folder/plan.json")
    assert done.code == 1
    assert "no/such/folder/plan.json" in done.err
    assert [item.name for item in project.root.iterdir() if item.name.startswith(".plan")] == []


def test_the_same_inputs_give_the_same_bytes(project: Project) -> None:
    project.slack("oncall")
    project.slack("other", description="b")
    texts = [project.save(SOURCE_DATE_EPOCH="1700000000").read_text() for _ in range(2)]
    assert texts[0] == texts[1]
    assert '"created_at": "2023-11-14T22:13:20+00:00"' in texts[0]


def test_a_second_apply_of_the_same_plan_finds_everything_done(project: Project) -> None:
    project.slack("oncall")
    plan = project.save()
    project.apply_saved(plan)
    project.forget_calls()
    again = project.apply_saved(plan)
    assert "already done" in again.out
    assert project.writes() == []


def test_a_plan_that_was_half_applied_is_finished(project: Project) -> None:
    project.slack("first")
    project.slack("second")
    plan = project.save()
    project.apply("--only", "first")
    project.forget_calls()
    project.apply_saved(plan)
    assert [call.split()[0] for call in project.writes()] == ["POST"]
    assert sorted(project.configs()) == ["acme_first", "acme_second"]


def test_a_channel_that_a_killed_run_left_unverified_is_finished(project: Project) -> None:
    project.slack("hook", test={"when": "change"})
    plan = project.save()
    project.apply()
    project.change_live("acme_hook", description="[acme/hook unverified]")
    project.apply_saved(plan)
    assert project.configs()["acme_hook"]["description"] == "[acme/hook]"


def test_what_the_plan_does_not_name_is_left_alone_and_listed(project: Project) -> None:
    project.slack("oncall")
    plan = project.save()
    project.slack("later")
    done = project.apply_saved(plan)
    assert sorted(project.configs()) == ["acme_oncall"]
    assert "later" in done.out
    assert "not in the plan" in done.out


def test_a_live_object_changed_since_is_refused_by_object_and_field(project: Project) -> None:
    project.slack("oncall", description="old")
    project.apply()
    project.slack("oncall", description="new")
    plan = project.save()
    project.change_live("acme_oncall", description="by hand [acme/oncall]")
    refused(project, plan, 'SlackChannel "oncall" description', "live is now 'by hand'", "'old'")


def test_a_live_object_muted_since_is_refused_though_no_manifest_manages_that(project: Project) -> None:
    project.slack("oncall", description="old")
    project.apply()
    project.slack("oncall", description="new")
    plan = project.save()
    project.change_live("acme_oncall", is_enabled=False)
    refused(project, plan, 'SlackChannel "oncall"', "was changed since")


def test_a_live_object_deleted_since_is_refused(project: Project) -> None:
    project.slack("oncall", description="old")
    project.apply()
    project.slack("oncall", description="new")
    plan = project.save()
    project.delete_live("acme_oncall")
    refused(project, plan, 'SlackChannel "oncall"', "create", "update")


def test_a_live_object_created_again_as_another_kind_is_refused(project: Project) -> None:
    project.slack("oncall", description="old")
    project.apply()
    project.slack("oncall", description="new")
    plan = project.save()
    project.delete_live("acme_oncall")
    project.create_live(
        "acme_oncall",
        name="oncall",
        description="[acme/oncall]",
        config_type="chime",
        is_enabled=True,
        chime={"url": "https://hooks.chime.aws/incomingwebhooks/x?token=y"},
    )
    refused(project, plan, 'SlackChannel "oncall"', "replace", "update")


def test_a_manifest_changed_since_is_refused_by_field(project: Project) -> None:
    project.slack("oncall", description="reviewed")
    plan = project.save()
    project.slack("oncall", description="sneaked in")
    refused(project, plan, 'SlackChannel "oncall" description', "'sneaked in'", "'reviewed'")


def test_a_manifest_removed_since_is_refused(project: Project) -> None:
    project.slack("oncall")
    project.slack("other")
    plan = project.save()
    project.remove("oncall")
    refused(project, plan, 'SlackChannel "oncall"', "in no manifest any more")


def test_another_secret_reference_is_refused(project: Project) -> None:
    project.slack("oncall")
    plan = project.save()
    project.slack("oncall", webhook_url={"env": "OTHER_URL"})
    refused(project, plan, "webhook_url", "env:OTHER_URL", "env:SLACK_URL", OTHER_URL=SLACK + "other")


def test_more_test_messages_than_the_plan_shows_are_refused(project: Project) -> None:
    project.slack("oncall")
    plan = project.save()
    project.slack("oncall", test={"when": "change"})
    refused(project, plan, 'would be sent for "oncall"')


def test_a_plan_made_without_secrets_is_applied_with_them(project: Project) -> None:
    project.slack("oncall")
    project.apply()
    project.slack("fresh")
    plan = project.save(SLACK_URL=None)
    text = plan.read_text()
    assert "env:SLACK_URL" in text
    project.apply_saved(plan, SLACK_URL=SLACK + "rotated")
    urls = {name: config["slack"]["url"] for name, config in project.configs().items()}
    assert urls == {"acme_oncall": SLACK + "rotated", "acme_fresh": SLACK + "rotated"}


def test_a_plan_made_without_secrets_is_bound_to_the_reference(project: Project) -> None:
    project.slack("fresh")
    plan = project.save(SLACK_URL=None)
    project.slack("fresh", webhook_url={"env": "OTHER_URL"})
    refused(project, plan, "webhook_url", "bound to env:SLACK_URL", OTHER_URL=SLACK + "other")


def test_a_channel_that_was_not_compared_and_then_changed_by_hand_is_refused(project: Project) -> None:
    project.slack("oncall")
    project.apply()
    plan = project.save(SLACK_URL=None)
    project.change_live("acme_oncall", is_enabled=False)
    refused(project, plan, 'SlackChannel "oncall"', "changed since", SLACK_URL=SLACK + "rotated")


def test_apply_needs_only_the_secrets_of_what_the_plan_names(project: Project) -> None:
    project.slack("oncall")
    plan = project.save()
    project.slack("unrelated", webhook_url={"env": "NOT_HERE"})
    project.apply_saved(plan)


def test_a_message_to_what_does_not_change_is_sent(two_targets: Project) -> None:
    """It takes the secrets of what the plan names for a message alone."""
    two_targets.slack("always", test={"when": "always"})
    two_targets.slack("other", webhook_url={"env": "OTHER_URL"})
    two_targets.apply(OTHER_URL=SLACK + "other")
    plan = two_targets.save(OTHER_URL=SLACK + "other")
    done = two_targets.apply_saved(plan)
    assert "Apply complete! 0 added, 0 changed, 0 destroyed; 2 verified by a test message." in done.out
    missing = two_targets.run("apply", str(plan), SLACK_URL=None)
    assert missing.code == 1
    assert "env:SLACK_URL" in missing.err


def test_another_cluster_is_refused(two_targets: Project) -> None:
    two_targets.slack("oncall", targets=["east"])
    plan = two_targets.save("--target", "east")
    config = json.loads((two_targets.root / "reconciler.yaml").read_text())
    targets = config["spec"]["targets"]
    targets["east"], targets["west"] = targets["west"], targets["east"]
    (two_targets.root / "reconciler.yaml").write_text(json.dumps(config))
    done = two_targets.run("apply", str(plan))
    assert done.code == 3, done.everything
    assert "another system" in done.err
    assert two_targets.writes("east") == two_targets.writes("west") == []


@pytest.mark.parametrize("spec", [{"owner": "other"}, {"targets": {"else": {"provider": "opensearch"}}}])
def test_another_project_or_target_is_refused(project: Project, spec: dict[str, Any]) -> None:
    project.slack("oncall", targets=["search"])
    plan = project.save()
    project.write_project(**spec, default_targets=[])
    project.slack("oncall", targets=list(project.config["spec"]["targets"]))
    refused(project, plan, "was made for", OPENSEARCH_URL=project.simulators["search"].url)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"format": "reconciler.plan/v1", "targets": [{"tar', "cut or damaged"),
        ("[" * 100_000, "cut or damaged"),
        ("[]", "is not a plan"),
        ('{"format": "reconciler.result/v1"}', "is not a plan"),
        ('{"format": "reconciler.plan/v2"}', "another format"),
        ('{"format": "reconciler.plan/v1", "project": 7, "owner": "acme"}', "at project"),
        ('{"format": "reconciler.plan/v1", "project": "p", "owner": "o", "scope": {"prune": "yes"}}', "at scope"),
        ('{"format": "reconciler.plan/v1", "project": "p", "owner": "o", "scope": {"evil": true}}', "at scope"),
    ],
)
def test_a_file_that_is_no_plan_is_one_clear_error(project: Project, text: str, words: str) -> None:
    project.slack("oncall")
    plan = project.root / "bad.json"
    plan.write_text(text)
    err = broken(project, plan, "bad.json", words)
    assert len(err.strip().splitlines()) == 1


def test_a_file_that_is_huge_missing_binary_or_a_folder_is_one_clear_error(project: Project) -> None:
    project.slack("oncall")
    huge = project.root / "huge.json"
    with huge.open("wb") as file:
        file.truncate(100 * 2**20)
    broken(project, huge, "larger than 64 MiB")
    binary = project.root / "binary.json"
    binary.write_bytes(b"\xff\xfe\x00")
    broken(project, binary, "UTF-8")
    broken(project, project.root / "none.json", "cannot be read")
    broken(project, project.root / "channels", "is not a regular file")


@pytest.mark.parametrize(
    "flags", [["--only", "oncall"], ["--prune"], ["--adopt"], ["--target", "othe*"], ["--test-when", "never"]]
)
def test_flags_that_contradict_the_scope_are_refused(project: Project, flags: list[str]) -> None:
    project.slack("oncall")
    plan = project.save()
    done = project.run("apply", str(plan), *flags)
    assert done.code == 3
    flag, *pattern = flags if flags[0] == "--target" else flags[:1]
    assert f"{' '.join([flag, *pattern])} contradicts the plan" in done.err


def test_the_scope_goes_with_the_plan(project: Project) -> None:
    project.slack("oncall")
    project.slack("other")
    plan = project.save("--only", "oncall")
    project.apply_saved(plan)
    assert sorted(project.configs()) == ["acme_oncall"]
    project.apply_saved(plan, "--only", "oncall")


def test_a_target_that_was_doubled_by_hand_is_not_applied_twice(project: Project) -> None:
    project.slack("oncall")
    plan = project.save()
    edit(plan, targets=json.loads(plan.read_text())["targets"] * 2)
    broken(project, plan, "a target appears twice")


def prunable(project: Project) -> Path:
    project.slack("oncall")
    project.slack("gone")
    project.apply()
    project.remove("gone")
    return project.root / "plan.json"


def test_a_delete_in_a_plan_needs_its_flag_again(project: Project) -> None:
    prunable(project)
    plan = project.save("--prune")
    project.forget_calls()
    done = project.run("apply", str(plan))
    assert done.code == 3, done.everything
    assert "needs --prune or --destroy again" in done.out
    assert project.writes() == []
    project.apply_saved(plan, "--prune")
    assert sorted(project.configs()) == ["acme_oncall"]


def test_a_delete_in_a_verified_plan_needs_no_flag(project: Project) -> None:
    prunable(project)
    plan = project.save("--prune", RECONCILER_PLAN_KEY=KEY)
    project.apply_saved(plan, RECONCILER_PLAN_KEY=KEY)
    assert sorted(project.configs()) == ["acme_oncall"]


def test_a_candidate_edited_into_a_delete_deletes_nothing(project: Project) -> None:
    prunable(project)
    plan = project.save()
    candidate = json.loads(plan.read_text())["targets"][0]["candidates"][0]
    change = {"action": "delete", "target": "search", "reasons": ["pruned"]} | {
        name: candidate[name] for name in ("kind", "name", "id", "updated")
    }
    edit_target(plan, changes=[change], candidates=[])
    edit(plan, scope={"prune": True, "max_deletes": 100})
    done = project.run("apply", str(plan))
    assert done.code == 3, done.everything
    assert sorted(project.configs()) == ["acme_gone", "acme_oncall"]


def test_a_replace_in_a_plan_needs_its_flag_again_unless_verified(project: Project) -> None:
    project.slack("oncall")
    project.apply()
    project.manifest(
        "ChimeChannel",
        "oncall",
        webhook_url={"env": "CHIME_URL"},
        test={"when": "never"},
    )
    project.environ["CHIME_URL"] = "https://hooks.chime.aws/incomingwebhooks/x?token=y"
    plan = project.save("--allow-replace")
    assert project.run("apply", str(plan)).code == 3
    assert project.configs()["acme_oncall"]["config_type"] == "slack"
    held = project.save()
    assert project.run("apply", str(held), "--allow-replace").code == 3
    signed = project.save("--allow-replace", RECONCILER_PLAN_KEY=KEY)
    project.apply_saved(signed, RECONCILER_PLAN_KEY=KEY)
    assert project.configs()["acme_oncall"]["config_type"] == "chime"


def test_a_guard_that_an_unverified_plan_lifts_stays_on(project: Project) -> None:
    for number in range(7):
        project.slack(f"gone{number}")
    project.slack("oncall")
    project.apply()
    for number in range(7):
        project.remove(f"gone{number}")
    plan = project.save("--prune", "--max-deletes", "7")
    assert project.run("apply", str(plan), "--prune").code == 3
    assert len(project.configs()) == 8
    project.apply_saved(plan, "--prune", "--max-deletes", "7")
    assert len(project.configs()) == 1


def test_a_limit_of_no_deletes_at_all_goes_with_the_plan(project: Project) -> None:
    prunable(project)
    plan = project.save("--prune", "--max-deletes", "0", RECONCILER_PLAN_KEY=KEY)
    assert json.loads(plan.read_text())["scope"] == {"prune": True, "max_deletes": 0}
    assert project.run("apply", str(plan), "--max-deletes", "0", RECONCILER_PLAN_KEY=KEY).code == 3
    assert sorted(project.configs()) == ["acme_gone", "acme_oncall"]


def test_what_was_held_back_in_the_plan_stays_held_back(project: Project) -> None:
    for number in range(7):
        project.slack(f"gone{number}")
    project.slack("oncall")
    project.apply()
    for number in range(7):
        project.remove(f"gone{number}")
    plan = project.save("--prune")
    for number in range(5):
        project.delete_live(f"acme_gone{number}")
    assert project.run("apply", str(plan), "--prune").code == 3
    assert len(project.configs()) == 3


def test_an_edited_signed_plan_is_refused(project: Project) -> None:
    project.slack("oncall")
    plan = project.save(RECONCILER_PLAN_KEY=KEY)
    edit(plan, commit="f" * 40)
    refused(project, plan, "was edited since it was signed", RECONCILER_PLAN_KEY=KEY)


def test_a_plan_without_signature_or_under_another_key_is_refused_where_a_key_is_set(project: Project) -> None:
    project.slack("oncall")
    refused(project, project.save(), "is not signed", RECONCILER_PLAN_KEY=KEY)
    other = project.save(RECONCILER_PLAN_KEY="another key, long enough")
    refused(project, other, "signed under another", RECONCILER_PLAN_KEY=KEY)
    broken(project, other, "shorter than 16", RECONCILER_PLAN_KEY="short")


def test_a_signed_plan_pins_the_values_of_secrets(project: Project) -> None:
    project.slack("oncall")
    plan = project.save(RECONCILER_PLAN_KEY=KEY)
    refused(
        project,
        plan,
        "webhook_url",
        "another value",
        "env:SLACK_URL",
        RECONCILER_PLAN_KEY=KEY,
        SLACK_URL=SLACK + "swap",
    )
    project.apply_saved(plan, RECONCILER_PLAN_KEY=KEY)


def test_a_signed_plan_without_the_key_is_applied_unchecked_and_says_so(project: Project) -> None:
    project.slack("oncall")
    plan = project.save(RECONCILER_PLAN_KEY=KEY)
    done = project.apply_saved(plan)
    assert "its signature was not checked" in done.err


def test_a_plan_is_applied_in_waves_of_its_targets(two_targets: Project) -> None:
    two_targets.slack("oncall", targets=["east", "west"])
    plan = two_targets.save()
    two_targets.apply_saved(plan, "--target", "e*")
    assert sorted(two_targets.configs("east")) == ["acme_oncall"]
    assert two_targets.configs("west") == {}
    two_targets.apply_saved(plan, "--target", "west")
    assert sorted(two_targets.configs("west")) == ["acme_oncall"]


def test_a_wave_of_no_target_of_the_plan_is_refused(two_targets: Project) -> None:
    two_targets.slack("oncall", targets=["east", "west"])
    plan = two_targets.save("--target", "east")
    done = two_targets.run("apply", str(plan), "--target", "w*")
    assert done.code == 3
    assert "has no such target; it has: east" in done.err
    assert two_targets.writes("west") == []
