"""Name -> source: the built-in ones, the commands of the project, and what other packages bring.

Each is made when the first reference asks for it. Another package is loaded only for a name that neither we nor the
project give a meaning to, so that an installed plug-in can never take over a source that manifests already use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import metadata

from reconciler.model.errors import SecretError
from reconciler.secrets.aws import AwsSecretSource
from reconciler.secrets.commands import Commands, CommandSource, SopsSource
from reconciler.secrets.local import EnvironmentSource, FileSource, MountedSecretSource
from reconciler.secrets.settings import ENTRY_POINT_GROUP, Once, SecretSettings, SecretSource
from reconciler.secrets.vault import VaultSource

"""Where other packages offer factories of sources: SecretSettings -> SecretSource."""


class Sources:
    """The sources of one run, asked for from several threads."""

    def __init__(self, settings: SecretSettings) -> None:
        self._settings = settings
        self._commands = Commands(settings)
        self._made = Once(self._make)
        self._built_in: Mapping[str, Callable[[], SecretSource]] = {
            "env": lambda: EnvironmentSource(settings),
            "file": lambda: FileSource(settings),
            "sops": lambda: SopsSource(settings, self._commands),
            "vault": lambda: VaultSource(settings),
            "aws_secret": lambda: AwsSecretSource(settings),
            "secret": lambda: MountedSecretSource(settings),
        }

    def get(self, name: str) -> SecretSource:
        """The source of that name; SecretError if there is none."""
        return self._made.get(name)

    def stop(self) -> None:
        """End the commands that are running, and start no more."""
        self._commands.stop()

    def _make(self, name: str) -> SecretSource:
        if name in self._built_in:
            return self._built_in[name]()
        if name in self._settings.sources:
            return CommandSource(name, self._settings.sources[name], self._commands)
        return self._load(name)

    def _load(self, name: str) -> SecretSource:
        found = list(metadata.entry_points(group=ENTRY_POINT_GROUP, name=name))
        if not found:
            known = ", ".join(sorted({*self._built_in, *self._settings.sources}))
            raise SecretError(
                f'there is no secret source "{name}"; known are {known}: '
                "define it under spec.secrets.sources, or install the package that brings it"
            )
        if len(found) > 1:
            raise SecretError(f'several installed packages bring a secret source "{name}"; keep one of them')
        source: SecretSource = found[0].load()(self._settings)
        return source
