"""Hooks of MkDocs for `make docs`: adds pages from outside of docs/, adapts links, and compares pages with GitHub's."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import cmarkgfm
from cmarkgfm.cmark import Options
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools import site  # noqa: E402 - MkDocs runs this file by its path, so the folder is made known first


def on_config(config: Any) -> Any:
    """Add pages that the navigation does not name, in a section of their own; offer versions if mike builds."""
    if os.environ.get("MIKE_DOCS_VERSION"):
        config.extra["version"] = {"provider": "mike"}
    pages = [path.relative_to(ROOT / site.FOLDER).as_posix() for path in sorted((ROOT / site.FOLDER).rglob("*.md"))]
    config.nav = site.completed(config.nav, pages)
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the pages from outside of docs/."""
    for source, page in site.PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Adapt links and lists, and set how much a page counts in a search."""
    try:
        text = site.with_site_links(markdown, page.file.src_uri, lambda name: (ROOT / name).exists())
    except ValueError as error:
        raise PluginError(str(error)) from None
    page.meta["search"] = {"boost": site.BOOSTS.get(page.file.src_uri, 1)}
    return site.indented(text)


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Refuse a page that GitHub would show differently."""
    source = (ROOT / site.source_of(page.file.src_uri)).read_text("utf-8")
    theirs = site.counted(cmarkgfm.github_flavored_markdown_to_html(source, Options.CMARK_OPT_UNSAFE))
    if (ours := site.counted(html)) != theirs:
        raise PluginError(f"{page.file.src_uri}: GitHub shows {theirs}, the site {ours}: is a list indented by four?")
    return html


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Refuse a page that would fetch something from another host."""
    if found := site.fetched(output):
        raise PluginError(f"{page.file.src_uri} fetches {', '.join(found)}")
    return output
