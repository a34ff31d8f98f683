"""Several targets in one project: each by itself, side by side, and never one system twice."""

from __future__ import annotations

from tests.engine.projects import Project

BROKEN = {
    "provider": "opensearch",
    "url": "http://127.0.0.1:9",
    "auth": {"bearer": {"token": {"env": "NO_TOKEN"}}},
}
"""A target that fails at once: its token is not there."""


def test_overrides_give_each_target_its_own(two_targets: Project) -> None:
    two_targets.slack("oncall", description="both", overrides={"west": {"description": "west only"}})
    two_targets.apply()
    assert two_targets.configs("east")["acme_oncall"]["description"] == "both [acme/oncall]"
    assert two_targets.configs("west")["acme_oncall"]["description"] == "west only [acme/oncall]"
    assert two_targets.run("plan", "--detailed-exitcode").code == 0


def test_one_target_is_chosen_by_flag(two_targets: Project) -> None:
    two_targets.slack("oncall")
    two_targets.apply("--target", "west")
    assert two_targets.configs("east") == {}
    assert sorted(two_targets.configs("west")) == ["acme_oncall"]


def test_targets_are_chosen_by_globs_of_flag_and_environment_and_one_that_matches_nothing_lists_them(
    two_targets: Project,
) -> None:
    two_targets.slack("oncall", targets=["east", "west"])

    def planned(*flags: str, **environ: str) -> list[str]:
        return [item["target"] for item in two_targets.plan(*flags, **environ)["targets"]]

    assert planned("--target", "[ew]*") == ["east", "west"]
    assert planned("--target", "e*", "--target", "eas?") == ["east"]
    assert planned(RECONCILER_TARGET="e* west") == ["east", "west"]
    assert planned("--target", "w*", RECONCILER_TARGET="east") == ["west"]
    for done in (two_targets.run("plan", "--target", "prod-*"), two_targets.run("plan", RECONCILER_TARGET="prod-*")):
        assert done.code == 1
        assert "--target prod-*: nothing matches this pattern; known: east, west" in done.err


def test_a_target_that_fails_does_not_hide_the_others(two_targets: Project) -> None:
    targets = two_targets.config["spec"]["targets"] | {"west": BROKEN}
    two_targets.write_project(targets=targets, default_targets=["east", "west"])
    two_targets.slack("oncall")
    planned = two_targets.run("plan")
    assert planned.code == 1
    assert "1 to add" in planned.out
    assert "could not be read" in planned.out
    applied = two_targets.run("apply", "--yes")
    assert applied.code == 4, applied.everything
    assert sorted(two_targets.configs("east")) == ["acme_oncall"]
    pruned = two_targets.run("apply", "--yes", "--prune")
    assert pruned.code == 3
    assert "--prune is refused" in pruned.err


def test_all_targets_failing_is_an_error_and_nothing_was_written(two_targets: Project) -> None:
    two_targets.write_project(targets={"east": BROKEN}, default_targets=["east"])
    two_targets.slack("oncall")
    assert two_targets.run("apply", "--yes").code == 1


def test_two_targets_of_one_address_are_an_error_before_any_request(two_targets: Project) -> None:
    east = two_targets.config["spec"]["targets"]["east"]
    two_targets.write_project(targets={"east": east, "west": east | {"url": east["url"] + "/"}})
    two_targets.slack("oncall")
    two_targets.forget_calls()
    done = two_targets.run("plan")
    assert done.code == 1
    assert "same address" in done.err
    assert list(two_targets.simulators["east"].requests) == []


def test_two_addresses_of_one_cluster_are_an_error_and_nothing_is_written(two_targets: Project) -> None:
    east = two_targets.config["spec"]["targets"]["east"]
    port = east["url"].rsplit(":", 1)[1]
    two_targets.write_project(
        targets={"east": east, "west": {"provider": "opensearch", "url": f"http://localhost:{port}"}}
    )
    two_targets.slack("oncall")
    two_targets.forget_calls()
    done = two_targets.run("apply", "--yes")
    assert done.code == 1, done.everything
    assert "the same system" in done.err
    assert two_targets.writes("east") == []


def test_a_target_of_another_project_file_is_skipped_with_a_note_if_known_and_else_an_error(
    two_targets: Project,
) -> None:
    two_targets.slack("oncall", targets=["east", "staging"])
    assert two_targets.run("plan").code == 1
    two_targets.write_project(known_targets=["staging"])
    done = two_targets.run("plan")
    assert done.code == 0, done.everything
    assert "1 for target staging" in done.err
