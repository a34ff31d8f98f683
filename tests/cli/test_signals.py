"""A signal at any moment: while the command loads, at the question, in a callback, while it writes, after."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from reconciler.apply.run import Stop
from reconciler.cli import applying, main
from reconciler.cli import main as command_line
from reconciler.simulator import Simulator
from tests.apply.processes import Announcing
from tests.cli.shell import Shell
from tests.guarded import STACKS, Guarded

ROOT = str(Path(__file__).parents[2])
LOADING = """
import sys
from importlib.abc import MetaPathFinder

class Watched(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == sys.argv[1]:
            print("there", flush=True)
            while not getattr(sys.modules.get("reconciler.cli.main"), "_seen", None):
                pass  # not a wait, which could miss the signal in the instant before it begins

sys.meta_path.insert(0, Watched())
from reconciler.__main__ import main
main(sys.argv[2:])
"""
"""The command, which stays where it loads one module until a signal comes."""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("module", ["reconciler.cli.main", "click", "reconciler.cli.verbs.plan", "httpx"])
def test_while_the_command_loads_it_ends_without_a_traceback(shell: Shell, number: signal.Signals, module: str) -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", LOADING, module, "plan"],
        cwd=shell.folder,
        env={**os.environ, "PYTHONPATH": ROOT, **STACKS, **shell.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with Guarded(running) as guarded:
        assert running.stdout is not None
        assert running.stdout.readline() == "there\n"
        running.send_signal(number)
        _, err = guarded.end()
    assert running.returncode == 130, err
    assert "Traceback" not in err
    assert "interrupted: nothing was written" in err


def test_at_the_question_it_just_ends(shell: Shell, simulator: Simulator) -> None:
    ours, theirs = pty.openpty()
    environ = {name: value for name, value in os.environ.items() if name != "CI"}
    running = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "apply"],
        cwd=shell.folder,
        env={**environ, "PYTHONPATH": ROOT, **shell.environ},
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        text=True,
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    with Guarded(running):
        while not shown.endswith(b"[y/N]: "):  # the blank is the reading's own: it is about to wait
            shown += os.read(ours, 1024)
        running.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            running.wait(timeout=5)
        if running.poll() is None:  # in the instant before it waits, readline loses a signal; no person is so quick
            running.send_signal(signal.SIGINT)
        assert running.wait() == 130
    os.close(ours)
    assert list(simulator.store.all()) == []


def test_one_that_a_library_turned_into_an_error_of_its_own_is_130(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import reconciler.cli.verbs.validate as verb

    def interrupted(*_arguments: object) -> object:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ValueError("a callback failed") from None
        return None

    monkeypatch.setattr(verb, "load_workspace", interrupted)
    with pytest.raises(SystemExit) as ended:
        command_line.main(["validate"])
    assert ended.value.code == 130
    assert "nothing was written" in capfd.readouterr().err


def test_a_loop_that_cannot_listen_to_signals_stops_an_apply_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where event loops have no add_signal_handler."""
    heard: list[str] = []

    async def run() -> Stop:
        loop, stop = asyncio.get_running_loop(), Stop()

        def missing(*_arguments: object) -> None:
            raise NotImplementedError

        monkeypatch.setattr(loop, "add_signal_handler", missing)
        monkeypatch.setattr(loop, "remove_signal_handler", missing)
        with main.watching(stop, lambda: heard.append("stopping")):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait_for(stop.soft.wait(), 60)
        return stop

    before = signal.getsignal(signal.SIGTERM)
    stop = asyncio.run(run())
    assert stop.soft.is_set()
    assert not stop.hard.is_set()
    assert heard == ["stopping"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_while_the_outcome_is_reported_it_changes_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    def report() -> None:
        raise KeyboardInterrupt

    applying.tell_what_happened("apply", report)
    assert "the apply has ended" in capfd.readouterr().err


def test_after_an_apply_has_ended_a_signal_changes_neither_its_code_nor_its_words(
    shell: Shell, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from reconciler.cli.options import run_async

    def interrupted(call: Coroutine[Any, Any, int], targets: int) -> int:
        code = run_async(call, targets)
        signal.raise_signal(signal.SIGTERM)
        return code

    monkeypatch.setattr("reconciler.cli.verbs.apply.run_async", interrupted)
    monkeypatch.chdir(shell.folder)
    for name, value in shell.environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        command_line.main(["apply", "--yes"])
    assert ended.value.code == 0
    assert "nothing was written" not in capfd.readouterr().err
    assert len(list(simulator.store.all())) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_while_the_interpreter_ends_the_code_stays_what_it_was(number: signal.Signals) -> None:
    script = f"import atexit, signal; atexit.register(signal.raise_signal, {int(number)})"
    command = "from reconciler.__main__ import main; main(['version'])"
    done = subprocess.run(
        [sys.executable, "-c", f"{script}\n{command}"],
        env={**os.environ, "PYTHONPATH": ROOT},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_what_is_run_later_in_the_same_process_was_not_interrupted() -> None:
    with command_line.taken_over(), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert not command_line.was_interrupted()
    assert command_line.run(["version"]) == 0


def test_one_signal_sent_twice_is_one() -> None:
    with command_line.taken_over():
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)  # amid what the first one ends
        assert command_line.was_interrupted()


@pytest.mark.parametrize("arguments", [["apply"], ["show"], ["plan", "--against"]], ids=" ".join)
@pytest.mark.parametrize("name", ["pipe", "/dev/zero"])
def test_what_has_no_end_is_not_read(shell: Shell, arguments: list[str], name: str) -> None:
    os.mkfifo(shell.folder / "pipe")
    done = shell.run(*arguments, name)
    assert done.code == 1
    assert "is not a regular file" in done.err


def test_an_interrupted_run_with_json_has_its_document(shell: Shell, simulator: Simulator) -> None:
    simulator.faults.add("wait", method="GET", seconds=300)
    simulator.faults.struck = struck = Announcing()
    running = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "plan", "--json"],
        cwd=shell.folder,
        env={**os.environ, "PYTHONPATH": ROOT, **STACKS, **shell.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with Guarded(running) as guarded:
        struck.wait(running)
        running.send_signal(signal.SIGINT)
        out, _ = guarded.end()
    assert running.returncode == 130
    assert json.loads(out)["exit_code"] == 130
