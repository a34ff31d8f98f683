"""Every way not to know, through every form of report: nothing claims an object of which nothing is known."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.apply.results import (
    ChangeResult,
    RunResult,
    Status,
    TargetResult,
    TestResult,
    exit_of_tests,
    written,
)
from reconciler.engine.plan import plan_exit_code
from reconciler.model.evidence import Tested, Yes, unknown
from reconciler.model.exits import Exit, first_of
from reconciler.model.gaps import GAPS, About, UnknownReason
from reconciler.model.resource import Server, VersionSource
from reconciler.plan.changes import Action, Change, Plan, Reason, SecretField, TargetPlan
from reconciler.plan.diff import FieldChange
from reconciler.plan.origin import find_drift
from reconciler.plan.saved import plan_document
from reconciler.report import document
from reconciler.report import view as pages
from reconciler.report.drift_text import render_drift
from reconciler.report.html import render_html
from reconciler.report.machines import render_junit
from reconciler.report.markdown import render_markdown
from reconciler.report.plan_text import render_plan
from reconciler.report.result_text import render_change, render_result, render_tests
from tools.evidence_page import PAGE, with_tables

OF_TESTS = [reason for reason, gap in GAPS.items() if gap.about is About.TEST]
CHANGE = Change(
    Action.CREATE,
    "search",
    "WebhookChannel",
    "hook",
    "acme_hook",
    (Reason.CREATED,),
    (FieldChange(("url",), None, "x", delivery=True),),
)
CLAIMS = re.compile(
    r"[1-9][0-9]* (verified|passed)|(?<!not )(?<!be )\bverified: |\bpassed\b(?<!0 passed)|✅|headline good"
)


def run_of(reason: UnknownReason) -> RunResult:
    """An apply in which nothing is known of its one channel, for this reason."""
    tested = Tested(unknown(reason))
    interrupted = reason is UnknownReason.INTERRUPTED
    if GAPS[reason].stands:
        result = written(CHANGE, tested, "acme_hook")
    else:
        result = ChangeResult(CHANGE, Status.ROLLED_BACK, f"its test failed: {tested.text}", tested)
    return RunResult((TargetResult("search", (result,)),), interrupted)


def channel_of(reason: UnknownReason) -> list[TestResult]:
    """A test of one channel of which nothing is known, for this reason."""
    asked = reason not in (UnknownReason.NOT_DUE, UnknownReason.INDIRECT)
    return [TestResult("search", "WebhookChannel", "hook", Tested(unknown(reason)), asked=asked)]


def texts_of_run(result: RunResult) -> Iterator[str]:
    yield render_change("search", result.targets[0].results[0]) + "\n" + render_result(result)
    yield json.dumps(document.result_document(result))
    yield render_markdown(pages.result_page("acme", result))
    yield render_html(pages.result_page("acme", result))


def texts_of_tests(tests: list[TestResult]) -> Iterator[str]:
    yield render_tests(tests)
    yield json.dumps(document.tests_document(tests))
    yield render_markdown(pages.page_of_tests("acme", tests))
    yield render_html(pages.page_of_tests("acme", tests))


@pytest.mark.parametrize("reason", OF_TESTS)
def test_an_apply_claims_nothing_that_no_test_established(reason: UnknownReason) -> None:
    result = run_of(reason)
    assert result.exit_code == GAPS[reason].exits["apply"]
    for text in texts_of_run(result):
        assert not CLAIMS.search(_without_style(text)), text
        assert _says(text, GAPS[reason].says)
    if GAPS[reason].stands:
        assert "1 added" in render_result(result)
        assert re.search(r"1 (could not be verified|not verified): ", render_result(result).splitlines()[-1])


@pytest.mark.parametrize("reason", [reason for reason in OF_TESTS if "test" in GAPS[reason].exits])
def test_a_test_claims_nothing_that_it_did_not_establish(reason: UnknownReason) -> None:
    tests = channel_of(reason)
    if reason is not UnknownReason.INTERRUPTED:  # the door ends an interrupted test
        alone = exit_of_tests(tests, failed=False)
        among = exit_of_tests([*tests, TestResult("search", "SlackChannel", "ok", Tested(Yes("taken")))], failed=False)
        assert GAPS[reason].exits["test"] in (alone, among)
    for text in texts_of_tests(tests):
        assert not CLAIMS.search(_without_style(text)), text
        assert _says(text, GAPS[reason].says)
    junit = render_junit(tests)
    assert "<failure" in junit or "<skipped" in junit


def test_one_that_is_known_among_many_that_are_not_is_counted_alone() -> None:
    known = ChangeResult(replace(CHANGE, name="known"), Status.APPLIED, "verified: taken", Tested(Yes("taken")))
    others = tuple(written(replace(CHANGE, name=reason), Tested(unknown(reason)), "x") for reason in OF_TESTS)
    result = RunResult((TargetResult("search", (known, *others)),))
    assert "; 1 verified by a test message;" in render_result(result)
    tests = [TestResult("search", "SlackChannel", "known", Tested(Yes("taken")))]
    tests += [test for reason in OF_TESTS for test in channel_of(reason)]
    assert ": 1 passed, 0 failed, " in render_tests(tests)


BASE = TargetPlan("search", "opensearch", Server("OpenSearch", "cluster", "3.6.0", VersionSource.ANSWERS))
FIELD = SecretField("hook", ("url",), "env:HOOK")
PLANS: dict[UnknownReason, TargetPlan] = {
    UnknownReason.UNRESOLVED: replace(BASE, unresolved=(FIELD,)),
    UnknownReason.WRITE_ONLY: replace(BASE, write_only=(FIELD,)),
    UnknownReason.IGNORED: replace(BASE, ignored=(("hook", "description"),)),
    UnknownReason.TARGET_UNREAD: TargetPlan("search", "opensearch", error="no answer"),
    UnknownReason.LIST_INCOMPLETE: replace(
        BASE,
        server=Server(
            "OpenSearch", "cluster", incomplete="the server cannot read 1", notes=("the server cannot read 1",)
        ),
        notes=("the server cannot read 1 of its own documents",),
    ),
    UnknownReason.VERSION_UNKNOWN: replace(
        BASE,
        server=Server("OpenSearch", "cluster", source=VersionSource.UNKNOWN),
        notes=("the version is unknown: set targets.X.version",),
    ),
}


@pytest.mark.parametrize("reason", list(PLANS))
def test_a_plan_does_not_call_live_as_desired_what_it_could_not_see(reason: UnknownReason) -> None:
    plan = Plan("acme", "acme", (PLANS[reason],))
    page = pages.plan_page(plan)
    for text in (render_plan(plan), render_markdown(page), render_html(page)):
        assert _says(text, GAPS[reason].says), text
        if reason is not UnknownReason.VERSION_UNKNOWN:  # all was compared, and all is as desired
            assert "No changes." not in text
            assert "What is live is as the manifests say" not in text
    assert plan_document(plan)["targets"][0]["target"] == "search"
    assert plan_exit_code(plan, detailed=False) == GAPS[reason].exits["plan"]
    if "plan --detailed-exitcode" in GAPS[reason].exits:
        assert plan_exit_code(plan, detailed=True) == GAPS[reason].exits["plan --detailed-exitcode"]


@pytest.mark.parametrize("reason", [reason for reason in PLANS if "drift" in GAPS[reason].exits])
def test_drift_does_not_deny_what_it_could_not_see(reason: UnknownReason) -> None:
    drift = find_drift(Plan("acme", "acme", (PLANS[reason],)))
    for text in (render_drift(drift), render_markdown(pages.drift_page(drift))):
        assert "No drift." not in text
    assert drift.exit_code(asked_for_secrets=True) == GAPS[reason].exits["drift"]


def test_where_nothing_was_selected_nothing_was_looked_at() -> None:
    assert exit_of_tests([], failed=False) == GAPS[UnknownReason.NOTHING_SELECTED].exits["test"]


@pytest.mark.parametrize(
    ("fitting", "code"),
    [
        ([130, 64, 6, 4, 5, 3, 1, 7, 2, 0], 130),
        ([64, 6, 4, 5, 3, 1, 7, 2, 0], 64),
        ([6, 4, 5, 3, 1, 7, 2, 0], 6),
        ([4, 5, 3, 1, 7, 2, 0], 4),
        ([5, 3, 1, 7, 2, 0], 5),
        ([3, 1, 7, 2, 0], 3),
        ([1, 7, 2, 0], 1),
        ([7, 2, 0], 7),
        ([2, 0], 2),
        ([], 0),
    ],
)
def test_of_several_codes_the_contract_says_which(fitting: list[int], code: int) -> None:
    assert first_of(Exit(number) for number in reversed(fitting)) == code


def test_the_page_in_the_docs_is_what_the_program_does() -> None:
    assert PAGE.read_text() == with_tables(PAGE.read_text())


def _says(text: str, words: str) -> bool:
    """Whether the words stand in a text of any form, escaped or not."""
    plain = re.sub(r"[\\`*_]|&#?\w+;", "", text)
    return re.sub(r"[\\`*_]|&#?\w+;", "", words) in plain


def _without_style(text: str) -> str:
    return re.sub(r"(?s)<style>.*?</style>", "", text)
