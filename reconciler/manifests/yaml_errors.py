"""Words what is wrong with a text that libyaml cannot parse, and what to do about it.

libyaml's own messages are fixed and never quote the document; this table maps them to ours, and a message that is not
in it becomes a general sentence. Separate from `documents`, since a good run does not need it.
"""

from __future__ import annotations

import re
from typing import Any

from yaml.error import MarkedYAMLError, YAMLError

from reconciler.model.errors import Location, Problem

_LIMITS = {
    "nested": ("nested too deeply (more than 64 levels)", "yaml-too-deep", "use fewer levels"),
    "large": ("too large: a document may hold 200,000 values", "yaml-too-large", "split it"),
    "recursive": (
        "nested too deeply, or an alias leads to itself",
        "yaml-too-deep",
        "write the value out instead of the alias",
    ),
    "aliases": (
        "grows too large through its aliases (more than 200,000 values)",
        "yaml-too-large",
        "write the values out instead of the aliases",
    ),
}
_SYNTAX = {
    "mapping values are not allowed in this context": (
        "a colon is where none can be",
        "check the indentation, or put a text with a colon and a space in quotes",
    ),
    "did not find expected key": ("a key was expected here", "check the indentation and the quotes"),
    "could not find expected ':'": ("a key without its colon", "check this line, or the indentation of a longer text"),
    "did not find expected '-' indicator": ("an item of the list was expected", "check the indentation"),
    "did not find expected ',' or ']'": ("a list in [ ] is not closed, or lacks a comma", "check the brackets"),
    "did not find expected ',' or '}'": ("a mapping in { } is not closed, or lacks a comma", "check the braces"),
    "did not find expected node content": ("a value was expected here", "check the brackets and indentation"),
    "did not find expected <document start>": (
        "a second document begins without ---",
        "put --- on a line of its own between documents",
    ),
    "found unexpected end of stream": ("a quote or bracket is not closed", "close it"),
    "found unexpected document indicator": ("a quoted text is not closed", "close the quote"),
    "found unknown escape character": (
        "a backslash before a character that needs none",
        "use single quotes, or write the backslash twice",
    ),
    "found invalid Unicode character escape code": (
        "an escape that stands for no character",
        "write the character itself",
    ),
    "found undefined alias": ("an alias (*) without its anchor (&)", "define the anchor earlier in the same document"),
    "found undefined tag handle": ("a YAML tag (!...) is not allowed", "write a plain value"),
    "found duplicate anchor": ("an anchor (&) appears twice", "give one of them another name"),
}
_NO_TOKEN = "found character that cannot start any token"  # noqa: S105 - libyaml's words for a stray character
_UNPRINTABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"


def word_limit(limit: str, mark: Any) -> Problem:
    """The problem of a document that is over one of the limits, at that place."""
    message, rule, fix = _LIMITS[limit]
    return Problem((), message, rule, fix, location=_location(mark))


def word_yaml_error(error: YAMLError, text: str) -> Problem:
    """The problem that the parser found, and where in the text."""
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        message, fix = _syntax(str(error.problem), text, mark)
        return Problem((), message, "yaml-syntax", fix, location=_location(mark) if mark else Location())
    return _unprintable(text)


def _location(mark: Any) -> Location:
    return Location("", mark.line + 1, mark.column + 1)


def _syntax(said: str, text: str, mark: Any) -> tuple[str, str]:
    """The message and the fix for what libyaml said."""
    if said == _NO_TOKEN and mark is not None:
        tab = text[mark.index : mark.index + 1] == "\t"
        message = "a tab cannot indent" if tab else "a character that cannot begin a value"
        return message, "indent with spaces" if tab else "put the text in quotes"
    return _SYNTAX.get(said, ("this is not valid YAML", "check the indentation, quotes and brackets"))


def _unprintable(text: str) -> Problem:
    found = re.search(_UNPRINTABLE, text)
    index = found.start() if found else 0
    line_start = text.rfind("\n", 0, index) + 1
    location = Location("", text.count("\n", 0, index) + 1, index - line_start + 1)
    fix = "remove it, or write it as an escape"
    return Problem((), "the text contains a control character", "yaml-syntax", fix, location=location)
