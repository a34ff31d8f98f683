"""The `query` and `text_query` parameters: Lucene's query-string syntax over the fields of a config.

luqum parses; this module gives the tree the meaning that OpenSearch's `query_string` gives it: several fields, OR by
default, neighbouring bare words analysed together, Lucene's own idea of AND and OR (no precedence). Which fields are
searched is said by `search`.
"""

from __future__ import annotations

import re
from typing import Any

from luqum.exceptions import ParseError
from luqum.parser import parser
from luqum.tree import (
    AndOperation,
    BaseOperation,
    Boost,
    FieldGroup,
    Group,
    Item,
    Not,
    OrOperation,
    Plus,
    Prohibit,
    SearchField,
    UnknownOperation,
    Word,
)

from reconciler.simulator.opensearch.terms import (
    Fields,
    Matcher,
    QuerySyntaxError,
    compile_term,
    compile_words,
    is_pattern,
)

__all__ = ["QuerySyntaxError", "compile_query"]

_SYMBOLS = {"&&": "AND", "||": "OR"}


def compile_query(text: str) -> Matcher:
    """A test for documents; raises QuerySyntaxError."""
    if not text.strip():
        return _nothing
    spelled = re.sub(r"(?<=\s)(&&|\|\|)(?=\s)", lambda found: _SYMBOLS[found.group(1)], text)
    spelled = re.sub(r"(^|\s)!(?=\S)", r"\1NOT ", spelled)
    try:
        tree = parser.parse(spelled)
    except ParseError as exc:
        raise QuerySyntaxError(text) from exc
    return _compile(tree, None)


def _nothing(_fields: Fields) -> bool:
    return False


def _everything(_fields: Fields) -> bool:
    return True


def _compile(node: Item, field: str | None) -> Matcher:
    if isinstance(node, BaseOperation | Not | Prohibit | Plus):
        return _compile_clauses(node, field)
    if isinstance(node, SearchField):
        return _compile_field(node)
    if isinstance(node, Group | FieldGroup | Boost):
        return _compile(node.children[0], field)
    if isinstance(node, Word):
        return compile_words([node], field)
    return compile_term(node, field)


def _compile_field(node: SearchField) -> Matcher:
    name = node.name.replace("\\", "")
    if name == "_exists_":
        wanted = str(node.expr).strip()
        return lambda fields: any(values and _covers(wanted, known) for known, values in fields.items())
    if name == "*" and str(node.expr).strip() == "*":
        return _everything
    return _compile(node.expr, name)


def _covers(wanted: str, known: str) -> bool:
    return known == wanted or known.startswith(f"{wanted}.")


# -- clauses: Lucene's classic rules for AND, OR and NOT


def _flatten(node: Item, joint: str = "") -> list[tuple[str, Item]]:
    """Operations of one level as a list: how each clause is joined to the one before, and the clause."""
    if not isinstance(node, BaseOperation):
        return [(joint, node)]
    joints = {AndOperation: "AND", OrOperation: "OR", UnknownOperation: ""}
    inner = joints.get(type(node), "")
    flat: list[tuple[str, Item]] = []
    for index, child in enumerate(node.children):
        flat.extend(_flatten(child, joint if index == 0 else inner))
    return flat


def _compile_clauses(node: Item, field: str | None) -> Matcher:
    required: list[Matcher] = []
    optional: list[Matcher] = []
    prohibited: list[Matcher] = []
    kinds: list[list[Any]] = []
    for joint, clause in _join_bare_words(_flatten(node)):
        if joint == "AND" and kinds and kinds[-1][0] == "should":
            kinds[-1][0] = "must"
        kinds.append([_clause_kind(joint, clause), _compile_clause(clause, field)])
    for kind, matcher in kinds:
        {"must": required, "should": optional, "not": prohibited}[kind].append(matcher)

    def matches(fields: Fields) -> bool:
        if any(matcher(fields) for matcher in prohibited):
            return False
        if required:
            return all(matcher(fields) for matcher in required)
        return any(matcher(fields) for matcher in optional) if optional else True

    return matches


def _join_bare_words(flat: list[tuple[str, Item]]) -> list[tuple[str, Item | list[Word]]]:
    """Neighbouring plain words without an operator between them become one clause: they are analysed together."""
    joined: list[tuple[str, Item | list[Word]]] = []
    for index, (joint, clause) in enumerate(flat):
        follows_and = index + 1 < len(flat) and flat[index + 1][0] != ""
        plain = isinstance(clause, Word) and not is_pattern(clause)
        if plain and joint == "" and joined and isinstance(joined[-1][1], list) and not follows_and:
            joined[-1][1].append(clause)
        elif plain and joint == "" and not follows_and:
            joined.append((joint, [clause]))
        else:
            joined.append((joint, clause))
    return joined


def _clause_kind(joint: str, clause: Item | list[Word]) -> str:
    if isinstance(clause, Not | Prohibit):
        return "not"
    return "must" if isinstance(clause, Plus) or joint == "AND" else "should"


def _compile_clause(clause: Item | list[Word], field: str | None) -> Matcher:
    if isinstance(clause, list):
        return compile_words(clause, field)
    if isinstance(clause, Not | Prohibit | Plus):
        return _compile(clause.children[0], field)
    return _compile(clause, field)
