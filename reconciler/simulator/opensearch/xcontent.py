"""Values read from the server's JSON parser, with its coercions: `AbstractXContentParser` and the plugin's helpers.

Text may be given as a number, a number as text, a boolean as either word; what cannot be read that way fails as it
does in Java. The tokens come from `tokens`.
"""

from __future__ import annotations

import re

from reconciler.simulator.opensearch.errors import ApiError, illegal_argument, illegal_state, json_error, parsing_error
from reconciler.simulator.opensearch.tokens import Token, TokenReader

__all__ = ["Parser", "Token"]

_JAVA_DOUBLE = re.compile(r"[+-]?(NaN|Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?)")
_INT = (-(2**31), 2**31 - 1)


_TEXTUAL = frozenset((Token.STRING, Token.NUMBER, Token.BOOLEAN))


class Parser(TokenReader):
    """A token reader that gives the current token's value."""

    def text(self) -> str:
        """A string, number or boolean as text; a server error for anything else."""
        if self.token not in _TEXTUAL:
            line, column = self._place(self._start)
            raise illegal_state(f"Can't get text on a {self.token} at {line}:{column}")
        return self._text

    def text_or_null(self) -> str | None:
        return None if self.token is Token.NULL else self.text()

    def boolean(self) -> bool:
        """A boolean, or the strings true and false; the empty string is false."""
        if self.token is Token.STRING:
            if self._text not in ("true", "false", ""):
                raise illegal_argument(f"Failed to parse value [{self._text}] as only [true] or [false] are allowed.")
            return self._text == "true"
        if self.token is not Token.BOOLEAN:
            self._fail_here(f"Current token ({self._jackson_name()}) not of boolean type")
        return self._text == "true"

    def integer(self) -> int:
        """A 32-bit integer; fractions are cut off, and numbers in strings are read as Java's `parseDouble` does."""
        if self.token is Token.STRING:
            return self._integer_of_text()
        if self.token is not Token.NUMBER:
            self._fail_here(f"Current token ({self._jackson_name()}) not numeric, can not use numeric value accessors")
        value = float(self._text)
        if not _INT[0] - 1 < value < _INT[1] + 1:
            raise json_error(
                f"Numeric value ({self._text}) out of range of int ({_INT[0]} - {_INT[1]})",
                *self._place(self._position),
                kind="input_coercion_exception",
            )
        return int(value)

    def expect(self, token: Token) -> None:
        """`XContentParserUtils.ensureExpectedToken`: a client error that names both tokens and the place."""
        if self.token is not token:
            found = "null" if self.token is None else self.token
            line, column = (1, 0) if self._start < 0 else self._place(self._start)
            reason = f"Failed to parse object: expecting token of type [{token}] but found [{found}]"
            raise parsing_error(reason, line, column)

    def string_map(self) -> dict[str, str]:
        """Names and texts of an object; anything else reads as empty, and is left standing."""
        found: dict[str, str] = {}
        token = self.next_token() if self.token is Token.START_OBJECT else self.token
        while token is Token.FIELD_NAME:
            name = self.current_name or ""
            self.next_token()
            found[name] = self.text()
            token = self.next_token()
        return found

    def string_list(self) -> list[str]:
        found: list[str] = []
        self.expect(Token.START_ARRAY)
        while self.next_token() is not Token.END_ARRAY:
            found.append(self.text())
        return found

    def _integer_of_text(self) -> int:
        text = self._text.strip()
        if not text:
            raise ApiError(400, "number_format_exception", "empty String")
        if not _JAVA_DOUBLE.fullmatch(text):
            raise ApiError(400, "number_format_exception", f'For input string: "{self._text}"')
        value = float(text.rstrip("fFdD") if text[-1] in "fFdD" else text)
        if value != value:  # NaN casts to 0 in Java
            return 0
        if not _INT[0] <= value <= _INT[1]:
            raise illegal_argument(f"Value [{self._text}] is out of range for an integer")
        return int(value)

    def _jackson_name(self) -> str:
        """The current token as Jackson, not XContent, names it."""
        if self.token is Token.BOOLEAN:
            return f"VALUE_{self._text.upper()}"
        if self.token is Token.NUMBER:
            return "VALUE_NUMBER_INT" if self._text.lstrip("-").isdecimal() else "VALUE_NUMBER_FLOAT"
        return "null" if self.token is None else str(self.token)
