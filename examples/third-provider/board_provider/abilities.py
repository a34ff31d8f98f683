"""What a board can hold, known without a connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.errors import Problem
from reconciler.model.provider import VerificationMethod
from reconciler.model.values import Value

LONGEST_NAME = 40


@dataclass(frozen=True)
class BoardAbilities:
    """A board holds rooms, chooses their ids, and tests a room by a short-lived copy."""

    provider: str = "board"
    kinds: frozenset[str] = frozenset({"SlackChannel"})
    verification: VerificationMethod = VerificationMethod.CANARY
    chooses_ids: bool = False

    def check(self, kind: str, fields: Mapping[str, Value], version: str) -> list[Problem]:
        """A board has rooms only, with short names."""
        if kind not in self.kinds:
            return [Problem(("kind",), "a board holds no such kind", "unsupported-kind", "leave the board out")]
        name = fields.get("display_name")
        if isinstance(name, str) and len(name) > LONGEST_NAME:
            message = f"must have at most {LONGEST_NAME} characters on a board"
            return [Problem(("display_name",), message, "too-long", "give it a shorter one")]
        return []

    def check_id(self, object_id: str) -> list[Problem]:
        """The board chooses its ids: a manifest may pin any."""
        return []

    def expects_json(self, kind: str) -> bool:
        """No receiver refuses a board's test text."""
        return False

    def harmless_writes(self, missing: str) -> None:
        """None: a board takes every create."""


ABILITIES = BoardAbilities()
