"""`reconciler validate`: checks manifests against schemas, references and what targets support. No network, ever."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from reconciler.cli.main import within
from reconciler.cli.options import COMMON, SELECTING, TimeLimit, option, options, surroundings, takes, time_limit
from reconciler.cli.publishing import published
from reconciler.cli.terminal import Screen, note, out, show_json
from reconciler.engine.load import Workspace, load_workspace
from reconciler.engine.options import ManifestOptions
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import Level, Problem, ProblemsError
from reconciler.report.failure import problem_document


@dataclass(frozen=True, kw_only=True)
class ProblemsOutput:
    """Where problems go besides stdout."""

    annotations: bool = False
    sarif: Path | None = None


@click.command("validate")
@options(COMMON, SELECTING)
@option("--annotations", is_flag=True, help="Also annotate files with what is wrong (GitHub Actions).")
@option("--sarif", type=click.Path(path_type=Path, dir_okay=False), help="Also write the problems as SARIF 2.1.0.")
@time_limit(120)
@takes(ManifestOptions, Screen, ProblemsOutput, TimeLimit)
@published("validate")
def command(options: ManifestOptions, screen: Screen, output: ProblemsOutput, limit: TimeLimit) -> int:
    """Check manifests and project file, offline: all problems of all files at once."""
    try:
        with within(limit.time_limit):
            workspace = load_workspace(options, surroundings())
    except ProblemsError as error:
        _publish(error.problems, output)
        raise
    _publish(workspace.problems, output)
    errors = [item for item in workspace.problems if options.strict or item.level is Level.ERROR]
    if screen.as_json:
        show_json(_document(workspace, valid=not errors))
        return 1 if errors else 0
    paint = screen.paint
    for problem in workspace.problems:
        out(f"{paint(problem.level.value, 'red' if problem in errors else 'yellow')}: {problem}")
    _summarise(workspace, len(errors))
    return 1 if errors else 0


def _publish(problems: Iterable[Problem], output: ProblemsOutput) -> None:
    """Write the problems where CI systems read them; the modules are imported only if asked for, to start fast."""
    if output.sarif is not None:
        from reconciler.cli.ci_outputs import in_work_tree
        from reconciler.cli.publishing import write_file
        from reconciler.report.sarif import render_sarif

        write_file(output.sarif, render_sarif(map(in_work_tree, problems)))
    if output.annotations:
        from reconciler.cli.ci_outputs import annotate

        annotate(problems)


def _summarise(workspace: Workspace, errors: int) -> None:
    count = len(workspace.desired.manifests)
    warnings = len(workspace.problems) - errors
    words = f"{count} manifest{'s' * (count != 1)}, {errors} error{'s' * (errors != 1)}"
    out(words + (f", {warnings} warning{'s' * (warnings != 1)}" if warnings else "") + ".")
    for silence in workspace.silences:
        note(f"note: {silence.manifest.source.location('spec', 'lint', silence.rule)}: {silence}")
    for text in workspace.skipped:
        note(f"note: {text}")


def _document(workspace: Workspace, *, valid: bool) -> dict[str, object]:
    return {
        "format": "reconciler.problems/v1",
        "valid": valid,
        "manifests": len(workspace.desired.manifests),
        "problems": [problem_document(problem) for problem in workspace.problems],
        "skipped": list(workspace.skipped),
        "silenced": [
            {"name": item.manifest.name, "kind": item.manifest.kind, "rule": item.rule, "reason": item.reason}
            for item in workspace.silences
        ],
    }
