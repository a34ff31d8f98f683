"""What a CI reads, read back by the CI's own reader or by its rules."""

from __future__ import annotations

import json

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from sarif_pydantic import Sarif

from reconciler.model.errors import Finding, Level, Place
from reconciler.report.machines import notes_of_findings, render_annotations, render_junit, render_terraform_report
from reconciler.report.sarif import render_sarif
from tests.report.hostile import NAMES, PLAN, TESTS


def test_a_junit_reader_finds_every_test_with_its_outcome() -> None:
    report = JUnitXml.fromstring(render_junit(TESTS, ["kafka: 503"]).encode())
    assert (report.tests, report.failures, report.errors, report.skipped) == (4, 1, 1, 1)
    cases = {case.name: case for suite in report for case in suite}
    assert cases["oncall"].result == []
    assert isinstance(cases["mail"].result[0], Failure)
    assert isinstance(cases["relay"].result[0], Skipped)
    assert isinstance(cases["kafka"].result[0], Error)
    assert cases["mail"].result[0].message == f"refused: {NAMES[1]}"
    assert cases["mail"].time == 1.5


def test_gitlab_gets_its_three_numbers() -> None:
    assert json.loads(render_terraform_report(PLAN)) == {"create": 2, "update": 3, "delete": 2}


def test_an_annotation_stands_at_its_line_and_cannot_be_broken_out_of() -> None:
    place = Place("channels/a,b:c.yaml", 3, 7)
    finding = Finding(place, "50% wrong\n::error::no", "rule", 'SlackChannel "oncall"', "spec.url", "fix it")
    (line,) = render_annotations(notes_of_findings([finding])).splitlines()
    assert line == (
        "::error file=channels/a%2Cb%3Ac.yaml,line=3,col=7::"
        'SlackChannel "oncall" spec.url: 50%25 wrong\\n::error::no; fix it'
    )


@pytest.mark.parametrize(("count", "lines"), [(0, 0), (10, 10), (11, 10), (500, 10)])
def test_github_shows_ten_of_a_level_and_the_last_tells_of_the_rest(count: int, lines: int) -> None:
    notes = [(Level.ERROR, None, f"number {number}") for number in range(count)]
    text = render_annotations([*notes, (Level.WARNING, None, "a warning")]).splitlines()
    assert len([line for line in text if line.startswith("::error")]) == lines
    assert text[-1] == "::warning::a warning"
    if count > 10:
        assert text[9] == f"::error::and {count - 9} more: see the log"


def test_sarif_says_where_what_and_by_which_rule() -> None:
    findings = [
        Finding(Place("channels/a b.yaml", 3, 7), "wrong\nthing", "unknown-field", 'SlackChannel "oncall"', "spec.u"),
        Finding(Place("reconciler.yaml"), "a warning", "literal-secret", level=Level.WARNING),
    ]
    log = Sarif.model_validate_json(render_sarif(findings))
    assert log.version == "2.1.0"
    (run,) = log.runs
    assert run.tool.driver.name == "reconciler"
    assert [rule.id for rule in run.tool.driver.rules or []] == ["literal-secret", "unknown-field"]
    document = json.loads(render_sarif(findings))["runs"][0]["results"]
    assert [(item["ruleId"], item["level"]) for item in document] == [
        ("unknown-field", "error"),
        ("literal-secret", "warning"),
    ]
    assert document[0]["message"]["text"] == 'SlackChannel "oncall" spec.u: wrong\\nthing'
    place = document[0]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "channels/a%20b.yaml"},
        "region": {"startLine": 3, "startColumn": 7},
    }
    assert "region" not in document[1]["locations"][0]["physicalLocation"]


def test_every_finding_is_in_the_sarif_even_where_there_is_none() -> None:
    assert json.loads(render_sarif([]))["runs"][0]["results"] == []
