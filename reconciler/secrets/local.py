"""Environment variables and files: the sources that ask nobody.

Also where a path in a manifest leads, which the sops source needs too.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from reconciler.model.errors import ConfigurationError, SecretError
from reconciler.secrets.settings import MAX_BYTES, SecretSettings, decode_value

_STEP = r"(?!\.\.?\Z)[-._A-Za-z0-9]{1,253}\Z"
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*\Z"


class EnvironmentSource:
    """`{env: NAME}`."""

    def __init__(self, settings: SecretSettings) -> None:
        self._environ = settings.environ

    def read(self, argument: str, key: str) -> str:
        """The variable's value; one that is set but empty counts as missing, as CI leaves it for forks."""
        refuse_key("env", key)
        if not re.match(_VARIABLE, argument):
            # It may be the secret itself, written where its name belongs.
            raise SecretError("this is not the name of an environment variable; give the name, not the value")
        value = self._environ.get(argument)
        if not value:
            fault = "is not set" if value is None else "is empty"
            raise SecretError(f"environment variable {argument} {fault}; set it where this runs")
        return value


class FileSource:
    """`{file: PATH}`. `is_trusted`: under `--base`, files outside of the checkout are the base's own choice."""

    def __init__(self, settings: SecretSettings, *, is_trusted: bool = False) -> None:
        self._settings = settings
        self._is_allowed = is_trusted or settings.allow is not None

    def read(self, argument: str, key: str) -> str:
        """The file's text without its last newline. Only regular files: a pipe or device could hang or never end."""
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
        """The file's descriptor: what is checked is what is read, whatever the path leads to a moment later."""
        from reconciler.systems import open_without_waiting  # most projects keep no secret in a file

        bounds = self._settings.bounds
        if bounds is None:
            return open_without_waiting(locate(argument, self._settings))
        if self._settings.asked_by_base:
            return open_without_waiting(bounds.file_of_base(argument))
        return bounds.open_named_by_manifest(argument, is_allowed_by_name=self._is_allowed)


class MountedSecretSource:
    """`{secret: NAME, key: KEY}`: the file NAME/KEY below `spec.secrets.dir`, as Kubernetes mounts a Secret, else the
    variable RECONCILER_SECRET_<NAME>_<KEY>. A folder inside of the checkout has the rules of `{file}`."""

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
    """Where a path of a manifest leads, relative to the project's folder.

    With `spec.secrets.allow` a link that a relative path takes out of that folder is refused: whoever can add a file
    to the project could otherwise let an allowed name stand for any file.
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
    """Raise if a key was given to a source whose values have no parts."""
    if key:
        raise SecretError(f'source "{source}" takes no key; remove it')


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else type(error).__name__
