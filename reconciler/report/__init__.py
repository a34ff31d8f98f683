"""Wording: plans, results and tests -> strings. Only this package words output; it prints nothing itself."""

from reconciler.report.plan_text import describe_messages, render_plan
from reconciler.report.result_text import render_change, render_result, render_test, render_tests
from reconciler.report.texts import Paint, plain, plural, printable

__all__ = [
    "Paint",
    "describe_messages",
    "plain",
    "plural",
    "printable",
    "render_change",
    "render_plan",
    "render_result",
    "render_test",
    "render_tests",
]
