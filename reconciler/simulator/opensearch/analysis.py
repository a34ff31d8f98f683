"""Lucene's standard analyzer, near enough: text to lower-case words.

Words follow the Unicode rules the analyzer uses: letters and digits run together, a dot, colon or apostrophe joins
letters, a dot or comma joins digits, ideographs stand alone. Checked against the recordings by address and name
filters only; combining marks of rarer scripts may be cut differently.
"""

from __future__ import annotations

import re

__all__ = ["tokenize"]

_WORD = re.compile(
    r"[\u3400-\u9fff\u3040-\u309f\uf900-\ufaff\U00020000-\U0003ffff]"
    r"|[\u2600-\u27bf\U0001f300-\U0001faff]"
    r"|(?:(?![\u3400-\u9fff\u3040-\u309f\uf900-\ufaff\U00020000-\U0003ffff])"
    r"(?:\w|(?<=[^\W\d_])[.':\u00b7\u2019](?=[^\W\d_])|(?<=\d)[.,;'\u2019](?=\d)))+"
)
_LONGEST = 255


def tokenize(text: str) -> list[str]:
    """The text's words in order, lower-case, cut into pieces of at most 255 characters."""
    words = [word.lower() for word in _WORD.findall(text) if word.strip("_")]
    if all(len(word) <= _LONGEST for word in words):
        return words
    return [word[at : at + _LONGEST] for word in words for at in range(0, len(word), _LONGEST)]
