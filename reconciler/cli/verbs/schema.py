"""`reconciler schema KIND`: the JSON Schema of a manifest, for editors and other tools."""

from __future__ import annotations

import click

from reconciler.cli.options import complete_kind, find_kind
from reconciler.cli.terminal import show_json
from reconciler.manifests.check import load_schema

_DOCUMENTS = ("manifest", "project", "plan", "journal", "result", "tests", "drift")


@click.command("schema")
@click.argument("kind", shell_complete=complete_kind)
def command(kind: str) -> int:
    """Print the JSON Schema of KIND, of any manifest (`manifest`), or of the project file (`project`).

    Those of what the tool itself writes are there too: plan, journal, result, tests, drift.
    """
    name = kind.lower() if kind.lower() in _DOCUMENTS else find_kind(kind)
    show_json(load_schema(name))
    return 0
