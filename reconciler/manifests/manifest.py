"""A manifest and its place: one checked document, and how a finding about it is made.

It holds the spec as written; what defaults and overrides make of it for a target is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.manifests.documents import Document, find_spot
from reconciler.manifests.files import FileProblem
from reconciler.model.errors import Finding, Level, Place
from reconciler.model.fields import is_name
from reconciler.model.kinds import KINDS
from reconciler.model.text import Path, Problem, dotted


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document is: its file as shown to people, how to read that again, and its extent in the text.

    Places within are looked up by parsing the document once more: only findings need them.
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

    def place(self, *path: str | int, key: bool = False) -> Place:
        """The place of the value at `path`, or of its `key`; of the nearest value around it if it is not there."""
        spot = find_spot(self._text(), path, key=key) if path else None
        if spot is None:
            return Place(self.file, self.line, self.column)
        return Place(self.file, self.line + spot.line - 1, spot.column)

    def _text(self) -> str:
        try:
            return self.read()[self.start : self.end]
        except FileProblem:  # it went away meanwhile: the start of the document is known all the same
            return ""


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

    def finding(
        self, message: str, rule: str, *, field: Path = (), hint: str = "", level: Level = Level.ERROR
    ) -> Finding:
        """A finding about this manifest; `field` is the path of what is meant, from the document's top."""
        return Finding(self.source.place(*field), message, rule, str(self), dotted(field), hint, level)


def finding_of(problem: Problem, source: Source, document: Any) -> Finding:
    """A problem of a document as a finding: with its place and subject."""
    place = source.place(*problem.path, key=problem.at_key)
    level = Level.WARNING if problem.warning else Level.ERROR
    return Finding(
        place, problem.message, problem.rule, subject_of(document), dotted(problem.path), problem.hint, level
    )


def subject_of(document: Any) -> str:
    """What a document is about, as far as it says so in a form that can be shown."""
    if not isinstance(document, Mapping):
        return ""
    kind, metadata = document.get("kind"), document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    shown_kind = kind if isinstance(kind, str) and kind in (*KINDS, "Project") else ""
    return f'{shown_kind} "{name}"'.lstrip() if isinstance(name, str) and is_name(name) else shown_kind
