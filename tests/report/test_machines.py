"""What a CI reads, read back by the CI's own reader or by its rules."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped
from sarif_pydantic import Sarif

import reconciler
from reconciler.model.errors import Level, Location, Problem
from reconciler.report.machines import render_annotations, render_junit, render_terraform_report
from reconciler.report.rules import RULES
from reconciler.report.sarif import render_sarif
from tests.report.hostile import NAMES, PLAN, TESTS

UNREAD = Problem((), "could not be read: 503", "target-unread", subject="target kafka")


def test_a_junit_reader_finds_every_test_with_its_outcome() -> None:
    report = JUnitXml.fromstring(render_junit(TESTS, [UNREAD]).encode())
    assert (report.tests, report.failures, report.errors) == (5, 1, 1)
    assert sum(suite.skipped for suite in report) == 2
    cases = {case.name: case for suite in report for case in suite}
    assert cases["oncall"].result == []
    assert isinstance(cases["mail"].result[0], Failure)
    assert isinstance(cases["relay"].result[0], Skipped)
    assert isinstance(cases["target kafka"].result[0], Error)
    assert cases["mail"].result[0].message == f"refused: {NAMES[1]}"
    assert cases["mail"].time == 1.5


JENKINS = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id"},
    "testcase": {"name", "time", "classname", "group"},
    "skipped": {"type", "message"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
}
"""By element, the attributes that Jenkins' xUnit plug-in takes (its junit-10.xsd)."""


@pytest.mark.parametrize("seconds", [0.0, 1e-05, 0.1 + 0.2, 1234.5])
def test_jenkins_takes_every_element_and_number(seconds: float) -> None:
    text = render_junit([replace(test, seconds=seconds) for test in TESTS], [UNREAD])
    elements = list(ElementTree.fromstring(text.encode()).iter())
    assert {element.tag for element in elements} == set(JENKINS)
    for element in elements:
        assert set(element.attrib) <= JENKINS[element.tag], element.tag
        if element.tag == "testsuite":
            assert {"name", "tests", "failures", "errors"} <= set(element.attrib)
        assert re.fullmatch(r"[0-9]*(\.[0-9]*)?", element.get("time", ""))


def test_gitlab_gets_its_three_numbers() -> None:
    read = replace(PLAN, unread=())
    assert json.loads(render_terraform_report(read)) == {"create": 2, "update": 3, "delete": 2}
    assert json.loads(render_terraform_report(PLAN)) == {}  # none where a target could not be read


def test_an_annotation_stands_at_its_line_and_cannot_be_broken_out_of() -> None:
    problem = Problem(
        ("spec", "url"),
        "50% wrong\n::error::no",
        "rule",
        "fix it",
        subject='SlackChannel "oncall"',
        location=Location("channels/a,b:c.yaml", 3, 7),
    )
    (line,) = render_annotations([problem]).splitlines()
    assert line == (
        "::error file=channels/a%2Cb%3Ac.yaml,line=3,col=7::"
        'SlackChannel "oncall" spec.url: 50%25 wrong\\n::error::no; fix it'
    )


@pytest.mark.parametrize(("count", "lines"), [(0, 0), (10, 10), (11, 10), (500, 10)])
def test_github_shows_ten_of_a_level_and_the_last_tells_of_the_rest(count: int, lines: int) -> None:
    problems = [Problem((), f"number {number}") for number in range(count)]
    text = render_annotations([*problems, Problem((), "a warning", level=Level.WARNING)]).splitlines()
    assert len([line for line in text if line.startswith("::error")]) == lines
    assert text[-1] == "::warning::a warning"
    if count > 10:
        assert text[9] == f"::error::and {count - 9} more: see the log"


def test_sarif_says_where_what_and_by_which_rule() -> None:
    problems = [
        Problem(
            ("spec", "u"),
            "wrong\nthing",
            "unknown-field",
            subject='SlackChannel "oncall"',
            location=Location("channels/a b.yaml", 3, 7),
        ),
        Problem((), "a warning", "no-literal-secrets", level=Level.WARNING, location=Location("reconciler.yaml")),
    ]
    log = Sarif.model_validate_json(render_sarif(problems))
    assert log.version == "2.1.0"
    (run,) = log.runs
    assert run.tool.driver.name == "reconciler"
    assert [rule.id for rule in run.tool.driver.rules or []] == ["no-literal-secrets", "unknown-field"]
    document = json.loads(render_sarif(problems))["runs"][0]["results"]
    assert [(item["ruleId"], item["level"]) for item in document] == [
        ("unknown-field", "error"),
        ("no-literal-secrets", "warning"),
    ]
    assert document[0]["message"]["text"] == 'SlackChannel "oncall" spec.u: wrong\\nthing'
    place = document[0]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "channels/a%20b.yaml"},
        "region": {"startLine": 3, "startColumn": 7},
    }
    assert "region" not in document[1]["locations"][0]["physicalLocation"]


def test_every_problem_is_in_the_sarif_even_where_there_is_none() -> None:
    assert json.loads(render_sarif([]))["runs"][0]["results"] == []


def test_a_file_whose_name_is_no_text_is_named_by_its_bytes() -> None:
    document = json.loads(
        render_sarif([Problem((), "wrong", "unknown-field", location=Location("channels/\udcff.yaml", 1, 1))])
    )
    (result,) = document["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "channels/%FF.yaml"}


def test_code_scanning_gets_what_it_demands_of_every_rule() -> None:
    problems = [
        Problem((), "wrong", rule, location=Location("a.yaml", 1, 1))
        for rule in ("yaml-tag", "unknown-field", "of-a-package")
    ]
    document = json.loads(render_sarif(problems))
    assert document["$schema"].startswith("https://docs.oasis-open.org/sarif/")
    described = document["runs"][0]["tool"]["driver"]["rules"]
    for rule in described:
        assert all(rule[field]["text"].endswith(".") for field in ("shortDescription", "fullDescription", "help"))
        assert rule["name"].isalpha()
    for result in document["runs"][0]["results"]:
        assert described[result["ruleIndex"]]["id"] == result["ruleId"]


SLUG = re.compile(r', "([a-z]+(?:-[a-z0-9]+)+)"[,)]')
FINDERS = ["manifests/*.py", "providers/*/abilities.py", "plan/desired.py", "engine/load.py"]


def test_every_rule_that_finds_something_has_its_sentence() -> None:
    package = Path(reconciler.__file__).parent
    sources = [path.read_text("utf-8") for pattern in FINDERS for path in sorted(package.glob(pattern))]
    found = {slug for text in sources for slug in SLUG.findall(text)}
    assert len(found) > 40
    assert found <= set(RULES), f"no sentence in report/rules.py: {sorted(found - set(RULES))}"
