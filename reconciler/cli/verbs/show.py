"""`reconciler show FILE...`: prints saved plans, several as one and in any form of a plan, or journals. No network."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import complete_target, option, options, surroundings, takes
from reconciler.cli.publishing import OUTPUTS, Output, publish, published
from reconciler.cli.terminal import note, out, set_up_logging, show_json
from reconciler.engine.options import ProjectOptions
from reconciler.engine.plan import plan_exit_code
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.engine.shown import Texts


@dataclass(frozen=True, kw_only=True)
class ShowOptions(ProjectOptions):
    """`show`: the saved files, or folders of them, and the targets that they must hold a plan of (`expect`)."""

    paths: tuple[Path, ...]
    expect: tuple[str, ...] = ()
    base: str | None = None
    detailed_exitcode: bool = False


@click.command("show")
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@option("-c", "--config", type=click.Path(path_type=Path), help="The project file, for --expect and --comment.")
@option(
    "--expect",
    multiple=True,
    metavar="TARGET",
    help="Fail unless these targets of the project (globs too; '*' for all) are planned.",
    shell_complete=complete_target,
)
@option("--base", metavar="REF", help="Expect the targets of the project file at this commit, as plans with --base do.")
@option("--detailed-exitcode", is_flag=True, help="Exit 2 if there are changes or fields not compared.")
@options(OUTPUTS)
@option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@option("--no-color", is_flag=True, help="Print no colours (also NO_COLOR).")
@takes(ShowOptions, Output)
@published("plan")
def command(shown: ShowOptions, output: Output) -> int:
    """Print saved plans as one, or the journals of applies. A folder stands for all plans in it.

    Ends as the plan did: 1 if a file, or a target that is expected, gave no plan.
    """
    from reconciler.engine.shown import expand_files, expected_targets, read_texts

    set_up_logging(0)
    expected = expected_targets(shown.expect, shown.config, shown.base, surroundings())
    texts = read_texts(expand_files(shown.paths, expected))
    journals = {name for name, text in texts.items() if _is_journal(text)}
    if not journals:
        return _show_plans(texts, expected, shown, output)
    if journals != set(texts):
        raise click.UsageError("plans and journals cannot be shown as one: name files of one kind")
    if expected:
        raise click.UsageError("a journal is not a plan: leave out --expect, or name the plans")
    _show_journals(texts, output)
    return 0


def _is_journal(text: str | ReconcilerError) -> bool:
    """Whether the first line is a JSON document in one line that names the journal's format."""
    if isinstance(text, ReconcilerError):
        return False
    first = text.partition("\n")[0]
    return first.startswith("{") and "reconciler.journal/" in first


def _show_journals(texts: Texts, output: Output) -> None:
    """Print every step of the journals, and what was under way when a run broke off."""
    from reconciler.apply.journal import journal_document, parse_journal
    from reconciler.report.result_text import render_journal

    if output.form != "text":
        raise click.UsageError(f"a journal cannot be shown as {output.form}: leave out -o, or pass --json")
    if output.has_ci_outputs:
        raise click.UsageError("a journal is not a report: leave out --comment, --summary and --annotations")
    lines = [line for name, text in texts.items() if isinstance(text, str) for line in parse_journal(text, name)]
    if output.as_json:
        show_json(journal_document(lines))
    else:
        out(render_journal(lines, output.paint))


def _show_plans(texts: Texts, expected: Collection[str], shown: ShowOptions, output: Output) -> int:
    """Print the plans as `plan` printed them; with a key in the environment, also whether their signatures fit."""
    from reconciler.engine.shown import merge_files

    merged = merge_files(texts, expected, os.environ)
    publish("plan", merged.plan, output, shown)
    for name in merged.verified:
        note(f"note: {name}: its signature is valid")
    _repeat_warnings(merged.plan.notes)
    return plan_exit_code(merged.plan, detailed=shown.detailed_exitcode)


def _repeat_warnings(notes: Sequence[str]) -> None:
    """Print the plan's warnings on stderr too, since stdout may go to a file."""
    for text in notes:
        if text.startswith("warning: "):
            note(text)
