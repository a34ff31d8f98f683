"""The reference pages, `docs/reference/`: every kind, setting, verb, exit code, rule, variable and document.

`python -m tools.reference --write|--check`. All of it is taken from the tables, schemas and commands that the program
itself uses, so that a page cannot say something else. Prose belongs to the other pages, which link here.
"""

from __future__ import annotations

from pathlib import Path

from tools import evidence_page
from tools.reference import documents, environment, kinds, project, tables, verbs

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "reference"


def render() -> dict[Path, str]:
    """Every page with its text; the page on evidence among them, whose tables come from the source too."""
    pages = {
        "kinds": kinds.render(),
        "project": project.render(),
        "verbs": verbs.render(),
        "exit-codes": tables.render_exit_codes(),
        "lint-rules": tables.render_rules(),
        "environment": environment.render(),
        "documents": documents.render(),
    }
    written = {FOLDER / f"{name}.md": text for name, text in pages.items()}
    return written | {evidence_page.PAGE: evidence_page.with_tables(evidence_page.PAGE.read_text("utf-8"))}
