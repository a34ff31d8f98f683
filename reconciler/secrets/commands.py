"""Commands that print a secret: the sources that a project defines, and the ground under sops.

A command gets an argument list and no shell, no input and no terminal, a time limit and a size limit. Its errors are
thrown away unread, since they may hold the secret; so is what it printed when it failed. Apart from the standard
library's `subprocess.run` because that reads without a limit and kills only the first process, not its children.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shlex
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, cast

from reconciler.model.errors import ConfigurationError, SecretError
from reconciler.secrets.sources import (
    MAX_BYTES,
    Once,
    SecretSettings,
    decode_value,
    locate,
    parse_document,
    pick_value,
    refuse_key,
    too_large,
)
from reconciler.systems import check_commands, kill_group

_SOPS_VAULTS = "SOPS_HC_VAULT_ALLOWLIST"
"""To which Vaults sops may send the token: an encrypted file names one itself (`hcvault/keysource.go`, sops 3.13)."""


class Commands:
    """Runs commands in the project's folder, under bounds in the base's; from several threads. `stop` ends those that
    are running."""

    def __init__(self, settings: SecretSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._is_stopped = False

    def run(self, command: Sequence[str]) -> tuple[int, bytes]:
        """The exit code, negative for a signal, and what was printed, at most one byte over the limit.

        Raises SecretError where the command cannot be started or does not end in time.
        """
        deadline = time.monotonic() + self._settings.timeout_seconds
        with self._started(command) as process:
            try:
                printed = _read_output(process, deadline)
                code = 0 if len(printed) > MAX_BYTES else process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                raise SecretError(
                    f"the command did not end in {self._settings.timeout_seconds:g} seconds and was killed; "
                    f"run it by hand to see what it waits for: {shlex.join(command)}"
                ) from None
        return code, printed

    def stop(self) -> None:
        """Kill what is running and start nothing more: the run was interrupted."""
        with self._lock:
            self._is_stopped = True
            for process in self._running:
                kill_group(process)

    @contextlib.contextmanager
    def _started(self, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        with self._lock:  # so that no command slips past `stop`
            if self._is_stopped:
                raise SecretError("the run was interrupted")
            process = self._start(command)
            self._running.add(process)
        try:
            yield process
        finally:
            with self._lock:
                self._running.discard(process)
                kill_group(process)
            process.wait()
            _output(process).close()

    def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        check_commands()
        folder, environ, program = self._surroundings(command)
        try:
            return subprocess.Popen(  # noqa: S603 - the project defines it; no shell, and no option from a manifest
                command,
                executable=program,
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                bufsize=0,
            )
        except FileNotFoundError:
            raise SecretError(f'program "{command[0]}" was not found; install it, or put it on PATH') from None
        except (OSError, ValueError) as error:
            raise SecretError(
                f'program "{command[0]}" cannot be started ({type(error).__name__}); run it by hand to see why'
            ) from None

    def _surroundings(self, command: Sequence[str]) -> tuple[Path, Mapping[str, str], str | None]:
        """Folder, environment and program of a command. Under bounds none of them is in the checkout."""
        settings, bounds = self._settings, self._settings.bounds
        if bounds is None:
            return settings.root, settings.environ, None
        try:
            folder = bounds.command_folder()
            environ = bounds.checkout.bounded_environ(settings.environ, folder)
            environ.setdefault(_SOPS_VAULTS, environ.get("VAULT_ADDR") or "none")
        except ConfigurationError as error:
            raise SecretError(str(error)) from None
        bounds.check_words(command, folder)
        program = str(folder / command[0]) if os.sep in command[0] else shutil.which(command[0], path=environ["PATH"])
        if program is None:
            raise SecretError(
                f'program "{command[0]}" was not found; install it, or put it on PATH, outside the checkout'
            )
        if bounds.checkout.holds(program):
            raise SecretError(f'program "{command[0]}" leads into the checkout, where a proposal\'s files are')
        return folder, environ, program


class CommandSource:
    """`{NAME: ARGUMENT}` for a source of the project file: its command with the argument at the end."""

    def __init__(self, name: str, command: tuple[str, ...], commands: Commands) -> None:
        self._name = name
        self._command = command
        self._commands = commands

    def read(self, argument: str, key: str) -> str:
        """What the command printed, without its last newline."""
        refuse_key(self._name, key)
        if argument.startswith("-"):
            # A manifest names a secret; it has no say in how the command works.
            raise SecretError(f'source "{self._name}" takes no options; the argument may not start with a dash')
        command = (*self._command, argument)
        code, printed = self._commands.run(command)
        place = f'the command of source "{self._name}"'
        if len(printed) > MAX_BYTES:
            raise too_large(place)
        if code:
            raise SecretError(f"{place} {_ended(code)}; run it by hand to see why: {shlex.join(command)}")
        value = decode_value(printed, place)
        if not value:
            raise SecretError(f"{place} printed nothing; run it by hand to see why: {shlex.join(command)}")
        return value


def _read_output(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    # The pipe is read up to its end, since a child may still print when its parent is gone.
    output = _output(process)
    printed = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while len(printed) <= MAX_BYTES:
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not selector.select(remaining):
                raise subprocess.TimeoutExpired("", 0)
            piece = os.read(output.fileno(), 65536)
            if not piece:
                break
            printed += piece
    return bytes(printed[: MAX_BYTES + 1])


def _output(process: subprocess.Popen[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", process.stdout)  # it was asked for as a pipe


def _ended(code: int) -> str:
    return f"ended with exit code {code}" if code > 0 else f"was killed by signal {-code}"


_REASONS = {
    100: "does not exist; check the path",
    128: "cannot be decrypted: none of your keys can open it; give sops its key, for example with SOPS_AGE_KEY_FILE",
}
"""What sops means by its exit codes: `cmd/sops/codes/codes.go`, sops 3.13."""


class SopsSource:
    """Decrypts each file once, in memory."""

    def __init__(self, settings: SecretSettings, commands: Commands) -> None:
        self._settings = settings
        self._commands = commands
        self._documents = Once(self._decrypt)

    def read(self, argument: str, key: str) -> str:
        """The text under `key` in the file, whatever its format; a binary file is one value under the key `data`."""
        place = f'sops file "{argument}"'
        if not key:
            raise SecretError(f"{place} holds several values; name one, as key: a.b")
        return pick_value(self._documents.get(argument), key, place)

    def _decrypt(self, argument: str) -> object:
        place = f'sops file "{argument}"'
        path = self._path(argument)
        code, printed = self._commands.run(("sops", "--decrypt", "--output-type", "json", str(path)))
        if code:
            reason = _REASONS.get(code, f"could not be decrypted (sops ended with code {code})")
            raise SecretError(f"{place} {reason}; run by hand: sops --decrypt {path.name}")
        if len(printed) > MAX_BYTES:
            raise too_large(place)
        return parse_document(decode_value(printed, place), place)

    def _path(self, argument: str) -> Path:
        bounds = self._settings.bounds
        return locate(argument, self._settings).absolute() if bounds is None else bounds.sops_file(argument, MAX_BYTES)
