"""The real command in a process of its own, on a small project, with signals sent to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from reconciler.simulator import Simulator
from reconciler.simulator.faults import Fault
from tests.cli.shell import PROJECT
from tests.guarded import STACKS, Guarded

WEBHOOK = """apiVersion: channels.gitops/v1
kind: WebhookChannel
metadata: {name: NAME}
spec:
  description: DESCRIPTION
  url: {env: URL}
"""

COMMAND = (sys.executable, "-m", "reconciler", "apply", "--yes")


class Announcing(list[Fault]):
    """A list of faults that struck, which lets somebody wait for the next one."""

    def __init__(self) -> None:
        super().__init__()
        self._happened = threading.Event()

    def append(self, item: Fault) -> None:
        super().append(item)
        self._happened.set()

    def wait(self, process: subprocess.Popen[str]) -> None:
        """Until one struck. AssertionError if the process ends before, as one that hangs does by its guard."""
        while not self._happened.wait(0.05):
            assert process.poll() is None, f"{process.args!r} ended, and never made that call"


@dataclass
class Ended:
    """How a process ended, and how long after the signal."""

    code: int
    out: str
    err: str
    seconds: float


def make_project(folder: Path, names: Sequence[str] = ("hook",), description: str = "") -> Path:
    """A project of webhook channels, whose address is taken from the environment."""
    (folder / "channels").mkdir(exist_ok=True)
    (folder / "reconciler.yaml").write_text(PROJECT, "utf-8")
    for name in names:
        text = WEBHOOK.replace("NAME", name).replace("DESCRIPTION", f"'{description}'")
        (folder / "channels" / f"{name}.yaml").write_text(text, "utf-8")
    return folder


class Process:
    """A command that runs in a process group of its own, and is ended with the test if it is still there."""

    def __init__(self, simulator: Simulator, folder: Path, command: Sequence[str] = COMMAND, path: str = "/ok") -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("RECONCILER_", "MAKE"))}
        environ |= {
            "OPENSEARCH_URL": simulator.url,
            "URL": f"{simulator.receiver.url}{path}",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "NO_PROXY": "127.0.0.1",
            **STACKS,
        }
        self._struck = Announcing()
        simulator.faults.struck = self._struck
        self.running = subprocess.Popen(
            command,
            cwd=folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._guarded = Guarded(self.running)

    def __enter__(self) -> Self:
        self._guarded.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._guarded.__exit__(kind, error, trace)

    def wait_for_fault(self) -> None:
        """Until a call of the command met a fault of the simulator."""
        self._struck.wait(self.running)

    def wait_for_words(self, words: str) -> None:
        """Until the command has said them on stderr; what it says later is all that `end` gives."""
        assert self.running.stderr is not None
        for line in self.running.stderr:
            if words in line:
                return
        raise AssertionError(f"the command never said {words!r}")

    def interrupt(self, number: signal.Signals, *, group: bool) -> Ended:
        """Send a signal, to all of the group or to the first process alone, and see how all of it ends."""
        began = time.monotonic()
        if group:
            self._guarded.send(number)
        else:
            self.running.send_signal(number)
        return self.end(began)

    def end(self, began: float | None = None) -> Ended:
        """Until the whole group has closed its output."""
        began = time.monotonic() if began is None else began
        out, err = self._guarded.end()
        return Ended(self.running.returncode, out, err, time.monotonic() - began)
