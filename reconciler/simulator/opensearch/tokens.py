"""The server's JSON tokenizer: Jackson's tokens, positions and error texts, one token at a time.

A library that loads whole documents cannot stand in for it: which error comes, and the place it names, depends on the
order of members; duplicate names are refused, comments are taken, and what follows the document is never read.
Modelled on Jackson's `UTF8StreamJsonParser` as the server's `JsonXContent` configures it; columns count bytes from 1.
Complaints are worded in `cursor`, values are made in `xcontent`.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum

from reconciler.simulator.opensearch.cursor import Cursor, Scope
from reconciler.simulator.opensearch.errors import json_error, location

__all__ = ["Token", "TokenReader"]

_SPACE = re.compile(rb"(?:[ \t\r\n]+|/\*.*?\*/|//[^\n]*)*", re.DOTALL)
_STRING = re.compile(rb'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"')
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORD = re.compile(rb"[A-Za-z0-9_$\x80-\xff]+")


class Token(StrEnum):
    """Tokens as `XContentParser.Token` names them."""

    START_OBJECT = "START_OBJECT"
    END_OBJECT = "END_OBJECT"
    START_ARRAY = "START_ARRAY"
    END_ARRAY = "END_ARRAY"
    FIELD_NAME = "FIELD_NAME"
    STRING = "VALUE_STRING"
    NUMBER = "VALUE_NUMBER"
    BOOLEAN = "VALUE_BOOLEAN"
    NULL = "VALUE_NULL"


_OPENING = frozenset((Token.START_OBJECT, Token.START_ARRAY))
_WORDS = {b"true": Token.BOOLEAN, b"false": Token.BOOLEAN, b"null": Token.NULL}


class TokenReader(Cursor):
    """Reads a body token by token; `token` is None before the first and after the last."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self._start = -1
        self._text = ""
        self.token: Token | None = None

    def next_token(self) -> Token | None:
        if self.token is Token.FIELD_NAME:
            self._skip_colon()
            return self._read_value()
        if self._skip_space() is None:
            self._end_of_input()
            return None
        if self._body[self._position] in b"}]":
            return self._close_scope()
        if self._scopes:
            self._skip_comma()
            if self._scopes[-1].is_object:
                return self._read_name()
        return self._read_value()

    def skip_children(self) -> None:
        """Move to the end of the object or array that the current token opens; else do nothing."""
        if self.token not in _OPENING:
            return
        depth = len(self._scopes)
        while len(self._scopes) >= depth:
            self.next_token()

    @property
    def current_name(self) -> str | None:
        """The name of the member that is being read."""
        scopes = self._scopes[:-1] if self.token in _OPENING else self._scopes
        return scopes[-1].name if scopes else None

    # -- the tokenizer

    def _skip_space(self) -> int | None:
        found = _SPACE.match(self._body, self._position)
        self._position = found.end() if found else self._position
        return self._position if self._position < len(self._body) else None

    def _skip_colon(self) -> None:
        if self._skip_space() is None:
            self._fail_within()
        if self._body[self._position] != ord(":"):
            self._fail_character("was expecting a colon to separate field name and value")
        self._position += 1
        if self._skip_space() is None:
            self._fail_within()

    def _skip_comma(self) -> None:
        scope = self._scopes[-1]
        if not scope.used:
            scope.used = True
            return
        if self._body[self._position] != ord(","):
            self._fail_character(f"was expecting comma to separate {scope.kind} entries")
        self._position += 1
        if self._skip_space() is None:
            self._fail_within()

    def _read_name(self) -> Token:
        if self._body[self._position] != ord('"'):
            self._fail_character("was expecting double-quote to start field name")
        scope = self._scopes[-1]
        name = self._read_string("field name")
        if name in scope.names:
            self._fail_here(f"Duplicate field '{name}'")
        scope.names.add(name)
        scope.name = name
        self.token = Token.FIELD_NAME
        return self.token

    def _read_value(self) -> Token:
        self._start = self._position
        first = self._body[self._position : self._position + 1]
        if first == b'"':
            self._text = self._read_string("VALUE_STRING")
            self.token = Token.STRING
        elif first in (b"{", b"["):
            self.token = self._open_scope(is_object=first == b"{")
        elif first in b"-0123456789":
            self.token = self._read_number()
        else:
            self.token = self._read_word()
        return self.token

    def _open_scope(self, *, is_object: bool) -> Token:
        self._scopes.append(Scope(self._position, is_object=is_object))
        self._position += 1
        return Token.START_OBJECT if is_object else Token.START_ARRAY

    def _read_string(self, what: str) -> str:
        found = _STRING.match(self._body, self._position)
        if found is None:
            self._fail_string(what)
        self._position = found.end()
        raw = found.group(1)
        try:
            return json.loads(found.group(0)) if b"\\" in raw else raw.decode()
        except UnicodeDecodeError as exc:
            byte = raw[exc.start]
            raise json_error(f"Invalid UTF-8 start byte 0x{byte:x}", *self._place(self._start)) from exc

    def _read_number(self) -> Token:
        found = _NUMBER.match(self._body, self._position)
        self._position = found.end() if found else self._position + 1
        after = self._body[self._position : self._position + 1]
        if found is None:
            self._fail_number("expected digit (0-9) to follow minus sign, for valid numeric value")
        if after.isdigit():
            self._fail_here("Invalid numeric value: Leading zeroes not allowed")
        if after == b"." and not (found.group(1) or found.group(2)):
            self._position += 1
            self._fail_number("Decimal point not followed by a digit")
        if after in (b"e", b"E") and not found.group(2):
            self._position += 1
            self._fail_number("Exponent indicator not followed by a digit")
        self._text = found.group(0).decode()
        return Token.NUMBER

    def _read_word(self) -> Token:
        found = _WORD.match(self._body, self._position)
        if found is None:
            self._fail_value()
        self._position = found.end()
        word = found.group(0)
        if word not in _WORDS:
            self._fail_word(word.decode(errors="replace"))
        self._text = word.decode()
        return _WORDS[word]

    def _close_scope(self) -> Token:
        closing = chr(self._body[self._position])
        scope = self._scopes[-1] if self._scopes else None
        if scope is None or scope.is_object != (closing == "}"):
            expected = "]" if closing == "}" else "}"
            kind, place = (scope.kind, self._place(scope.start)) if scope else ("root", (1, 0))
            origin = location(*place)
            self._position += 1
            self._fail_here(
                f"Unexpected close marker '{closing}': expected '{expected}' (for {kind} starting at {origin})"
            )
        self._start = self._position
        self._position += 1
        self._scopes.pop()
        self.token = Token.END_OBJECT if closing == "}" else Token.END_ARRAY
        return self.token

    def _end_of_input(self) -> None:
        if self._scopes:
            scope = self._scopes[-1]
            origin = location(*self._place(scope.start))
            self._fail_end(f": expected close marker for {scope.kind} (start marker at {origin})")
        self.token = None
