"""The page of messages: as the code says, and of every form in which the code says something."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import messages, written

SOURCE = '''
"""Docstrings are no messages."""

WORDS = {"a": "Required, and never empty."}


def refuse(name: str) -> None:
    """Nor is this one."""
    if name == "not a sentence"[:3]:
        raise ValueError(f"{name} is not known: " + "use another one")
    show(Problem("is empty", hint="give it a value", rule="no-value"))
'''


def test_the_page_is_as_the_code_says() -> None:
    assert messages.PAGE.read_text("utf-8") == messages.render(), "make messages WRITE=1"


def test_texts_are_found_wherever_they_stand() -> None:
    assert [(text.function, text.role, text.words) for text in messages.collect(SOURCE)] == [
        ("", "WORDS", "Required, and never empty."),
        ("refuse", "text", "not a sentence"),
        ("refuse", "ValueError", "{name} is not known: "),
        ("refuse", "ValueError", "use another one"),
        ("refuse", "Problem", "is empty"),
        ("refuse", "Problem hint", "give it a value"),
    ]


def test_a_stale_file_is_shown_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {tmp_path / "folder" / "page.md": "one\n"}
    assert written.run("messages", files, ["--check"]) == 1
    assert "+one" in capsys.readouterr().err
    assert written.run("messages", files, ["--write"]) == 0
    assert written.run("messages", files, ["--check"]) == 0
    assert written.run("messages", files, []) == 64
