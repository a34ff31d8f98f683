"""The `query` and `text_query` parameters: words and patterns over the fields of a config.

Lucene's syntax has much more (operators, phrases, ranges, fields); no recorded call uses it, and it is refused here
rather than read wrongly. Neighbouring words are analysed together, each pattern stands alone, and any match counts.
Exact fields are compared whole, analysed ones word by word. Which fields are searched is said by `search`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from reconciler.simulator.opensearch.analysis import tokenize
from reconciler.simulator.opensearch.errors import PlainError

__all__ = ["Fields", "Matcher", "QuerySyntaxError", "compile_query"]

Fields = Mapping[str, Sequence[str]]
"""Values by full field name; a name that ends in `keyword` or is in `_EXACT` is exact, the others are analysed."""

Matcher = Callable[[Fields], bool]

_EXACT = frozenset(
    (
        "config.config_type",
        "config.email.email_account_id",
        "config.email.email_group_id_list",
        "config.smtp_account.method",
        "config.ses_account.region",
    )
)
_SYNTAX = re.compile(r'[:/"()\[\]{}~^\\!]|(?:^|\s)[+-]|\b(?:AND|OR|NOT)\b|&&|\|\|')
_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"))


class QuerySyntaxError(Exception):
    """The query is not in Lucene's syntax."""


def compile_query(text: str) -> Matcher:
    """A test for documents; raises QuerySyntaxError, or PlainError (501) for syntax that is not played."""
    if (
        any(text.count(first) != text.count(last) for first, last in _PAIRS)
        or text.count('"') % 2
        or text.count("/") % 2
    ):
        raise QuerySyntaxError(text)
    if _SYNTAX.search(text):
        raise PlainError(501, f"the simulator plays only words and patterns of a query, not [{text}]")
    clauses: list[Callable[[str, bool], bool]] = []
    plain: list[str] = []
    for word in text.split():
        if re.search(r"[*?]", word):
            clauses.append(_pattern(word))
        else:
            plain.append(word)
    if plain:
        clauses.append(_words(" ".join(plain)))
    return lambda fields: any(
        test(value, _is_exact(name)) for test in clauses for name, values in fields.items() for value in values
    )


def _is_exact(name: str) -> bool:
    return name.endswith(".keyword") or name in _EXACT


def _words(text: str) -> Callable[[str, bool], bool]:
    wanted = set(tokenize(text))
    return lambda value, exact: value == text if exact else not wanted.isdisjoint(tokenize(value))


def _pattern(text: str) -> Callable[[str, bool], bool]:
    """`*` and `?`; words of analysed fields are in lower case, and so is the pattern for them."""
    wild = {"*": ".*", "?": "."}
    pattern = "".join(wild.get(piece) or re.escape(piece) for piece in re.findall(r"[*?]|[^*?]+", text))
    whole, word = re.compile(pattern, re.DOTALL), re.compile(pattern.lower(), re.DOTALL)

    def test(value: str, exact: bool) -> bool:
        if exact:
            return whole.fullmatch(value) is not None
        return any(word.fullmatch(token) for token in tokenize(value))

    return test
