"""Where a report goes: stdout in the form that is asked for, and beside it job summary, comment, annotations, files.

A verb calls `publish` with what it found; `published` makes sure that a run that fails says so in the same places,
so that no older, better news stands. Trouble with a comment or a summary never changes the exit code.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.apply.results import RunResult, Status, TestResult
from reconciler.ci.place import WantedPlace
from reconciler.cli.options import option
from reconciler.cli.terminal import Screen, note, out, show_json
from reconciler.model.errors import ConfigurationError, FindingsError, Level, Place, ReconcilerError
from reconciler.plan.changes import Plan
from reconciler.plan.origin import Drift
from reconciler.report.drift_text import describe_drifted
from reconciler.report.machines import Note

if TYPE_CHECKING:
    from reconciler.engine.load import Workspace
    from reconciler.engine.options import ProjectOptions
    from reconciler.report.machines import Note
    from reconciler.report.texts import Paint
    from reconciler.report.view import Page

_LEAST_ROOM = 4096  # bytes: with less, not even what was cut could be told


def tell_beside(page: Page, output: Output, options: ProjectOptions, notes: list[Note]) -> None:
    if output.annotations:
        annotate(notes)
    without_comment = output.comment and not _comment(page, output, options)
    if output.summary or without_comment:
        _write_summary(page, required=output.summary)


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


def _comment(page: Page, output: Output, options: ProjectOptions) -> bool:
    """Whether the comment was written; if not, it is said why."""
    from reconciler.ci.forges import CommentError, NoTokenError, marker, put_comment
    from reconciler.ci.place import commit_of, find_place, run_of
    from reconciler.report.markdown import COMMENT_LIMIT, render_markdown

    told = (("at", commit_of(os.environ)), ("run", run_of(os.environ)))
    page = replace(page, facts=(*page.facts, *((name, value) for name, value in told if value)))
    line = marker(_project_place(options), *sorted(options.targets), output.comment_id)
    try:
        place = find_place(output.place, os.environ)
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


def _project_place(options: ProjectOptions) -> str:
    """The project file's path within its work tree: the same whether or not the file can be read as a project."""
    from reconciler.manifests.load_project import find_project

    try:
        path = (options.config or find_project(Path.cwd())).resolve()
    except ConfigurationError:
        return ""
    root = next((folder for folder in path.parents if (folder / ".git").exists()), Path.cwd())
    return os.path.relpath(path, root)


def project_name(options: ProjectOptions) -> str:
    return _project_place(options) or "reconciler.yaml"


@dataclass(frozen=True, kw_only=True)
class Output(Screen):
    """Where a report goes, and in which form. `comment` is the site of a comment."""

    form: str = "text"
    summary: bool = False
    annotations: bool = False
    comment: str | None = None
    repo: str = ""
    pr: str = ""
    comment_author: str = ""
    comment_id: str = ""

    @property
    def stdout(self) -> str:
        """Which form stdout gets; `--json` is `-o json`."""
        return "json" if self.as_json else self.form

    @property
    def is_beside(self) -> bool:
        """Whether the report goes elsewhere too."""
        return bool(self.summary or self.annotations or self.comment)

    @property
    def names_commit(self) -> bool:
        """Whether the report outlives the screen, and so names the commit that it is about."""
        return self.stdout != "text" or self.summary or self.comment is not None

    @property
    def place(self) -> WantedPlace:
        """Where the comment goes, as far as flags say."""
        return WantedPlace(self.comment or "", self.repo, self.pr, self.comment_author)


FORMS = ("text", "json", "markdown", "html")

FORM = option(
    "-o", "--output", "form", type=click.Choice(FORMS), default="text", show_default=True, help="The form on stdout."
)

OUTPUTS = (
    FORM,
    option("--summary", is_flag=True, help="Also write to the job's summary (GitHub Actions)."),
    option("--annotations", is_flag=True, help="Also annotate files with what is wrong (GitHub Actions)."),
    option("--comment", type=click.Choice(["github", "gitlab"]), help="Keep one comment up to date on the request."),
    option("--repo", default="", help="Repository or project of the comment; by default the job's own."),
    option("--pr", default="", help="Number of the pull or merge request; by default the job's own."),
    option("--comment-author", default="", help="Who we are there; by default the token's user."),
    option("--comment-id", default="", help="Tells several comments on one request apart."),
)

Command = Callable[..., int]


def published(what: str) -> Callable[[Command], Command]:
    """Have a verb tell of its failure wherever it would have told of its outcome; the error goes on to the door."""

    def decorate(command: Command) -> Command:
        @wraps(command)
        def run(options: Any, output: Any, *more: Any) -> int:
            with _TellingOfFailure(what, options, output):
                return command(options, output, *more)

        return run

    return decorate


class _TellingOfFailure:
    def __init__(self, what: str, options: ProjectOptions, output: Output) -> None:
        self._what = what
        self._options = options
        self._output = output

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if (
            error is None
            or isinstance(error, (click.ClickException, click.exceptions.Exit))
            or not self._output.is_beside
        ):
            return
        from reconciler.report.view import failure_page

        messages, notes = _what_went_wrong(error)
        page = failure_page(self._what, project_name(self._options), messages)
        tell_beside(page, self._output, self._options, notes)


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
    what: str,
    value: Any,
    output: Output,
    options: ProjectOptions,
    workspace: Workspace | None = None,
    *,
    silent: bool = False,
    **more: Any,
) -> None:
    """Show a plan, apply (a RunResult), test (TestResults) or drift, and send it wherever the flags say.

    `silent`: as text there is nothing to say. `more` are a report's further parts: `errors` of the tests' targets.
    """
    form = output.stdout
    if form == "text" and not silent:
        out(_text(what, value, output.paint))
    elif form == "json":
        show_json(_document(what, value))
    beside = output.is_beside
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
        tell_beside(page, output, options, _notes(what, value, workspace, more.get("errors", ())))


def _text(what: str, value: Any, paint: Paint) -> str:
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
    from reconciler.plan.saved import plan_document
    from reconciler.report.document import result_document, tests_document

    if what == "plan":
        return plan_document(value)
    return result_document(value) if what == "apply" else tests_document(value)


def _page(what: str, value: Any, project: str, **more: Any) -> Page:
    from reconciler.report import view as pages

    if what == "plan":
        return pages.plan_page(value)
    if what == "drift":
        return pages.drift_page(value)
    return pages.result_page(project, value) if what == "apply" else pages.page_of_tests(project, value, **more)


def _notes(what: str, value: Any, workspace: Workspace | None, errors: Any) -> list[Note]:
    """What deserves an annotation: what failed or moved, at its manifest."""

    manifests = workspace.desired.manifests if workspace is not None else {}
    places = {name: manifest.source.place for name, manifest in manifests.items()}
    return [*notes_of(what, value, places), *((Level.ERROR, None, text) for text in errors)]


def write_file(path: Path, text: str) -> None:
    """Write one report file; ConfigurationError says why not."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from None


Places = Mapping[str, Callable[[], Place]]
"""Where each manifest is, by name; a place is looked up only when it is needed."""

_FINE = (Status.APPLIED, Status.SKIPPED, Status.HELD)


def notes_of(what: str, value: Any, places: Places) -> Iterator[Note]:
    """The notes of a plan, an apply, tests or drift."""
    if what == "plan":
        return _of_plan(value, places)
    if what == "drift":
        return _of_drift(value, places)
    if what == "apply":
        return _of_result(value, places)
    return _of_tests(value, places)


def _at(name: str, places: Places) -> Place | None:
    return places[name]() if name in places else None


def _of_plan(plan: Plan, places: Places) -> Iterator[Note]:
    for target in plan.targets:
        if target.error:
            yield Level.ERROR, None, f"target {target.target} could not be read: {target.error}"
        for refusal in target.refusals:
            yield Level.ERROR, _at(refusal.name, places), f"{target.target}: {refusal.name}: {refusal.message}"
        for change in target.changes:
            if change.held:
                yield Level.WARNING, _at(change.name, places), f"{target.target}: {change} is held back: {change.held}"


def _of_drift(drift: Drift, places: Places) -> Iterator[Note]:
    yield from (item for item in _of_plan(drift.plan, places) if item[0] is Level.ERROR)
    for moved in drift.moved:
        name = moved.change.name
        yield Level.WARNING, _at(name, places), f"{moved.target}: {moved.change} {describe_drifted(moved)}"


def _of_result(result: RunResult, places: Places) -> Iterator[Note]:
    for target in result.targets:
        if target.error:
            yield Level.ERROR, None, f"target {target.target} could not be read: {target.error}"
        for item in target.results:
            if item.status is not Status.APPLIED:
                level = Level.WARNING if item.status in _FINE else Level.ERROR
                text = f"{target.target}: {item.change} {item.status.value}: {item.text}"
                yield level, _at(item.change.name, places), text
        yield from _of_tests(list(target.tests), places)


def _of_tests(tests: list[TestResult], places: Places) -> Iterator[Note]:
    for test in tests:
        if test.failed:
            yield Level.ERROR, _at(test.name, places), f'{test.target}: test of {test.kind} "{test.name}": {test.text}'
