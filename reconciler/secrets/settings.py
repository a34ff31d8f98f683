"""What a project says about its secret sources, and what a source is.

Plain values: the project file is read elsewhere. Apart from the resolver so that sources know this and nothing above.
"""

from __future__ import annotations

import json
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
"""The entry points by which a package brings a source."""


class SecretSource(Protocol):
    """A place that keeps secrets. The entry points `reconciler.secrets` are factories: SecretSettings -> SecretSource.

    One source serves many threads at once.
    """

    def read(self, argument: str, key: str) -> str:
        """The value that `argument` names, or the part `key` of it ("" where the manifest gives none).

        Blocks. Raises SecretError, whose words say what to do and never hold the value; whatever else it raises is
        reported by its type alone.
        """
        ...


@dataclass(frozen=True)
class SecretSettings:
    """`spec.secrets` of the project file, and the surroundings.

    `root` is the folder of the project file: paths are relative to it, and commands run in it. `sources` maps a name
    to the argument list of its command. `allow` None allows every reference. `environ` is what `env` reads and what
    commands are started with. `directory` holds the files of `{secret: NAME, key: KEY}`. `timeout_seconds` bounds each
    single read. `bounds` are those of a proposal, under `--base`; `asked_by_base` says that the references are the
    base's own, as those of its targets' credentials. `given` are sources that the caller made, by name: they stand in
    for all others of that name.
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
                raise ConfigurationError(f'spec.secrets.sources: the name "{name}" is taken; choose another')
            if not command:
                raise ConfigurationError(f"spec.secrets.sources.{name}.exec: the command is empty; name a program")


MAX_BYTES = 1 << 20
"""The size of the largest value: 1 MiB."""


def decode_value(raw: bytes, place: str) -> str:
    """Bytes as text, without the one newline that editors and commands put at the end, nor a byte order mark."""
    if len(raw) > MAX_BYTES:
        raise too_large(place)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _binary(place) from None
    return text.removesuffix("\n").removesuffix("\r")


def check_value(value: object, place: str) -> str:
    """The value, if it can be used; plug-ins may return anything, and environment variables may hold stray bytes."""
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
    """The error for a value over the limit."""
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
    """Fetches each name once, also when several threads ask at the same time; a failure is remembered too.

    Those who ask for one name wait for nobody who asks for another.
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
            except BaseException as error:  # whatever it is: those who wait for the same name must hear of it
                fetched.set_exception(error)
        return fetched.result()


def parse_document(text: str, place: str) -> object:
    """The JSON text as plain values."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise SecretError(f"{place} is not JSON, so it has no keys; check what is kept there") from None


def _values(document: object, steps: list[str]) -> Iterator[object]:
    """Everything that lies under these steps, of which any that follow each other can be one name with dots."""
    if not steps:
        yield document
    elif isinstance(document, Mapping):
        for count in range(len(steps), 0, -1):
            name = ".".join(steps[:count])
            if name in document:
                yield from _values(document[name], steps[count:])


def pick_value(document: object, key: str, place: str) -> str:
    """The text or whole number under `key`: a name, or names joined by dots that lead into nested maps."""
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
