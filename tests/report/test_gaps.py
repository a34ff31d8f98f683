"""Every way not to know, through every verb that can meet it and every form of report: nothing claims an object of
which nothing is known.

SARIF is not among the forms: it holds what `validate` finds in manifests, which asks no target.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

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
from reconciler.engine.apply import untouched
from reconciler.engine.plan import plan_exit_code
from reconciler.model.errors import Exit, Problem, SecretError, first_of
from reconciler.model.evidence import Tested, UsedBy, User, Yes, unknown
from reconciler.model.gaps import GAPS, About, UnknownReason
from reconciler.model.resource import Server, VersionSource
from reconciler.plan.changes import Action, Candidate, Change, Plan, Reason, SecretField, TargetPlan, UnreadTarget
from reconciler.plan.diff import FieldChange
from reconciler.plan.marks import PROTECTED, Matching
from reconciler.plan.origin import Drift, find_drift
from reconciler.plan.saved import plan_document
from reconciler.report import document
from reconciler.report.drift_text import drift_document, drift_page, render_drift
from reconciler.report.failure import failure_document, failure_page
from reconciler.report.html import render_html
from reconciler.report.list_text import ListRow, exit_of_list, list_document, list_rows, render_list
from reconciler.report.machines import render_annotations, render_junit, render_terraform_report
from reconciler.report.markdown import render_markdown
from reconciler.report.plan_text import plan_page, render_plan
from reconciler.report.problems import problems_of
from reconciler.report.result_text import page_of_tests, render_change, render_result, render_tests, result_page
from reconciler.report.users_table import ChannelRow, UsersReport, exit_of_users, render_channels, users_document
from reconciler.report.view import Page, Tone
from tests.plan.builders import OWNERSHIP
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
DELETE = replace(CHANGE, action=Action.DELETE, reasons=(Reason.PRUNED,), fields=())
CLAIMS = re.compile(
    r"[1-9][0-9]* (verified|passed|resources? unchanged)|(?<!not )(?<!be )\bverified: |\bpassed\b(?<!0 passed)"
    r"|✅|headline good|entry good|workflow uses it|No changes\.|No drift\.|matches the manifests|\"verdict\": ?\"yes\""
)


@dataclass(frozen=True)
class Run:
    """What one verb has to say in which a thing is not known: its exit code, and every form of its report.

    `silent` are forms that say nothing of it, and so may not be asked for its words.
    """

    code: int
    forms: Mapping[str, str]
    tone: Tone | None = None
    silent: frozenset[str] = frozenset()


def forms_of_page(page: Page) -> dict[str, str]:
    return {"markdown, comment and summary": render_markdown(page), "html": render_html(page)}


def annotated(what: str, value: object) -> str:
    return render_annotations(list(problems_of(what, value, {})))


def run_of_plan(plan: Plan, *, detailed: bool = False) -> Run:
    page = plan_page(plan)
    forms = forms_of_page(page) | {"text": render_plan(plan), "json": json.dumps(plan_document(plan))}
    forms |= {"annotations": annotated("plan", plan), "terraform report": render_terraform_report(plan)}
    silent = frozenset({"annotations", "terraform report", "json"})
    return Run(plan_exit_code(plan, detailed=detailed), forms, page.tone, silent)


def run_of_drift(drift: Drift) -> Run:
    page = drift_page(drift)
    forms = forms_of_page(page) | {"text": render_drift(drift), "json": json.dumps(drift_document(drift))}
    forms |= {"annotations": annotated("drift", drift)}
    return Run(drift.exit_code(asked_for_secrets=True), forms, page.tone, frozenset({"annotations", "json"}))


def run_of_apply(result: RunResult) -> Run:
    lines = [render_change(target.target, item) for target in result.targets for item in target.results]
    page = result_page("acme", result)
    forms = forms_of_page(page) | {"text": "\n".join([*lines, render_result(result)])}
    forms |= {"json": json.dumps(document.result_document(result)), "annotations": annotated("apply", result)}
    return Run(result.exit_code, forms, page.tone, frozenset({"annotations"}))


def run_of_tests(tests: list[TestResult], problems: tuple[Problem, ...] = (), *, code: int | None = None) -> Run:
    page = page_of_tests("acme", tests, problems)
    forms = forms_of_page(page) | {"text": render_tests(tests), "json": json.dumps(document.tests_document(tests))}
    forms |= {"junit": render_junit(tests, problems), "annotations": annotated("test", tests)}
    silent = frozenset({"annotations"}) | (frozenset() if tests else frozenset({"text", "json"}))
    return Run(exit_of_tests(tests, failed=bool(problems)) if code is None else code, forms, page.tone, silent)


def run_of_failure(verb: str, error: SecretError) -> Run:
    problems = [Problem((), str(error))]
    page = failure_page(verb, "acme", problems)
    forms = forms_of_page(page) | {"json": json.dumps(failure_document(verb, error.exit_code, problems))}
    return Run(error.exit_code, forms, page.tone)


def run_of_list(errors: Mapping[str, str], incomplete: Mapping[str, str]) -> Run:
    rows = list(list_rows("search", Matching(), OWNERSHIP))
    shown = json.dumps(list_document(rows, "acme", with_owners=False, errors=errors, incomplete=incomplete))
    forms = {"text": render_list(rows, with_owners=False), "json": shown}
    return Run(Exit.ERROR if errors else Exit.DONE, forms, silent=frozenset({"text", "json"}))


def applied(reason: UnknownReason) -> RunResult:
    """An apply in which nothing is known of its one channel, for this reason."""
    tested = Tested(unknown(reason))
    if GAPS[reason].stands:
        result = written(CHANGE, tested, "acme_hook")
    elif reason is UnknownReason.OBJECT_HIDDEN:
        result = ChangeResult(CHANGE, Status.FAILED, "an object with this id is there, but your roles may not see it")
    else:
        result = ChangeResult(CHANGE, Status.ROLLED_BACK, f"its test failed: {tested.text}", tested)
    return RunResult((TargetResult("search", (result,)),), interrupted=reason is UnknownReason.INTERRUPTED)


def of_test(reason: UnknownReason) -> Run:
    """A test of one channel of which nothing is known, for this reason."""
    asked = reason not in (UnknownReason.NOT_DUE, UnknownReason.INDIRECT)
    text = f"the list lacks it: {SAYS_LIST}" if reason is UnknownReason.LIST_INCOMPLETE else ""
    tests = [TestResult("search", "WebhookChannel", "hook", Tested(unknown(reason, text)), asked=asked)]
    if reason is UnknownReason.NOT_DUE:  # by itself nothing was tested at all (7); what it does among others:
        known = TestResult("search", "SlackChannel", "known", Tested(Yes("taken")))
        return run_of_tests(tests, code=exit_of_tests([*tests, known], failed=False))
    return run_of_tests(tests, code=130 if reason is UnknownReason.INTERRUPTED else None)


SAYS_LIST = "the server cannot read 1 of its own documents"
BASE = TargetPlan("search", "opensearch", Server("OpenSearch", "cluster", "3.6.0", VersionSource.ANSWERS))
FIELD = SecretField("hook", ("url",), "env:HOOK")
INCOMPLETE = Server("OpenSearch", "cluster", incomplete=SAYS_LIST, notes=(SAYS_LIST,))
UNKNOWN_VERSION = "the version is unknown: set targets.X.version"
UNREAD = UnreadTarget("search", "opensearch", "no answer")
PLANS: dict[UnknownReason, TargetPlan] = {
    UnknownReason.UNRESOLVED: replace(BASE, unresolved=(FIELD,)),
    UnknownReason.WRITE_ONLY: replace(BASE, write_only=(FIELD,)),
    UnknownReason.IGNORED: replace(BASE, ignored=(("hook", "description"),)),
    UnknownReason.LIST_INCOMPLETE: replace(BASE, server=INCOMPLETE, notes=INCOMPLETE.notes),
    UnknownReason.OBJECT_HIDDEN: replace(
        BASE, changes=(replace(CHANGE, held="an object with this id is there, but your roles may not see it"),)
    ),
    UnknownReason.VERSION_UNKNOWN: replace(
        BASE,
        server=Server("OpenSearch", "cluster", source=VersionSource.UNKNOWN, notes=(UNKNOWN_VERSION,)),
        notes=(UNKNOWN_VERSION,),
    ),
    **{
        reason: replace(
            BASE, changes=(replace(DELETE, used_by=UsedBy(gap=unknown(reason), not_looked_at=("reports",))),)
        )
        for reason, gap in GAPS.items()
        if gap.about is About.USERS
    },
}
"""What a plan is in which one of these is not known. Tests are no part of a plan."""


def plan_of(reason: UnknownReason) -> Plan:
    if reason is UnknownReason.TARGET_UNREAD:
        return Plan("acme", "acme", unread=(UNREAD,))
    return Plan("acme", "acme", (PLANS[reason],))


def apply_of(reason: UnknownReason) -> Run:
    if GAPS[reason].about is About.TEST or reason is UnknownReason.OBJECT_HIDDEN:
        return run_of_apply(applied(reason))
    if reason is UnknownReason.UNRESOLVED:
        return run_of_failure("apply", SecretError("env:HOOK: not set; plans without it are resolved at apply"))
    made = plan_of(reason)
    run = run_of_apply(RunResult(tuple(map(untouched, made.targets)), made.unread))
    plan = render_plan(made)  # which an apply shows first, and whose notes it does not repeat
    return replace(run, forms={"plan shown first": plan, **run.forms}, silent=frozenset({*run.forms}))


def sent_of(reason: UnknownReason) -> Run:
    if reason is UnknownReason.TARGET_UNREAD:
        return run_of_tests([], (UNREAD.problem,))
    if reason is UnknownReason.NOTHING_SELECTED:
        run = run_of_tests([])
        return replace(run, silent=frozenset(run.forms))  # what it says is a note of the run
    return of_test(reason)


def list_of(reason: UnknownReason) -> Run:
    text = {"search": GAPS[reason].says}
    return run_of_list(text, {}) if reason is UnknownReason.TARGET_UNREAD else run_of_list({}, text)


def run_of_users(reason: UnknownReason) -> Run:
    """A channel of which no user could be seen, by itself and in a list."""
    used_by = UsedBy((), unknown(reason), ("reports",))
    report = UsersReport((ChannelRow("search", "SlackChannel", "hook", "acme_hook", used_by),), gaps={"search": "x"})
    forms = {"text": render_channels(report.channels), "json": json.dumps(users_document(report))}
    assert "unknown" in forms["text"]
    return Run(exit_of_users(report), forms, silent=frozenset({"text"}))


def run_of_listed_users(reason: UnknownReason) -> Run:
    used_by = UsedBy((), unknown(reason), ("reports",))
    rows = [ListRow("hook", "SlackChannel", "search", "acme_hook", True, "-", "acme", used_by)]
    forms = {"text": render_list(rows, with_owners=False)}
    forms["json"] = json.dumps(list_document(rows, "acme", with_owners=False))
    assert "unknown" in forms["text"]
    return Run(exit_of_list(unread=False, unseen=True), forms, silent=frozenset({"text"}))


VERBS: dict[str, Callable[[UnknownReason], Run]] = {
    "plan": lambda reason: run_of_plan(plan_of(reason)),
    "plan --detailed-exitcode": lambda reason: run_of_plan(plan_of(reason), detailed=True),
    "drift": lambda reason: run_of_drift(find_drift(plan_of(reason))),
    "apply": apply_of,
    "test": sent_of,
    "list": list_of,
    "users": run_of_users,
    "list --users": run_of_listed_users,
}
KNOWN_ALL_THE_SAME = {UnknownReason.VERSION_UNKNOWN}
"""What says nothing of any object: all was compared, and the version is not needed for it."""
ROWS = [(reason, verb) for reason, gap in GAPS.items() for verb in gap.exits]


def test_every_row_has_a_verb_that_can_meet_it_and_every_verb_is_walked() -> None:
    assert {verb for _, verb in ROWS} == set(VERBS)
    assert {reason for reason, _ in ROWS} == set(UnknownReason)


@pytest.mark.parametrize(("reason", "verb"), ROWS, ids=[f"{reason}-{verb}" for reason, verb in ROWS])
def test_no_form_of_a_report_claims_what_is_not_known_and_the_exit_code_is_the_tables(
    reason: UnknownReason, verb: str
) -> None:
    run = VERBS[verb](reason)
    assert run.code == GAPS[reason].exits[verb]
    for form, text in run.forms.items():
        if reason not in KNOWN_ALL_THE_SAME:
            assert not CLAIMS.search(_without_style(text)), (form, text)
        assert not re.search(r"\b([a-z]+): \1: ", _without_style(text)), (form, text)  # as `skipped: skipped: ...`
        if form not in run.silent:
            assert _says(text, GAPS[reason].says), (form, text)
    if reason not in KNOWN_ALL_THE_SAME:
        assert run.tone is not Tone.GOOD


@pytest.mark.parametrize("reason", OF_TESTS)
def test_the_last_line_of_an_apply_counts_what_could_not_be_verified(reason: UnknownReason) -> None:
    last = render_result(applied(reason)).splitlines()[-1]
    if GAPS[reason].stands:
        assert "1 added" in last
        assert re.search(r"1 (could not be verified|not verified): ", last)
    else:
        assert "0 added" in last
        assert "1 rolled back" in last


@pytest.mark.parametrize("reason", [UnknownReason.WRITE_ONLY, UnknownReason.IGNORED, UnknownReason.LIST_INCOMPLETE])
def test_the_last_line_of_every_verb_counts_what_was_not_compared(reason: UnknownReason) -> None:
    words = {
        UnknownReason.WRITE_ONLY: "1 write-only field cannot be",
        UnknownReason.IGNORED: "1 field ignored",
        UnknownReason.LIST_INCOMPLETE: "the list of search is incomplete",
    }[reason]
    plan = plan_of(reason)
    assert words in render_plan(plan).splitlines()[-1]
    assert words in render_drift(find_drift(plan)).splitlines()[-1]
    assert words in render_result(RunResult((untouched(plan.targets[0]),))).splitlines()[-1]


@pytest.mark.parametrize("reason", [UnknownReason.UNRESOLVED, UnknownReason.WRITE_ONLY, UnknownReason.IGNORED])
def test_the_documents_name_each_field_that_was_not_compared_and_why(reason: UnknownReason) -> None:
    assert "hook" in json.dumps(plan_document(plan_of(reason)))
    (gap,) = drift_document(find_drift(plan_of(reason)))["gaps"]
    assert (gap["target"], gap["name"], gap["reason"]) == ("search", "hook", reason)


def test_a_junit_report_has_no_case_that_passes_for_what_is_not_known() -> None:
    for reason in (reason for reason, verb in ROWS if verb == "test"):
        report = sent_of(reason).forms["junit"]
        cases = report.count("<testcase")
        assert cases == len(re.findall("<failure|<skipped|<error", report)), reason


def test_gitlabs_widget_gets_no_number_where_a_target_could_not_be_read_and_all_that_may_change() -> None:
    assert json.loads(render_terraform_report(plan_of(UnknownReason.TARGET_UNREAD))) == {}
    report = json.loads(render_terraform_report(plan_of(UnknownReason.UNRESOLVED)))
    assert report == {"create": 0, "update": 1, "delete": 0}


def test_one_that_is_known_among_many_that_are_not_is_counted_alone() -> None:
    known = ChangeResult(replace(CHANGE, name="known"), Status.APPLIED, "verified: taken", Tested(Yes("taken")))
    others = tuple(written(replace(CHANGE, name=reason), Tested(unknown(reason)), "x") for reason in OF_TESTS)
    result = RunResult((TargetResult("search", (known, *others)),))
    assert "; 1 verified by a test message;" in render_result(result)
    tests = [TestResult("search", "SlackChannel", "known", Tested(Yes("taken")))]
    tests += [TestResult("search", "SlackChannel", reason, Tested(unknown(reason))) for reason in OF_TESTS]
    assert ": 1 passed, 0 failed, " in render_tests(tests)
    assert page_of_tests("acme", tests).tone is Tone.BAD


def test_a_field_that_an_apply_wrote_is_no_longer_counted_as_not_compared() -> None:
    from reconciler.apply.results import left_uncompared

    plan = replace(PLANS[UnknownReason.WRITE_ONLY], ignored=(("hook", "description"),))
    done = [written(CHANGE, Tested(Yes("taken")), "acme_hook")]
    assert [gap.reason for gap in left_uncompared(plan, done)] == [UnknownReason.IGNORED]
    assert len(left_uncompared(plan, [replace(done[0], status=Status.REJECTED)])) == 2


@pytest.mark.parametrize("reason", [reason for reason, gap in GAPS.items() if gap.about is About.USERS])
@pytest.mark.parametrize("users", [(), (User("monitor", "disk", "m1"),)])
def test_a_delete_calls_nothing_unused_whose_users_could_not_all_be_seen(
    reason: UnknownReason, users: tuple[User, ...]
) -> None:
    change = replace(DELETE, used_by=UsedBy(users, unknown(reason), ("reports",)))
    plan = Plan("acme", "acme", (replace(BASE, changes=(change,)),))
    page = plan_page(plan)
    for text in (render_plan(plan), render_markdown(page), render_html(page)):
        assert _says(text, GAPS[reason].says), text
        assert "uses it" not in text
        assert ("used by 1 monitor: disk" in text) == bool(users)
    gap = plan_document(plan)["targets"][0]["changes"][0]["used_by"]["gap"]
    assert (gap["reason"], gap["verdict"]) == (reason.value, "unknown")
    assert plan_exit_code(plan, detailed=False) == GAPS[reason].exits["plan"]


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


@pytest.mark.parametrize(("count", "left"), [(1, "left as it is"), (2, "left as they are")])
def test_what_a_plan_leaves_is_said_in_the_right_number(count: int, left: str) -> None:
    kept = tuple(Candidate("SlackChannel", "oncall", f"kept_{i}", flags=(PROTECTED,)) for i in range(count))
    shown = render_plan(Plan("acme", "acme", (replace(BASE, copies=kept, leftovers=kept),)))
    assert f"of an interrupted run, {left}: protected." in shown
    assert f"with the mark of another object, {left}." in shown
