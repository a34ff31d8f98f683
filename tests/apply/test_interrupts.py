"""Ctrl-C and SIGTERM, as a terminal, a shell, make and CI runners send them, to the real command in a real process."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.simulator import Simulator
from tests.apply.processes import COMMAND, Process, make_project

LIMIT = 6.0  # seconds, of which the first half is the undoing


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


def directly(folder: Path) -> list[str]:
    return [*COMMAND]


def under_a_shell(folder: Path) -> list[str]:
    return ["sh", "-c", f"{shlex.join(COMMAND)}; exit $?"]


def under_make(folder: Path) -> list[str]:
    (folder / "Makefile").write_text(f"apply:\n\t@{shlex.join(COMMAND)}\n", "utf-8")
    return ["make", "apply"]


def live(simulator: Simulator) -> dict[str, str]:
    documents = [json.loads(document.text) for document in simulator.store.all()]
    return {document["config_id"]: document["config"]["description"] for document in documents}


@pytest.mark.parametrize(
    ("start", "number", "group"),
    [
        (directly, signal.SIGINT, False),
        (directly, signal.SIGTERM, False),
        (under_a_shell, signal.SIGINT, True),
        (under_a_shell, signal.SIGTERM, True),
        (under_make, signal.SIGINT, True),
        (under_make, signal.SIGTERM, True),
        (under_make, signal.SIGTERM, False),
    ],
)
def test_an_unverified_channel_is_undone_however_the_signal_comes(
    simulator: Simulator,
    tmp_path: Path,
    start: object,
    number: signal.Signals,
    group: bool,
) -> None:
    assert callable(start)
    folder = make_project(tmp_path)
    simulator.faults.add("wait", method="POST", path="*/feature/test/*", seconds=20)
    with Process(simulator, folder, start(folder)) as process:
        process.wait_for_fault()
        assert live(simulator) == {"acme_hook": "[acme/hook unverified]"}
        ended = process.interrupt(number, group=group)
    assert ended.seconds < LIMIT
    assert live(simulator) == {}
    assert ended.err.count("interrupted: nothing new starts") == 1
    assert "Interrupted: 0 added, 0 changed, 0 destroyed; 1 rolled back." in ended.out
    assert ended.code != 0
    if start is directly:
        assert ended.code == 130


def test_what_was_undone_is_told_before_all_else_and_what_had_not_begun_is_told_too(
    simulator: Simulator, tmp_path: Path
) -> None:
    folder = make_project(tmp_path, [f"hook-{number}" for number in range(4)])
    simulator.faults.add("wait", method="POST", path="*/feature/test/*", seconds=20)
    with Process(simulator, folder, [*COMMAND, "--parallelism", "1"]) as process:
        process.wait_for_fault()
        ended = process.interrupt(signal.SIGINT, group=True)
    assert ended.code == 130
    assert live(simulator) == {}
    report = ended.out.split("the run was interrupted before it began")[-1].strip().splitlines()
    assert "rolled back" in report[0]
    assert report[-1] == "Interrupted: 0 added, 0 changed, 0 destroyed; 3 skipped; 1 rolled back."


def test_a_write_that_hangs_is_left_unknown_within_the_limit_and_the_next_run_fixes_it(
    simulator: Simulator, tmp_path: Path
) -> None:
    folder = make_project(tmp_path)
    simulator.faults.add("wait", method="POST", path="*/configs", seconds=20)
    with Process(simulator, folder) as process:
        process.wait_for_fault()
        ended = process.interrupt(signal.SIGTERM, group=True)
    assert ended.seconds < LIMIT
    assert ended.code == 130
    assert "UNKNOWN" in ended.out
    assert "internal error" not in ended.out + ended.err
    with Process(simulator, folder) as process:
        assert process.end().code == 0
    assert live(simulator) == {"acme_hook": "[acme/hook]"}


def test_an_undo_that_hangs_ends_within_the_limit(simulator: Simulator, tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    simulator.faults.add("wait", method="POST", path="*/feature/test/*", seconds=20)
    with Process(simulator, folder) as process:
        process.wait_for_fault()
        simulator.faults.add("wait", method="*", path="*", seconds=20, times=100)
        ended = process.interrupt(signal.SIGINT, group=True)
    assert ended.seconds < LIMIT
    assert ended.code == 130
    assert live(simulator) == {"acme_hook": "[acme/hook unverified]"}


def test_a_second_signal_ends_it_at_once(simulator: Simulator, tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    simulator.faults.add("wait", method="POST", path="*/configs", seconds=20)
    with Process(simulator, folder) as process:
        process.wait_for_fault()
        process.running.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):  # one signal alone does not end it at once
            process.running.wait(timeout=0.8)
        ended = process.interrupt(signal.SIGINT, group=False)
    assert ended.seconds < 2.5
    assert ended.code == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_the_first_write_it_just_ends(simulator: Simulator, tmp_path: Path, number: signal.Signals) -> None:
    folder = make_project(tmp_path)
    simulator.faults.add("wait", method="GET", seconds=20)
    with Process(simulator, folder) as process:
        process.wait_for_fault()
        ended = process.interrupt(number, group=True)
    assert ended.seconds < LIMIT
    assert ended.code == 130
    assert "nothing was written" in ended.err
    assert live(simulator) == {}


def test_a_reader_that_goes_away_changes_neither_the_apply_nor_its_code(simulator: Simulator, tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    command = ["sh", "-c", f"{{ {shlex.join(COMMAND)}; echo code $? >&2; }} | true"]
    with Process(simulator, folder, command, path="/status/404") as process:
        ended = process.end()
    assert "code 5" in ended.err
    assert live(simulator) == {}
