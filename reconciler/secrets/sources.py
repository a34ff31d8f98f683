"""What a secret source is, the settings of a project's sources, and this machine's sources: variables and files.

The project file is read elsewhere. Separate from the resolver, so that a source does not have to import it.
"""

from __future__ import annotations

import json
import os
import re
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, SecretError
from reconciler.model.values import RESERVED_NAMES

if TYPE_CHECKING:
    from reconciler.secrets.bounds import Bounds


ENTRY_POINT_GROUP = "reconciler.secrets"
"""The group of entry points through which a package provides a source."""


class SecretSource(Protocol):
    """A place that keeps secrets. An entry point of `reconciler.secrets` is a factory: SecretSettings -> SecretSource.

    A source is used by several threads at once.
    """

    def read(self, argument: str, key: str) -> str:
        """The value that `argument` names, or its part `key` ("" if the manifest gives no key).

        May block. Raises SecretError, whose message says what to do and never holds the value; of any other exception
        only the type is reported.
        """
        ...


@dataclass(frozen=True)
class SecretSettings:
    """`spec.secrets` of the project file, and what a run adds to it.

    `root` is the folder of the project file: paths are relative to it, and commands run in it. `sources` maps a name
    to the argument list of its command. `allow` None allows every reference. `environ` is read by `env`, and commands
    get it. `directory` holds the files of `{secret: NAME, key: KEY}`. `timeout_seconds` is the limit of a single read.
    `bounds` limit a proposal under `--base`; `asked_by_base` says that the references are the base's own, such as those
    of its targets' credentials. `given` holds sources that the caller made, by name; they replace any other source of
    that name.
    """

    root: Path
    sources: Mapping[str, tuple[str, ...]]
    allow: tuple[str, ...] | None
    environ: Mapping[str, str] = field(repr=False)
    timeout_seconds: float = 30
    bounds: Bounds | None = None
    asked_by_base: bool = False
    directory: str | None = None
    given: Mapping[str, SecretSource] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for name, command in self.sources.items():
            if name in RESERVED_NAMES:
                raise ConfigurationError(f'spec.secrets.sources: the name "{name}" is reserved; choose another')
            if not command:
                raise ConfigurationError(f"spec.secrets.sources.{name}.exec: the command is empty; name a program")


MAX_BYTES = 1 << 20
"""The size of the largest value: 1 MiB."""


def decode_value(raw: bytes, place: str) -> str:
    """The bytes as text, without a byte order mark, and without the newline that editors and commands put at the end.
    `place` names the value in errors. SecretError if there are too many bytes, or they are not UTF-8."""
    if len(raw) > MAX_BYTES:
        raise too_large(place)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _binary(place) from None
    return text.removesuffix("\n").removesuffix("\r")


def check_value(value: object, place: str) -> str:
    """The value if it is usable text, else SecretError: a plug-in may return anything, and an environment variable may
    hold bytes that are not UTF-8. `place` names the value in errors."""
    if not isinstance(value, str):
        raise SecretError(f"{place} gave no text; a secret is a string")
    if not value:
        raise SecretError(f"{place} gave an empty value; put the secret there")
    if "\0" in value or not _is_utf8(value):
        raise _binary(place)
    if len(value) > MAX_BYTES:
        raise too_large(place)
    return value


def too_large(place: str) -> SecretError:
    """The error for a value of more than MAX_BYTES."""
    return SecretError(f"{place} gave more than 1 MiB; a secret is a short text: is this the right one?")


def _binary(place: str) -> SecretError:
    return SecretError(f"{place} gave binary data; a secret is text in UTF-8, without NUL characters")


def _is_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


T = TypeVar("T")


class Once(Generic[T]):
    """Fetches each name once, even if several threads ask for it at the same time; a failure is remembered too.

    Threads that ask for different names do not wait for each other.
    """

    def __init__(self, fetch: Callable[[str], T]) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._fetched: dict[str, Future[T]] = {}

    def get(self, name: str) -> T:
        """What was fetched under that name; raises what fetching it raised."""
        with self._lock:
            is_first = name not in self._fetched
            fetched = self._fetched.setdefault(name, Future())
        if is_first:
            try:
                fetched.set_result(self._fetch(name))
            except BaseException as error:  # any exception at all: threads that wait for the same name must get it
                fetched.set_exception(error)
        return fetched.result()


def parse_document(text: str, place: str) -> object:
    """The JSON text as plain values; SecretError if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise SecretError(f"{place} is not JSON, so it has no keys; check what is kept there") from None


def _values(document: object, steps: list[str]) -> Iterator[object]:
    """Every value that these steps can lead to, since several steps in a row may together be one name with dots."""
    if not steps:
        yield document
    elif isinstance(document, Mapping):
        for count in range(len(steps), 0, -1):
            name = ".".join(steps[:count])
            if name in document:
                yield from _values(document[name], steps[count:])


def pick_value(document: object, key: str, place: str) -> str:
    """The text or whole number under `key`, which is a name, or names joined by dots that lead into nested maps.
    SecretError if there is none, if there are several, or if it is neither."""
    values = list(_values(document, key.split(".")))
    if not values:
        raise SecretError(f'{place} has no key "{key}"; check the name, nested keys are written a.b')
    if len(values) > 1:
        raise SecretError(f'{place} has several values that "{key}" could mean; give one of their keys another name')
    (found,) = values
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if not isinstance(found, str):
        raise SecretError(f'key "{key}" of {place} holds no text; name a key whose value is a string')
    return found


_STEP = r"(?!\.\.?\Z)[-._A-Za-z0-9]{1,253}\Z"
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*\Z"


class EnvironmentSource:
    """The source of `{env: NAME}`."""

    def __init__(self, settings: SecretSettings) -> None:
        self._environ = settings.environ

    def read(self, argument: str, key: str) -> str:
        """The variable's value. An empty variable counts as missing, since CI sets secrets to "" in jobs for forks."""
        refuse_key("env", key)
        if not re.match(_VARIABLE, argument):
            # It is not repeated: it may be the secret itself, written where the name belongs.
            raise SecretError("this is not the name of an environment variable; give the name, not the value")
        value = self._environ.get(argument)
        if not value:
            fault = "is not set" if value is None else "is empty"
            raise SecretError(f"environment variable {argument} {fault}; set it where this runs")
        return value


class FileSource:
    """The source of `{file: PATH}`. `is_trusted`: under `--base`, a file outside of the checkout may be read though no
    `spec.secrets.allow` names it."""

    def __init__(self, settings: SecretSettings, *, is_trusted: bool = False) -> None:
        self._settings = settings
        self._is_allowed = is_trusted or settings.allow is not None

    def read(self, argument: str, key: str) -> str:
        """The file's text without its last newline. Only of a regular file, since a pipe or device could block."""
        refuse_key("file", key)
        place = f'file "{argument}"'
        try:
            with os.fdopen(self._open(argument), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise SecretError(f"{place} is not a regular file; name the file that holds the secret")
                raw = file.read(MAX_BYTES + 1)
        except ConfigurationError as error:
            raise SecretError(str(error)) from None
        except OSError as error:
            raise SecretError(f"{place} cannot be read ({_reason(error)}); check path and permissions") from None
        return decode_value(raw, place)

    def _open(self, argument: str) -> int:
        """The file's descriptor, so that what is checked is what is read, even if the path leads elsewhere later."""
        from reconciler.systems import open_without_waiting  # most projects keep no secret in a file

        bounds = self._settings.bounds
        if bounds is None:
            return open_without_waiting(locate(argument, self._settings))
        if self._settings.asked_by_base:
            return open_without_waiting(bounds.file_of_base(argument))
        return bounds.open_named_by_manifest(argument, is_allowed_by_name=self._is_allowed)


class MountedSecretSource:
    """The source of `{secret: NAME, key: KEY}`: the file NAME/KEY below `spec.secrets.dir`, as Kubernetes mounts a
    Secret, else the variable RECONCILER_SECRET_<NAME>_<KEY>. If the folder is in the checkout, the rules of `{file}`
    apply to it."""

    def __init__(self, settings: SecretSettings) -> None:
        self._settings = settings
        folder, bounds = settings.directory, settings.bounds
        is_outside = folder is not None and bounds is not None and not bounds.checkout.holds(settings.root / folder)
        self._files = FileSource(settings, is_trusted=is_outside)

    def read(self, argument: str, key: str) -> str:
        """The file's text without its last newline, or the variable's value; an empty variable counts as missing."""
        if not re.match(_STEP, argument) or not re.match(_STEP, key):
            raise SecretError("this is not the name and key of a Secret; give both, and not the value")
        folder = self._settings.directory
        if folder is not None and os.path.lexists(self._settings.root / folder / argument / key):
            return self._files.read(f"{folder}/{argument}/{key}", "")
        variable = "RECONCILER_SECRET_" + re.sub(r"[-.]", "_", f"{argument}_{key}").upper()
        value = self._settings.environ.get(variable)
        if not value:
            below = f"in {folder}" if folder is not None else "below spec.secrets.dir, which is not set"
            raise SecretError(f"there is no file {argument}/{key} {below}, and {variable} is not set; give one of them")
        return value


def locate(argument: str, settings: SecretSettings) -> Path:
    """The path of a file that a manifest names, relative to the project's folder.

    With `spec.secrets.allow`, SecretError if links lead a relative path out of that folder: whoever can add a file to
    the project could otherwise make an allowed name stand for any file.
    """
    if not argument or "\0" in argument:
        raise SecretError("this is not a path; name the file that holds the secret")
    path = settings.root / argument
    climbs = Path(argument).is_absolute() or ".." in Path(argument).parts
    if settings.allow is None or climbs:
        return path
    try:
        is_inside = path.resolve().is_relative_to(settings.root.resolve())
    except (OSError, RuntimeError):  # RuntimeError: a loop of links, up to Python 3.12
        is_inside = False
    if not is_inside:
        raise SecretError(
            f'file "{argument}" is a link that leaves the project, which spec.secrets.allow does not cover; '
            "write the path it leads to, and allow that"
        )
    return path


def refuse_key(source: str, key: str) -> None:
    """SecretError if a key was given to a source whose values have no parts."""
    if key:
        raise SecretError(f'source "{source}" takes no key; remove it')


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__
