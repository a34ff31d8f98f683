"""The mark that ends a live object's description, `[owner/name FLAG...]`: read, written, and how long it can get."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["CANARY", "PROTECTED", "REPLACED", "UNPROVED", "Mark", "describe", "longest_mark", "read_mark"]

CANARY, PROTECTED, REPLACED, UNPROVED = "canary", "protected", "replaced", "unproved"

_MARK = re.compile(
    r"(?:(?<=\s)|^)\[(?P<owner>[a-z0-9-]{1,40})/(?P<name>[a-z0-9-]{1,63})"
    r"(?P<flags>(?: (?:canary|protected|replaced|unproved))*)\]\Z"
)


@dataclass(frozen=True, slots=True)
class Mark:
    """Whose an object is, under which manifest's name, and in what state (`flags`)."""

    owner: str
    name: str
    flags: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"[{' '.join([f'{self.owner}/{self.name}', *sorted(self.flags)])}]"

    @property
    def is_leftover(self) -> bool:
        """Whether the object is a canary or a half-done replace: never matched, counted or pruned."""
        return bool(self.flags & {CANARY, REPLACED})


def read_mark(description: str) -> tuple[str, Mark | None]:
    """Split a live description into a person's text and the mark that ends it, if one does."""
    found = _MARK.search(description)
    if found is None:
        return description, None
    text = description[: found.start()].removesuffix(" ")
    return text, Mark(found["owner"], found["name"], frozenset(found["flags"].split()))


def describe(text: str, mark: Mark) -> str:
    """A person's text with the mark at its end, as it is written to the live object."""
    return f"{text} {mark}" if text else str(mark)


def longest_mark(owner: str, name: str, *, protected: bool) -> Mark:
    """The longest mark that an object can get, by which `validate` judges the length of a description."""
    return Mark(owner, name, frozenset({UNPROVED, PROTECTED} if protected else {UNPROVED}))
