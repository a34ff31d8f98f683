"""How problems speak of paths, keys, values and servers' words without repeating what may be a secret.

Apart because the YAML reader, the schema check and the models all word problems, and must do so alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

Path = tuple[str | int, ...]
"""Where a value is in a document: keys and list positions from the top."""

# As text: `re` compiles and keeps these when they are first needed, and most runs need none.
_SHOWABLE = r"[A-Za-z<][A-Za-z0-9_./-]{0,62}"
_LONGEST_QUOTE = 300  # characters
_PIECE = 8  # so many characters of a secret in a row are a leak
_TYPE_NAMES = {
    dict: "a mapping",
    list: "a list",
    str: "a string",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "empty",
}


def is_showable(key: str) -> bool:
    """Whether a key is so plain that it may be repeated: a key may be a secret in the wrong place."""
    return re.fullmatch(_SHOWABLE, key) is not None and "//" not in key


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
    longer = [word for word in words if len(str(wrong)) > 3 and str(wrong).lower() in word]
    if len(longer) == 1:
        return f"did you mean {words[longer[0]]}?"
    close = get_close_matches(str(wrong).lower()[:100], sorted(words), n=1, cutoff=0.6)
    return f"did you mean {words[close[0]]}?" if close else ""


def not_an_address(text: str) -> tuple[str, str]:
    """What is wrong with a text that is no http(s) address, and what to do, without showing any of it."""
    if text != text.strip():
        where = "ends" if text == text.lstrip() else "begins"
        message = f"{where} with a blank or a line break, which an address cannot have"
        return message, "remove it (from a file, one line break at the end is ignored, and nothing else)"
    if any(ord(mark) <= 32 for mark in text):
        return "has a blank or a line break in it", "write one https://host/path without any"
    return "is not an http or https address", "write https://host/path"


def normal_address(url: str) -> str:
    """An address as it is compared with another one: its host in lowercase, its port, its path. A text that is no
    address is given back as it is."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        port = parts.netloc.rpartition(":")[2] if parts.netloc[-1:] != "]" and ":" in parts.netloc else ""
        port = port or {"https": "443", "http": "80"}[parts.scheme.lower()]
    except (ValueError, KeyError):
        return url
    return f"{parts.hostname}:{port}{parts.path.rstrip('/')}"


def type_name(value: object) -> str:
    """What sort of value this is, in words."""
    return _TYPE_NAMES.get(type(value), "a value")


_INVISIBLE = (
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Characters that look like nothing, or turn the order of what follows: Unicode's Default_Ignorable_Code_Point
(DerivedCoreProperties), with its two line separators, the interlinear marks and the empty Braille cell."""

_COMMAND = re.compile(r"^(\s*):(?=:)|##(?=\[)", re.MULTILINE)


def printable(text: str) -> str:
    """A text with every character that cannot be seen shown by its number, as JSON writes it; of one line."""
    if text.isprintable() and (text.isascii() or not re.search(_INVISIBLE, text)):
        return text
    return "".join(
        char if char.isprintable() and not re.match(_INVISIBLE, char) else json.dumps(char)[1:-1] for char in text
    )


def visible(text: str) -> str:
    """A whole output, of many lines, as `printable` shows each; and none of them is a command of the CI's log.

    A runner reads `::word::` at the start of a line, and `##[word]` anywhere in it, as an order to itself.
    """
    lines = "\n".join(printable(line) for line in text.split("\n"))
    return _COMMAND.sub(lambda found: f"{found[1]}\\u003a" if found[1] is not None else "#\\u0023", lines)


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


def quotable(text: str, secrets: Iterable[str] = ()) -> str:
    """A server's words made fit to be shown: one line, printable, not long, addresses without their paths.

    "" if they hold any eight characters in a row of one of `secrets`: the server repeated what it was sent.
    """
    start = text[: 4 * _LONGEST_QUOTE]
    line = " ".join("".join(mark if mark.isprintable() else " " for mark in start).split())
    if any(_shares_piece(line, secret) for secret in secrets):
        return ""
    line = re.sub(r"(https?://)(?:[^\s/@]*@)?([^\s/?#\"']+)[^\s\"']*", r"\1\2/•••", line)
    return line if len(line) <= _LONGEST_QUOTE else line[:_LONGEST_QUOTE] + "…"


def _shares_piece(line: str, secret: str) -> bool:
    if len(secret) <= _PIECE:
        return bool(secret) and secret in line
    return any(line[at : at + _PIECE] in secret for at in range(len(line) - _PIECE + 1))
