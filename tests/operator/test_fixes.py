"""The fixes that messages of guards name work in a cluster, too: no flag of the command line is left in one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.operator.outcomes import in_cluster
from reconciler.plan import guards

ONLY_OF_SAVED_PLANS = "_unconfirmed"
"""The operator saves no plans."""


def texts(node: ast.AST) -> Iterator[str]:
    """Every text below a node, as it is with 7 for each value."""
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif not isinstance(node, ast.FunctionDef) or node.name != ONLY_OF_SAVED_PLANS:
        for child in ast.iter_child_nodes(node):
            yield from texts(child)


GUARDS = ast.parse(Path(guards.__file__).read_text("utf-8"))
FLAGGED = sorted({text for text in texts(GUARDS) if re.search("--[a-z]", text)})


def test_there_are_such_texts() -> None:
    assert len(FLAGGED) > 5


@pytest.mark.parametrize("text", FLAGGED)
def test_a_guard_names_no_flag_in_a_cluster(text: str) -> None:
    said = f"more than {text}" if text.startswith("--") else text
    assert "--" not in in_cluster(said)
