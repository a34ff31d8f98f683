"""Markdown as GitHub renders it (cmark-gfm): what users wrote is text, and no report is longer than it may be."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from html.parser import HTMLParser

import cmarkgfm
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.text import printable
from reconciler.plan.changes import Action, Change, Disabled, Plan, Reason, TargetPlan, UnreadTarget
from reconciler.plan.diff import FieldChange
from reconciler.report.markdown import COMMENT_LIMIT, byte_length, code, render_markdown, utf16_length, with_files
from reconciler.report.plan_text import plan_page, render_plan
from reconciler.report.result_text import page_of_tests, result_page
from reconciler.report.view import Entry, Line, Page, Section, Tone
from tests.report.hostile import CHANGES, NAMES, PLAN, RESULT, TESTS, field

OURS = {"h3", "h4", "p", "strong", "ul", "li", "code", "details", "summary", "pre", "blockquote"}


class Reader(HTMLParser):
    """Which elements there are, and which text stands outside of code."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.outside: list[str] = []
        self.inside: list[str] = []
        self._depth = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._depth += tag in ("code", "pre")

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag in ("code", "pre")

    def handle_data(self, data: str) -> None:
        (self.inside if self._depth else self.outside).append(data)


def rendered(markdown: str) -> Reader:
    """As GitHub does it, but for its sanitiser, which would only take away more."""
    return Reader(cmarkgfm.github_flavored_markdown_to_html(markdown, options=cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE))


@pytest.mark.parametrize(
    "page",
    [plan_page(PLAN), result_page("acme", RESULT), page_of_tests("acme", TESTS)],
    ids=["plan", "apply", "test"],
)
def test_hostile_names_are_text_in_code(page: Page) -> None:
    reader = rendered(render_markdown(page))
    assert reader.tags <= OURS
    outside = "".join(reader.outside)
    for sign in ("@", "#1", "!7", "evil.example", "script", "::", "http"):
        assert sign not in outside


def test_everything_that_the_text_tells_is_there() -> None:
    inside = "".join(rendered(render_markdown(plan_page(PLAN))).inside)
    for name in NAMES[:9]:
        assert printable(name).replace("\\", "") in inside.replace("\\", "")


@given(st.text(max_size=60))
def test_any_text_is_one_piece_of_code(text: str) -> None:
    reader = rendered(f"- {code(text)} after\n")
    assert reader.tags == {"ul", "li", "code"}
    assert "".join(reader.outside).strip() == "after"
    expected = printable(text)
    if expected.strip(" "):
        assert "".join(reader.inside).strip(" ") == expected.strip(" ")


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4), st.text(max_size=40))
def test_any_entry_stays_within_its_fold(lines: list[str], name: str) -> None:
    shown = tuple(Line(printable(line)) for line in lines)
    entry = Entry(Tone.CHANGE, "~", "SlackChannel", printable(name), "", shown)
    page = Page("plan", "p", "Head.", Tone.GOOD, sections=(Section("t", entries=(entry,)),))
    reader = rendered(render_markdown(page))
    assert reader.tags <= OURS
    assert set("".join(reader.outside).split()) <= {"✅", "reconciler", "plan:", "Head."}


def plan_of(count: int, name: str = "channel") -> Plan:
    changes = tuple(
        Change(
            (Action.UPDATE, Action.DELETE)[number % 50 == 0],
            "search",
            "SlackChannel",
            f"{name}-{number}",
            f"acme_{name}-{number}",
            (Reason.FIELDS_DIFFER,),
            (field("description", "before " * 5, "after 🚨 " * 5), field("enabled", True, False)),
        )
        for number in range(count)
    )
    return replace(PLAN, targets=(TargetPlan("search", "opensearch", changes=changes),))


@pytest.mark.parametrize("count", [1, 150, 400, 5000])
def test_a_comment_keeps_the_limit_whatever_the_plan(count: int) -> None:
    text = render_markdown(plan_page(plan_of(count)))
    assert utf16_length(text) <= COMMENT_LIMIT
    assert rendered(text).tags <= OURS


def test_what_is_cut_is_counted_and_named_and_deletes_stay() -> None:
    plan = plan_of(5000)
    text = render_markdown(plan_page(plan))
    assert text.index("100 to destroy") < text.index("search")
    shown = set(re.findall(r'SlackChannel (?:&quot;|")(channel-\d+)', text))
    assert {change.name for change in plan.targets[0].changes if change.action is Action.DELETE} <= shown
    cut = re.search(r"\*\*Cut for length:\*\* (\d+) entries \((\d+) update\): `channel-", text)
    assert cut is not None
    assert int(cut[1]) == int(cut[2]) == 5000 - len(shown)


def test_many_new_objects_push_no_detail_of_a_change_to_a_live_one_out() -> None:
    fields = (FieldChange(("webhook_url",), "before", "after of the live one", delivery=True),)
    live = [
        Change(action, "search", "SlackChannel", f"live-{action.value}", "id", (Reason.FIELDS_DIFFER,), fields)
        for action in (Action.UPDATE, Action.REPLACE, Action.DELETE)
    ]
    new = [
        Change(Action.CREATE, "search", "EmailGroup", f"group-{number}", None, (Reason.CREATED,), fields)
        for number in range(900)
    ]
    plan = replace(PLAN, targets=(TargetPlan("search", "opensearch", changes=(*new, *live)),))
    files = {f"group-{number}": f"channels/{'many' if number else 'one'}.yaml" for number in range(900)}
    text = render_markdown(with_files(plan_page(plan), files), 20_000)
    assert utf16_length(text) <= 20_000
    assert all(f"live-{action}" in text for action in ("update", "replace", "delete"))
    assert text.count("after of the live one") >= 3
    cut = text.partition("Cut for length")[2]
    assert "create" in cut
    assert "live-" not in cut
    assert "in `channels/many.yaml` (" in cut


def test_a_plan_that_fits_is_not_cut() -> None:
    assert "Cut for length" not in render_markdown(plan_page(plan_of(20)))


def test_very_long_remarks_and_very_many_targets_keep_the_limit() -> None:
    unread = tuple(UnreadTarget(f"t{number}", "opensearch", "long " * 5000) for number in range(300))
    many = replace(PLAN, targets=(), unread=unread)
    text = render_markdown(plan_page(many))
    assert utf16_length(text) <= COMMENT_LIMIT
    assert all(f"`t{number}`" in text for number in range(300)), "each is named"
    assert "**Cut for length:** the remarks of 300 targets: `t0`, `t1`, " in text
    short = render_markdown(plan_page(many), 9_000)
    assert utf16_length(short) <= 9_000
    assert "**Cut for length:** the headings and remarks of 300 targets: `t0`, `t1`, " in short


def test_long_remarks_of_some_targets_are_cut_before_any_of_them_is_dropped() -> None:
    unread = tuple(UnreadTarget(f"t{number}", "opensearch", "long " * 5000) for number in range(40))
    text = render_markdown(plan_page(replace(PLAN, targets=(), unread=unread)))
    assert utf16_length(text) <= COMMENT_LIMIT
    assert text.count("could not be read: long long") == 40
    assert "Cut for length" not in text


@pytest.mark.parametrize("name", [*NAMES, "www.evil.example", "#12", "one\n# big", "a*b*"])
def test_a_name_in_the_headline_is_text_in_code(name: str) -> None:
    disabled = Disabled("SlackChannel", name, "id", by_hand=False)
    plan = Plan("acme", "acme", (TargetPlan("search", "opensearch", disabled=(disabled,)),))
    reader = rendered(render_markdown(plan_page(plan)))
    assert reader.tags <= OURS
    outside = "".join(reader.outside)
    for sign in ("@", "#1", "!7", "evil", "script", "::", "bold", "big"):
        assert sign not in outside


def test_bytes_are_counted_where_bytes_are_limited() -> None:
    assert byte_length(render_markdown(plan_page(plan_of(3000)), 100_000, byte_length)) <= 100_000


def test_a_comment_of_5000_changes_takes_little_longer_than_its_text() -> None:
    plan = plan_of(5000)
    begin = time.process_time()
    render_plan(plan)
    middle = time.process_time()
    render_markdown(plan_page(plan))
    assert time.process_time() - middle < (middle - begin) + 2.0


def test_every_change_is_an_entry() -> None:
    entries = [entry for section in plan_page(PLAN).sections for entry in section.entries]
    assert [entry.name for entry in entries if entry.group != "refused"] == [change.name for change in CHANGES]
