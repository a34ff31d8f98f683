"""How problems speak of paths, keys and values without repeating what may be a secret.

A problem is what a check says before anybody knows the place in the file; `Manifest.finding` adds that. Apart
because the YAML reader, the schema check and the models all word problems, and must do so alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where a value is in a document: keys and list positions from the top."""

_SHOWABLE = re.compile(r"[A-Za-z<][A-Za-z0-9_./-]{0,62}")
_TYPE_NAMES = {
    dict: "a mapping",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "empty",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at a path: words, a slug for machines, what to do. `at_key`: the key itself is meant.

    `warning`: it is shown, and stops only a strict run.
    """

    path: Path
    message: str
    rule: str
    hint: str = ""
    at_key: bool = False
    warning: bool = False


def is_showable(key: str) -> bool:
    """Whether a key is so plain that it may be repeated: a key may be a secret in the wrong place."""
    return _SHOWABLE.fullmatch(key) is not None and "//" not in key


def quoted_key(key: str) -> str:
    """A key for a message, or a stand-in for one that is better not repeated."""
    return f'"{key}"' if is_showable(key) else "(not shown)"


def dotted(path: Path) -> str:
    """A path as a person writes it: `spec.recipients[2]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if is_showable(step) else ".(not shown)"
    return text.removeprefix(".")


def suggest(wrong: object, known: Iterable[str]) -> str:
    """`did you mean X?`, or nothing if no known word is close."""
    from difflib import get_close_matches

    words = {word.lower(): word for word in known}
    close = get_close_matches(str(wrong).lower()[:100], sorted(words), n=1, cutoff=0.6)
    return f"did you mean {words[close[0]]}?" if close else ""


def type_name(value: object) -> str:
    """What sort of value this is, in words."""
    return _TYPE_NAMES.get(type(value), "a value")


def printable(text: str) -> str:
    """A text with every character that is not printable shown by its number."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def quoted(text: str) -> str:
    """A text in quotes, escaped as JSON does and without unprintable characters."""
    return printable(json.dumps(text, ensure_ascii=False))


def plural(count: int, word: str) -> str:
    """`1 message`, `2 messages`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def few(words: Iterable[str], most: int = 5) -> str:
    """The first of these words, sorted, and how many more there are; "none" for none."""
    known = sorted(words)
    rest = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + rest if known else "none"
