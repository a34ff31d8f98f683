"""What secret sources may do with a proposal's files under `--base`: read those that git tracks, and nothing else.

Commands run in a tree of the base and find no program, module or settings file of the checkout. A file that a manifest
names is read without following links. A file that the base's own project file names is read as the base has it. What
cannot be limited in this way is refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from reconciler.checkout import Checkout, links_on_the_way
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, SecretError
from reconciler.systems import open_below, open_without_waiting

_REGULAR = frozenset({"100644", "100755"})
_KEY_FILES = re.compile(
    r"GOOGLE_APPLICATION_CREDENTIALS|GOOGLE_GHA_CREDS_PATH|CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE|KUBECONFIG|NETRC"
    r"|(AWS|AZURE|ARM|SOPS|VAULT|OCI|GOOGLE|DOCKER|SSH)_\w*(FILE|PATH|KEY|CERT|TOKEN|CONFIG)"
)
"""Environment variables in which login actions and tools name a file that holds a key."""

_KEY_FILE_NAMES = ("gha-creds-*.json", ".netrc", ".vault-token", ".npmrc", ".pypirc")


class BaseFiles(Protocol):
    """The files of the base commit; paths are relative to the top of the checkout."""

    def read(self, path: str) -> bytes | None:
        """The file's bytes; None if the base does not have it."""
        ...

    def part(self, paths: Iterable[str]) -> Path:
        """A folder that holds the base's files at and below these paths, laid out as in the repository."""
        ...

    def whole(self) -> Path:
        """The same folder, with all files of the base."""
        ...


@dataclass(frozen=True)
class Bounds:
    """`project` is the project's folder relative to the top of the checkout ("" for the top itself); `tracked` maps the
    paths in git's index to their modes; `ref` is the base as the user named it; `environ` is this process's."""

    checkout: Checkout
    project: str
    ref: str
    tracked: Mapping[str, str]
    files: BaseFiles
    environ: Mapping[str, str] = field(repr=False)

    def open_named_by_manifest(self, argument: str, *, is_allowed_by_name: bool) -> int:
        """Open a file that a manifest names, and return its descriptor. `is_allowed_by_name`: the project file at the
        base allows it. SecretError if it may not be read, OSError if it cannot be."""
        path = self._path(argument)
        if self._is_key_file(path):
            raise SecretError(f'file "{argument}" holds a key that this job logs in with, which no manifest may use')
        inside = self._inside(path)
        if inside is None:
            if not is_allowed_by_name:
                raise SecretError(
                    f'file "{argument}" lies outside of the project; allow it in spec.secrets.allow at {self.ref}'
                )
            if self.checkout.holds(path):
                raise SecretError(f'file "{argument}" is a link into the checkout; name the file itself')
            return open_without_waiting(path)
        below = not self.project or inside.startswith(f"{self.project}/")
        if not is_allowed_by_name and not (below and self.tracked.get(inside) in _REGULAR):
            raise SecretError(
                f'file "{argument}" is not tracked by git below the project; add it, '
                f"or allow it in spec.secrets.allow at {self.ref}"
            )
        return open_below(self.checkout.top, inside)

    def file_of_base(self, name: str) -> Path:
        """The path at which to read a file that the base's project file names: a copy with the base's bytes, or a file
        that the job itself made. ConfigurationError if the proposal brought it."""
        path = self._path(name)
        inside = self._inside(path)
        if inside is None:
            if self.checkout.holds(path):
                raise ConfigurationError(f"{name} is a link into the checkout: name the file itself")
            return Path(path)
        if self.files.read(inside) is not None:
            return self.files.part([inside]) / inside
        if self._is_proposals(inside) or next(links_on_the_way(self.checkout.top, Path(path)), None):
            raise ConfigurationError(f"{name}: does not exist at {self.ref}, so it is not used")
        return Path(path)

    def sops_file(self, argument: str, limit: int) -> Path:
        """The path of a copy of the file with the base's bytes, to decrypt; `limit` is the most bytes that it may have.
        SecretError unless the checkout has the same bytes."""
        inside = self._inside(self._path(argument))
        then = None if inside is None else self.files.read(inside)
        if inside is None or then is None:
            raise SecretError(f'sops file "{argument}" does not exist at {self.ref}: it is read once it is merged')
        if self._read(inside, limit) != then:
            raise SecretError(f'sops file "{argument}" differs from {self.ref}: it is read once it is merged')
        return self.files.part([inside]) / inside

    def command_folder(self) -> Path:
        """The folder that commands run in: the project's, as the base has it."""
        folder = self.files.whole() / self.project
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def check_aws_files(self) -> None:
        """ConfigurationError if AWS libraries would read settings from the checkout, since these can name programs."""
        self.checkout.check_aws_files(self.environ)

    def check_words(self, words: Sequence[str], folder: Path) -> None:
        """SecretError if a word of a command is a path into the checkout, absolute or relative to `folder`."""
        for word in words:
            parts = [part for part in re.split(r"[=:,;]", word) if part]
            if self.checkout.is_named_in(word) or any(self.checkout.holds(folder / part) for part in (word, *parts)):
                raise SecretError(
                    "the command names a path into the checkout, where a proposal's files are; write it relative to "
                    "the project"
                )

    def _path(self, argument: str) -> str:
        if not argument or "\0" in argument:
            raise SecretError("this is not a path; name the file that holds the secret")
        return os.path.normpath(self.checkout.top / self.project / argument)

    def _inside(self, path: str) -> str | None:
        """The path relative to the top of the checkout; None if it is outside. SecretError if it is in `.git`."""
        if not Path(path).is_relative_to(self.checkout.top):
            return None
        inside = Path(path).relative_to(self.checkout.top)
        if any(step.casefold() == ".git" for step in inside.parts):
            raise SecretError("this lies in .git, where git keeps its own secrets; name another file")
        return inside.as_posix()

    def _is_proposals(self, inside: str) -> bool:
        steps = inside.split("/")
        above = ("/".join(steps[:length]) for length in range(1, len(steps)))
        return inside in self.tracked or any(part in self.tracked for part in above)

    def _is_key_file(self, path: str) -> bool:
        if any(fnmatchcase(Path(path).name.casefold(), pattern) for pattern in _KEY_FILE_NAMES):
            return True
        named = [value for name, value in self.environ.items() if _KEY_FILES.fullmatch(name) and value]
        return os.path.realpath(path) in {os.path.realpath(part) for value in named for part in value.split(os.pathsep)}

    def _read(self, inside: str, limit: int) -> bytes | None:
        try:
            descriptor = open_below(self.checkout.top, inside)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            return file.read(limit + 1)
