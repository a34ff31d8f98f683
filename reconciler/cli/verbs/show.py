"""`reconciler show FILE`: print what was saved, in any form that a plan has. It needs no network and no project."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reconciler.cli.main import set_up_logging
from reconciler.cli.options import option, takes
from reconciler.cli.publishing import FORM, Output, publish
from reconciler.cli.terminal import note, out, show_json
from reconciler.engine.options import ProjectOptions
from reconciler.engine.saved_plan import read_file
from reconciler.model.dataclass import dataclass
from reconciler.model.errors import RefusedError


@dataclass(frozen=True, kw_only=True)
class ShowOptions:
    """`show`: the file that was saved."""

    file: Path


@click.command("show")
@click.argument("file", type=click.Path(path_type=Path))
@FORM
@option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@option("--no-color", is_flag=True, help="No colours, as with NO_COLOR.")
@takes(ShowOptions, Output)
def command(shown: ShowOptions, output: Output) -> int:
    """Print a saved plan, or the journal of an apply."""
    set_up_logging(0)
    text = read_file(shown.file)
    if _is_journal(text):
        _show_journal(text, str(shown.file), output)
    else:
        _show_plan(text, str(shown.file), output)
    return 0


def _is_journal(text: str) -> bool:
    """Whether the first line stands for itself, as only a journal's does."""
    first = text.partition("\n")[0]
    return first.startswith("{") and "reconciler.journal/" in first


def _show_journal(text: str, name: str, output: Output) -> None:
    """A journal is shown step by step, with what was under way when it broke off."""
    from reconciler.apply.journal import journal_document, parse_journal
    from reconciler.report.result_text import render_journal

    if output.form != "text":
        raise click.UsageError(f"a journal cannot be shown as {output.form}: leave out -o, or pass --json")
    lines = parse_journal(text, name)
    if output.as_json:
        show_json(journal_document(lines))
    else:
        out(render_journal(lines, output.paint))


def _show_plan(text: str, name: str, output: Output) -> None:
    """A plan is shown as `plan` showed it; whether it is as it was signed is said where there is a key."""
    from reconciler.plan.saved import check_signature, parse_document, parse_plan, plan_key

    document = parse_document(text, name)
    publish("plan", parse_plan(document, name), output, ProjectOptions())
    try:
        if check_signature(document, plan_key(os.environ), name):
            note(f"note: {name} is as it was signed")
    except RefusedError as error:
        note(f"warning: {error}")
