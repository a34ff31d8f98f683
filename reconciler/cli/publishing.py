"""Where a report goes: stdout in the form that is asked for, and beside it job summary, comment, annotations, files.

A verb calls `publish` with what it found; `published` makes sure that a run that fails says so in the same places,
so that no older, better news stands. Trouble with a comment or a summary never changes the exit code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.beside import is_told_beside, project_name, tell_beside
from reconciler.cli.options import option
from reconciler.cli.terminal import out, paint_for, show_json
from reconciler.errors import ConfigurationError, FindingsError, Level, ReconcilerError

if TYPE_CHECKING:
    from reconciler.cli.workspace import Workspace
    from reconciler.report.machines import Note
    from reconciler.report.page import Page

__all__ = ["FORMS", "OUTPUTS", "form_of", "publish", "published", "write_file"]

FORMS = ("text", "json", "markdown", "html")

OUTPUTS = (
    option("-o", "--output", type=click.Choice(FORMS), default="text", show_default=True, help="The form on stdout."),
    option("--summary", is_flag=True, help="Also write to the job's summary (GitHub Actions)."),
    option("--annotations", is_flag=True, help="Also annotate files with what is wrong (GitHub Actions)."),
    option("--comment", type=click.Choice(["github", "gitlab"]), help="Keep one comment up to date on the request."),
    option("--repo", help="Repository or project of the comment; by default the job's own."),
    option("--pr", help="Number of the pull or merge request; by default the job's own."),
    option("--comment-author", help="Who we are there; by default github-actions[bot], or the token's user."),
    option("--comment-id", default="", help="Tells several comments on one request apart."),
)

Flags = Mapping[str, Any]
Command = Callable[..., int]


def form_of(flags: Flags) -> str:
    """Which form stdout gets; `--json` is `-o json`."""
    return "json" if flags.get("as_json") else flags.get("output") or "text"


def published(what: str) -> Callable[[Command], Command]:
    """Have a verb tell of its failure wherever it would have told of its outcome; the error goes on to the door."""

    def decorate(command: Command) -> Command:
        @wraps(command)
        def run(**flags: Any) -> int:
            with _TellingOfFailure(what, flags):
                return command(**flags)

        return run

    return decorate


class _TellingOfFailure:
    def __init__(self, what: str, flags: Flags) -> None:
        self._what = what
        self._flags = flags

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if (
            error is None
            or isinstance(error, (click.ClickException, click.exceptions.Exit))
            or not is_told_beside(self._flags)
        ):
            return
        from reconciler.report.pages import failure_page

        messages, notes = _what_went_wrong(error)
        page = failure_page(self._what, project_name(self._flags), messages)
        tell_beside(page, self._flags, notes)


def _what_went_wrong(error: BaseException) -> tuple[list[str], list[Note]]:
    if isinstance(error, FindingsError):
        from reconciler.report.machines import notes_of_findings

        return [str(finding) for finding in error.findings], notes_of_findings(error.findings)
    if isinstance(error, ReconcilerError):
        return [str(error)], [(Level.ERROR, None, str(error))]
    text = f"a fault of reconciler itself ({type(error).__name__}): see the log"
    if isinstance(error, (KeyboardInterrupt, click.exceptions.Abort)):
        text = "the run was interrupted"
    return [text], [(Level.ERROR, None, text)]


def publish(
    what: str, value: Any, flags: Flags, workspace: Workspace | None = None, *, silent: bool = False, **more: Any
) -> None:
    """Show a plan, apply (a RunResult), test (TestResults) or drift, and send it wherever the flags say.

    `silent`: as text there is nothing to say. `more` are a report's further parts: `errors` of the tests' targets.
    """
    form = form_of(flags)
    if form == "text" and not silent:
        out(_text(what, value, flags))
    elif form == "json":
        show_json(_document(what, value))
    beside = is_told_beside(flags)
    if form in ("text", "json") and not beside:
        return
    project = workspace.project.name if workspace is not None else getattr(value, "project", "")
    page = _page(what, value, project, **more)
    if form == "markdown":
        from reconciler.report.markdown import render_markdown

        out(render_markdown(page))
    elif form == "html":
        from reconciler.report.html import render_html

        out(render_html(page))
    if beside:
        tell_beside(page, flags, _notes(what, value, workspace, more.get("errors", ())))


def _text(what: str, value: Any, flags: Flags) -> str:
    paint = paint_for(no_color=flags["no_color"])
    if what == "plan":
        from reconciler.report.plan_text import render_plan

        return render_plan(value, paint)
    if what == "drift":
        from reconciler.report.drift_text import render_drift

        return render_drift(value, paint)
    from reconciler.report.result_text import render_result, render_tests

    return render_result(value, paint) if what == "apply" else render_tests(value, paint)


def _document(what: str, value: Any) -> object:
    if what == "drift":
        from reconciler.report.drift_text import drift_document

        return drift_document(value)
    from reconciler.report.document import plan_document, result_document, tests_document

    if what == "plan":
        return plan_document(value)
    return result_document(value) if what == "apply" else tests_document(value)


def _page(what: str, value: Any, project: str, **more: Any) -> Page:
    from reconciler.report import pages

    if what == "plan":
        return pages.plan_page(value)
    if what == "drift":
        return pages.drift_page(value)
    return pages.result_page(project, value) if what == "apply" else pages.page_of_tests(project, value, **more)


def _notes(what: str, value: Any, workspace: Workspace | None, errors: Any) -> list[Note]:
    """What deserves an annotation: what failed or moved, at its manifest."""
    from reconciler.cli.annotating import notes_of

    manifests = workspace.desired.manifests if workspace is not None else {}
    places = {name: manifest.source.place for name, manifest in manifests.items()}
    return [*notes_of(what, value, places), *((Level.ERROR, None, text) for text in errors)]


def write_file(path: Path, text: str) -> None:
    """Write one report file; ConfigurationError says why not."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from None
