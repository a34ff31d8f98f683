"""The pages as the site reads them: links lead on, lists are as GitHub shows them, nothing comes from elsewhere."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import yaml

from tools import site

ROOT = Path(__file__).resolve().parents[2]
MKDOCS = (ROOT / "mkdocs.yml").read_text("utf-8")


def there(name: str) -> bool:
    return (ROOT / name).exists()


@pytest.mark.parametrize(
    ("page", "link", "leads_to"),
    [
        ("index.md", "docs/apply.md#calls", "apply.md#calls"),
        ("apply.md", "../README.md", "index.md"),
        ("reference/kinds.md", "../secrets.md", "../secrets.md"),
        ("reference/kinds.md", "../../README.md#verbs", "../index.md#verbs"),
        ("apply.md", "../schemas/v1/journal.json", f"{site.HOME}/blob/main/schemas/v1/journal.json"),
        ("apply.md", "https://example.org/x", "https://example.org/x"),
        ("apply.md", "#calls", "#calls"),
    ],
)
def test_a_link_leads_to_the_page_or_to_the_repository(page: str, link: str, leads_to: str) -> None:
    assert site.with_site_links(f"See [it]({link}).", page, there) == f"See [it]({leads_to})."


def test_a_link_to_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"docs/apply.md links to nowhere.md, and there is no docs/nowhere.md"):
        site.with_site_links("[it](nowhere.md)", "apply.md", there)


def test_what_stands_in_a_fence_is_no_link() -> None:
    text = "```\n[it](nowhere.md)\n```\n"
    assert site.with_site_links(text, "apply.md", there) == text


def test_lists_are_indented_with_their_fences() -> None:
    text = "1. one\n\n   ```\n   a\n     b\n\n   ```\n2. two\n  - three\n\n```\n  as it is\n```\n"
    wanted = "1. one\n\n    ```\n    a\n      b\n\n    ```\n\n2. two\n    - three\n\n```\n  as it is\n```\n"
    assert site.indented(text) == wanted


def test_blank_lines_stand_where_the_site_wants_them() -> None:
    assert site.indented("Text:\n- one\n  more\n- two\n") == "Text:\n\n- one\n    more\n- two\n"
    assert site.indented("- one\n\n  more\n- two\n- three\n") == "- one\n\n    more\n\n- two\n- three\n"


def test_what_is_fetched_from_elsewhere_is_found() -> None:
    here = '<script src="assets/x.js"></script><a href="https://example.org">'
    assert site.fetched(here) == []
    assert site.fetched('<link href="https://fonts.example.org/x" rel="stylesheet">') == ["https://fonts.example.org/x"]
    assert site.fetched("<script async src=https://example.org/x.js>") == ["https://example.org/x.js"]


def test_one_home() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert f"repo_url: {site.HOME}\n" in MKDOCS
    assert pyproject["project"]["urls"]["Homepage"] == site.HOME


def test_the_navigation_names_pages_that_are_there_each_once() -> None:
    named = site.entries(yaml.safe_load(MKDOCS.partition("\nnav:\n")[2]))
    assert len(named) == len(set(named)) > 20
    assert [page for page in named if not (ROOT / site.source_of(page)).is_file()] == []


def test_a_page_that_nobody_has_placed_is_shown_all_the_same() -> None:
    nav: site.Nav = [{"Home": "index.md"}, {"Tasks": [{"Apply": "apply.md"}]}]
    assert site.completed(nav, ["apply.md"]) == nav
    assert site.completed(nav, ["apply.md", "new.md"])[-1] == {"More": ["new.md"]}
