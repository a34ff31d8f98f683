"""A page as one self-contained HTML file. Pure except for reading its templates, which are part of the package.

jinja2's autoescape escapes every value. The file contains its style sheet and a small search script; its content
security policy allows these two, by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import TYPE_CHECKING

from reconciler.report.view import Page

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("reconciler.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_html(page: Page) -> str:
    """The whole page as one document."""
    environment = _environment()
    sources = {name: environment.get_template(f"report.{name}").render() for name in ("css", "js")}
    digests = {
        name: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for name, text in sources.items()
    }
    template = environment.get_template("report.html")
    return template.render(page=page, digests=digests, sources=sources) + "\n"
