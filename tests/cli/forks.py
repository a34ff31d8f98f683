"""Runs of the command without the third of a second that each start of Python and its imports takes.

One process imports what the command imports, and forks for every run: the child gets the folder, environment, arguments
and files of its own, and does from there what `python -m reconciler` does. Starting itself is tested in processes of
their own (test_start_up, test_signals, the examples). `multiprocessing` has such a server, which would import the main
module of pytest in each child.
"""

from __future__ import annotations

import atexit
import faulthandler
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, NoReturn, TypedDict

_ROOT = Path(__file__).parents[2]
_LENGTH = 8
_OWN_START = ("PYTHON", "LC_", "LANG", "TZ")
"""What Python reads only as it starts."""


class _Request(TypedDict):
    arguments: list[str]
    folder: str
    environ: dict[str, str]
    timeout: int


def can_fork(environ: Mapping[str, str]) -> bool:
    """Whether a run with this environment, besides the machine's, is the same in a forked process."""
    return hasattr(os, "fork") and not any(name.startswith(_OWN_START) for name in environ)


def run_forked(
    arguments: Sequence[str], *, folder: Path, environ: Mapping[str, str], stdin: bytes, timeout: int
) -> subprocess.CompletedProcess[bytes]:
    """The command with these arguments. AssertionError, with where its threads are, after as many seconds."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin)
        given.seek(0)
        request: _Request = {
            "arguments": [*arguments],
            "folder": str(folder),
            "environ": {**environ},
            "timeout": timeout,
        }
        ours, theirs = os.pipe()
        try:
            _send(request, [given.fileno(), out.fileno(), err.fileno(), theirs])
        finally:
            os.close(theirs)
        with os.fdopen(ours, "rb") as answer:
            ended = answer.read()
        if not ended:
            raise AssertionError(f"the process that forks did not say how {arguments} ended")
        code = int(ended)
        if code == -signal.SIGABRT:
            said = (_all(out) + _all(err)).decode(errors="replace")
            raise AssertionError(f"{arguments} hangs; what it said, and where its threads are:\n{said}")
        return subprocess.CompletedProcess(arguments, code, _all(out), _all(err))


def _all(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _send(request: _Request, files: list[int]) -> None:
    text = json.dumps(request).encode()
    connection = _server(os.getpid())
    socket.send_fds(connection, [len(text).to_bytes(_LENGTH)], files)
    connection.sendall(text)


@cache
def _server(_process: int) -> socket.socket:
    """The connection to the process that forks, of this process. It ends when the connection does."""
    ours, theirs = socket.socketpair()
    with theirs:
        started = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.forks", str(theirs.fileno())],
            cwd=_ROOT,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def end() -> None:
        ours.close()
        started.wait(60)

    atexit.register(end)
    return ours


def serve(connection: socket.socket) -> None:
    """Fork for every request until the other side is gone."""
    _import_all()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    while True:
        head, files, _, _ = socket.recv_fds(connection, _LENGTH, 4)
        if not head:
            return
        text = b""
        while len(text) < int.from_bytes(head):
            text += connection.recv(int.from_bytes(head) - len(text))
        if os.fork() == 0:
            connection.close()
            _wait_for_run(json.loads(text), files)
        for file in files:
            os.close(file)


def _import_all() -> None:
    """Import what the command may come to import, so that no run has to."""
    import reconciler

    for name in ("asyncio", "email", "httpx", "jsonschema", "deepdiff", "jinja2", "yaml"):
        importlib.import_module(name)
    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if not module.name.startswith(("reconciler.simulator", "reconciler.operator", "reconciler.__main__")):
            importlib.import_module(module.name)


def _wait_for_run(request: _Request, files: list[int]) -> NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, answer = files
    child = os.fork()
    if child == 0:
        os.close(answer)
        _run(request, streams)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGABRT))
    signal.alarm(request["timeout"])
    _, status = os.waitpid(child, 0)
    os.write(answer, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _run(request: _Request, streams: list[int]) -> NoReturn:
    for number, file in enumerate(streams):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["environ"])
    os.chdir(request["folder"])
    faulthandler.enable()  # on SIGABRT it prints where all threads are
    sys.argv = ["reconciler", *request["arguments"]]
    code: object = 0
    try:
        runpy.run_module("reconciler", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code
    except BaseException:  # as Python does where nothing else has
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as asked:
        serve(asked)
