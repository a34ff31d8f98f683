"""Single terms of a query string: words, patterns, phrases, fuzzy words and ranges, matched against fields.

Exact fields are compared whole, analysed ones word by word. How terms are joined is said in `querystring`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from luqum.tree import From, Fuzzy, Item, Phrase, Proximity, Range, Regex, To, Word

from reconciler.simulator.opensearch.analysis import tokenize

__all__ = ["Fields", "Matcher", "QuerySyntaxError", "compile_term", "compile_words", "is_pattern"]

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


class QuerySyntaxError(Exception):
    """The query is not in Lucene's syntax."""


def _any_value(_value: str, _exact: bool) -> bool:
    return True


def is_pattern(word: Word) -> bool:
    return bool(re.search(r"(?<!\\)[*?]", str(word.value)))


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _in_fields(field: str | None, test: Callable[[str, bool], bool]) -> Matcher:
    """A matcher that tries every value of the field, or of all fields; `test` gets the value and if it is exact."""

    def matches(fields: Fields) -> bool:
        names = fields if field is None else [name for name in fields if name == field]
        return any(test(value, _is_exact(name)) for name in names for value in fields[name])

    return matches


def _is_exact(name: str) -> bool:
    return name.endswith(".keyword") or name in _EXACT


def compile_words(words: list[Word], field: str | None) -> Matcher:
    if len(words) == 1 and is_pattern(words[0]):
        return _compile_pattern(str(words[0].value), field)
    text = " ".join(_unescape(str(word.value)) for word in words)
    wanted = set(tokenize(text))
    return _in_fields(field, lambda value, exact: value == text if exact else not wanted.isdisjoint(tokenize(value)))


def _compile_pattern(text: str, field: str | None) -> Matcher:
    if text == "*":
        return _in_fields(field, _any_value)
    pieces = re.findall(r"\\.|[*?]|[^\\*?]+", text)
    wild = {"*": ".*", "?": "."}
    pattern = "".join(wild.get(piece) or re.escape(_unescape(piece)) for piece in pieces)
    return _compile_regex(pattern, field, lower_case=True)


def _compile_regex(pattern: str, field: str | None, *, lower_case: bool = False) -> Matcher:
    try:
        exact_form = re.compile(pattern, re.DOTALL)
        word_form = re.compile(pattern.lower() if lower_case else pattern, re.DOTALL)
    except re.error as exc:
        raise QuerySyntaxError(pattern) from exc

    def test(value: str, exact: bool) -> bool:
        if exact:
            return exact_form.fullmatch(value) is not None
        return any(word_form.fullmatch(word) for word in tokenize(value))

    return _in_fields(field, test)


def compile_term(node: Item, field: str | None) -> Matcher:
    if isinstance(node, Phrase):
        return _compile_phrase(_unescape(str(node.value)[1:-1]), field)
    if isinstance(node, Proximity):
        return compile_term(node.term, field)
    if isinstance(node, Regex):
        return _compile_regex(str(node.value)[1:-1], field)
    if isinstance(node, Fuzzy):
        return _compile_fuzzy(_unescape(str(node.term.value)), int(min(node.degree, 2)), field)
    if isinstance(node, Range):
        return _compile_range(node, field)
    if isinstance(node, From | To):
        low, high = (node.a, None) if isinstance(node, From) else (None, node.a)
        return _compile_bounds(_bound(low), _bound(high), node.include, node.include, field)
    raise QuerySyntaxError(str(node))


def _compile_phrase(text: str, field: str | None) -> Matcher:
    wanted = tokenize(text)

    def test(value: str, exact: bool) -> bool:
        if exact:
            return value == text
        words = tokenize(value)
        return bool(wanted) and any(words[at : at + len(wanted)] == wanted for at in range(len(words)))

    return _in_fields(field, test)


def _compile_range(node: Range, field: str | None) -> Matcher:
    return _compile_bounds(_bound(node.low), _bound(node.high), node.include_low, node.include_high, field)


def _bound(node: Item | None) -> str | None:
    text = "*" if node is None else _unescape(str(node).strip())
    return None if text == "*" else text


def _compile_bounds(
    low: str | None, high: str | None, include_low: bool, include_high: bool, field: str | None
) -> Matcher:
    def inside(term: str) -> bool:
        above = low is None or term > low or (include_low and term == low)
        return above and (high is None or term < high or (include_high and term == high))

    return _in_fields(field, lambda value, exact: any(map(inside, [value] if exact else tokenize(value))))


def _compile_fuzzy(text: str, distance: int, field: str | None) -> Matcher:
    def test(value: str, exact: bool) -> bool:
        terms = [value] if exact else tokenize(value)
        wanted = text if exact else text.lower()
        return any(_distance(term, wanted) <= distance for term in terms)

    return _in_fields(field, test)


def _distance(left: str, right: str) -> int:
    """Edits between two words, a swap of neighbours counting once."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
