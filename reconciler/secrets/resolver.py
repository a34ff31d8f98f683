"""References -> values: which are allowed, what their values are, and why others have none.

A source is made, and its module loaded, when the first reference needs it. An installed package is loaded only for a
name that is neither built in nor defined by the project, so that a plug-in can never take over a source that manifests
already use.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import SecretError
from reconciler.model.text import printable
from reconciler.model.values import BUILT_IN_SOURCES, SecretReference, SecretText
from reconciler.secrets.sources import ENTRY_POINT_GROUP, Once, SecretSettings, SecretSource, check_value
from reconciler.tasks import side_by_side

if TYPE_CHECKING:
    from reconciler.secrets.commands import Commands


@dataclass(frozen=True)
class Resolution:
    """The outcome of one call: every reference except `live` ones is in exactly one of the two.

    A failure is one sentence that says what to do and holds no value; it does not repeat the reference.
    """

    values: Mapping[SecretReference, SecretText]
    failures: Mapping[SecretReference, str]


class Resolver:
    """Resolves the references of one run. What was read, or failed, once is not read again."""

    def __init__(self, settings: SecretSettings) -> None:
        self._settings = settings
        self._reader: Reader | None = None

    def is_allowed(self, reference: SecretReference) -> bool:
        """Whether a pattern of `spec.secrets.allow` matches `source:argument`; without the list everything is allowed.

        A `*` also matches `/`, but no wildcard matches an argument with a step `..`: `file:keys/*` must not allow
        `keys/../../other`. Such an argument has to be in the list exactly as it is written.
        """
        allow = self._settings.allow
        if allow is None or reference.is_live:
            return True
        asked = f"{reference.source}:{reference.argument}"
        if ".." in reference.argument.replace("\\", "/").split("/"):
            return asked in allow
        return any(fnmatchcase(asked, pattern) for pattern in allow)

    async def resolve(self, references: Iterable[SecretReference]) -> Resolution:
        """Read the values, several at a time and each only once a run. A failed read is in the result, not raised.

        `live` references are left out of the result. A reference's `form` is applied to the value that was read.
        """
        wanted = [reference for reference in dict.fromkeys(references) if not reference.is_live]
        readings = await side_by_side(self._reading(reference) for reference in wanted)
        values = {}
        failures = {}
        for reference, reading in zip(wanted, readings, strict=True):
            if isinstance(reading, SecretText):
                values[reference] = _in_form(reading, reference.form)
            else:
                failures[reference] = printable(reading.words)  # the name of a file may contain a line break
        return Resolution(values, failures)

    async def _reading(self, reference: SecretReference) -> SecretText | Failure:
        if not self.is_allowed(reference):
            return Failure(
                "not allowed: no pattern in spec.secrets.allow of the project file matches "
                f"{reference.source}:{reference.argument}; add one, or use a source that is allowed"
            )
        if reference.form and "{}" not in reference.form:
            return Failure("the format has no {} where the value goes; write it as 'Bearer {}'")
        if self._reader is None:
            self._reader = Reader(self._settings)
        return await self._reader.read(reference.source, reference.argument, reference.key)


def _in_form(value: SecretText, form: str) -> SecretText:
    return SecretText(form.replace("{}", value.reveal())) if form else value


AT_ONCE = 8
"""How many reads may run at the same time, so as not to overload a Vault, a KMS or a password agent."""

GRACE_SECONDS = 5.0
"""How many seconds a source gets beyond its own time limit: a built-in source stops itself, with a better message."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a reference has no value, and what to do."""

    words: str


Reading = SecretText | Failure
"""The result of a read. Never a plain string: the event loop's debug log shows the results of futures and tasks."""


class Sources:
    """The sources of one run, by name; used by several threads."""

    def __init__(self, settings: SecretSettings) -> None:
        self._settings = settings
        self._commands = Once(self._make_commands)
        self._made = Once(self._make)

    def get(self, name: str) -> SecretSource:
        """The source of that name; SecretError if there is none."""
        return self._made.get(name)

    def stop(self) -> None:
        """Kill the commands that are running, and refuse to start others."""
        self._commands.get("").stop()

    def _make_commands(self, _name: str) -> Commands:
        from reconciler.secrets.commands import Commands

        return Commands(self._settings)

    def _make(self, name: str) -> SecretSource:
        if name in self._settings.given:
            return self._settings.given[name]
        if name in BUILT_IN_SOURCES:
            return self._make_built_in(name)
        if name in self._settings.sources:
            from reconciler.secrets.commands import CommandSource

            return CommandSource(name, self._settings.sources[name], self._commands.get(""))
        return self._load(name)

    def _make_built_in(self, name: str) -> SecretSource:
        match name:
            case "sops":
                from reconciler.secrets.commands import SopsSource

                return SopsSource(self._settings, self._commands.get(""))
            case "vault":
                from reconciler.secrets.vault import VaultSource

                return VaultSource(self._settings)
            case "aws_secret":
                from reconciler.secrets.aws import AwsSecretSource

                return AwsSecretSource(self._settings)
        from reconciler.secrets.sources import EnvironmentSource, FileSource, MountedSecretSource

        of: Mapping[str, Callable[[SecretSettings], SecretSource]] = {
            "env": EnvironmentSource,
            "file": FileSource,
            "secret": MountedSecretSource,
        }
        return of[name](self._settings)

    def _load(self, name: str) -> SecretSource:
        from importlib.metadata import entry_points

        found = list(entry_points(group=ENTRY_POINT_GROUP, name=name))
        if not found:
            known = ", ".join(sorted({*BUILT_IN_SOURCES, *self._settings.sources}))
            raise SecretError(
                f'there is no secret source "{name}"; known are {known}: '
                "define it under spec.secrets.sources, or install the package that brings it"
            )
        if len(found) > 1:
            raise SecretError(f'several installed packages bring a secret source "{name}"; keep one of them')
        source: SecretSource = found[0].load()(self._settings)
        return source


class Reader:
    """Reads from sources and remembers the results; callers who ask for the same value share one read."""

    def __init__(self, settings: SecretSettings) -> None:
        self._sources = Sources(settings)
        self._seconds = settings.timeout_seconds
        self._reads: dict[tuple[str, str, str], asyncio.Task[Reading]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def read(self, source: str, argument: str, key: str) -> Reading:
        """The value, or why there is none."""
        asked = (source, argument, key)
        task = self._reads.get(asked)
        if task is None or task.cancelled():
            task = self._reads[asked] = asyncio.create_task(self._read_in_turn(*asked))
        # If one caller is cancelled, the others must still get the value.
        return await asyncio.shield(task)

    async def _read_in_turn(self, source: str, argument: str, key: str) -> Reading:
        def read() -> str:
            return self._sources.get(source).read(argument, key)

        async with self._turns_of_this_loop():
            try:
                return await asyncio.wait_for(_in_thread(read, source), self._seconds + GRACE_SECONDS)
            except TimeoutError:
                return Failure(f'source "{source}" gave no answer in {self._seconds:g} seconds; see why it hangs')
            except asyncio.CancelledError:
                self._sources.stop()
                raise

    def _turns_of_this_loop(self) -> asyncio.Semaphore:
        # A run may use several event loops one after another, and a semaphore belongs to a single loop.
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._turns = loop, asyncio.Semaphore(AT_ONCE)
        return self._turns


def _in_thread(read: Callable[[], str], source: str) -> asyncio.Future[Reading]:
    future: concurrent.futures.Future[Reading] = concurrent.futures.Future()
    # Marked as running, so that a caller that gives up cannot cancel it before the thread sets its result.
    future.set_running_or_notify_cancel()
    threading.Thread(target=lambda: future.set_result(_read(read, source)), name="secret", daemon=True).start()
    return asyncio.wrap_future(future)


def _read(read: Callable[[], str], source: str) -> Reading:
    try:
        return SecretText(check_value(read(), f'source "{source}"'))
    except SecretError as error:
        return Failure(str(error))
    except Exception as error:  # from a library or a plug-in; its message may quote the value
        return Failure(f'source "{source}" failed unexpectedly ({type(error).__name__})')
