"""Every form of every report, word for word: a plan with every action, kind of value and hostile name.

`RECONCILER_WRITE_GOLDEN=1 pytest tests/report` writes the files again; read the difference before it is committed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.model.errors import Location, Problem
from reconciler.plan.origin import find_drift
from reconciler.plan.saved import plan_document
from reconciler.report import document
from reconciler.report.drift_text import drift_document, drift_page, render_drift
from reconciler.report.failure import failure_page
from reconciler.report.html import render_html
from reconciler.report.machines import render_junit, render_terraform_report
from reconciler.report.markdown import render_markdown
from reconciler.report.plan_text import plan_page, render_plan
from reconciler.report.result_text import page_of_tests, render_result, render_tests, result_page
from tests.report.hostile import PLAN, RESULT, TESTS

GOLDEN = Path(__file__).parent / "golden"
DRIFT = find_drift(PLAN)


def as_json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


UNREAD = Problem((), "could not be read: 503", "target-unread", subject="target kafka")
WRONG = Problem(("spec",), "`wrong`", "wrong-form", location=Location("ops.yaml", 3, 1))

OUTPUTS: dict[str, Callable[[], str]] = {
    "plan.txt": lambda: render_plan(PLAN),
    "plan.json": lambda: as_json(plan_document(PLAN)),
    "plan.md": lambda: render_markdown(plan_page(PLAN)),
    "plan.html": lambda: render_html(plan_page(PLAN)),
    "plan.terraform.json": lambda: render_terraform_report(PLAN),
    "apply.txt": lambda: render_result(RESULT),
    "apply.json": lambda: as_json(document.result_document(RESULT)),
    "apply.md": lambda: render_markdown(result_page("acme", RESULT)),
    "apply.html": lambda: render_html(result_page("acme", RESULT)),
    "test.txt": lambda: render_tests(TESTS),
    "test.json": lambda: as_json(document.tests_document(TESTS)),
    "test.md": lambda: render_markdown(page_of_tests("acme", TESTS, [UNREAD])),
    "test.html": lambda: render_html(page_of_tests("acme", TESTS, [UNREAD])),
    "test.junit.xml": lambda: render_junit(TESTS, [UNREAD]) + "\n",
    "drift.txt": lambda: render_drift(DRIFT),
    "drift.json": lambda: as_json(drift_document(DRIFT)),
    "drift.md": lambda: render_markdown(drift_page(DRIFT)),
    "drift.html": lambda: render_html(drift_page(DRIFT)),
    "failure.md": lambda: render_markdown(failure_page("plan", "acme", [WRONG, Problem((), "two\nlines")])),
}


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_an_output_is_as_it_was_agreed(name: str) -> None:
    text, path = OUTPUTS[name](), GOLDEN / name
    if os.environ.get("RECONCILER_WRITE_GOLDEN"):
        path.write_bytes(text.encode())
    assert text == path.read_bytes().decode()


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(OUTPUTS)
