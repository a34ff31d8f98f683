"""Commands that print a secret: the sources that a project defines, and sops.

A command gets an argument list, no shell, no input, no terminal, a time limit and a size limit. What it prints on
stderr is never read, and what it printed is dropped if it fails, since either may hold the secret. The standard
library's `subprocess.run` would not do: it reads without a limit, and kills the first process but not its children.
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
"""The variable that lists the Vaults to which sops may send its token; without it, the encrypted file names the Vault
(`hcvault/keysource.go`, sops 3.13)."""


class Commands:
    """Runs commands in the project's folder, or under bounds in the base's; used by several threads."""

    def __init__(self, settings: SecretSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._is_stopped = False

    def run(self, command: Sequence[str]) -> tuple[int, bytes]:
        """The exit code, negative for a signal, and what was printed: at most MAX_BYTES and one more byte, which says
        that there was more.

        SecretError if the command cannot be started or does not end in time.
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
        """Kill the commands that are running, and refuse to start others."""
        with self._lock:
            self._is_stopped = True
            for process in self._running:
                kill_group(process)

    @contextlib.contextmanager
    def _started(self, command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        with self._lock:  # so that `stop` cannot miss a command that is just being started
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
        """The folder and environment of a command, and the path of its program (None: as the command names it). Under
        bounds none of them is in the checkout."""
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
            # A manifest may name a secret, but must not change what the command does.
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
    # Up to the end of the pipe, since a child may still print after its parent has ended.
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
    return cast("IO[bytes]", process.stdout)  # never None: `_start` asks for a pipe


def _ended(code: int) -> str:
    return f"ended with exit code {code}" if code > 0 else f"was killed by signal {-code}"


_REASONS = {
    100: "does not exist; check the path",
    128: "cannot be decrypted: none of your keys can open it; give sops its key, for example with SOPS_AGE_KEY_FILE",
}
"""What to say, by the exit code of sops (`cmd/sops/codes/codes.go`, sops 3.13)."""


class SopsSource:
    """The source `sops`. It decrypts each file once, in memory."""

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
