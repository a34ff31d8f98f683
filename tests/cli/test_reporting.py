"""What happened is what is reported: trouble after the last write changes no exit code, and a run that fails leaves a
document that says why."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import jsonschema
import pytest

from reconciler.manifests.manifest import schema_folder
from reconciler.simulator import Simulator
from tests.cli.shell import SLACK, Shell
from tests.guarded import PATIENCE

FAILURE = json.loads((schema_folder() / "failure.json").read_text("utf-8"))
WRONG = SLACK.replace("webhook_url", "webhok_url")


SMALL = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Start a command that may write files of ten bytes. A process of its own sets that: what subprocess runs between fork
and exec may wait for ever for what a thread, as a simulator's, held at the fork."""


def apply_to(shell: Shell, stdout: Path, *flags: str, within: Sequence[str] = ()) -> tuple[int, str]:
    """An apply whose stdout is a file; its exit code and stderr."""
    with stdout.open("w") as stream:
        done = subprocess.run(
            [*within, sys.executable, "-m", "reconciler", "apply", "--yes", *flags],
            cwd=shell.folder,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2]), **shell.environ},
            stdout=stream,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    return done.returncode, done.stderr.decode()


def live(simulator: Simulator) -> list[str]:
    return [document.config_id for document in simulator.store.all()]


def test_a_full_disk_after_the_last_write_changes_nothing(shell: Shell, simulator: Simulator) -> None:
    code, err = apply_to(shell, Path("/dev/full"), "-o", "json")
    assert code == 0, err
    assert live(simulator) == ["acme_oncall"]
    assert "could not be reported" in err
    assert "nothing was written" not in err
    assert "Traceback" not in err
    assert "Exception ignored" not in err


def test_a_full_disk_before_the_first_write_stops_the_run(shell: Shell, simulator: Simulator) -> None:
    code, err = apply_to(shell, Path("/dev/full"))
    assert code == 1
    assert "stdout cannot be written" in err
    assert live(simulator) == []


@pytest.mark.parametrize("closed", [">&-", ">/dev/full"])
@pytest.mark.parametrize("words", ["validate", "validate --json", "version", "--help", "plan --help"])
def test_a_stdout_that_takes_nothing_is_one_error(shell: Shell, words: str, closed: str) -> None:
    done = in_a_shell(shell, f"{words} {closed}")
    assert done.returncode == 1
    assert re.fullmatch(r"error: stdout cannot be written: [^\n]+\n", done.stderr)


def test_closed_streams_are_no_fault_and_no_file_is_taken_for_one(shell: Shell) -> None:
    assert in_a_shell(shell, "validate 2>&- <&-").returncode == 0
    assert in_a_shell(shell, "apply <&-").stderr.endswith("there is no terminal to ask on: pass --yes\n")
    assert in_a_shell(shell, "validate --sarif found.sarif >&- 2>&- <&-").returncode == 1
    assert json.loads((shell.folder / "found.sarif").read_text("utf-8"))["version"] == "2.1.0"


def in_a_shell(shell: Shell, command: str) -> subprocess.CompletedProcess[str]:
    """What a real shell hands on and a test's cannot: streams that are closed."""
    return subprocess.run(
        ["/bin/sh", "-c", f'"{sys.executable}" -m reconciler {command}'],
        cwd=shell.folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2]), **shell.environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_limit_on_the_size_of_files_changes_nothing(shell: Shell, simulator: Simulator, tmp_path: Path) -> None:
    code, err = apply_to(shell, tmp_path / "out.json", "-o", "json", within=[sys.executable, "-c", SMALL])
    assert code == 0, err
    assert live(simulator) == ["acme_oncall"]


def test_a_locale_that_lacks_a_character_gets_an_escape(shell: Shell, simulator: Simulator) -> None:
    shell.write("channels/oncall.yaml", SLACK.replace("On-call", "On call ☎"))
    done = shell.run("apply", "--yes", environ={"PYTHONIOENCODING": "latin-1"})
    assert done.code == 0, done.everything
    assert live(simulator) == ["acme_oncall"]
    assert "On call \\u260e" in done.out


@pytest.mark.parametrize(
    "environ",
    [
        {"GITHUB_API_URL": "ht!tp://x y"},
        {"GITHUB_API_URL": "http://127.0.0.1:9"},
        {"GITHUB_TOKEN": "tökén"},
        {"GITHUB_EVENT_PATH": "/dev/null/nothing"},
        {"GITHUB_STEP_SUMMARY": "/dev/full"},
    ],
    ids=lambda environ: next(iter(environ.items())),
)
def test_what_a_comment_or_summary_meets_never_costs_the_outcome(
    shell: Shell, simulator: Simulator, environ: dict[str, str]
) -> None:
    actions = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "team/repo",
        "GITHUB_TOKEN": "a-token",
        "GITHUB_API_URL": simulator.url,  # which answers, but not as the API does
    }
    done = shell.run("apply", "--yes", "--comment", "github", "--pr", "7", "--summary", environ={**actions, **environ})
    assert done.code == 0, done.everything
    assert live(simulator) == ["acme_oncall"]
    assert "warning: " in done.err
    assert "failed" not in done.err.replace("0 failed", "")
    assert "Traceback" not in done.everything
    assert "tökén" not in done.everything


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan"],
        ["apply", "--yes"],
        ["drift"],
        ["test", "--all"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_run_that_fails_leaves_a_document_in_every_form(shell: Shell, arguments: list[str]) -> None:
    shell.write("channels/oncall.yaml", WRONG)
    failed = shell.run(*arguments, "--json")
    assert failed.code == 1
    document = json.loads(failed.out)
    jsonschema.validate(document, FAILURE)
    assert (document["verb"], document["exit_code"]) == (arguments[0], 1)
    assert any(item["file"] == "channels/oncall.yaml" and item["line"] == 6 for item in document["errors"])
    assert "webhok_url" in failed.err  # said to people too
    page = shell.run(*arguments, "-o", "markdown")
    assert page.out.startswith(f"### ❌ reconciler {arguments[0]}")
    assert "webhok_url" in page.out
    assert shell.run(*arguments, "-o", "html").out.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("verb", ["validate", "list", "export", "doctor", "plan"])
def test_a_project_file_that_cannot_be_used_is_named_in_the_document(shell: Shell, verb: str) -> None:
    shell.write("reconciler.yaml", "kind: Project\n")
    failed = shell.run(verb, "--json")
    assert failed.code == 1
    document = json.loads(failed.out)
    jsonschema.validate(document, FAILURE)
    assert document["errors"][0]["file"] == "reconciler.yaml"


def test_a_secret_that_is_missing_is_named_in_the_document(shell: Shell) -> None:
    failed = shell.run("apply", "--yes", "--json", environ={"SLACK_URL": ""})
    assert failed.code == 1
    assert "SLACK_URL" in json.loads(failed.out)["errors"][0]["message"]


def test_a_junit_report_says_why_there_are_no_tests(shell: Shell) -> None:
    shell.write("channels/oncall.yaml", WRONG)
    assert shell.run("test", "--all", "--junit", "junit.xml").code == 1
    assert "webhok_url" in (shell.folder / "junit.xml").read_text("utf-8")


@pytest.mark.parametrize("form", [[], ["--json"], ["-o", "markdown"]], ids=["text", "json", "markdown"])
def test_a_junit_report_that_cannot_be_written_changes_nothing_of_what_was_sent(
    shell: Shell, simulator: Simulator, form: list[str]
) -> None:
    assert shell.run("apply", "--yes", "--test-when", "never").code == 0
    whole = shell.run("test", "--all", *form)
    done = shell.run("test", "--all", *form, "--junit", "no/such/folder/junit.xml")
    assert (done.code, whole.code) == (0, 0), done.everything
    assert _without_seconds(done.out) == _without_seconds(whole.out)
    assert "no/such/folder/junit.xml: cannot be written" in done.err
    assert "its exit code is right" in done.err
    simulator.outcomes.set("hooks.slack.com", 404)
    assert shell.run("test", "--all", *form, "--junit", "no/such/folder/junit.xml").code == 6


def _without_seconds(text: str) -> str:
    return re.sub(r"[0-9]+\.[0-9]+", "", text)


def test_a_report_that_cannot_be_printed_leaves_the_junit_report(shell: Shell) -> None:
    assert shell.run("apply", "--yes", "--test-when", "never").code == 0
    with Path("/dev/full").open("w") as stream:
        done = subprocess.run(
            [sys.executable, "-m", "reconciler", "test", "--all", "--junit", "junit.xml"],
            cwd=shell.folder,
            env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2]), **shell.environ},
            stdout=stream,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "<testcase" in (shell.folder / "junit.xml").read_text("utf-8")


def test_one_document_is_printed_even_if_another_file_fails(shell: Shell) -> None:
    failed = shell.run("plan", "--json", "--terraform-report", "no/such/folder/report.json")
    assert failed.code == 1
    assert json.loads(failed.out)["format"] == "reconciler.failure/v1"
