"""The state file: one JSON document, read at the start and replaced after writes.

It is written to a new file that is then renamed, so that a killed simulator leaves the last complete state. What its
parts contain is decided elsewhere.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

__all__ = ["StateFile", "StateFileError"]

_FORMAT = "reconciler-simulator/1"


class StateFileError(ValueError):
    """The file exists and is not a state file of the simulator."""


class StateFile:
    """A file that keeps named parts, each a JSON value."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    def load(self) -> dict[str, Any]:
        """The parts by name; none if there is no file yet. StateFileError if it is another file."""
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (UnicodeDecodeError, json.JSONDecodeError) as exc:
            raise StateFileError(f"{self._path}: not a JSON document") from exc
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            raise StateFileError(f"{self._path}: not a state of the simulator")
        return {name: value for name, value in content.items() if name != "format"}

    def save(self, **parts: str) -> None:
        """Replace the file; each part is given as JSON text."""
        members = "".join(f',\n"{name}": {text}' for name, text in parts.items())
        new = self._path.with_name(f"{self._path.name}.new")
        with new.open("w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(f'{{"format": "{_FORMAT}"{members}}}\n')
        new.replace(self._path)
