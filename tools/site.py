"""Adapts pages that are written for GitHub to the site: links, and how lists are indented.

On the site the README is the first page, and a link to a file of the repository must lead to the repository. Its
Markdown parser (Python-Markdown) needs four spaces where GitHub's accepts two. Pure: `tools/site_hooks.py` calls this
while MkDocs builds.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any

HOME = "https://git.example.org/OWNER/reconciler"
"""Where the repository is; `repo_url` of mkdocs.yml and `Homepage` of pyproject.toml are the same."""

PAGES = {"README.md": "index.md", "CHANGELOG.md": "changelog.md", "SECURITY.md": "security.md"}
"""Files outside of docs/ that are pages of the site, with their names there."""

FOLDER = "docs/"

BOOSTS = {"messages.md": 0.1, "questions.md": 3, "everyday.md": 3, "aws.md": 2, "troubleshooting.md": 2}
"""How much a page counts in a search if that is not 1, so that answers come before the list of all messages."""

_LINK = re.compile(r"(\]\(|\b(?:src|srcset|href)=\")([^)\s\"]+)(\)|\")")
_FENCE = re.compile(r"^( *)(```|~~~)")
_LIST = re.compile(r"^( {2,3})(?=\S)")
_ITEM = re.compile(r"^([-*+]|\d+[.)]) ")
_COUNTED = re.compile(r"<(li|pre|table|tr|h[1-6]|img|blockquote)\b")


def source_of(page: str) -> str:
    """The file of the repository that a page of the site is made from."""
    return next((source for source, name in PAGES.items() if name == page), f"{FOLDER}{page}")


def with_site_links(markdown: str, page: str, exists: Callable[[str], bool]) -> str:
    """The text of a page with each link as the site needs it; ValueError for a link to a file that does not exist."""
    here = posixpath.dirname(source_of(page))

    def replaced(link: re.Match[str]) -> str:
        before, target, after = link.groups()
        return before + _target(target, here, page, exists) + after

    return "".join(text if fenced else _LINK.sub(replaced, text) for fenced, text in _pieces(markdown))


def _target(target: str, here: str, page: str, exists: Callable[[str], bool]) -> str:
    if re.match(r"(https?|mailto):|#", target):
        return target
    path, hash_, anchor = target.partition("#")
    file = posixpath.normpath(posixpath.join(here, path))
    if not exists(file):
        raise ValueError(f"{source_of(page)} links to {target}, and there is no {file}")
    on_site = PAGES.get(file) or (file.removeprefix(FOLDER) if file.startswith(FOLDER) else None)
    if on_site is None:
        return f"{HOME}/blob/main/{file}{hash_}{anchor}"
    return posixpath.relpath(on_site, posixpath.dirname(page) or ".") + hash_ + anchor


def _pieces(markdown: str) -> Iterator[tuple[bool, str]]:
    """The lines of the text, each with whether it is in a fenced block."""
    fence = ""
    for line in markdown.splitlines(keepends=True):
        found = _FENCE.match(line)
        yield bool(fence or found), line
        if found:
            fence = "" if fence == found[2] else fence or found[2]


def indented(markdown: str) -> str:
    """The text with the content of lists indented by four spaces, fenced blocks as a whole, and with the blank lines
    that Python-Markdown needs before a list, and before an item that follows one of several paragraphs."""
    lines: list[str] = []
    moved, fence = "", ""
    in_list = loose = False
    previous = ""
    for line in markdown.splitlines(keepends=True):
        inside = _LIST.match(line)
        found = _FENCE.match(line)
        if not fence:
            moved = " " * (4 - len(inside[1])) if inside else ""
            if _ITEM.match(line):
                if previous.strip() and (loose or not in_list):
                    lines.append("\n")
                in_list, loose = True, False
            elif not previous.strip() and line.strip():
                in_list = loose = in_list and line.startswith("  ")
        lines.append(moved + line if line.strip() else line)
        if found:
            fence = "" if fence == found[2] else fence or found[2]
        previous = line
    return "".join(lines)


def counted(html: str) -> dict[str, int]:
    """How many list items, tables, headings and so on a page has, on which two parsers of one text must agree."""
    tags = _COUNTED.findall(html)
    return {tag: tags.count(tag) for tag in sorted({*tags})}


def fetched(html: str) -> list[str]:
    """Addresses on other hosts from which a browser would fetch something to show this page."""
    sources = re.findall(r"<(?:script|img|iframe|source)\b[^>]*?\bsrc(?:set)?=\"?(https?:[^\"\s>]+)", html)
    links = re.findall(r"<link\b(?=[^>]*rel=\"?(?:stylesheet|preconnect|icon))[^>]*", html)
    return sources + [address for link in links for address in re.findall(r"\bhref=\"?(https?:[^\"\s>]+)", link)]


Nav = list[dict[str, Any]]


def entries(nav: Nav) -> list[str]:
    """Every page that the navigation names, in its order."""
    values = [value for item in nav for value in item.values()]
    return [page for value in values for page in ([value] if isinstance(value, str) else entries(value))]


def completed(nav: Nav, pages: list[str]) -> Nav:
    """The navigation with a last section for the pages that it does not name; MkDocs takes their titles from them."""
    omitted = [page for page in pages if page not in entries(nav)]
    return [*nav, {"More": omitted}] if omitted else nav
