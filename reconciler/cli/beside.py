"""What goes beside stdout: job summary, comment on a request, annotations. Trouble here is told, never raised.

Apart from `publishing`, which knows the verbs and their reports: here a page is a page.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.cli.terminal import note
from reconciler.errors import ConfigurationError, Place

if TYPE_CHECKING:
    from reconciler.report.machines import Note
    from reconciler.report.page import Page

__all__ = ["annotate", "in_work_tree", "is_told_beside", "project_name", "tell_beside"]

_LEAST_ROOM = 4096  # bytes: with less, not even what was cut could be told

Flags = Mapping[str, Any]


def is_told_beside(flags: Flags) -> bool:
    return bool(flags.get("summary") or flags.get("annotations") or flags.get("comment"))


def tell_beside(page: Page, flags: Flags, notes: list[Note]) -> None:
    if flags.get("annotations"):
        annotate(notes)
    without_comment = flags.get("comment") and not _comment(page, flags)
    if flags.get("summary") or without_comment:
        _write_summary(page, required=bool(flags.get("summary")))


def annotate(notes: Iterable[Note]) -> None:
    """Annotate files in GitHub Actions; nothing is said where there is nothing to annotate."""
    from reconciler.report.machines import render_annotations

    placed = [(level, place and in_work_tree(place), text) for level, place, text in notes]
    if text := render_annotations(placed):
        note(text)


def in_work_tree(place: Place) -> Place:
    """The place with its file as GitHub knows it: from the top of the checkout, wherever the step runs."""
    top = os.environ.get("GITHUB_WORKSPACE", "")
    path = Path(place.file).absolute()
    if not top or not place.file or not path.is_relative_to(Path(top).absolute()):
        return place
    return replace(place, file=path.relative_to(Path(top).absolute()).as_posix())


def _comment(page: Page, flags: Flags) -> bool:
    """Whether the comment was written; if not, it is said why."""
    from reconciler.comments import CommentError, NoTokenError, find_place, marker, put_comment
    from reconciler.comments.place import commit_of, run_of
    from reconciler.report.markdown import COMMENT_LIMIT, render_markdown

    told = (("at", commit_of(os.environ)), ("run", run_of(os.environ)))
    page = replace(page, facts=(*page.facts, *((name, value) for name, value in told if value)))
    line = marker(_project_place(flags), *sorted(flags.get("targets") or ()), flags["comment_id"])
    try:
        place = find_place(flags["comment"], flags, os.environ)
        done = put_comment(place, line, render_markdown(page, COMMENT_LIMIT - len(line) - 1))
    except NoTokenError as error:
        note(f"warning: {error}; the report goes to the job's summary only")
        return False
    except (CommentError, ConfigurationError) as error:
        note(f"warning: the comment was not written: {error}")
        return False
    note(f"comment {done} on {place.repository} #{place.request}")
    return True


def _write_summary(page: Page, *, required: bool) -> None:
    """Add the page to the step's summary, as far as the step's limit has room."""
    from reconciler.report.markdown import SUMMARY_LIMIT, byte_length, render_markdown

    path = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not path:
        if required:
            note("note: this job has no summary (GITHUB_STEP_SUMMARY is not set)")
        return
    file = Path(path)
    try:
        room = SUMMARY_LIMIT - (file.stat().st_size if file.exists() else 0) - 1
        if room < _LEAST_ROOM:
            note("warning: this step's summary is full: the report was not added to it")
            return
        with file.open("a", encoding="utf-8") as summary:
            summary.write(render_markdown(page, room, byte_length) + "\n")
    except OSError as error:
        note(f"warning: the job's summary was not written: {error.strerror}")


def _project_place(flags: Flags) -> str:
    """The project file's path within its work tree: the same whether or not the file can be read as a project."""
    from reconciler.manifests import find_project

    try:
        path = (flags.get("config") or find_project(Path.cwd())).resolve()
    except ConfigurationError:
        return ""
    root = next((folder for folder in path.parents if (folder / ".git").exists()), Path.cwd())
    return os.path.relpath(path, root)


def project_name(flags: Flags) -> str:
    return _project_place(flags) or "reconciler.yaml"
