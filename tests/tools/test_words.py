"""Plain English: no word of the project's old private dialect in what users and maintainers read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

READ = (
    *("reconciler", "docs", "examples", "schemas", "templates", "tools", "tests", "benchmarks", "ci"),
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "Makefile", "mkdocs.yml", "pyproject.toml", "action.yml"),
)
"""Folders and files that are read. Not the changelog, which quotes what was."""

TEXTS = {".py", ".md", ".json", ".yaml", ".yml", ".html", ".js", ".css", ".sh", ".toml", ".txt", ""}

OTHERS_WORDS = ("tests/recordings/", "tests/data/", "tests/tools/test_words.py")
"""What real servers and vendors said, word for word, and this file, which names the words."""

DIALECT = re.compile(
    r"(?<![A-Za-z])(prov(e|ed|es|en|ing)|unproved|proofs?|undone|mend(s|ed)?|told|passed[ _]over|bears?|doors?|beside"
    r"|drafts?|at[ _]hand|left-overs?|twins?|anew|unholdable|unproven|passing|(?<!blind )spots?|one's own|in vain"
    r"|small[ _]letters|foreign)(?![A-Za-z])",
    re.IGNORECASE,
)

ALLOWED = {
    r"json-schema\.org/draft/": "the address of JSON Schema's dialect",
    r"Draft ?2020-?12": "JSON Schema's name for its version, and jsonschema's class for it",
}


def lines() -> Iterator[tuple[str, str]]:
    """Every line that is read, with where it stands."""
    for name in READ:
        top = ROOT / name
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            where = path.relative_to(ROOT).as_posix()
            if path.suffix in TEXTS and path.is_file() and not where.startswith(OTHERS_WORDS):
                for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), start=1):
                    yield f"{where}:{number}", line


def in_dialect(line: str) -> bool:
    for allowed in ALLOWED:
        line = re.sub(allowed, "", line)
    return DIALECT.search(line) is not None


def test_no_word_of_the_old_dialect_is_left() -> None:
    assert [f"{where}: {line.strip()}" for where, line in lines() if in_dialect(line)] == []


def test_every_exception_is_needed() -> None:
    everything = "\n".join(line for _, line in lines())
    assert [pattern for pattern in ALLOWED if not re.search(pattern, everything)] == []


def test_the_search_finds_a_word_and_leaves_others() -> None:
    assert in_dialect("it is proved by a message")
    assert in_dialect("Left-over of a run")
    assert in_dialect("a passing failure at this spot")
    assert in_dialect("def test_nobody_is_told() -> None:")
    assert not in_dialect("a provider, besides the indoor leftover, passed by a blind spot")
