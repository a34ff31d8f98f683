"""`reconciler show FILE`: print what was saved, in any form that a plan has. It needs no network and no project."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from reconciler.cli.main import set_up_logging
from reconciler.cli.publishing import FORMS, publish
from reconciler.cli.terminal import note, out, paint_for, show_json
from reconciler.engine.saved_plan import read_file
from reconciler.model.errors import RefusedError


@click.command("show")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Choice(FORMS), default="text", show_default=True, help="The form on stdout.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@click.option("--no-color", is_flag=True, help="No colours, as with NO_COLOR.")
def command(file: Path, **flags: Any) -> int:
    """Print a saved plan, or the journal of an apply."""
    set_up_logging(0)
    text = read_file(file)
    if _is_journal(text):
        _show_journal(text, str(file), flags)
    else:
        _show_plan(text, str(file), flags)
    return 0


def _is_journal(text: str) -> bool:
    """Whether the first line stands for itself, as only a journal's does."""
    first = text.partition("\n")[0]
    return first.startswith("{") and "reconciler.journal/" in first


def _show_journal(text: str, name: str, flags: dict[str, Any]) -> None:
    """A journal is shown step by step, with what was under way when it broke off."""
    from reconciler.apply.journal import journal_document, parse_journal
    from reconciler.report.result_text import render_journal

    if flags["output"] != "text":
        raise click.UsageError(f"a journal has no form {flags['output']}: leave -o out, or pass --json")
    lines = parse_journal(text, name)
    if flags["as_json"]:
        show_json(journal_document(lines))
    else:
        out(render_journal(lines, paint_for(no_color=flags["no_color"])))


def _show_plan(text: str, name: str, flags: dict[str, Any]) -> None:
    """A plan is shown as `plan` showed it; whether it is as it was signed is told where there is a key."""
    from reconciler.plan.saved import check_signature, parse_document, parse_plan, plan_key

    document = parse_document(text, name)
    publish("plan", parse_plan(document, name), flags)
    try:
        if check_signature(document, plan_key(os.environ), name):
            note(f"note: {name} is as it was signed")
    except RefusedError as error:
        note(f"warning: {error}")
