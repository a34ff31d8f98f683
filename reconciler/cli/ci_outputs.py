"""Where a report goes besides stdout in a CI job: the job's summary, one comment on the request, file annotations."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.ci.jobs import WantedThread
from reconciler.cli.terminal import command, note
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, Problem, ReconcilerError

if TYPE_CHECKING:
    from reconciler.ci.jobs import Thread
    from reconciler.report.view import Page

_LEAST_ROOM = 4096  # bytes: with less, even the note about what was cut would not fit


@dataclass(frozen=True, slots=True)
class CiOutputs:
    """Where a report goes besides stdout. `thread` is the request to comment on, None for no comment; the path of
    `project_file`, `targets` and `comment_id` tell this comment from others on the same request."""

    annotations: bool
    summary: bool
    thread: WantedThread | None
    project_file: Path | None
    targets: tuple[str, ...]
    comment_id: str

    def tell(self, page: Page, problems: list[Problem]) -> None:
        """Send the page everywhere. What fails is noted and never raised, since it must not change the exit code."""
        if self.annotations:
            _guarded("annotations were not written", lambda: annotate(problems))
        uncommented = self.thread is not None and not _guarded(
            "the comment was not written", lambda: self._comment(page)
        )
        if uncommented:
            _say_last("note: --comment: no comment was written, for the reason above; the exit code is not affected")
        if self.summary or uncommented:
            _guarded("the job's summary was not written", lambda: _write_summary(page, required=self.summary))

    def announce(self, what: str) -> None:
        """Replace our earlier comment, if there is one, by a note that a new run is under way."""
        if self.thread is not None:
            _guarded("an earlier comment, if there is one, still stands", lambda: self._announce(what))

    def _announce(self, what: str) -> bool:
        from reconciler.ci.forges import NoTokenError, replace_comment
        from reconciler.report.failure import running_page
        from reconciler.report.markdown import render_markdown

        try:
            thread, line = self._find()
        except ConfigurationError:
            return False  # a job that belongs to no request has no earlier comment; said at the end
        try:
            text = render_markdown(_with_run(running_page(what, project_path(self.project_file))))
            return replace_comment(thread, line, text)
        except NoTokenError:
            return False  # said at the end, with where the report went instead

    def _comment(self, page: Page) -> bool:
        """Whether the comment was written; if there is no token for it, a warning says so."""
        from reconciler.ci.forges import NoTokenError, put_comment
        from reconciler.report.markdown import COMMENT_LIMIT, render_markdown

        try:
            thread, line = self._find()
            done = put_comment(thread, line, render_markdown(_with_run(page), COMMENT_LIMIT - len(line) - 1))
        except NoTokenError as error:
            where = "the job's summary" if os.environ.get("GITHUB_STEP_SUMMARY") else "this log"
            note(f"warning: {error}: the comment was not written, and the report is in {where} only")
            return False
        note(f"comment {done} on {thread.repository} #{thread.request}")
        return True

    def _find(self) -> tuple[Thread, str]:
        from reconciler.ci.forges import marker
        from reconciler.ci.jobs import find_thread

        line = marker(project_path(self.project_file), *sorted(self.targets), self.comment_id)
        return find_thread(self.thread or WantedThread(""), os.environ), line


def _say_last(text: str) -> None:
    """Print a line after everything else that the verb prints."""
    context = click.get_current_context(silent=True)
    if context is None:
        note(text)
    else:
        context.find_root().call_on_close(lambda: note(text))


def _guarded(trouble: str, tell: Callable[[], object]) -> bool:
    """Whether `tell` succeeded; if it raises or returns False, it did not, and an exception is noted as a warning."""
    try:
        return tell() is not False
    except ReconcilerError as error:
        note(f"warning: {trouble}: {error}")
    except OSError as error:
        note(f"warning: {trouble}: {error.strerror or type(error).__name__}")
    except Exception as error:
        note(f"warning: {trouble} ({type(error).__name__})")
    return False


def _with_run(page: Page) -> Page:
    """The page with the commit and the address of this job among its facts, if they are known."""
    from reconciler.ci.jobs import commit_of, run_of

    facts = (("at", commit_of(os.environ)), ("run", run_of(os.environ)))
    return replace(page, facts=(*page.facts, *((name, value) for name, value in facts if value)))


def annotate(problems: Iterable[Problem]) -> None:
    """Print the problems as annotations for GitHub Actions; nothing if there are none."""
    from reconciler.report.machines import render_annotations

    if text := render_annotations([in_work_tree(problem) for problem in problems]):
        command(text)


def in_work_tree(problem: Problem) -> Problem:
    """The problem with its file as GitHub names it: relative to the top of the checkout, wherever the step runs."""
    top, file = os.environ.get("GITHUB_WORKSPACE", ""), problem.location.file
    path = Path(file).absolute()
    if not top or not file or not path.is_relative_to(Path(top).absolute()):
        return problem
    return problem.in_file(path.relative_to(Path(top).absolute()).as_posix())


def _write_summary(page: Page, *, required: bool) -> None:
    """Append the page to the step's summary, cut to the room that GitHub's limit leaves."""
    from reconciler.report.markdown import SUMMARY_LIMIT, byte_length, render_markdown

    path = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not path:
        if required:
            note("note: this job has no summary (GITHUB_STEP_SUMMARY is not set)")
        return
    file = Path(path)
    room = SUMMARY_LIMIT - (file.stat().st_size if file.exists() else 0) - 1
    if room < _LEAST_ROOM:
        note("warning: this step's summary is full: the report was not added to it")
        return
    with file.open("a", encoding="utf-8") as summary:
        summary.write(render_markdown(page, room, byte_length) + "\n")


def project_path(config: Path | None) -> str:
    """The project file's path from the top of its work tree, also if it is not a valid project; "" if there is none."""
    from reconciler.manifests.load_project import find_project

    try:
        path = (config or find_project(Path.cwd())).resolve()
    except ConfigurationError:
        return ""
    root = next((folder for folder in path.parents if (folder / ".git").exists()), Path.cwd())
    return os.path.relpath(path, root)
