"""The journal: every step before and after, in a published form, without a value; and `show` prints it."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from reconciler.apply.journal import Journal, journal_schema, parse_journal
from reconciler.apply.results import Status
from reconciler.model.errors import ConfigurationError
from reconciler.report.result_text import render_journal
from reconciler.simulator import Simulator
from tests.apply.runs import Runs
from tests.apply.test_apply import hook


@pytest.fixture
def runs() -> Iterator[Runs]:
    with Simulator() as simulator:
        yield Runs(simulator)


def record(runs: Runs, path: Path, address: str = "/ok") -> str:
    with Journal.open(path) as journal:
        runs.apply([hook(runs, path=address)], journal=journal)
    return path.read_text("utf-8")


def test_each_step_is_there_before_and_after_and_its_lines_are_as_the_schema_says(runs: Runs, tmp_path: Path) -> None:
    text = record(runs, tmp_path / "journal", "/ok/very-secret-path")
    schema = jsonschema.Draft202012Validator(journal_schema())
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        schema.validate(line)
    steps = [(line["event"], line["step"], line["status"]) for line in lines]
    assert steps == [
        ("begin", "create", ""),
        ("end", "create", ""),
        ("begin", "test", ""),
        ("end", "test", ""),
        ("begin", "mark verified", ""),
        ("end", "mark verified", ""),
        ("outcome", "", "applied"),
    ]
    assert {line["id"] for line in lines} == {"acme_hook"}
    assert "very-secret-path" not in text


def test_several_runs_append_to_one_file_and_are_shown_one_by_one(runs: Runs, tmp_path: Path) -> None:
    path = tmp_path / "journal"
    record(runs, path, "/status/404")
    shown = render_journal(parse_journal(record(runs, path), "journal"))
    assert shown.count("started 2") == 2
    assert "hook: roll back create acme_hook, done" in shown
    assert "hook: rolled back" in shown
    assert "hook: applied" in shown
    assert "not finished" not in shown


def test_what_had_begun_and_not_ended_is_shown_first(runs: Runs, tmp_path: Path) -> None:
    whole = record(runs, tmp_path / "journal").splitlines()
    shown = render_journal(parse_journal("\n".join([*whole[:3], whole[3][:20]]), "journal")).splitlines()
    assert shown[1].startswith("1 step started but not finished")
    assert shown[2] == "  search hook: test acme_hook"


def test_a_damaged_line_is_named(runs: Runs, tmp_path: Path) -> None:
    whole = record(runs, tmp_path / "journal").splitlines()
    with pytest.raises(ConfigurationError, match="journal:2: not a journal line"):
        parse_journal("\n".join([whole[0], "{}", *whole[1:]]), "journal")


class Full:
    """A disk that is full after some lines."""

    def __init__(self, lines: int) -> None:
        self.left = lines

    def write(self, text: str) -> int:
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return len(text)

    def flush(self) -> None:
        """Nothing is kept."""

    def fileno(self) -> int:
        return sys.__stdin__.fileno() if sys.__stdin__ else 0


def test_a_full_disk_stops_what_has_not_begun_and_never_an_undoing(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", lambda _descriptor: None)
    journal = Journal(Full(3))  # type: ignore[arg-type]  # as much of a stream as a journal uses
    bad, other = hook(runs, "bad", "/status/404"), hook(runs, "other")
    runs.options = type(runs.options)(parallelism=1)
    run = runs.apply([bad, other], journal=journal)
    assert [item.status for item in run.targets[0].results] == [Status.ROLLED_BACK, Status.SKIPPED]
    assert "No space left" in run.targets[0].results[1].text
    assert runs.configs() == {}


def test_show_prints_a_journal(runs: Runs, tmp_path: Path) -> None:
    record(runs, tmp_path / "journal.jsonl")
    command = [sys.executable, "-m", "reconciler", "show", "journal.jsonl"]
    environ = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": ""}
    shown = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=True).stdout
    assert "search hook: create acme_hook, done" in shown
    document = subprocess.run(
        [*command, "--json"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
    )
    assert len(json.loads(document.stdout)) == 7
