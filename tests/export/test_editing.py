"""A manifest edited as a person would: one value changes, and nothing else of the text."""

from __future__ import annotations

import difflib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.export.editing import REMOVED, Edit, NotEditableError, edit_document
from reconciler.manifests.documents import Document, parse_documents

TEXT = """# Who is on call.
apiVersion: channels.gitops/v1
kind: EmailChannel
metadata: {name: mail, labels: {team: payments}}   # a flow of its own
spec:
    sender:   mailer    # odd blanks
    display_name: 'Mail'
    recipients:
      - ops@example.org   # the team
      # and the lead
      - "lead@example.org"
    # the end
"""


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]


def value(text: str) -> Any:
    (document,) = parse_documents(text)
    assert isinstance(document, Document)
    return document.value


def test_only_the_line_of_the_value_changes() -> None:
    text = edit_document(TEXT.replace("   mailer", " mailer"), [Edit(("spec", "display_name"), "Mail to ops")])
    assert changed_lines(TEXT.replace("   mailer", " mailer"), text) == [
        "-    display_name: 'Mail'",
        "+    display_name: 'Mail to ops'",
    ]


def test_of_a_list_what_stays_keeps_its_place_and_its_comment() -> None:
    text = edit_document(TEXT, [Edit(("spec", "recipients"), ["lead@example.org", "new@example.org"])])
    assert value(text)["spec"]["recipients"] == ["lead@example.org", "new@example.org"]
    assert '- "lead@example.org"' in text
    assert "# odd blanks" in text
    text = edit_document(TEXT, [Edit(("spec", "recipients"), ["a@example.org", "lead@example.org", "ops@example.org"])])
    assert changed_lines(TEXT, text)[-1].strip("+ ") == "- a@example.org"
    assert "- ops@example.org   # the team" in text


def test_a_key_is_added_and_removed_and_the_way_to_it_made() -> None:
    edits = [Edit(("spec", "overrides", "kafka", "enabled"), False), Edit(("spec", "display_name"), REMOVED)]
    spec = value(edit_document(TEXT, edits))["spec"]
    assert spec["overrides"] == {"kafka": {"enabled": False}}
    assert "display_name" not in spec


@pytest.mark.parametrize("indent", ["  ", "    "])
@pytest.mark.parametrize("dash", ["", "  "])
def test_the_indents_of_the_file_are_kept(indent: str, dash: str) -> None:
    text = f"a:\n{indent}b:\n{indent}{dash}- x\n{indent}{dash}- y\n{indent}c: 1\n"
    assert changed_lines(text, edit_document(text, [Edit(("a", "c"), 2)])) == [f"-{indent}c: 1", f"+{indent}c: 2"]


@pytest.mark.parametrize("indent", [None, 2, 4])
def test_json_stays_json(indent: int | None) -> None:
    text = json.dumps({"a": {"b": "x"}, "c": ["y"]}, indent=indent) + "\n"
    changed = edit_document(text, [Edit(("a", "b"), "z"), Edit(("c",), [])])
    assert changed == json.dumps({"a": {"b": "z"}, "c": []}, indent=indent) + "\n"


def test_a_value_that_another_place_shares_is_not_edited() -> None:
    shared = "a: &one {x: 1}\nb: *one\n"
    with pytest.raises(NotEditableError):
        edit_document(shared, [Edit(("a", "x"), 2)])
    merged = "a: &one {x: 1}\nb:\n  <<: *one\n  y: 1\n"
    assert value(edit_document(merged, [Edit(("b", "x"), 2)])) == {"a": {"x": 1}, "b": {"x": 2, "y": 1}}


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=40)


@given(TEXTS)
def test_any_text_is_written_such_that_it_is_read_again(text: str) -> None:
    assert value(edit_document(TEXT, [Edit(("spec", "display_name"), text)]))["spec"]["display_name"] == text


@given(st.lists(TEXTS, unique=True, max_size=5))
def test_any_list_is_written_such_that_it_is_read_again(texts: list[str]) -> None:
    found = value(edit_document(TEXT, [Edit(("spec", "recipients"), texts)]))["spec"]["recipients"]
    assert sorted(found) == sorted(texts)
