"""Ctrl-C and SIGTERM, as a terminal, a shell, make and CI runners send them, to the real command in a real process."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from reconciler.apply.run import Stop
from reconciler.cli import main
from reconciler.simulator import Simulator
from tests.apply.processes import COMMAND, Process, make_project

HANGS = 300.0
"""Seconds that a call hangs which nothing ends: longer than any run may take, however busy the machine is."""

LIMIT = 60.0
"""Seconds in which an interrupted run is over on any machine. On a quiet one it is within 6."""


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


def with_seconds(**seconds: float) -> list[str]:
    """The command with other limits than its own: nothing depends on how soon a busy machine hands on a signal."""
    limits = "".join(f"main.{name} = {value}; " for name, value in seconds.items())
    code = f"import sys; from reconciler import __main__; from reconciler.cli import main; {limits}"
    return [sys.executable, "-c", f"{code}__main__.main(sys.argv[1:])", "apply", "--yes"]


HOWEVER_LATE = with_seconds(_GRACE_SECONDS=HANGS, _SAME_SECONDS=HANGS)
"""What is rolled back has its time, and a signal that two processes pass on is one, even if the second waits for its
turn."""


def directly(folder: Path) -> list[str]:
    return HOWEVER_LATE


def under_a_shell(folder: Path) -> list[str]:
    return ["sh", "-c", f"{shlex.join(HOWEVER_LATE)}; exit $?"]


def under_make(folder: Path) -> list[str]:
    (folder / "Makefile").write_text(f"apply:\n\t@{shlex.join(HOWEVER_LATE)}\n", "utf-8")
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
def test_an_unverified_channel_is_rolled_back_however_the_signal_comes(
    simulator: Simulator,
    tmp_path: Path,
    start: object,
    number: signal.Signals,
    group: bool,
) -> None:
    assert callable(start)
    folder = make_project(tmp_path)
    simulator.faults.add("wait", method="POST", path="*/feature/test/*", seconds=HANGS)
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


def test_what_was_rolled_back_is_reported_first_and_what_had_not_begun_is_reported_too(
    simulator: Simulator, tmp_path: Path
) -> None:
    folder = make_project(tmp_path, [f"hook-{number}" for number in range(4)])
    simulator.faults.add("wait", method="POST", path="*/feature/test/*", seconds=HANGS)
    with Process(simulator, folder, [*HOWEVER_LATE, "--parallelism", "1"]) as process:
        process.wait_for_fault()
        ended = process.interrupt(signal.SIGINT, group=True)
    assert ended.code == 130
    assert live(simulator) == {}
    report = ended.out.split("the run was interrupted before this change began")[-1].strip().splitlines()
    assert "rolled back" in report[0]
    assert report[-1] == "Interrupted: 0 added, 0 changed, 0 destroyed; 3 skipped; 1 rolled back."


def test_a_write_that_hangs_is_left_unknown_within_the_limit_and_the_next_run_fixes_it(
    simulator: Simulator, tmp_path: Path
) -> None:
    folder = make_project(tmp_path)
    simulator.faults.add("wait", method="POST", path="*/configs", seconds=HANGS)
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
    simulator.faults.add("wait", method="POST", path="*/feature/test/*", seconds=HANGS)
    with Process(simulator, folder) as process:
        process.wait_for_fault()
        simulator.faults.add("wait", method="*", path="*", seconds=HANGS, times=100)
        ended = process.interrupt(signal.SIGINT, group=True)
    assert ended.seconds < LIMIT
    assert ended.code == 130
    assert live(simulator) == {"acme_hook": "[acme/hook unverified]"}


def test_a_second_signal_ends_it_at_once(simulator: Simulator, tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    simulator.faults.add("wait", method="POST", path="*/configs", seconds=HANGS)
    with Process(simulator, folder, with_seconds(_GRACE_SECONDS=HANGS, _SAME_SECONDS=0.0)) as process:
        process.wait_for_fault()
        process.running.send_signal(signal.SIGINT)
        process.wait_for_words("interrupted: nothing new starts")
        process.running.send_signal(signal.SIGINT)
        ended = process.end()
    assert ended.code == 130
    assert "UNKNOWN" in ended.out


@pytest.mark.parametrize(("seconds", "ends"), [(0.1, False), (0.4, False), (0.6, True), (60.0, True)])
def test_a_second_signal_is_one_that_comes_later(monkeypatch: pytest.MonkeyPatch, seconds: float, ends: bool) -> None:
    now = 1000.0
    monkeypatch.setattr(main, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(main, "_GRACE_SECONDS", HANGS)

    async def interrupted() -> Stop:
        nonlocal now
        stop, heard = Stop(), asyncio.Event()
        with main.watching(stop, heard.set):
            signal.raise_signal(signal.SIGINT)
            await asyncio.wait_for(heard.wait(), LIMIT)
            assert (stop.soft.is_set(), stop.hard.is_set()) == (True, False)
            now += seconds
            signal.raise_signal(signal.SIGTERM)
            seen = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, seen.set)
            signal.raise_signal(signal.SIGUSR1)  # the loop takes them in turn
            await asyncio.wait_for(seen.wait(), LIMIT)
            asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR1)
        return stop

    assert asyncio.run(interrupted()).hard.is_set() is ends


def test_what_is_left_to_do_after_a_signal_has_its_time() -> None:
    assert 3 <= main._GRACE_SECONDS <= 4.5  # of the 6 in which all is over, and reported


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_the_first_write_it_just_ends(simulator: Simulator, tmp_path: Path, number: signal.Signals) -> None:
    folder = make_project(tmp_path)
    simulator.faults.add("wait", method="GET", seconds=HANGS)
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


def test_a_signal_cancels_what_runs_in_the_loop_and_is_not_raised_amid_it() -> None:
    steps = []

    async def reading() -> None:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)  # the same one, passed on by a shell
        steps.append("amid a step")
        await asyncio.sleep(0)
        steps.append("the next step")

    with main.taken_over():
        with pytest.raises(KeyboardInterrupt):
            main.run_loop(reading())
        assert main.was_interrupted()
    assert steps == ["amid a step"]


def test_a_later_signal_ends_what_cannot_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(main, "time", SimpleNamespace(monotonic=lambda: now))

    async def deaf() -> None:
        nonlocal now
        signal.raise_signal(signal.SIGINT)
        now += main._SAME_SECONDS
        signal.raise_signal(signal.SIGINT)
        pytest.fail("the second signal was not raised")

    with main.taken_over(), pytest.raises(KeyboardInterrupt):
        main.run_loop(deaf())


def test_a_signal_is_raised_where_the_loop_stands_still() -> None:
    steps = []

    async def asked() -> None:
        with main.blocking():
            steps.append("asked")
            signal.raise_signal(signal.SIGINT)
            pytest.fail("nobody answers")

    with main.taken_over(), pytest.raises(KeyboardInterrupt):
        main.run_loop(asked())
    assert steps == ["asked"]


def test_a_signal_after_an_apply_changes_nothing() -> None:
    async def applied() -> int:
        with main.watching(Stop(), lambda: None):
            pass
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(0)  # as where the connections are closed
        return 5

    with main.taken_over():
        assert main.run_loop(applied()) == 5
        assert not main.was_interrupted()


def test_a_signal_while_the_loop_is_closed_does_not_change_what_it_returned() -> None:
    kept: list[AsyncIterator[int]] = []

    async def shut() -> None:
        signal.raise_signal(signal.SIGINT)

    async def read() -> int:
        async def objects() -> AsyncIterator[int]:
            try:
                yield 1
                yield 2
            finally:
                await shut()

        kept.append(objects())
        return await anext(kept[0])

    with main.taken_over():
        assert main.run_loop(read()) == 1
        assert main.was_interrupted()
