"""`reconciler explain KIND[.FIELD]`: the fields of a manifest in words."""

from __future__ import annotations

import click

from reconciler.cli.options import complete_kind, find_kind
from reconciler.cli.terminal import out
from reconciler.manifests.check import load_schema
from reconciler.model.errors import ConfigurationError
from reconciler.model.kinds import KINDS
from reconciler.model.text import suggest
from reconciler.report.explain import explain_field, explain_kind, field_names


@click.command("explain")
@click.argument("what", metavar="[KIND[.FIELD]]", required=False, shell_complete=complete_kind)
def command(what: str | None) -> int:
    """Say what a kind of manifest is for, and what each of its fields means: SlackChannel.webhook_url."""
    if what is None:
        out("Kinds:")
        for kind in KINDS:
            out(f"  {kind}: {load_schema(kind).get('description', '')}")
        return 0
    kind, *path = what.split(".")
    schema = load_schema(find_kind(kind))
    path = path[1:] if path[:1] == ["spec"] else path
    text = explain_field(schema, path) if path else explain_kind(schema)
    if text is None:
        close = suggest(path[0], field_names(schema)) or f"it has: {', '.join(field_names(schema))}"
        raise ConfigurationError(f"{what}: there is no such field; {close}")
    out(text)
    return 0
