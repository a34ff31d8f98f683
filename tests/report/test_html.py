"""The HTML page: one file that needs nothing from outside, in which what users wrote is text."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from reconciler.report.html import render_html
from reconciler.report.plan_text import plan_page
from reconciler.report.result_text import result_page
from tests.report.hostile import NAMES, PLAN, RESULT


class Reader(HTMLParser):
    """Every element with its attributes, and the text of the page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(params=["plan", "apply"])
def html(request: pytest.FixtureRequest) -> str:
    return render_html(plan_page(PLAN) if request.param == "plan" else result_page("acme", RESULT))


def test_nothing_is_loaded_from_outside(html: str) -> None:
    for tag, attributes in Reader(html).elements:
        assert tag not in ("link", "img", "iframe", "object", "form", "a")
        assert not {"src", "href", "action", "style"} & set(attributes)
        assert not any(name.startswith("on") for name in attributes)


def test_the_policy_admits_only_our_own_style_and_script(html: str) -> None:
    for tag, word in (("style", "style-src"), ("script", "script-src")):
        (source,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{word} 'sha256-{digest}'" in html


def test_hostile_names_are_text(html: str) -> None:
    reader = Reader(html)
    assert [tag for tag, _ in reader.elements].count("script") == 1
    assert NAMES[1] in reader.text
    assert "\u202e" not in html
