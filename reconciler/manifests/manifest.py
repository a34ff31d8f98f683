"""A manifest and where it is: one checked document, and how a problem about it is made.

It holds the spec as written; what defaults and overrides make of it for a target is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from reconciler.manifests.documents import Document, Places
from reconciler.manifests.files import FileError
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Level, Location, Problem
from reconciler.model.fields import is_name
from reconciler.model.kinds import KINDS
from reconciler.model.text import Path


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document is: its file as shown to people, how to read that again, and its extent in the text.

    Locations within are looked up by parsing the document once more: only problems need them, and then often many.
    """

    file: str
    read: Callable[[], str]
    line: int
    column: int
    start: int
    end: int

    @classmethod
    def of(cls, file: str, read: Callable[[], str], document: Document) -> Source:
        """The source of a document that was parsed from this file."""
        return cls(file, read, document.line, document.column, document.start, document.end)

    def location(self, *path: str | int, key: bool = False) -> Location:
        """Where the value at `path` is, or its `key`; the nearest value around it if it is not there."""
        found = _places(self._text()).find(path, key=key) if path else None
        if found is None:
            return Location(self.file, self.line, self.column)
        return Location(self.file, self.line + found.line - 1, found.column)

    def _text(self) -> str:
        try:
            return self.read()[self.start : self.end]
        except FileError:  # it went away meanwhile: the start of the document is known all the same
            return ""


@lru_cache(maxsize=1)  # what is wrong with one document is worded before the next is looked at
def _places(text: str) -> Places:
    return Places(text)


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest as written: `spec` holds plain JSON values that passed the schema, `overrides` and all."""

    kind: str
    name: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]
    source: Source

    def __str__(self) -> str:
        return f'{self.kind} "{self.name}"'

    def problem(
        self, message: str, rule: str, *, path: Path = (), fix: str = "", level: Level = Level.ERROR
    ) -> Problem:
        """A problem of this manifest; `path` leads to what is meant, from the document's top."""
        return Problem(path, message, rule, fix, level, subject=str(self), location=self.source.location(*path))


def located(problem: Problem, source: Source, document: Any) -> Problem:
    """A problem of a document, with its location and subject."""
    location = source.location(*problem.path, key=problem.at_key)
    return replace(problem, location=location, subject=subject_of(document))


def subject_of(document: Any) -> str:
    """What a document is about, as far as it says so in a form that can be shown."""
    if not isinstance(document, Mapping):
        return ""
    kind, metadata = document.get("kind"), document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    shown_kind = kind if isinstance(kind, str) and kind in (*KINDS, "Project") else ""
    return f'{shown_kind} "{name}"'.lstrip() if isinstance(name, str) and is_name(name) else shown_kind
