"""Commands of the project, as real processes."""

from __future__ import annotations

import asyncio
import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Self

import pytest

from reconciler.model.values import SecretReference
from reconciler.secrets import commands
from reconciler.secrets.resolver import Resolver
from tests.secrets.conftest import MakeSettings, Resolve

REFERENCE = SecretReference("pass", "team/slack")


def run(resolve: Resolve, code: str, argument: str = "team/slack", **parts: object) -> str:
    reference = SecretReference("pass", argument)
    command = (sys.executable, "-c", "import os, sys\n" + code)
    resolution = resolve(reference, **{"sources": {"pass": command}, **parts})
    return resolution.values[reference].reveal() if resolution.values else "FAILED " + resolution.failures[reference]


def test_the_value_is_what_the_command_prints_for_the_argument(resolve: Resolve) -> None:
    assert run(resolve, "print(sys.argv[1:])") == "['team/slack']"


@pytest.mark.parametrize("argument", ["$(echo x); echo y", "a b", "*", "~", "%s"])
def test_no_shell_reads_the_argument(resolve: Resolve, argument: str) -> None:
    assert run(resolve, "print(sys.argv[1])", argument) == argument


def test_one_last_newline_is_taken_off(resolve: Resolve) -> None:
    assert run(resolve, "print('a\\nb\\n')") == "a\nb\n"


def test_the_command_runs_in_the_project_with_its_environment_and_without_input(
    resolve: Resolve, tmp_path: Path
) -> None:
    code = "print(os.getcwd(), os.environ.get('NAME'), repr(sys.stdin.read()), os.getsid(0) == os.getpid())"
    assert run(resolve, code, environ={"NAME": "x"}) == f"{tmp_path.resolve()} x '' True"


def test_the_program_is_found_on_the_given_path(resolve: Resolve, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "show"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho shown $1\n")
    program.chmod(0o755)
    values = resolve(REFERENCE, sources={"pass": ("show",)}, environ={"PATH": str(program.parent)}).values
    assert values[REFERENCE].reveal() == "shown team/slack"


def test_an_argument_cannot_be_an_option(resolve: Resolve) -> None:
    assert "may not start with a dash" in run(resolve, "print('x')", "--all")


def test_a_key_is_refused(resolve: Resolve) -> None:
    reference = SecretReference("pass", "a", "k")
    assert "takes no key" in resolve(reference, sources={"pass": ("true",)}).failures[reference]


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("", "printed nothing"),
        ("print()", "printed nothing"),
        ("sys.stdout.buffer.write(b'planted\\xff')", "binary"),
        ("sys.stdout.buffer.write(b'planted\\0')", "binary"),
        ("print('planted'); sys.exit('planted in the error')", "ended with exit code 1"),
        ("sys.exit(3)", "ended with exit code 3"),
        ("print('planted', flush=True); os.kill(os.getpid(), 9)", "was killed by signal 9"),
        ("while True: print('planted' * 1000)", "more than 1 MiB"),
    ],
)
def test_a_command_that_gives_no_secret(
    resolve: Resolve, capfd: pytest.CaptureFixture[str], code: str, fault: str
) -> None:
    # The code of the script stands in the command line that the failure shows, so it is hidden in a file.
    failure = run(resolve, code)
    shown = failure.replace(code.replace("'", "'\"'\"'"), "")
    assert shown.startswith("FAILED ")
    assert fault in shown
    assert "planted" not in shown
    assert capfd.readouterr() == ("", "")


def test_a_failure_says_how_to_run_it_by_hand(resolve: Resolve) -> None:
    reference = SecretReference("pass", "team's slack")
    failure = resolve(reference, sources={"pass": ("false", "show")}, environ=dict(os.environ)).failures[reference]
    assert failure.endswith("run it by hand to see why: false show 'team'\"'\"'s slack'")


def test_a_program_that_is_not_there(resolve: Resolve, tmp_path: Path) -> None:
    failure = resolve(REFERENCE, sources={"pass": ("no-such-program",)}, environ={"PATH": str(tmp_path)}).failures
    assert failure[REFERENCE] == 'program "no-such-program" was not found; install it, or put it on PATH'


def test_a_program_that_cannot_be_started(resolve: Resolve, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no program")
    for command, argument in ((str(tmp_path / "notes.txt"), "a"), (sys.executable, "a\0b")):
        reference = SecretReference("pass", argument)
        assert "cannot be started" in resolve(reference, sources={"pass": (command,)}).failures[reference]


# A command and its child, which ignore what they can and hold a pipe open: it ends when the last of them is gone.
HANGING = """
import os, signal, sys
pipe = os.open(sys.argv[1], os.O_WRONLY)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.write(pipe, b"child ")
    signal.pause()
os.write(pipe, b"parent ")
if sys.argv[2] == "leave":
    os._exit(0)
signal.pause()
"""


class Watched:
    """A command that hangs, and our end of its pipe."""

    def __init__(self, folder: Path) -> None:
        (folder / "hanging.py").write_text(HANGING)
        os.mkfifo(folder / "pipe")
        self.pipe = os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
        self.command = (sys.executable, "hanging.py", "pipe")
        self.seen = b""

    def read(self) -> bytes:
        """What comes next: b"" once all that held the pipe are gone."""
        assert select.select([self.pipe], [], [], 60)[0], "the pipe is still held, or never was"
        return os.read(self.pipe, 100)

    def read_to_the_end(self) -> bytes:
        return b"".join(iter(self.read, b""))


class OverOnceBothHang:
    """A selector to which nothing comes, and whose time is over once a watched command and its child hang."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing is held."""

    def register(self, *_what: object) -> None:
        """Whatever is waited for does not come."""

    def select(self, _seconds: float) -> list[object]:
        while len(self._watched.seen.split()) < 2:
            self._watched.seen += self._watched.read()
        return []


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path)
    yield watched
    os.close(watched.pipe)


@pytest.mark.parametrize("leader", ["stay", "leave"])
def test_a_command_that_hangs_is_killed_with_its_children(
    resolve: Resolve, watched: Watched, leader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        commands, "selectors", SimpleNamespace(DefaultSelector=lambda: OverOnceBothHang(watched), EVENT_READ=1)
    )
    reference = SecretReference("pass", leader)
    failures = resolve(reference, sources={"pass": watched.command}, timeout_seconds=40).failures
    assert failures[reference] == (
        "the command did not end in 40 seconds and was killed; "
        f"run it by hand to see what it waits for: {sys.executable} hanging.py pipe {leader}"
    )
    assert sorted(watched.seen.split()) == [b"child", b"parent"]
    assert watched.read_to_the_end() == b""


def test_a_command_that_closes_its_output_and_stays_is_killed(resolve: Resolve) -> None:
    code = "import signal; print('planted', flush=True); os.close(1); signal.pause()"
    assert "did not end in 1.5 seconds" in run(resolve, code, timeout_seconds=1.5)


def test_an_interrupted_run_leaves_no_command_behind(make_settings: MakeSettings, watched: Watched) -> None:
    resolver = Resolver(make_settings(sources={"pass": watched.command}, timeout_seconds=60))

    async def interrupt() -> None:
        run = asyncio.create_task(resolver.resolve([SecretReference("pass", "stay")]))
        assert await asyncio.to_thread(watched.read)
        run.cancel()
        await asyncio.wait([run])

    asyncio.run(interrupt())  # its end cancels what is still being read
    watched.read_to_the_end()
    late = SecretReference("pass", "leave")
    assert asyncio.run(resolver.resolve([late])).failures == {late: "the run was interrupted"}
