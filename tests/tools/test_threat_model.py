"""The page on threats: every promise names the tests that hold it, and those are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "threat-model.md").read_text("utf-8")
SECTION = PAGE.partition("## What is promised")[2].partition("\n## ")[0]
ROWS = [line.strip("|").split(" | ") for line in SECTION.splitlines() if line.startswith("| ")][1:]


def test_the_page_promises_something() -> None:
    assert len(ROWS) > 10


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip())
def test_a_promise_names_tests_that_are_there(row: list[str]) -> None:
    promise, because, held = row
    names = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", held)
    assert names, f"{promise.strip()}: {because.strip()}"
    for file, test in names:
        text = (ROOT / file).read_text("utf-8")
        assert re.search(rf"^def {test or 'test_'}", text, re.MULTILINE), f"{file} {test}"


def test_the_rules_that_are_turned_off_by_way_of_trial_are_there() -> None:
    commands = re.findall(r"`make (\w+)`", PAGE)
    files = re.findall(r"`(tests/[\w/]+\.toml)`", PAGE)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert commands
    assert files
    assert all(re.search(rf"^{command}:", makefile, re.MULTILINE) for command in commands)
    assert all((ROOT / file).is_file() for file in files)
