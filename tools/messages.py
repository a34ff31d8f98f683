"""`python -m tools.messages --write|--check`: `docs/messages.md`, every text of the code base that a user may read.

The page is for whoever reviews messages: it shows the texts of two hundred modules, each with its function. They are
taken from the source with `ast`, so that none is forgotten, and have no line numbers, so that the page changes only
when a text does. The simulator is left out, since it uses the words of the systems that it plays.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.written import run

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "messages.md"

_INTRO = """# Messages

Every text of the code base that a user may read: errors, warnings, problems, hints, refusals, questions, help, schema
descriptions and last lines, by the module and function that says it; what stands in braces is filled in. This page is
for whoever changes or reviews messages: read what you changed aloud, and ask whether a colleague would say it so.

It is generated from the source, and `make check` compares it: run `make messages WRITE=1` after a change.
"""

_SENTENCE = re.compile(r"[A-Za-z]{2,}[,;:.]? \S|\S [A-Za-z]{2,}")
_CODE = re.compile(r"\(\?|\\[bdswAZ]|\[\^|^[a-z]+/[a-z]|^(GET|PUT|POST|DELETE) /|^\s*<")
"""Finds regular expressions, media types, request lines and markup: strings with spaces that are no messages."""

_PASSED_ON = {
    "join",
    "format",
    "strip",
    "rstrip",
    "replace",
    "append",
    "extend",
    "tuple",
    "list",
    "dict",
    "str",
    "next",
}
"""Calls that only pass a text on; its role is that of the call around them."""

_WIDEST = 40  # characters of a placeholder


@dataclass(frozen=True, slots=True)
class Text:
    """One text: the function that has it ("" for the module itself), its role (what it is passed to), and its words."""

    function: str
    role: str
    words: str


def collect(source: str) -> list[Text]:
    """The texts of one module in the order of the source, each only once for a function and role."""
    return list(dict.fromkeys(_walk(ast.parse(source), "", "")))


def _walk(node: ast.AST, function: str, role: str) -> Iterator[Text]:
    if isinstance(node, (ast.Constant, ast.JoinedStr)):
        words = _words(node)
        if _is_message(node, words):
            yield Text(function, role or "text", words)
            return
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        function = f"{function}.{node.name}".lstrip(".")
        role = ""
    if isinstance(node, ast.Assign) and not function and isinstance(node.targets[0], ast.Name):
        role = node.targets[0].id
    for name, child in _children(node):
        yield from _walk(child, function, _role(node, name, role))


def _children(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Every child with the field that it is in, except docstrings and annotations, which are no messages."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not (
                isinstance(child, ast.Expr) and isinstance(child.value, (ast.Constant, ast.JoinedStr))
            ):
                yield name, child


def _role(node: ast.AST, field: str, role: str) -> str:
    if isinstance(node, ast.Raise):
        return "raise"
    if isinstance(node, ast.keyword) and node.arg and node.arg not in ("default", "key"):
        return f"{role.split(' ')[0]} {node.arg}" if role else node.arg
    if isinstance(node, ast.Call) and field != "func":
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return role if not name or name in _PASSED_ON else name
    if isinstance(node, (ast.Return, ast.Yield)):
        return "returned"
    return role


def _words(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(_part(part) for part in node.values)


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    shown = ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else ast.unparse(part)
    return "{" + (shown if len(shown) <= _WIDEST else shown[:_WIDEST] + "...") + "}"


def _is_message(node: ast.Constant | ast.JoinedStr, words: str) -> bool:
    fixed = words
    if isinstance(node, ast.JoinedStr):
        fixed = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return bool(_SENTENCE.search(fixed)) and not _CODE.search(fixed)


def render(root: Path = ROOT) -> str:
    """The page, made from the package below `root` as it is now."""
    lines = [_INTRO]
    for path in sorted((root / "reconciler").rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if not name.startswith("reconciler/simulator/"):
            lines += _section(name, path.read_text("utf-8"))
    return "\n".join(lines)


def _section(name: str, source: str) -> Iterator[str]:
    texts = collect(source)
    if not texts:
        return
    about = (ast.get_docstring(ast.parse(source)) or "").split("\n\n")[0].replace("\n", " ")
    yield from (f"## `{name}`", "", about, "")
    function = None
    for text in texts:
        if text.function != function:
            function = text.function
            yield f"- **{function or 'the module'}**"
        yield f"  - {text.role}: {_quoted(text.words)}"
    yield ""


def _quoted(words: str) -> str:
    """The words as Markdown code on one line, whatever they contain."""
    words = words.replace("\n", "⏎").strip()
    fence = "`" * (max((len(run) for run in re.findall("`+", words)), default=0) + 1)
    pad = " " if "`" in words else ""
    return f"{fence}{pad}{words}{pad}{fence}"


if __name__ == "__main__":
    sys.exit(run("messages", {PAGE: render()}, sys.argv[1:]))
