"""The pure steps of a run, from matching to the last report, over one project; and how many calls each makes."""

from __future__ import annotations

import cProfile
import gc
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from reconciler.apply.results import ChangeResult, RunResult, Status, TargetResult, TestResult
from reconciler.export.documents import export_manifests
from reconciler.export.objects import LiveTarget, Wanted
from reconciler.export.snapshot import parse_snapshot, snapshot_document
from reconciler.manifests.load_project import load_project_text
from reconciler.model.evidence import Tested, Yes, unknown
from reconciler.model.gaps import UnknownReason
from reconciler.model.lint import LintLevels
from reconciler.plan.changes import Plan, TargetPlan
from reconciler.plan.checks import idle_deletes, lint_plan, refuse_unsupported, with_assumed_version
from reconciler.plan.doubts import doubtful_ids
from reconciler.plan.guards import hold_back
from reconciler.plan.make import make_target_plan
from reconciler.plan.marks import Matching
from reconciler.plan.match import match_live
from reconciler.plan.origin import Drift, find_drift, with_origins
from reconciler.plan.promise import keep_promise
from reconciler.plan.saved import parse_plan, plan_document
from reconciler.plan.sending import with_users
from reconciler.plan.users import SeenUsers
from reconciler.providers import settings_of
from reconciler.report.document import result_document
from reconciler.report.drift_text import drift_document, drift_page
from reconciler.report.html import render_html
from reconciler.report.list_text import list_document, list_rows, render_list
from reconciler.report.machines import render_annotations, render_junit
from reconciler.report.markdown import render_markdown
from reconciler.report.plan_text import plan_page
from reconciler.report.problems import problems_of
from reconciler.report.result_text import page_of_tests, result_page
from reconciler.report.sarif import render_sarif
from reconciler.report.users_table import UsersReport, channel_rows, dangling_rows, render_channels, users_document
from reconciler.report.view import Page, render_flat, render_nested
from tests.growth.shapes import Project
from tests.plan.builders import MASKER

_FILE = load_project_text(
    "apiVersion: channels.gitops/v1\nkind: Project\nmetadata: {name: acme}\n"
    "spec: {targets: {search: {provider: opensearch}, kafka: {provider: confluent}}}\n",
    "reconciler.yaml",
    settings_of,
)

Step = Callable[[], object]


class Steps:
    """The steps of one project in their order. Each hands on what it made, so that only its own calls are counted."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._matching = Matching()
        self._plan = TargetPlan(self.target, project.abilities.provider)
        self._whole = Plan("acme", "acme")
        self._result = RunResult(())
        self._page = Page("", "", "", tone=plan_page(self._whole).tone)

    @property
    def target(self) -> str:
        return "search" if self._project.abilities.chooses_ids else "kafka"

    def planning(self) -> Mapping[str, Step]:
        """From what is desired and live to a plan, and what is concluded from plans, by name."""
        return {
            "match": self._match,
            "plan": self._make,
            "lint": self._lint,
            "foresee": self._foresee,
            "guard": self._guard,
            "doubt": self._doubt,
            "promise": self._promise,
            "drift": self._find_drift,
        }

    def reporting(self) -> Mapping[str, Step]:
        """What is shown and written of a plan, its results and what is live, by name."""
        return {
            "document": self._document,
            "drift words": self._drift,
            "words": self._words,
            "comment": self._comment,
            "html": lambda: render_html(self._page),
            "machines": lambda: self._machines("plan", self._whole),
            "results": self._results,
            "list": self._list,
            "export": self._export,
            "snapshot": self._snapshot,
        }

    def _match(self) -> None:
        project = self._project
        self._matching = match_live(project.resources, project.objects, project.ownership, project.words)

    def _make(self) -> None:
        project = self._project
        self._plan = make_target_plan(
            self.target,
            project.abilities.provider,
            project.server,
            self._matching,
            project.secrets,
            MASKER,
            project.options,
        )

    def _lint(self) -> None:
        project = self._project
        args = (self._matching, project.ownership, project.abilities, project.secrets)
        plan = refuse_unsupported(self._plan, *args)
        self._plan = lint_plan(plan, self._matching, project.abilities, project.secrets, LintLevels())

    def _foresee(self) -> None:
        project = self._project
        args = (self._matching, project.ownership, project.abilities, project.secrets)
        with_assumed_version(self._plan, *args, "3.8")
        list(idle_deletes([self._plan], [item.name for item in self._matching.found]))

    def _guard(self) -> None:
        plan = with_users(self._plan, self._project.listing)
        self._plan = hold_back(plan, self._matching, self._project.guards)
        self._whole = Plan("acme", "acme", (self._plan,))

    def _doubt(self) -> None:
        doubtful_ids(self._plan, self._matching, self._project.resources, self._project.ownership)

    def _document(self) -> None:
        text = json.dumps(plan_document(self._whole))
        self._whole = parse_plan(json.loads(text), "plan.json")

    def _promise(self) -> None:
        """A saved plan held against the same one, against one of which all is done, and the other way round."""
        done = replace(self._plan, changes=(), messages=())
        for before, now in ((self._plan, self._plan), (self._plan, done), (done, self._plan)):
            keep_promise(before, now, self._matching, None)

    def _find_drift(self) -> Drift:
        wanted = {item.name: item for item in self._project.resources}
        plan = with_origins(self._plan, wanted, wanted)
        return find_drift(Plan("acme", "acme", (plan,)))

    def _drift(self) -> None:
        drift = self._find_drift()
        render_flat(drift_page(drift))
        drift_document(drift)
        self._machines("drift", drift)

    def _words(self) -> None:
        self._page = plan_page(self._whole)
        render_nested(self._page)

    def _comment(self) -> None:
        render_markdown(self._page)
        render_markdown(self._page, 10**9)

    def _machines(self, what: str, value: Any) -> None:
        problems = list(problems_of(what, value, {}))
        render_annotations(problems)
        render_sarif(problems)
        render_junit([], problems)

    def _results(self) -> None:
        """An apply of which every second change failed, and a test of each channel."""
        states = (Status.APPLIED, Status.FAILED)
        results = tuple(
            ChangeResult(change, states[number % 2], "text", Tested(Yes("arrived")), change.id or "")
            for number, change in enumerate(self._plan.changes)
        )
        evidence = (Yes("arrived"), unknown(UnknownReason.DISABLED))
        tests = [
            TestResult(self.target, match.resource.kind, match.resource.name, Tested(evidence[number % 2]))
            for number, match in enumerate(self._matching.matches)
        ]
        result = RunResult((TargetResult(self.target, results, tuple(tests)),))
        render_flat(result_page("acme", result))
        render_flat(page_of_tests("acme", tests))
        render_junit(tests)
        result_document(result)
        self._machines("apply", result)

    def _list(self) -> None:
        project, matching = self._project, self._matching
        seen = SeenUsers(project.listing)
        rows = list(list_rows(self.target, matching, project.ownership, seen))
        render_list(rows, with_owners=True)
        list_document(rows, "acme", with_owners=True)
        channels = tuple(channel_rows(self.target, matching, project.ownership, seen, ["*"]))
        report = UsersReport(channels, tuple(dangling_rows(self.target, matching, seen)))
        render_channels(report.channels)
        users_document(report)

    def _export(self) -> None:
        abilities = dict.fromkeys(("opensearch", "confluent"), self._project.abilities)
        export_manifests([self._place()], _FILE, Wanted(everything=True), abilities, adopt=True)

    def _snapshot(self) -> None:
        targets = [(self._place(), self._project.abilities.provider, self._project.server)]
        document = snapshot_document("acme", "2026-01-01T00:00:00+00:00", targets, "1")
        parse_snapshot(json.dumps(document), "snapshot.json")

    def _place(self) -> LiveTarget:
        return LiveTarget(self.target, self.target, self._project.ownership, self._matching.found)


def count_calls(steps: Mapping[str, Step]) -> dict[str, int]:
    """How many functions each step calls, Python's and C's. The profiler is CPython's own, which counts in C."""
    counts: dict[str, int] = {}
    collects = gc.isenabled()
    gc.disable()  # what it happens to clear away meanwhile is no work of the step
    try:
        for name, step in steps.items():
            profile = cProfile.Profile()
            profile.runcall(step)
            counts[name] = sum(entry.callcount for entry in profile.getstats())
    finally:
        if collects:
            gc.enable()
    return counts
