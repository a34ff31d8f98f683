"""What a project says about its secret sources, and what a source is.

Plain values: the project file is read elsewhere. Apart from the resolver so that sources know this and nothing above.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from reconciler.errors import ConfigurationError
from reconciler.resources import RESERVED_NAMES

__all__ = ["ENTRY_POINT_GROUP", "SecretSettings", "SecretSource"]

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
    commands are started with. `timeout_seconds` bounds each single read.
    """

    root: Path
    sources: Mapping[str, tuple[str, ...]]
    allow: tuple[str, ...] | None
    environ: Mapping[str, str] = field(repr=False)
    timeout_seconds: float = 30

    def __post_init__(self) -> None:
        for name, command in self.sources.items():
            if name in RESERVED_NAMES:
                raise ConfigurationError(f'spec.secrets.sources: the name "{name}" is taken; choose another')
            if not command:
                raise ConfigurationError(f"spec.secrets.sources.{name}.exec: the command is empty; name a program")
