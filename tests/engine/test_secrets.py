"""Secrets in a run: read once, only where needed, before the first write; never shown, but compared."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from reconciler.engine import snapshots, targets
from reconciler.model.masking import Masker
from reconciler.model.values import SecretText
from reconciler.plan.make import make_target_plan
from tests.engine.projects import SLACK, Project


def counting(project: Project, name: str = "counted") -> Path:
    """A source whose every reading leaves a line in the file that is returned."""
    script = project.root / "count.sh"
    script.write_text(f'#!/bin/sh\necho "$1" >> asked\necho "{SLACK}$1"\n')
    script.chmod(0o755)
    project.write_project(secrets={"sources": {name: {"exec": ["./count.sh"]}}})
    return project.root / "asked"


def test_a_secret_that_is_not_there_is_counted_by_plan_and_an_error_for_strict_and_apply(project: Project) -> None:
    project.slack("oncall")
    planned = project.run("plan", SLACK_URL=None)
    assert planned.code == 0
    assert "resolved at apply (from env:SLACK_URL)" in planned.out
    for verb in (["plan", "--strict"], ["apply", "--yes"]):
        project.forget_calls()
        done = project.run(*verb, SLACK_URL=None)
        assert done.code == 1
        assert "env:SLACK_URL" in done.err
        assert project.writes() == []


def test_no_changes_is_not_said_while_a_field_was_not_compared(project: Project) -> None:
    project.slack("oncall")
    project.apply()
    assert "No changes." in project.run("plan").out
    done = project.run("plan", "--detailed-exitcode", SLACK_URL=None)
    assert done.code == 2
    assert "No changes." not in done.out


def test_each_secret_is_read_once_and_only_those_of_the_run(project: Project) -> None:
    asked = counting(project)
    for name in ("a", "b"):
        project.slack(name, webhook_url={"counted": "shared"})
    project.slack("c", webhook_url={"counted": "other"})
    project.slack("d", webhook_url={"counted": "ignored"}, ignore=["webhook_url"], id="there")
    project.create_live(
        "there", name="d", description="", config_type="slack", is_enabled=True, slack={"url": SLACK + "live"}
    )
    project.apply()
    assert sorted(asked.read_text().split()) == ["other", "shared"]
    asked.unlink()
    project.run("plan", "--only", "c")
    assert asked.read_text().split() == ["other"]


def test_a_saved_plan_asks_only_for_the_secrets_of_what_it_names(project: Project) -> None:
    asked = counting(project)
    project.slack("named", webhook_url={"counted": "named"})
    plan = project.save()
    project.slack("later", webhook_url={"counted": "later"})
    asked.unlink()
    project.apply_saved(plan)
    assert asked.read_text().split() == ["named"]


def test_one_secret_that_is_missing_stops_the_run_before_its_first_write(project: Project) -> None:
    project.slack("fine")
    project.slack("missing", webhook_url={"env": "NOT_THERE"})
    project.forget_calls()
    assert project.run("apply", "--yes").code == 1
    assert project.writes() == []


def test_a_plan_says_that_a_secret_differs_and_holds_no_hash_of_it(project: Project) -> None:
    """Hashes can be guessed against: besides one secret, a proposal could place thousands of literal guesses."""
    project.slack("oncall")
    project.apply()
    runs = [
        project.run("plan", *form, SLACK_URL=SLACK + "rotated").out for form in ((), ("--json",), ("-o", "markdown"))
    ]
    assert "(differs) from env:SLACK_URL" in runs[0]
    assert not any(re.findall(r"#[0-9a-f]{4}", text) for text in runs)
    assert '"tag"' not in runs[1]


@pytest.mark.parametrize(("module", "form"), [(targets, ()), (snapshots, ("--against", "snapshot.json"))])
def test_what_secrets_are_compared_by_is_of_no_use_after_the_run(
    project: Project, monkeypatch: pytest.MonkeyPatch, module: ModuleType, form: tuple[str, ...]
) -> None:
    """The same secret has another digest in every run: one that came out could be compared with no other."""
    project.slack("oncall")
    project.run("export", "--snapshot", "snapshot.json")
    digests: list[str] = []

    def watched(*arguments: Any) -> Any:
        digests.extend(each.digest(SecretText(SLACK)) for each in arguments if isinstance(each, Masker))
        return make_target_plan(*arguments)

    monkeypatch.setattr(module, "make_target_plan", watched)
    first, second = (project.run("plan", "--json", *form, SOURCE_DATE_EPOCH="0") for _ in range(2))
    assert (first.code, first.out) == (0, second.out)
    assert len(set(digests)) == len(digests) == 2


def test_the_value_of_an_ignored_field_is_needed_by_a_new_object_only(project: Project) -> None:
    project.slack("oncall", ignore=["webhook_url"])
    missing = project.run("apply", "--yes", SLACK_URL=None)
    assert missing.code == 1
    assert "env:SLACK_URL" in missing.everything
    project.apply()
    assert project.configs()["acme_oncall"]["slack"]["url"] == SLACK + "first"
    assert project.run("plan", "--detailed-exitcode", SLACK_URL=None).code == 0
    project.slack("oncall", ignore=["webhook_url"], description="new")
    project.apply(SLACK_URL=None)
    assert project.configs()["acme_oncall"]["slack"]["url"] == SLACK + "first"


def test_a_crash_report_holds_no_value(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong unforeseen, its message may hold a secret: only where it arose is shown."""

    def crash(workspace: object, servers: object) -> None:
        raise RuntimeError(f"could not send {SLACK}planted-in-a-message to the server")

    project.slack("oncall")
    monkeypatch.setattr(targets, "refuse_same_systems", crash)
    done = project.run("plan", "-vvv")
    assert done.code == 1
    assert "internal error (RuntimeError)" in done.err
    assert "targets.py" in done.err
    assert "planted" not in done.everything
    assert SLACK not in done.everything
