"""YAML read safely: limits, positions, and what stays a text."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests.documents import Document, Places, parse_documents
from reconciler.model.errors import Location, Problem

BOMB = "x: &b0 [1, 1]\n" + "".join(f"y{i}: &b{i + 1} [{', '.join([f'*b{i}'] * 9)}]\n" for i in range(12))


def only_rule(text: str) -> str:
    (found,) = parse_documents(text)
    assert isinstance(found, Problem)
    return found.rule


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (BOMB, "yaml-too-large"),
        ("[" * 1_000_000, "yaml-too-deep"),
        ("{a: " * 1_000_000, "yaml-too-deep"),
        ("- " * 1_000_000, "yaml-too-deep"),
        ("? " * 1_000_000, "yaml-too-deep"),
        ("[a: " * 1_000_000, "yaml-too-deep"),
        ("- a\n" * 1_000_000, "yaml-too-large"),
        ("a: &a {b: *a}", "yaml-too-deep"),
        ("a: &a\n  <<: *a", "yaml-too-deep"),
        ("'" * 1_000_001, "yaml-syntax"),
        ("a: \x00", "yaml-syntax"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_text_that_would_exhaust_the_machine_is_refused_quickly(text: str, rule: str) -> None:
    started = time.process_time()
    assert only_rule(text) == rule
    assert time.process_time() - started < 30  # of computing; without the refusal it is minutes, or the memory


def test_documents_before_a_syntax_error_are_read() -> None:
    good, bad = parse_documents("a: 1\n---\nb: [\n")
    assert isinstance(good, Document)
    assert good.value == {"a": 1}
    assert not isinstance(bad, Document)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("on", "on"),
        ("~", None),
        ("", None),
        ("null", None),
        ("12", 12),
        ("-012", -12),
        ("0x1F", 31),
        ("0o17", 15),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("12:30:00", "12:30:00"),
        ("2026-01-31", "2026-01-31"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("!!str 12", "12"),
        ("1.2.3", "1.2.3"),
        ("+", "+"),
        ("-", [None]),
    ],
)
def test_plain_values_follow_the_core_schema_of_yaml_1_2(written: str, value: Any) -> None:
    (document,) = parse_documents(f"a: \n  {written}")
    assert isinstance(document, Document)
    assert document.problems == ()
    assert document.value == {"a": value}
    assert type(document.value["a"]) is type(value)


TEXTS = st.text(st.characters(max_codepoint=0xD7FF), max_size=12)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), TEXTS, st.floats(-1e9, 1e9)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=12,
)


@settings(max_examples=150)
@given(VALUES, st.sampled_from([None, 2]))
def test_json_is_read_as_what_it_is(value: Any, indent: int | None) -> None:
    (document,) = parse_documents(json.dumps({"value": value}, indent=indent))
    assert isinstance(document, Document)
    assert document.problems == ()
    assert document.value == {"value": value}


TEXT = """\
é: 1
a: &q
  b: [1, {c: d}]
  <<: {z: 1}
e: *q
"""


@pytest.mark.parametrize(
    ("path", "value_at", "key_at"),
    [
        ((), Location("", 1, 1), Location("", 1, 1)),
        (("a", "b"), Location("", 3, 6), Location("", 3, 3)),
        (("a", "b", 1, "c"), Location("", 3, 14), Location("", 3, 11)),
        (("a", "z"), Location("", 4, 11), Location("", 4, 8)),
        (("e", "b", 0), Location("", 3, 7), Location("", 3, 7)),
        (("a", "b", 7), Location("", 3, 6), Location("", 3, 3)),
        (("nowhere", "b"), Location("", 1, 1), Location("", 1, 1)),
    ],
)
def test_a_path_leads_to_its_place_or_the_nearest_around_it(
    path: tuple[str | int, ...], value_at: Location, key_at: Location
) -> None:
    assert Places(TEXT).find(path) == value_at
    assert Places(TEXT).find(path, key=True) == key_at


def test_a_text_that_changed_has_no_places() -> None:
    assert Places("a: [").find(("a",)) is None


def test_a_document_knows_its_own_part_of_the_text() -> None:
    text = "# é\n--- {a: 1}\n--- # c\n\nb: é\nc: 2\n...\n"
    first, second = (document for document in parse_documents(text) if isinstance(document, Document))
    assert text[first.start : first.end] == "--- {a: 1}"
    assert text[second.start : second.end].strip() == "b: é\nc: 2"
    assert (second.line, second.column) == (5, 1)
