"""Publishes a report: on stdout in the form that was asked for, and in a CI job also as summary, comment, annotations.

A verb calls `publish` with its result. `published` makes sure that a run that fails reports this in the same places, so
that an earlier, better report is not taken for its own. A comment or summary that fails never changes the exit code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import click

from reconciler.cli.options import option
from reconciler.cli.terminal import Screen, begin_document, is_document_shown, out, show_document, show_json
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ConfigurationError, Exit, Level, Problem, ProblemsError, ReconcilerError

if TYPE_CHECKING:
    from reconciler.cli.ci_outputs import CiOutputs
    from reconciler.engine.load import Workspace
    from reconciler.engine.options import ProjectOptions
    from reconciler.report.view import Page, Paint


@dataclass(frozen=True, kw_only=True)
class Output(Screen):
    """Where a report goes, and in which form. `comment` is the site to comment on: `github`, `gitlab`, or None."""

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
        """The form of the report on stdout, one of FORMS; `--json` means `-o json`."""
        return "json" if self.as_json else self.form

    @property
    def has_ci_outputs(self) -> bool:
        """Whether the report also goes to the summary, to annotations or to a comment."""
        return bool(self.summary or self.annotations or self.comment)

    @property
    def names_commit(self) -> bool:
        """Whether the report names the commit that it is about, since it will be read later than on this screen."""
        return self.stdout != "text" or self.summary or self.comment is not None

    def ci_outputs(self, options: ProjectOptions) -> CiOutputs:
        """Where the report of a run with these options goes besides stdout."""
        from reconciler.ci.jobs import WantedThread
        from reconciler.cli.ci_outputs import CiOutputs

        thread = WantedThread(self.comment, self.repo, self.pr, self.comment_author) if self.comment else None
        return CiOutputs(self.annotations, self.summary, thread, options.config, options.targets, self.comment_id)


FORMS = ("text", "json", "markdown", "html")

FORM = option(
    "-o",
    "--output",
    "form",
    type=click.Choice(FORMS),
    default="text",
    show_default=True,
    help="Output format on stdout.",
)

OUTPUTS = (
    FORM,
    option("--summary", is_flag=True, help="Also write to the job's summary (GitHub Actions)."),
    option("--annotations", is_flag=True, help="Also annotate files with what is wrong (GitHub Actions)."),
    option("--comment", type=click.Choice(["github", "gitlab"]), help="Keep one comment up to date on the request."),
    option("--repo", default="", help="Repository or project of the comment; by default the job's own."),
    option("--pr", default="", help="Number of the pull or merge request; by default the job's own."),
    option("--comment-author", default="", help="Author of the comment; by default the token's user."),
    option("--comment-id", default="", help="Identifies one of several comments on one request."),
)

Command = Callable[..., int]


def published(what: str) -> Callable[[Command], Command]:
    """Have a verb report a failure wherever it would have reported its result; the error is raised again for `main`.

    Before anything else, our earlier comment is replaced by a note that a new run is under way: even if this run is
    killed, an earlier, better report is not taken for its own.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def run(options: Any, output: Any, *more: Any) -> int:
            report = _FailureReport(what, options, output, more)
            try:
                report.announce()
                return command(options, output, *more)
            except BaseException as error:
                report.tell(error)
                raise

        return run

    return decorate


@runtime_checkable
class ReportFiles(Protocol):
    """Report files that a verb also writes when it fails."""

    def write_failure(self, problems: list[Problem]) -> None:
        """Write what stopped the run."""
        ...


class _FailureReport:
    """Reports what stopped a verb, in the form and the places of its report. `output` is a plain Screen for verbs that
    only know text and JSON."""

    def __init__(self, what: str, options: ProjectOptions, output: Screen, more: Iterable[object]) -> None:
        self._what = what
        self._files = [item for item in more if isinstance(item, ReportFiles)]
        self._form = output.stdout if isinstance(output, Output) else "json" if output.as_json else "text"
        self._ci_outputs = output.ci_outputs(options) if isinstance(output, Output) and output.has_ci_outputs else None
        self._config = options.config
        begin_document()

    def announce(self) -> None:
        if self._ci_outputs is not None:
            self._ci_outputs.announce(self._what)

    def tell(self, error: BaseException) -> None:
        if isinstance(error, (click.exceptions.Exit, BrokenPipeError)):
            return
        if self._form != "text" and not is_document_shown():
            with suppress(Exception):  # the error that stopped the run matters more, and is raised again
                self._show(error)
        problems = problems_of_error(error)
        for files in self._files:
            with suppress(Exception):
                files.write_failure(problems)
        if self._ci_outputs is not None and not isinstance(error, click.ClickException):
            self._ci_outputs.tell(self._page(error, problems), problems)

    def _page(self, error: BaseException, problems: list[Problem]) -> Page:
        from reconciler.cli.ci_outputs import project_path
        from reconciler.report.failure import failure_page, note_page

        make = note_page if exit_code_of(error) == Exit.DONE else failure_page
        return make(self._what, project_path(self._config) or "reconciler.yaml", problems)

    def _show(self, error: BaseException) -> None:
        """Print the document that says why there is no report."""
        problems = problems_of_error(error)
        if self._form == "json":
            from reconciler.report.failure import failure_document

            show_json(failure_document(self._what, exit_code_of(error), problems))
        else:
            show_page(self._page(error, problems), self._form)


def exit_code_of(error: BaseException) -> Exit:
    """The exit code that an error ends the process with; ERROR for an unexpected one."""
    if isinstance(error, ReconcilerError):
        return error.exit_code
    if isinstance(error, (KeyboardInterrupt, click.exceptions.Abort)):
        return Exit.INTERRUPTED
    return Exit.USAGE if isinstance(error, click.ClickException) else Exit.ERROR


def show_page(page: Page, form: str) -> None:
    """Print a page as Markdown or HTML."""
    if form == "markdown":
        from reconciler.report.markdown import render_markdown

        show_document(render_markdown(page))
    else:
        from reconciler.report.html import render_html

        show_document(render_html(page))


def problems_of_error(error: BaseException) -> list[Problem]:
    """What stopped a run. Of an unexpected error only the type is named, since its message may hold a secret."""
    if isinstance(error, ProblemsError):
        return error.problems
    if isinstance(error, ReconcilerError):
        return [Problem((), str(error), level=Level.ERROR if error.exit_code else Level.WARNING)]
    if isinstance(error, click.ClickException):
        return [Problem((), error.format_message())]
    if isinstance(error, (KeyboardInterrupt, click.exceptions.Abort)):
        return [Problem((), "the run was interrupted")]
    return [Problem((), f"internal error ({type(error).__name__}): see the log")]


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
    """Print a result on stdout, and send it wherever the flags say.

    `what` and `value`: `plan` and a Plan, `drift` and a Drift, `apply` and a RunResult, or `test` and a list of
    TestResults. `silent`: print nothing if the form is text. `more`: for tests, the `problems` that kept others from
    being made.
    """
    form = output.stdout
    try:
        if form == "text" and not silent:
            out(_text(what, value, output.paint))
        elif form == "json":
            show_json(_document(what, value))
    finally:  # the request gets its comment even if stdout is full or closed
        _publish_page(what, value, output, options, workspace, **more)


def _publish_page(
    what: str, value: Any, output: Output, options: ProjectOptions, workspace: Workspace | None, **more: Any
) -> None:
    """Print the page if the form is Markdown or HTML, and send it to the CI outputs that were asked for."""
    form, in_ci = output.stdout, output.has_ci_outputs
    if form in ("text", "json") and not in_ci:
        return
    project = workspace.project.name if workspace is not None else getattr(value, "project", "")
    page = _page(what, value, project, **more)
    if workspace is not None:
        from reconciler.report.markdown import with_files

        page = with_files(page, {name: item.source.file for name, item in workspace.desired.manifests.items()})
    try:
        if form in ("markdown", "html"):
            show_page(page, form)
    finally:
        if in_ci:
            output.ci_outputs(options).tell(page, _problems(what, value, workspace, more.get("problems", ())))


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
    if what == "plan":
        from reconciler.report.plan_text import plan_page

        return plan_page(value)
    if what == "drift":
        from reconciler.report.drift_text import drift_page

        return drift_page(value)
    from reconciler.report.result_text import page_of_tests, result_page

    return result_page(project, value) if what == "apply" else page_of_tests(project, value, **more)


def _problems(what: str, value: Any, workspace: Workspace | None, more: Iterable[Problem]) -> list[Problem]:
    """What to annotate: what failed, drifted or is held, at its manifest; and `more`."""
    from reconciler.report.problems import problems_of

    manifests = workspace.desired.manifests if workspace is not None else {}
    locations = {name: manifest.source.location for name, manifest in manifests.items()}
    return [*problems_of(what, value, locations), *more]


def write_file(path: Path, text: str) -> None:
    """Write one report file; ConfigurationError if it cannot be written."""
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be written: {error.strerror}") from None
