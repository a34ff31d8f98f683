"""The journal of an apply: one JSON line before and after each step, on disk before the step goes on.

It holds names, ids and outcomes, never a field's value. It tells a person what a killed run had done; the tool itself
never reads it to decide anything, since what is live is the truth.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, ReconcilerError
from reconciler.model.resource import ChangeKey
from reconciler.model.values import to_json

if TYPE_CHECKING:
    from pydantic import TypeAdapter

FORMAT = "reconciler.journal/v1"


class Event(StrEnum):
    """What a line tells of its step."""

    BEGIN = "begin"
    END = "end"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    OUTCOME = "outcome"  # what became of the whole change


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One line. `number` is the step's, alike for its begin and its end; `at` is a time in UTC by our own clock.

    `target`, `kind`, `name` and `change` (the live id that its key has, if any) say which change it belongs to; `id` is
    the object that the step is about, which may be a canary's.
    `status` is what became of the change, in an outcome; `error` is the class of a failure, never its message.
    """

    format: str = FORMAT
    number: int
    at: str
    event: Event
    target: str
    kind: str
    name: str
    change: str = ""
    step: str = ""
    id: str = ""
    status: str = ""
    error: str = ""


@dataclass(slots=True)
class Step:
    """A step that is under way; a create sets `id` once the server gave one."""

    id: str


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class Journal:
    """Steps as JSON lines. Without a file it writes nothing. `clock` gives the time of each line.

    `failure` says why a line could not be written. From then on nothing is recorded, and no new change may begin; but
    what is under way goes on to its end, or is rolled back.
    """

    def __init__(self, stream: IO[str] | None = None, clock: Callable[[], str] = _now) -> None:
        self._stream = stream
        self._clock = clock
        self._number = 0
        self.failure = ""

    @classmethod
    @contextmanager
    def open(cls, path: Path | None) -> Iterator[Journal]:
        """A journal that appends to a file; to none if `path` is None."""
        if path is None:
            yield cls()
            return
        try:
            stream = path.open("a", encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"the journal {path} cannot be written: {error.strerror}") from None
        journal = cls(stream)
        try:
            yield journal
        finally:
            journal.close()

    def close(self) -> None:
        """Record nothing from now on."""
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                stream.close()
            except OSError as error:
                self.failure = self.failure or str(error.strerror)

    @contextmanager
    def step(self, key: ChangeKey, step: str, object_id: str = "") -> Iterator[Step]:
        """Record a step of a change before it begins and after it ended, with how it ended."""
        self._number += 1
        number, record = self._number, Step(object_id)

        def write(event: Event, error: str = "") -> None:
            self._write(key, number=number, event=event, step=step, id=record.id, error=error)

        write(Event.BEGIN)
        try:
            yield record
        except ReconcilerError as error:
            write(Event.FAILED, type(error).__name__)
            raise
        except BaseException:
            write(Event.INTERRUPTED)
            raise
        write(Event.END)

    def outcome(self, key: ChangeKey, status: str, object_id: str = "") -> None:
        """Record what became of a change."""
        self._number += 1
        self._write(key, number=self._number, event=Event.OUTCOME, status=status, id=object_id)

    def _write(self, key: ChangeKey, **fields: Any) -> None:
        """Append one line and see it on disk.

        This blocks the event loop, on purpose: a line in a thread would have to be awaited, and a run that is being
        stopped cancels whoever awaits; the very lines that tell how an interrupted step ended would be lost.
        """
        if self._stream is None:
            return
        about: dict[str, Any] = {"target": key.target, "kind": key.kind, "name": key.name, "change": key.id or ""}
        line = JournalLine(at=self._clock(), **about, **fields)
        text = json.dumps(to_json(line), ensure_ascii=False, separators=(",", ":"))
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            self.failure = error.strerror or type(error).__name__
            self._stream = None


@cache
def _adapter() -> TypeAdapter[JournalLine]:
    from pydantic import TypeAdapter  # to read one again, and to publish its schema: an apply only writes

    return TypeAdapter(JournalLine)


def parse_journal(text: str, name: str) -> list[JournalLine]:
    """The lines of a journal; ConfigurationError names the file `name` and the line that is none.

    A last line that breaks off, as a machine that lost its power leaves it, is left out.
    """
    from pydantic import ValidationError

    lines: list[JournalLine] = []
    rows = text.split("\n")  # whole lines leave an empty one at the end
    for number, row in enumerate(rows, start=1):
        if not row.strip():
            continue
        try:
            lines.append(_adapter().validate_json(row))
        except ValidationError:
            if number == len(rows):
                break
            raise ConfigurationError(f"{name}:{number}: not a journal line in the format {FORMAT}") from None
    return lines


def journal_document(lines: list[JournalLine]) -> list[dict[str, Any]]:
    """The lines as plain JSON values."""
    return [to_json(line) for line in lines]


def journal_schema() -> dict[str, Any]:
    """The JSON Schema of one line of a journal."""
    schema = _adapter().json_schema(mode="serialization")
    schema["properties"]["format"] = {"const": FORMAT, "description": "The format and its version."}
    own = {**schema, "title": "One line of a reconciler journal", "additionalProperties": False}
    identity = "https://channels.gitops/schemas/v1/journal.json"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": identity, **own}
