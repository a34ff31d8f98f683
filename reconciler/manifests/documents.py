"""YAML text -> documents: what a person wrote, before anybody asks what it means, and where in the text it is.

libyaml parses and composes, within bounds of depth and size; `values` gives its nodes their values. Positions are
looked up later, by parsing one document again: ten thousand good manifests need not carry them. Apart from `files`
because this touches nothing, and from the checks because it knows no manifest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from yaml._yaml import CParser
from yaml.error import YAMLError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from reconciler.manifests.values import MAX_DEPTH, MAX_VALUES, Spot, ValueReader, is_merge, spot_of
from reconciler.manifests.words import Path, Problem
from reconciler.manifests.yaml_errors import UnsafeYamlError, word_yaml_error

__all__ = ["Document", "Spot", "find_spot", "parse_documents"]


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its value, where it lies in the text (`start` to `end`, `line` of the start), and what is
    wrong with it. A document with problems has a value all the same, without what could not be read.
    """

    value: Any
    start: int
    end: int
    line: int
    column: int
    problems: tuple[tuple[Spot, Problem], ...] = ()


class _Composer(CParser):
    """libyaml's composer with the tags left open, for `values` to settle, and two limits while it works."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._nodes = 0

    def resolve(self, _kind: type[Node], _value: object, _implicit: object) -> str:
        """The tag of a node without one: what it is, its value decides later, if anybody asks."""
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


def parse_documents(text: str) -> Iterator[Document | tuple[Spot, Problem]]:
    """The documents of a text, in order; empty ones are left out. A problem ends it: what follows cannot be read."""
    try:
        composer = _Composer(text)
        while composer.check_node():
            node = composer.get_node()
            if node is not None:
                reader = ValueReader()
                value = reader.read(node)
                if value is not None or reader.problems:
                    yield _document(node, value, reader)
    except (YAMLError, UnsafeYamlError) as error:
        line, column, problem = word_yaml_error(error, text)
        yield Spot(line, column), problem


def _document(node: Node, value: Any, reader: ValueReader) -> Document:
    start, end = node.start_mark, node.end_mark
    problems = tuple(dict.fromkeys(reader.problems))  # an alias repeats those of its anchor
    return Document(value, start.index - start.column, end.index, start.line + 1, start.column + 1, problems)


def find_spot(text: str, path: Path, *, key: bool = False) -> Spot | None:
    """Where the value at `path` is in a text of one document; `key`: where its key is. The nearest that exists counts.

    None if the text is not what it was.
    """
    try:
        node = _Composer(text).get_single_node()
    except (YAMLError, UnsafeYamlError):
        return None
    mark = None
    for step in path:
        pair = _step(node, step)
        if pair is None:
            break
        key_node, node = pair
        mark = key_node.start_mark if key else None
    if node is None:
        return None
    return spot_of(mark or node.start_mark)


def _step(node: Node | None, step: str | int) -> tuple[Node, Node] | None:
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    if not isinstance(node, MappingNode):
        return None
    for key, value in node.value:
        if isinstance(key, ScalarNode) and key.value == step:
            return key, value
    return next((found for merged in _merged(node) if (found := _step(merged, step))), None)


def _merged(node: MappingNode) -> Iterator[Node]:
    for key, value in node.value:
        if is_merge(key):
            yield from value.value if isinstance(value, SequenceNode) else (value,)
