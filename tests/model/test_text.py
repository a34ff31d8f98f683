"""Others' words in our output: what cannot be seen is shown by its number, and nothing is an order to the CI's log."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.terminal import safe
from reconciler.model.errors import Location, Problem
from reconciler.model.text import printable, visible
from reconciler.model.values import SecretReference

UNSEEN = {
    "escape": "\x1b[2J",
    "newline": "a\nb",
    "carriage return": "a\rb",
    "right to left": "\u202eabc",
    "isolate": "\u2066abc\u2069",
    "zero width": "a\u200bb",
    "hangul filler": "a\u3164b",
    "empty braille": "a\u2800b",
    "grapheme joiner": "a\u034fb",
    "variation selector": "a\ufe0fb",
    "tag character": "a\U000e0041b",
    "lone surrogate": "a\ud800b",
}


@pytest.mark.parametrize("name", UNSEEN)
def test_what_cannot_be_seen_is_shown_by_its_number(name: str) -> None:
    shown = printable(UNSEEN[name])
    assert shown.isprintable()
    assert "\\" in shown
    assert json.loads(f'"{shown}"') == UNSEEN[name]


@given(st.text())
def test_a_shown_text_has_no_character_that_acts_or_hides(text: str) -> None:
    shown = visible(text)
    assert not {char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\n"}
    assert not any(line.lstrip().startswith("::") or "##[" in line for line in shown.split("\n"))
    assert visible(shown) == shown


@pytest.mark.parametrize("hostile", ["a\n::error::no", "  ::add-mask::acme", "a ##[error]no", "\t::stop-commands::x"])
def test_no_line_is_an_order_to_the_log(hostile: str) -> None:
    for line in safe(hostile).splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


def test_our_own_colours_stay_and_no_others() -> None:
    assert safe("\x1b[31mred\x1b[0m \x1b[8mhidden\x1b[2J") == "\x1b[31mred\x1b[0m \\u001b[8mhidden\\u001b[2J"


def test_a_name_with_line_breaks_stays_on_its_line() -> None:
    problem = Problem((), "is wrong", "rule", location=Location("a\n::error::x\n.yaml", 3, 1))
    assert "\n" not in str(problem)
    assert "\n" not in str(SecretReference("file", "a\n::error::b"))
