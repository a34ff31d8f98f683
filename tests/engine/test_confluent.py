"""The same promises on Confluent Cloud, whose ids are the server's own and whose objects are known by their marks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.simulator import Simulator
from tests.engine.projects import SLACK, Project


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Project]:
    with Simulator() as running:
        made = Project(tmp_path, monkeypatch, capfd, {"kafka": running})
        made.environ |= {"CONFLUENT_CLOUD_API_KEY": "key", "CONFLUENT_CLOUD_API_SECRET": "secret"}
        made.write_project(targets={"kafka": {"provider": "confluent", "url": running.url}})
        yield made


def test_a_saved_plan_is_applied_once_and_found_done_after(cloud: Project) -> None:
    cloud.slack("oncall", description="Pages us")
    plan = cloud.save()
    cloud.apply_saved(plan)
    assert cloud.run("plan", "--detailed-exitcode").code == 0
    again = cloud.apply_saved(plan)
    assert "already done" in again.out


def test_a_changed_manifest_is_refused(cloud: Project) -> None:
    cloud.slack("oncall", description="old")
    cloud.apply()
    cloud.slack("oncall", description="new")
    plan = cloud.save()
    cloud.slack("oncall", description="newer")
    done = cloud.run("apply", str(plan))
    assert done.code == 3
    assert 'SlackChannel "oncall" description' in done.err


def test_a_plan_without_secrets_is_applied_with_them(cloud: Project) -> None:
    cloud.slack("oncall")
    plan = cloud.save(SLACK_URL=None)
    cloud.apply_saved(plan)
    assert cloud.run("plan", "--detailed-exitcode").code == 0


def test_secrets_are_written_again_when_asked(cloud: Project) -> None:
    cloud.slack("oncall")
    cloud.apply()
    plan = cloud.run("plan", "--rewrite-secrets", SLACK_URL=SLACK + "rotated")
    assert "1 to change" in plan.out
    done = cloud.run("apply", "--yes", "--rewrite-secrets", SLACK_URL=SLACK + "rotated")
    assert done.code == 0, done.everything


def test_deletes_in_a_saved_plan_need_their_flag_again(cloud: Project) -> None:
    cloud.slack("oncall")
    cloud.slack("gone")
    cloud.apply()
    cloud.remove("gone")
    plan = cloud.save("--prune")
    assert cloud.run("apply", str(plan)).code == 3
    cloud.apply_saved(plan, "--prune")
    assert "gone" not in cloud.run("list").out
