"""What hangs is ended, and says where: else a run that nobody watches ends with no word of what hung in it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import guarded
from tests.cli import forks
from tests.guarded import STACKS, Guarded

HANGING = """
import signal
def waits_for_ever():
    print("there", flush=True)
    while True:
        signal.pause()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
waits_for_ever()
"""


def started(*command: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    environ = {**os.environ, **STACKS}
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environ, start_new_session=True)


@pytest.mark.parametrize("shell", [False, True])
def test_a_process_that_hangs_is_ended_with_its_children_and_says_where(
    monkeypatch: pytest.MonkeyPatch, shell: bool
) -> None:
    command = (sys.executable, "-c", HANGING)
    with Guarded(started("sh", "-c", '"$@"; exit 1', "sh", *command) if shell else started(*command)) as held:
        assert held.process.stdout is not None
        assert held.process.stdout.readline() == "there\n"
        monkeypatch.setattr(guarded, "PATIENCE", 0)
        with Guarded(held.process) as given_up, pytest.raises(AssertionError, match="in waits_for_ever"):
            given_up.end()


def test_a_process_that_is_still_there_ends_with_its_test() -> None:
    process = started(sys.executable, "-c", HANGING)
    with Guarded(process):
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
    assert process.returncode == -signal.SIGKILL


def test_a_forked_run_that_hangs_says_where(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"hangs(.|\n)*most recent call first"):
        forks.run_forked(["simulate", "--port", "0"], folder=tmp_path, environ=dict(os.environ), stdin=b"", timeout=1)
