"""Where reports go, with the real command and a CI's variables: stdout, job summary, comment, annotations, files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from junitparser import JUnitXml

from reconciler.simulator import Simulator
from tests.ci.forges import TOKEN, FakeForge
from tests.ci.serving import serve
from tests.cli.shell import PROJECT, SLACK, Shell
from tests.guarded import PATIENCE

SLACK_URL = "https://hooks.slack.com/services/T0AAAAAA1/B0BBBBBB1/abcdefghijklmnop"


@pytest.fixture
def forge() -> FakeForge:
    return FakeForge("github", login="github-actions[bot]")


@pytest.fixture
def actions(tmp_path: Path, forge: FakeForge) -> Iterator[Shell]:
    """A job of GitHub Actions for a pull request, in a project whose target is a simulator."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": "c0ffee" * 6}}}))
    with Simulator(receivers=True) as simulator, serve(forge) as api:
        shell = Shell(
            tmp_path,
            {
                "OPENSEARCH_URL": simulator.url,
                "SLACK_URL": SLACK_URL,
                "CI": "true",
                "GITHUB_ACTIONS": "true",
                "GITHUB_API_URL": api,
                "GITHUB_EVENT_PATH": str(event),
                "GITHUB_REPOSITORY": "team/repo",
                "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
                "GITHUB_TOKEN": TOKEN,
            },
        )
        shell.write("reconciler.yaml", PROJECT)
        shell.write("channels/oncall.yaml", SLACK)
        yield shell


def summary(shell: Shell) -> str:
    return (shell.folder / "summary.md").read_text()


def test_a_plan_is_shown_in_the_comment_and_the_summary_too(actions: Shell, forge: FakeForge) -> None:
    done = actions.run("plan", "--comment", "github", "--summary")
    assert done.code == 0, done.everything
    assert done.out.splitlines()[-2].startswith("Plan: 1 to add")
    (body,) = forge.bodies()
    assert "**Plan: 1 to add, 0 to change, 0 to destroy.**" in body
    assert "at `c0ffeec0ffee`" in body
    assert "**Plan: 1 to add" in summary(actions)


def test_a_run_that_fails_takes_the_place_of_a_green_one(actions: Shell, forge: FakeForge) -> None:
    assert actions.run("plan", "--comment", "github").code == 0
    actions.write("channels/oncall.yaml", SLACK.replace("webhook_url", "webhok_url"))
    assert actions.run("plan", "--comment", "github", "--annotations").code == 1
    (body,) = forge.bodies()
    assert "❌ reconciler plan" in body
    assert "webhok_url" in body
    actions.write("reconciler.yaml", "not: a project")
    assert actions.run("plan", "--comment", "github").code == 1
    (body,) = forge.bodies()
    assert "reconciler.yaml" in body
    actions.write("reconciler.yaml", PROJECT)
    actions.write("channels/oncall.yaml", SLACK)
    assert actions.run("plan", "--comment", "github").code == 0
    assert "1 to add" in forge.bodies()[0]
    assert len(forge.comments) == 1


def test_problems_are_annotated_at_their_lines_from_the_top_of_the_checkout(actions: Shell) -> None:
    actions.write("channels/oncall.yaml", SLACK.replace("webhook_url", "webhok_url"))
    done = actions.run("plan", "--annotations")
    assert "::error file=channels/oncall.yaml,line=6," in done.err
    actions.environ["GITHUB_WORKSPACE"] = str(actions.folder.parent)
    done = actions.run("plan", "--annotations")
    assert f"::error file={actions.folder.name}/channels/oncall.yaml,line=6," in done.err


def test_a_summary_that_is_full_is_left_alone(actions: Shell) -> None:
    (actions.folder / "summary.md").write_text("x" * (1024 * 1024 - 10))
    done = actions.run("plan", "--summary")
    assert done.code == 0
    assert "summary is full" in done.err
    assert (actions.folder / "summary.md").stat().st_size == 1024 * 1024 - 10


@pytest.mark.parametrize("status", ["none", "read-only"])
def test_a_fork_without_a_token_gets_the_summary_and_a_note(actions: Shell, forge: FakeForge, status: str) -> None:
    if status == "none":
        del actions.environ["GITHUB_TOKEN"]
    else:
        import httpx

        refusal = {"message": "Resource not accessible by integration"}
        forge.bad = [httpx.Response(403, json=refusal) for _ in range(2)]  # as it begins, and with the report
    done = actions.run("plan", "--comment", "github")
    assert done.code == 0
    assert "job's summary only" in done.err
    assert "**Plan: 1 to add" in summary(actions)
    assert forge.comments == []


def test_where_there_is_no_summary_the_report_is_not_said_to_be_in_it(actions: Shell) -> None:
    del actions.environ["GITHUB_TOKEN"]
    done = actions.run("plan", "--comment", "github", environ={"GITHUB_STEP_SUMMARY": ""})
    assert done.code == 0
    assert "the report is in this log only" in done.err
    assert "summary" not in done.err


def test_other_targets_and_ids_have_comments_of_their_own(actions: Shell, forge: FakeForge) -> None:
    for flags in ((), ("--target", "search"), ("--comment-id", "nightly"), ()):
        assert actions.run("plan", "--comment", "github", *flags).code == 0
    assert len(forge.comments) == 3


@pytest.mark.parametrize(("lacking", "flag"), [("GITHUB_REPOSITORY", "--repo"), ("GITHUB_EVENT_PATH", "--pr")])
def test_a_job_that_belongs_to_no_request_is_said_so_once(actions: Shell, lacking: str, flag: str) -> None:
    done = actions.run("plan", "--comment", "github", environ={lacking: "", "GITHUB_REF": "refs/heads/main"})
    assert done.code == 0
    (warning,) = (line for line in done.err.splitlines() if line.startswith("warning"))
    said = f"--comment github: this job does not say which request to comment on: pass {flag}"
    assert warning == f"warning: the comment was not written: {said}"


def test_a_site_that_is_down_does_not_change_the_exit_code(actions: Shell) -> None:
    actions.environ["GITHUB_API_URL"] = "http://127.0.0.1:9"
    done = actions.run("plan", "--comment", "github", "--detailed-exitcode")
    assert done.code == 2
    assert "the comment was not written" in done.err
    assert "an earlier comment, if there is one, still stands" in done.err
    last = done.err.splitlines()[-1]
    assert last == "note: --comment: no comment was written, for the reason above; the exit code is not affected"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("GITHUB_TOKEN", "geheim\u00e9", "the token for github has a character that is not allowed in a header"),
        ("GITHUB_API_URL", "ftp://x", "at ftp://x (UnsupportedProtocol): check that address and the proxy variables"),
        (
            "GITHUB_API_URL",
            "http://h:port",
            "at http://h:port (InvalidURL): check that address and the proxy variables",
        ),
        ("SSL_CERT_FILE", "/nonexistent", "check SSL_CERT_FILE, SSL_CERT_DIR and the proxy variables"),
    ],
)
def test_a_comment_that_cannot_be_sent_says_what_to_correct(
    actions: Shell, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    actions.environ[variable] = value
    monkeypatch.setenv(variable, value)
    done = actions.run("apply", "--yes", "--comment", "github")
    assert done.code == 0, done.everything
    assert said in done.err
    assert "geheim" not in done.everything


def test_a_login_page_in_place_of_the_site_is_named(actions: Shell) -> None:
    page = f"{actions.environ['OPENSEARCH_URL']}/_simulator/sink"
    actions.environ["GITHUB_API_URL"] = page
    done = actions.run("apply", "--yes", "--comment", "github")
    assert done.code == 0, done.everything
    assert f"github did not answer with JSON: is {page} the address of its API" in done.err


def test_an_apply_and_its_tests_are_reported(actions: Shell, forge: FakeForge) -> None:
    done = actions.run("apply", "--yes", "-o", "markdown", "--comment", "github")
    assert done.code == 0, done.everything
    assert done.out.startswith("### ✅ reconciler apply: `acme`")
    assert "**Apply complete! 1 added" in forge.bodies()[0]
    done = actions.run("test", "--all", "--junit", "junit.xml", "-o", "html")
    assert done.out.startswith("<!DOCTYPE html>")
    assert JUnitXml.fromfile(str(actions.folder / "junit.xml")).tests == 1


def test_an_apply_that_could_not_be_reported_is_not_reported_as_failed(actions: Shell, forge: FakeForge) -> None:
    assert actions.run("plan", "--comment", "github").code == 0
    with Path("/dev/full").open("w") as stdout:
        done = subprocess.run(
            [sys.executable, "-m", "reconciler", "apply", "--yes", "--json", "--comment", "github"],
            cwd=actions.folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **actions.environ},
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    (body,) = forge.bodies()
    assert "❌" not in body
    assert "failed" not in body
    assert "Plan: 1 to add" not in body, "and no older news stands"
    assert "**Apply complete! 1 added" in body, "nor that it is under way"


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_a_plan_whose_reader_went_away_stands_in_the_comment(actions: Shell, forge: FakeForge, form: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as stdout:
        subprocess.run(
            [sys.executable, "-m", "reconciler", "plan", "-o", form, "--comment", "github"],
            cwd=actions.folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **actions.environ},
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    (body,) = forge.bodies()
    assert "Plan: 1 to add" in body
    assert "under way" not in body


def test_the_summary_keeps_within_what_the_step_has_left(actions: Shell) -> None:
    (actions.folder / "summary.md").write_text("x" * (1024 * 1024 - 5000))
    assert actions.run("plan", "--summary").code == 0
    assert (actions.folder / "summary.md").stat().st_size <= 1024 * 1024


def test_a_plan_against_a_snapshot_needs_no_target(actions: Shell) -> None:
    assert actions.run("apply", "--yes").code == 0
    assert actions.run("export", "--snapshot", "snapshot.json").code == 0
    actions.write("channels/oncall.yaml", SLACK.replace("On-call", "On call"))
    for name in ("OPENSEARCH_URL", "SLACK_URL"):
        del actions.environ[name]
    done = actions.run("plan", "--against", "snapshot.json", "--terraform-report", "report.json")
    assert done.code == 0, done.everything
    assert '~ display_name = "On-call" -> "On call"' in done.out
    assert "against a snapshot of" in done.out
    assert json.loads((actions.folder / "report.json").read_text()) == {"create": 0, "update": 1, "delete": 0}


def test_a_snapshot_that_is_too_old_is_refused(actions: Shell) -> None:
    actions.environ["SOURCE_DATE_EPOCH"] = "1700000000"
    assert actions.run("export", "--snapshot", "snapshot.json").code == 0
    done = actions.run("plan", "--against", "snapshot.json")
    assert done.code == 3
    assert "--max-age" in done.err


def test_what_validate_finds_goes_to_code_scanning_and_annotations(actions: Shell) -> None:
    actions.write("channels/oncall.yaml", SLACK.replace("webhook_url", "webhok_url"))
    done = actions.run("validate", "--sarif", "problems.sarif", "--annotations")
    assert done.code == 1
    assert "::error file=channels/oncall.yaml,line=6," in done.err
    results = json.loads((actions.folder / "problems.sarif").read_text())["runs"][0]["results"]
    assert "unknown-field" in {item["ruleId"] for item in results}
    actions.write("reconciler.yaml", "kind: Project")
    assert actions.run("validate", "--sarif", "problems.sarif").code == 1
    assert "reconciler.yaml" in (actions.folder / "problems.sarif").read_text()
