"""YAML text -> documents as plain values, before anything is checked, and where in the text each value is. Pure.

libyaml parses and composes, with limits on depth and size; `ValueReader` turns its nodes into values. Positions are
looked up only for problems, by parsing the document once more (`Places`), so that good manifests need not keep them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from yaml._yaml import CParser
from yaml.error import YAMLError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from reconciler.manifests.files import Budget
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Location, Problem
from reconciler.model.text import Path, quoted_key

MAX_DEPTH = 64
MAX_VALUES = 200_000

_STR_TAGS = frozenset({"", "!", "tag:yaml.org,2002:str"})
_CONTAINER_TAGS = frozenset({"", "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
# As text: `re` compiles and keeps them when the first number comes, and most projects have none.
_INTEGER = r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
_NOT_FINITE = r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
_LARGEST = 2**63


def is_merge(key: Node) -> bool:
    """Whether a key is YAML's merge key, `<<`."""
    return isinstance(key, ScalarNode) and key.value == "<<" and not key.tag and not key.style


def location_of(mark: Any) -> Location:
    """A mark of libyaml's, which counts from 0, as a location without a file."""
    return Location("", mark.line + 1, mark.column + 1)


class UnsafeYamlError(Exception):
    """A document is over one of the limits; `limit` says which, and `mark` where."""

    def __init__(self, limit: str, mark: Any) -> None:
        super().__init__(limit)
        self.limit = limit
        self.mark = mark


def _worded(error: YAMLError | UnsafeYamlError, text: str) -> Problem:
    from reconciler.manifests.yaml_errors import word_limit, word_yaml_error  # not at the top: a good run needs neither

    return word_limit(error.limit, error.mark) if isinstance(error, UnsafeYamlError) else word_yaml_error(error, text)


class ValueReader:
    """Turns the nodes of one document into values. Problems are collected in `problems`; only limits raise."""

    def __init__(self, budget: Budget | None = None) -> None:
        self.problems: list[Problem] = []
        self._values = 0
        self._budget = budget

    def read(self, node: Node, depth: int = 0) -> Any:
        """The value of a node. UnsafeYamlError over a limit; TooMuchError over the budget of the run."""
        if type(node) is ScalarNode:
            if node.style and not node.tag:
                return node.value
            return self._scalar(node)
        self._values += len(node.value) + 1
        if self._budget is not None:
            self._budget.spend("values", len(node.value) + 1)
        if depth > MAX_DEPTH:
            raise UnsafeYamlError("recursive", node.start_mark)
        if self._values > MAX_VALUES:
            raise UnsafeYamlError("aliases", node.start_mark)
        if node.tag not in _CONTAINER_TAGS:
            self._problem(node, "tag")
        if isinstance(node, MappingNode):
            return self._mapping(node, depth + 1)
        return [self.read(item, depth + 1) for item in node.value]

    def _scalar(self, node: ScalarNode) -> Any:
        if node.tag:
            if node.tag not in _STR_TAGS:
                self._problem(node, "tag")
            return node.value
        text: str = node.value
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        return self._number(text, node) if text[0] in _NUMBER_STARTS else text

    def _number(self, text: str, node: Node) -> Any:
        if re.fullmatch(_INTEGER, text):
            number = int(text, 0 if text[:2] in ("0o", "0x") else 10) if len(text) < 30 else _LARGEST
            if abs(number) < _LARGEST:
                return number
            self._problem(node, "large-number")
        elif re.fullmatch(_NOT_FINITE, text):
            self._problem(node, "not-finite")
        elif re.fullmatch(_FLOAT, text):
            value = float(text)
            if abs(value) < float(_LARGEST):
                return value
            self._problem(node, "large-number")
        else:
            return text
        return 0

    def _mapping(self, node: Node, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        merges: list[Node] = []
        for key_node, value_node in node.value:
            if is_merge(key_node):
                merges.append(value_node)
                continue
            key = self.read(key_node, depth)
            if not isinstance(key, str):
                self._problem(key_node, "mapping-key" if isinstance(key, (dict, list)) else "key")
                continue
            if key in result:
                self._problem(key_node, "duplicate", key)
                continue
            result[key] = self.read(value_node, depth)
        for merge in merges:
            self._merge(merge, result, depth)
        return result

    def _merge(self, node: Node, result: dict[str, Any], depth: int) -> None:
        """Add the keys of a merge key's mappings; keys written out take precedence, then those of earlier mappings."""
        for part in node.value if isinstance(node, SequenceNode) else [node]:
            if not isinstance(part, MappingNode):
                self._problem(node, "merge")
                return
            for key, value in self.read(part, depth).items():
                result.setdefault(key, value)

    def _problem(self, node: Node, rule: str, key: str = "") -> None:
        message, slug, fix = _PROBLEMS[rule]
        message = message.format(key=quoted_key(key))
        self.problems.append(Problem((), message, slug, fix, location=location_of(node.start_mark)))


_PROBLEMS: dict[str, tuple[str, str, str]] = {
    "tag": ("a YAML tag (!...) is not allowed", "yaml-tag", "write a plain value"),
    "large-number": ("this number is too large", "yaml-number", "put it in quotes if it is a string"),
    "not-finite": ("not a finite number", "yaml-number", "put it in quotes if it is a string"),
    "key": ("a key must be a string", "yaml-key", "put the key in quotes"),
    "mapping-key": (
        "a mapping or a list cannot be a key",
        "yaml-key",
        "put a text that begins with { or [ in quotes, templates too",
    ),
    "duplicate": ("the key {key} appears twice", "duplicate-key", "keep one of them"),
    "merge": ("<< merges mappings only", "yaml-merge", "give it the alias of a mapping"),
}


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its value, its place in the text (offsets `start` to `end`; `line` and `column` of the start,
    from 1), and its problems. The value of a document with problems lacks what could not be read."""

    value: Any
    start: int
    end: int
    line: int
    column: int
    problems: tuple[Problem, ...] = ()


class _Composer(CParser):
    """libyaml's composer, which leaves tags open for `ValueReader` to decide, with limits on depth and size."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._nodes = 0

    def resolve(self, _kind: type[Node], _value: object, _implicit: object) -> str:
        """No tag for a node without one: `ValueReader` decides by its value."""
        return ""

    def descend_resolver(self, parent: Node | None, _index: object) -> None:
        """Called by the composer before each node."""
        self._depth += 1
        self._nodes += 1
        if parent is None:
            self._nodes = 1
        elif self._depth > MAX_DEPTH:
            raise UnsafeYamlError("nested", parent.start_mark)
        elif self._nodes > MAX_VALUES:
            raise UnsafeYamlError("large", parent.start_mark)

    def ascend_resolver(self) -> None:
        """Called by the composer after each node."""
        self._depth -= 1


def parse_documents(text: str, budget: Budget | None = None) -> Iterator[Document | Problem]:
    """The documents of a text, in order; empty ones are left out. A Problem comes last: what follows it cannot be read.

    `budget` is what the whole run may read; TooMuchError over it.
    """
    try:
        composer = _Composer(text)
        while composer.check_node():
            node = composer.get_node()
            if node is not None:
                reader = ValueReader(budget)
                value = reader.read(node)
                if value is not None or reader.problems:
                    yield _document(node, value, reader)
    except (YAMLError, UnsafeYamlError) as error:
        yield _worded(error, text)


def _document(node: Node, value: Any, reader: ValueReader) -> Document:
    start, end = node.start_mark, node.end_mark
    problems = tuple(dict.fromkeys(reader.problems))  # an alias repeats those of its anchor
    return Document(value, start.index - start.column, end.index, start.line + 1, start.column + 1, problems)


class Places:
    """Finds where the values of a document are in its text. The text is parsed only once, and each mapping indexed only
    once, however many places are looked up."""

    def __init__(self, text: str) -> None:
        self._indexed: dict[int, dict[str, tuple[Node, Node]]] = {}
        try:
            self._top = _Composer(text).get_single_node()
        except (YAMLError, UnsafeYamlError):
            self._top = None

    def find(self, path: Path, *, key: bool = False) -> Location | None:
        """Where the value at `path` is (`key`: where its key is), or else the nearest value around it. None if the text
        can no longer be parsed."""
        node, mark = self._top, None
        for step in path:
            pair = self._step(node, step)
            if pair is None:
                break
            key_node, node = pair
            mark = key_node.start_mark if key else None
        if node is None:
            return None
        return location_of(mark or node.start_mark)

    def _step(self, node: Node | None, step: str | int) -> tuple[Node, Node] | None:
        if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            return node.value[step], node.value[step]
        if not isinstance(node, MappingNode):
            return None
        if found := self._keys(node).get(str(step)):
            return found
        return next((found for merged in _merged(node) if (found := self._step(merged, step))), None)

    def _keys(self, node: MappingNode) -> dict[str, tuple[Node, Node]]:
        """The pairs of a mapping, by their keys; if a key occurs twice, the first counts."""
        if id(node) not in self._indexed:
            pairs = [(key.value, (key, value)) for key, value in node.value if isinstance(key, ScalarNode)]
            self._indexed[id(node)] = dict(reversed(pairs))
        return self._indexed[id(node)]


def _merged(node: MappingNode) -> Iterator[Node]:
    for key, value in node.value:
        if is_merge(key):
            yield from value.value if isinstance(value, SequenceNode) else (value,)
