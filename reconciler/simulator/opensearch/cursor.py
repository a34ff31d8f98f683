"""A place in a JSON body, and every complaint about it, worded and placed as Jackson does.

The texts were compared with Jackson 2.14's; since 2.17 it places complaints about one wrong character at that
character and no longer behind it, and so does this. Reading tokens is `tokens`' work.
"""

from __future__ import annotations

import re
from typing import NoReturn

from reconciler.simulator.opensearch.errors import json_error

__all__ = ["Cursor", "Scope"]

_STRING_START = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*')
_VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"


class Scope:
    """An open object or array: where it began, its current name, and the names seen."""

    __slots__ = ("is_object", "name", "names", "start", "used")

    def __init__(self, start: int, *, is_object: bool) -> None:
        self.start = start
        self.is_object = is_object
        self.used = False
        self.name: str | None = None
        self.names: set[str] = set()

    @property
    def kind(self) -> str:
        return "Object" if self.is_object else "Array"


class Cursor:
    """The body, the position in it (a byte), and the objects and arrays that are open there."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._position = 0
        self._scopes: list[Scope] = []

    def _place(self, position: int) -> tuple[int, int]:
        """Line and column of a byte, both from 1."""
        line_start = self._body.rfind(b"\n", 0, position) + 1
        return self._body.count(b"\n", 0, position) + 1, position - line_start + 1

    def _fail_here(self, reason: str) -> NoReturn:
        raise json_error(reason, *self._place(self._position))

    def _fail_value(self) -> NoReturn:
        first = chr(self._body[self._position])
        if first in ",}" or (first == "]" and not (self._scopes and self._scopes[-1].is_object)):
            self._fail_character("expected a value")
        if first == "+":
            self._position += 1
            feature = "`JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS`"
            self._fail_number(f"JSON spec does not allow numbers to have plus signs: enable {feature} to allow", "+")
        self._fail_character(f"expected a valid value {_VALUES}")

    def _fail_word(self, word: str) -> NoReturn:
        if word in ("NaN", "Infinity"):
            self._fail_here(f"Non-standard token '{word}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow")
        self._position = min(self._position + 1, len(self._body))  # Jackson has read the character that ended the word
        self._fail_here(f"Unrecognized token '{word}': was expecting {_VALUES}")

    def _fail_number(self, what: str, character: str = "") -> NoReturn:
        self._fail_character(what, " in numeric value", character)

    def _fail_character(self, expected: str, where: str = "", character: str = "") -> NoReturn:
        """Complain about the character here, or about another one at this place."""
        if self._position >= len(self._body):
            self._fail_end(f"{where or ' in a value'}")
        first = character or self._body[self._position :].decode(errors="replace")[0]
        if first == "/":
            self._fail_comment()
        raise json_error(f"Unexpected character ({_describe(first)}){where}: {expected}", *self._place(self._position))

    def _fail_comment(self) -> NoReturn:
        """A slash that began no whole comment."""
        self._position += 1
        following = self._body[self._position : self._position + 1]
        if following in (b"*", b""):
            self._fail_end(" in a comment")
        shown = _describe(following.decode(errors="replace"))
        expected = "was expecting either '*' or '/' for a comment"
        raise json_error(f"Unexpected character ({shown}): {expected}", *self._place(self._position))

    def _fail_within(self) -> NoReturn:
        self._fail_end(f" within/between {self._scopes[-1].kind} entries")

    def _fail_end(self, what: str) -> NoReturn:
        place = self._place(len(self._body))
        raise json_error(f"Unexpected end-of-input{what}", *place, kind="json_e_o_f_exception")

    def _fail_string(self, what: str) -> NoReturn:
        """Say what is wrong with the string that begins here: the first bad escape, control character, or its end."""
        found = _STRING_START.match(self._body, self._position)
        end = found.end() if found else self._position
        if end >= len(self._body):
            self._fail_end(f" in {what}")
        code = self._body[end]
        if code == ord("\\"):
            self._position = end + 1
            self._fail_escape()
        part = "name" if what == "field name" else "string value"
        reason = (
            f"Illegal unquoted character ((CTRL-CHAR, code {code})): "
            f"has to be escaped using backslash to be included in {part}"
        )
        raise json_error(reason, *self._place(end))

    def _fail_escape(self) -> NoReturn:
        """What follows the backslash is none of the known escapes."""
        digits = re.compile(rb"u[0-9a-fA-F]*").match(self._body, self._position)
        self._position = digits.end() if digits else self._position
        if self._position >= len(self._body):
            self._fail_end(" in character escape sequence")
        shown = _describe(self._body[self._position :].decode(errors="replace")[0])
        if digits:
            reason = f"Unexpected character ({shown}): expected a hex-digit for character escape sequence"
        else:
            reason = f"Unrecognized character escape {shown}"
        raise json_error(reason, *self._place(self._position))


def _describe(character: str) -> str:
    code = ord(character)
    if code < 32:
        return f"(CTRL-CHAR, code {code})"
    return f"'{character}' (code {code}{f' / 0x{code:x}' if code > 255 else ''})"
